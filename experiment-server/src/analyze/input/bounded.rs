//! A reader that refuses to hand out more than one row may hold.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Counts bytes since the last row; the owner of the [`Budget`] resets it row by row.
pub(super) struct Bounded<R> {
    inner: R,
    budget: Budget,
}

/// What is left for the row being read.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    left: Rc<Cell<u64>>,
    limit: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
struct TooLong;

impl Budget {
    pub(super) fn new(limit: u64) -> Budget {
        Budget { left: Rc::new(Cell::new(limit)), limit }
    }

    /// A row is complete.
    pub(super) fn reset(&self) {
        self.left.set(self.limit);
    }
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R, budget: Budget) -> Bounded<R> {
        Bounded { inner, budget }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.left.get();
        if left == 0 {
            return Err(io::Error::other(TooLong));
        }
        let count = self.inner.read(buffer)?;
        self.budget.left.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}

/// Whether an error says that a row was too long.
pub(super) fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<TooLong>())
}
