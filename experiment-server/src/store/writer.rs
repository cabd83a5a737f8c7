//! The writer thread: takes what waits, decides, appends, commits with one fsync, then answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use experiment_core::time::Timestamp;
use redb::{Durability, Table, WriteTransaction};

use super::admit::{Admission, Learned};
use super::api_key::ApiKeys;
use super::audit::Tail;
use super::bytes::hex;
use super::catalog::Catalog;
use super::command::{Answer, Command, Reply};
use super::commit_room::{CATALOG_BYTES, CommitRoom, STEP_BYTES};
use super::erase::{self, Erased, FoundErasures};
use super::error::{IntakeError, StoreError};
use super::overlay::Overlay;
use super::pending::FromIntake;
use super::position::StateView;
use super::proposal::{Outcome, Proposal};
use super::recover::{LogHead, event_names};
use super::shared::{SharedStore, count};
use super::space::Shortage;
use super::swap::{LogCopy, put_log_in_place};
use super::tables::{FACTS, Trying};
use super::transfer::Replay;

/// Submissions that may wait in the queue.
pub(super) const QUEUE_LENGTH: usize = 4_096;
/// A commit takes no further submission once it has this many proposals.
const MAX_PROPOSALS_PER_COMMIT: usize = 20_000;
/// Who changes what an import brings, as the audit log says.
const IMPORT: &str = "import";

/// What the writer alone knows.
pub(super) struct Writer {
    pub(super) shared: SharedStore,
    pub(super) overlay: Overlay,
    /// Who may not come back.
    pub(super) erased: Erased,
    /// One past the last erasure.
    pub(super) last_erasure: u64,
    /// The end of the audit log.
    pub(super) audit: Tail,
    /// Event names of the log; `None` until the state is whole.
    names: Option<HashSet<String>>,
    last_received_at: Timestamp,
    id_prefix: String,
    pub(super) buffer: Vec<u8>,
    /// The last commit had no room for something.
    is_full: bool,
}

/// One commit in the making.
pub(super) struct Work {
    pub(super) catalog: Arc<Catalog>,
    pub(super) keys: Arc<ApiKeys>,
    pub(super) next: u64,
    pub(super) received_at: Timestamp,
    pub(super) learned: Vec<Learned>,
    answers: Vec<Answer>,
    /// Who asks for what is decided now.
    pub(super) who: String,
    /// Customers who were erased, each with the place of the erasure in the log.
    pub(super) erased: Vec<(u64, String)>,
    /// Something other than facts was written.
    pub(super) changed_beside_facts: bool,
    /// What may be written.
    pub(super) room: CommitRoom,
    /// Something was refused for want of room.
    shortage: Option<Shortage>,
}

impl Work {
    /// Keeps an answer until the commit is on disk. Where there was no room nothing was written, and the commit
    /// goes on without it.
    fn keep<T, E: FromIntake, D>(
        &mut self,
        reply: Reply<T, E>,
        decided: Result<D, StoreError>,
        answer: impl FnOnce(Reply<T, E>, D) -> Answer,
    ) -> Result<(), StoreError> {
        let (refusal, result) = match decided {
            Ok(decided) => {
                self.answers.push(answer(reply, decided));
                return Ok(());
            }
            Err(StoreError::DiskFull(shortage)) => {
                self.shortage = Some(shortage);
                (IntakeError::DiskFull(shortage), Ok(()))
            }
            Err(error) => (IntakeError::StoreFailed, Err(error)),
        };
        // Whoever asked may have gone.
        let _ = reply.send(Err(E::from_intake(refusal)));
        result
    }
}

impl Writer {
    /// A writer that goes on after `last_received_at`. `names` is `None` while the state is rebuilt.
    pub(super) fn new(
        shared: SharedStore,
        overlay: Overlay,
        names: Option<HashSet<String>>,
        erasures: FoundErasures,
        audit: Tail,
        head: &LogHead,
    ) -> Writer {
        Writer {
            shared,
            overlay,
            erased: erasures.erased,
            last_erasure: erasures.last,
            audit,
            names,
            last_received_at: head.last_received_at,
            id_prefix: hex(&head.id[..4]),
            buffer: Vec::new(),
            is_full: false,
        }
    }

