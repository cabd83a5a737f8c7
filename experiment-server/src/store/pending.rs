//! An answer that is on its way from the writer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::sync::oneshot;

use super::error::{CatalogError, IntakeError};

/// An answer that comes once what it says is on disk. Await it, or [`wait`](Pending::wait) for it.
#[derive(Debug)]
#[must_use = "the outcome is not known until it is awaited"]
pub struct Pending<T, E> {
    state: State<T, E>,
}

#[derive(Debug)]
enum State<T, E> {
    Refused(Option<E>),
    Submitted(oneshot::Receiver<Result<T, E>>),
}

/// An error that can say the writer is gone.
pub trait FromIntake {
    /// The same error.
    fn from_intake(error: IntakeError) -> Self;
}

impl FromIntake for IntakeError {
    fn from_intake(error: IntakeError) -> IntakeError {
        error
    }
}

impl FromIntake for CatalogError {
    fn from_intake(error: IntakeError) -> CatalogError {
        CatalogError::Intake(error)
    }
}

impl<T, E: FromIntake + Unpin> Pending<T, E> {
    pub(super) fn refused(error: IntakeError) -> Pending<T, E> {
        Pending::failed(E::from_intake(error))
    }

    pub(super) fn failed(error: E) -> Pending<T, E> {
        Pending { state: State::Refused(Some(error)) }
    }

    pub(super) fn submitted(receiver: oneshot::Receiver<Result<T, E>>) -> Pending<T, E> {
        Pending { state: State::Submitted(receiver) }
    }

    /// Blocks this thread until the answer is there. In async code, await instead.
    ///
    /// # Errors
    /// What awaiting would give.
    pub fn wait(self) -> Result<T, E> {
        block_on(self)
    }
}

impl<T, E: FromIntake + Unpin> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        match &mut self.state {
            State::Refused(error) => {
                let error = error.take().unwrap_or_else(|| E::from_intake(IntakeError::Closed));
                Poll::Ready(Err(error))
            }
            State::Submitted(receiver) => Pin::new(receiver).poll(context).map(|answer| {
                // The writer drops what it cannot answer only when it ends.
                answer.unwrap_or_else(|_| Err(E::from_intake(IntakeError::Closed)))
            }),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives one future on this thread; it needs no runtime.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
