//! What follows an erasure, a step between two batches of the folder: the state is folded again from the log,
//! which no longer has the customer, into a file of its own, and takes the old one's place; then the log is
//! copied and takes its own old one's place. Until both are done the erasure is pending. Everybody erased
//! meanwhile shares the work, and a crash begins it anew.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::backfill::is_pending;
use super::command::Command;
use super::error::StoreError;
use super::fold::Folder;
use super::space::RoomFor;
use super::swap::{self, LogCopy, put_state_in_place, remove_copies};

/// How often the folder looks whether the writer has swapped the log.
const SWAP_POLL: Duration = Duration::from_millis(5);
/// How long a sweep that failed (a full disk, for instance) waits for the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How far a sweep has come.
pub(super) enum Sweep {
    /// Nothing is to be done.
    Idle,
    /// The state is folded again.
    Refold(Box<Folder>),
    /// The log is copied.
    Copy(Box<LogCopy>),
    /// The writer has the copy, and says whether it has taken the log's place.
    Handed(oneshot::Receiver<bool>),
    /// It failed, and is tried again then.
    Failed(Instant),
}

impl Folder {
    /// How long the folder may sleep for the sweep's sake.
    pub(super) fn until_sweep(&self) -> Duration {
        match &self.sweep {
            Sweep::Idle if self.shared.erasures.pending() == 0 => Duration::MAX,
            Sweep::Idle | Sweep::Refold(_) | Sweep::Copy(_) => Duration::ZERO,
            Sweep::Handed(_) => SWAP_POLL,
            Sweep::Failed(until) => until.saturating_duration_since(Instant::now()),
        }
    }

    /// Takes one step. A failure is told and tried again later: the erasures stay pending, and all else goes on.
    pub(super) fn sweep(&mut self) {
        let sweep = std::mem::replace(&mut self.sweep, Sweep::Idle);
        self.sweep = match self.step_sweep(sweep) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "erasures stay pending: their last bytes could not be removed");
                self.fail()
            }
        };
    }

    fn fail(&self) -> Sweep {
        // On a full disk everybody else needs the room.
        self.remove_copies();
        self.shared.erasures.set_failed(true);
        // Wakes those who wait for the end.
        self.shared.folded.send_modify(|_| ());
        Sweep::Failed(Instant::now() + RETRY_AFTER)
    }

    fn step_sweep(&mut self, sweep: Sweep) -> Result<Sweep, StoreError> {
        match sweep {
            Sweep::Idle => self.begin_sweep(),
            Sweep::Failed(until) if Instant::now() < until => Ok(Sweep::Failed(until)),
            Sweep::Failed(_) => self.begin_sweep(),
            Sweep::Refold(mut next) => {
                let at_end = !next.fold()?;
                next.walk()?;
                if at_end && next.position.folded >= self.position.folded && !is_pending(&next.rules) {
                    self.adopt(*next)?;
                    return Ok(Sweep::Idle);
                }
                Ok(Sweep::Refold(next))
            }
            Sweep::Copy(mut copy) => {
                self.check_room(0)?;
                let (log, until) = (self.shared.log(), self.shared.log_position());
                if copy.step(&log, until)? { self.hand_over(copy) } else { Ok(Sweep::Copy(copy)) }
            }
            Sweep::Handed(mut answer) => match answer.try_recv() {
                Ok(true) => Ok(Sweep::Idle),
                Err(TryRecvError::Empty) => Ok(Sweep::Handed(answer)),
                // The writer has told why, or has ended.
                Ok(false) | Err(TryRecvError::Closed) => Ok(self.fail()),
            },
        }
    }

    /// Leaves a sweep that is under way to the next process.
    pub(super) fn give_up_sweep(&mut self) {
        // A copy that the writer has is the writer's.
        if !matches!(self.sweep, Sweep::Idle | Sweep::Handed(_)) {
            self.sweep = Sweep::Idle;
            self.remove_copies();
        }
    }

    /// Whether there is room for a copy of so many bytes, beside what folding and intake need.
    fn check_room(&self, bytes: u64) -> Result<(), StoreError> {
        let space = self.shared.disk.space();
        let room = space.map_or(Ok(u64::MAX), |space| space.room(RoomFor::Copying, bytes));
        room.map(drop).map_err(StoreError::DiskFull)
    }

    fn remove_copies(&self) {
        if let Err(error) = remove_copies(&*self.shared.disk) {
            tracing::warn!(%error, "a copy that was begun is left behind");
        }
    }

    fn begin_sweep(&mut self) -> Result<Sweep, StoreError> {
        let pending = self.shared.erasures.pending();
        let position = self.shared.log_position();
        self.shared.erasures.set_failed(false);
        if pending == 0 {
            Ok(Sweep::Idle)
        } else if self.begun < pending {
            self.check_room(swap::state_size(&*self.shared.disk)?)?;
            Ok(Sweep::Refold(Box::new(self.again(position)?)))
        } else {
            self.check_room(swap::log_size(&*self.shared.disk)?)?;
            let copy = LogCopy::begin(&self.shared.disk, position, self.begun)?;
            Ok(Sweep::Copy(Box::new(copy)))
        }
    }

    /// Goes on with a state that was folded again, which is made durable and put in the place of this one.
    fn adopt(&mut self, mut next: Folder) -> Result<(), StoreError> {
        next.checkpoint()?;
        put_state_in_place(&*self.shared.disk)?;
        self.take_over(next);
        self.shared.erasures.forget(self.begun, |customer| self.shared.forget_customer(customer));
        Ok(())
    }

    /// Gives the copy to the writer, who alone may write to the log.
    fn hand_over(&self, copy: Box<LogCopy>) -> Result<Sweep, StoreError> {
        let (reply, answer) = oneshot::channel();
        match self.shared.ask_writer(Command::Swap { copy, reply }) {
            Ok(()) => Ok(Sweep::Handed(answer)),
            Err(Command::Swap { copy, .. }) => Ok(Sweep::Copy(copy)),
            Err(_) => Ok(Sweep::Idle),
        }
    }
}