    /// Works until it is told to shut down or nobody is left to tell it.
    pub(super) fn run(mut self, queue: &Receiver<Command>) {
        let mut commands = Vec::new();
        while let Ok(first) = queue.recv() {
            let mut proposals = 0;
            let mut next = Some(first);
            let mut shutdown = false;
            let mut swap = None;
            while let Some(command) = next {
                if matches!(command, Command::Shutdown) {
                    shutdown = true;
                    break;
                }
                proposals += command.proposals();
                if let Command::Swap { copy, reply } = command {
                    swap = Some((copy, reply));
                    break;
                }
                commands.push(command);
                next = if proposals < MAX_PROPOSALS_PER_COMMIT { queue.try_recv().ok() } else { None };
            }
            self.shared.queued.fetch_sub(proposals, Ordering::AcqRel);
            if !commands.is_empty() {
                self.commit(std::mem::take(&mut commands));
            }
            if let Some((copy, reply)) = swap {
                // The folder may have ended.
                let _ = reply.send(self.swap_log(*copy));
            }
            if shutdown {
                return;
            }
        }
    }

    fn commit(&mut self, commands: Vec<Command>) {
        if self.shared.commit_failed.load(Ordering::Acquire) {
            return commands.into_iter().for_each(Command::refuse);
        }
        // Facts of another log bring their own time, which may be long past.
        let brings_time = |command: &Command| matches!(command, Command::Replay { .. });
        let last = self.last_received_at;
        let received_at =
            if commands.iter().all(brings_time) { last } else { last.max((self.shared.clock)()) };
        let mut work = Work {
            catalog: self.shared.catalog.load_full(),
            keys: self.shared.keys.load_full(),
            next: self.shared.log_position.load(Ordering::Acquire),
            received_at,
            learned: Vec::new(),
            answers: Vec::with_capacity(commands.len()),
            who: String::new(),
            erased: Vec::new(),
            changed_beside_facts: false,
            room: CommitRoom::of(&*self.shared.disk),
            shortage: None,
        };
        let written = self.write(commands, &mut work);
        self.last_received_at = work.received_at;
        match written {
            Ok(()) => {
                self.tell_shortage(&work);
                self.publish(work);
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed: intake is closed until a restart");
                self.shared.commit_failed.store(true, Ordering::Release);
                work.answers.into_iter().for_each(Answer::fail);
            }
        }
    }

    /// Decides and appends; on success everything in `work` is on disk.
    fn write(&mut self, commands: Vec<Command>, work: &mut Work) -> Result<(), StoreError> {
        let first = work.next;
        // Answered on failure too, so they are moved along one by one.
        let mut commands = commands.into_iter();
        let result = self.write_each(&mut commands, work, first);
        if result.is_err() {
            commands.for_each(Command::refuse);
        }
        result
    }

    fn write_each(
        &mut self,
        commands: &mut impl Iterator<Item = Command>,
        work: &mut Work,
        first: u64,
    ) -> Result<(), StoreError> {
        let (log, state) = (self.shared.log(), self.shared.state());
        let state = StateView::open(&state)?;
        self.overlay.forget(state.folded);
        let mut transaction = log.begin_write().trying("writing the log")?;
        transaction.set_durability(Durability::Immediate).trying("writing the log")?;
        {
            let mut facts = transaction.open_table(FACTS).trying("writing the log")?;
            for command in commands {
                self.decide(command, work, &state, &transaction, &mut facts)?;
            }
        }
        if work.next == first && !work.changed_beside_facts {
            // Every answer is about facts of earlier commits, which are on disk.
            return transaction.abort().trying("writing the log");
        }
        transaction.commit().trying("committing the log")?;
        count(&self.shared.tally.commits, 1);
        Ok(())
    }

    fn decide(
        &mut self,
        command: Command,
        work: &mut Work,
        state: &StateView,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        match command {
            Command::Facts { proposals, reply } => {
                let outcomes = self.admit(&proposals, work, state, facts);
                work.keep(reply, outcomes, Answer::Facts)
            }
            Command::Define { who, experiment, expected, reply } => {
                work.who = who;
                let room = work.room.take(CATALOG_BYTES);
                let defined =
                    room.and_then(|()| self.define(&experiment, expected, work, transaction, facts));
                work.keep(reply, defined, Answer::Defined)
            }
            Command::Share { who, catalog, expected, reply } => {
                work.who = who;
                let room = work.room.take(CATALOG_BYTES);
                let defined = room.and_then(|()| self.share(&catalog, expected, work, transaction, facts));
                work.keep(reply, defined, Answer::Defined)
            }
            Command::Step { who, key, step, reply } => {
                work.who = who;
                let room = work.room.take(STEP_BYTES);
                let stepped = room.and_then(|()| self.step(key, step, work, transaction, facts));
                work.keep(reply, stepped, Answer::Stepped)
            }
            Command::Erase { who, target, reply } => {
                work.who = who;
                let erasure = self.erase(&target, work, state, transaction, facts);
                work.keep(reply, erasure, Answer::Erased)
            }
            Command::Keys { who, change, reply } => {
                work.who = who;
                // A key is revoked while there is room for anything at all.
                let changed = self.change_key(*change, work, transaction);
                work.keep(reply, changed, Answer::Keys)
            }
            Command::Replay { batch, reply } => {
                IMPORT.clone_into(&mut work.who);
                let room = work.room.take(batch.iter().map(Replay::bytes).sum());
                let outcomes = room.and_then(|()| self.replay(&batch, work, state, transaction, facts));
                work.keep(reply, outcomes, Answer::Replayed)
            }
            Command::Swap { .. } | Command::Shutdown => Ok(()),
        }
    }

    fn admit(
        &mut self,
        proposals: &[Proposal],
        work: &mut Work,
        state: &StateView,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Vec<Outcome>, StoreError> {
        // Where all might not fit, it is still told what is there already.
        let room = work.room.take_for(proposals);
        let mut admission = self.admission(work, state, facts)?;
        admission.full = room.err();
        proposals.iter().map(|proposal| admission.decide(proposal)).collect()
    }

    /// What decides about facts in a commit.
    pub(super) fn admission<'a, 'txn>(
        &'a mut self,
        work: &'a mut Work,
        state: &'a StateView,
        facts: &'a mut Table<'txn, u64, &'static [u8]>,
    ) -> Result<Admission<'a, 'txn>, StoreError> {
        let names = match &mut self.names {
            Some(names) => names,
            none => none.insert(event_names(&self.shared.state())?),
        };
        Ok(Admission {
            catalog: &work.catalog,
            state,
            overlay: &mut self.overlay,
            names,
            erased: &self.erased,
            facts,
            next: &mut work.next,
            received_at: work.received_at,
            id_prefix: &self.id_prefix,
            learned: &mut work.learned,
            buffer: &mut self.buffer,
            full: None,
        })
    }

    /// Makes a commit known, then answers.
    fn publish(&mut self, work: Work) {
        let shared = &self.shared;
        let log_position = shared.log_position();
        let written = work.next - log_position;
        count(&shared.tally.facts, written);
        shared.catalog.store(work.catalog);
        if work.changed_beside_facts {
            shared.keys.store(work.keys);
            count(&shared.changes_beside_facts, 1);
        }
        shared.log_position.store(work.next, Ordering::Release);
        shared.erasures.note(work.erased);
        if self.last_erasure > log_position {
            shared.erasures.set(self.last_erasure);
        }
        work.learned.into_iter().for_each(|learned| shared.known.learn(learned));
        if written > 0 {
            shared.tally.commit_facts.count(written);
            shared.signal.wish(|wishes| wishes.log_position = work.next);
        }
        for answer in work.answers {
            if let Answer::Facts(_, outcomes) = &answer {
                self.tally(outcomes);
            }
            answer.send();
        }
    }

    /// Says once that intake stopped for want of room, and once that it goes on.
    fn tell_shortage(&mut self, work: &Work) {
        match work.shortage {
            Some(shortage) if !self.is_full => {
                tracing::error!("facts are refused: {shortage}");
                self.is_full = true;
            }
            None if self.is_full && work.next > self.shared.log_position() => {
                tracing::info!("facts are taken in again");
                self.is_full = false;
            }
            _ => {}
        }
    }

    /// Copies what is left of the log, and goes on with the copy in its place. Intake waits meanwhile.
    fn swap_log(&mut self, copy: LogCopy) -> bool {
        let shared = &self.shared;
        if shared.commit_failed.load(Ordering::Acquire) {
            return false;
        }
        let now = self.last_received_at.max((shared.clock)());
        let copied = copy.finish(&shared.log(), shared.log_position(), self.last_erasure, now);
        let copied = copied.and_then(|database| Ok((erase::recover(&database)?.pending, database)));
        let (pending, database) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                tracing::error!(%error, "the log could not be copied: erasures stay pending");
                return false;
            }
        };
        if let Err(error) = put_log_in_place(&*shared.disk) {
            tracing::error!(%error, "the log could not be swapped: intake is closed until a restart");
            shared.commit_failed.store(true, Ordering::Release);
            return false;
        }
        self.last_received_at = now;
        shared.log.store(Arc::new(database));
        shared.erasures.set(pending);
        // Wakes those who wait for it.
        shared.folded.send_modify(|_| ());
        true
    }

    fn tally(&self, outcomes: &[Outcome]) {
        let tally = &self.shared.tally;
        for outcome in outcomes {
            match outcome {
                Outcome::Accepted(accepted) if accepted.future_clamped => count(&tally.future_clamped, 1),
                Outcome::Accepted(_) => {}
                Outcome::Duplicate => count(&tally.duplicates, 1),
                Outcome::Known { .. } => count(&tally.known, 1),
                Outcome::Refused(_) => count(&tally.refused, 1),
            }
        }
    }
}
