//! The folder thread: keeps the state behind the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, WriteTransaction};

use super::aggregate::{Changes, write_values};
use super::apply::{Scratch, apply};
use super::backfill::{Redefinition, is_pending};
use super::batch::{Batch, Fact, MAX_FACTS, Stretch};
use super::error::StoreError;
use super::position::Position;
use super::recover::make_state;
use super::row::{PackedEvent, PackedExposure, Row};
use super::rules::Rules;
use super::shared::{SharedStore, Stop, Wishes, count};
use super::space::{RoomFor, Shortage};
use super::swap;
use super::sweep::Sweep;
use super::tables::{CUSTOMERS, EVENT_NAMES, FACTS, STATE_META, STATE_POSITION, Trying};
use super::walk::Walker;

/// How long facts may wait for company, so that little work is done often. Somebody who waits for a
/// position cuts it short.
const LINGER: Duration = Duration::from_millis(100);
/// Facts after which the state is made durable.
const CHECKPOINT_FACTS: u64 = 1_000_000;
/// Time after which the state is made durable.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);
/// How often the disk is asked for room when it has none.
const ROOM_POLL: Duration = Duration::from_millis(250);
/// What folding one fact writes at worst, mostly: its customer's page and those above it, and some sums.
const FACT_BYTES: u64 = 16 << 10;
/// Facts folded in one transaction however little room there is. They fit in what intake leaves free.
const LEAST_FACTS: usize = 250;

/// What the folder alone knows.
pub(super) struct Folder {
    pub(super) shared: SharedStore,
    /// What it writes to.
    state: Arc<Database>,
    /// How many facts the log had when the state was begun: what was erased before is not in it.
    pub(super) begun: u64,
    /// Its state is not the one that is read: see [`Folder::again`].
    is_aside: bool,
    /// It waits for room on the disk.
    is_waiting: bool,
    pub(super) sweep: Sweep,
    pub(super) rules: Rules,
    pub(super) position: Position,
    walker: Walker,
    /// Most facts in one transaction.
    most: usize,
    /// Facts folded and customers walked over since the state was last durable.
    since_checkpoint: u64,
    checkpoint_at: Instant,
    batch: Batch,
    changes: Changes,
    scratch: Scratch,
    row: Vec<u8>,
}

impl Folder {
    /// A folder that goes on from `position`, with the rules as of there.
    pub(super) fn new(
        shared: SharedStore,
        rules: Rules,
        position: Position,
        begun: u64,
        walker: Walker,
    ) -> Folder {
        Folder {
            state: shared.state(),
            shared,
            begun,
            is_aside: false,
            is_waiting: false,
            sweep: Sweep::Idle,
            rules,
            position,
            walker,
            most: MAX_FACTS,
            since_checkpoint: 0,
            checkpoint_at: Instant::now(),
            batch: Batch::default(),
            changes: Changes::default(),
            scratch: Scratch::default(),
            row: Vec::new(),
        }
    }

    /// One that folds the log again from its beginning, which has `begun` facts now, into a file beside this
    /// one's.
    pub(super) fn again(&self, begun: u64) -> Result<Folder, StoreError> {
        let state = swap::new_state(&*self.shared.disk)?;
        let position = make_state(&state, self.position.log_id, begun)?;
        let walker = Walker::new(self.walker.pace().at_once(), None);
        let shared = Arc::clone(&self.shared);
        Ok(Folder {
            state: Arc::new(state),
            is_aside: true,
            ..Folder::new(shared, Rules::default(), position, begun, walker)
        })
    }

    /// Goes on with the state of `next`, which is as far as this one's.
    pub(super) fn take_over(&mut self, next: Folder) {
        self.state = next.state;
        self.begun = next.begun;
        self.rules = next.rules;
        self.position = next.position;
        self.walker.go_on_without_walk();
        self.is_durable();
        self.shared.state.store(Arc::clone(&self.state));
        self.batch = Batch::default();
        self.publish(true);
    }

    /// Works until told to stop. An error ends it: results stay as they are, and intake closes when the
    /// lag reaches its bound.
    pub(super) fn run(mut self) {
        if let Err(error) = self.work() {
            tracing::error!(%error, "the folder stopped: results no longer follow the log");
            let _ = self.shared.fold_error.set(error);
            // Wakes those who wait.
            self.shared.folded.send_modify(|_| ());
        }
        self.give_up_sweep();
    }

    fn work(&mut self) -> Result<(), StoreError> {
        loop {
            let wishes = self.wait();
            match wishes.stop {
                Some(Stop::AtOnce) => return Ok(()),
                Some(Stop::Drained) => return self.drain(),
                None => {}
            }
            match self.catch_up(wishes.log_position) {
                Ok(()) => self.go_on(),
                Err(StoreError::DiskFull(shortage)) => self.wait_for_room(shortage),
                Err(error) => return Err(error),
            }
            self.sweep();
        }
    }

    /// Folds what is logged, and makes it durable if it is time for that.
    fn catch_up(&mut self, log_position: u64) -> Result<(), StoreError> {
        self.room()?;
        while self.position.folded < log_position {
            if !self.fold()? || self.is_stopped() {
                break;
            }
            // However much waits, a walk goes on; it is short beside a full batch.
            self.walk()?;
        }
        self.walk()?;
        if self.checkpoint_is_due() { self.checkpoint() } else { Ok(()) }
    }

    /// Folds to the end and makes the state durable. Without room it stays behind: the log has everything.
    fn drain(&mut self) -> Result<(), StoreError> {
        let mut folded = || {
            while self.fold()? {}
            self.room()?;
            self.checkpoint()
        };
        match folded() {
            Err(StoreError::DiskFull(_)) => Ok(()),
            drained => drained,
        }
    }

    /// Bytes of the disk that may be written.
    fn room(&self) -> Result<u64, StoreError> {
        let room_for = if self.is_aside { RoomFor::Copying } else { RoomFor::Folding };
        self.shared.room(room_for).map_err(StoreError::DiskFull)
    }

    /// Most facts, or customers of a walk, in the next transaction: fewer where little room is left.
    fn most(&self) -> Result<usize, StoreError> {
        let facts = usize::try_from(self.room()? / FACT_BYTES).unwrap_or(usize::MAX);
        Ok(facts.clamp(LEAST_FACTS, self.most))
    }

    fn wait_for_room(&mut self, shortage: Shortage) {
        if !self.is_waiting {
            tracing::error!("folding waits for room: {shortage}");
            self.is_waiting = true;
            self.shared.fold_waits.store(true, Ordering::Release);
            // Wakes those who would wait for long.
            self.shared.folded.send_modify(|_| ());
        }
    }

    fn go_on(&mut self) {
        if self.is_waiting {
            tracing::info!("folding goes on");
            self.is_waiting = false;
            self.shared.fold_waits.store(false, Ordering::Release);
        }
    }

    /// Sleeps while there is nothing to do, and a little longer so that more comes together.
    fn wait(&self) -> Wishes {
        let folded = self.position.folded;
        let until_checkpoint = match self.since_checkpoint {
            0 => CHECKPOINT_INTERVAL,
            _ => CHECKPOINT_INTERVAL.saturating_sub(self.checkpoint_at.elapsed()),
        };
        let until_sweep = self.until_sweep();
        let signal = &self.shared.signal;
        if self.is_waiting {
            return signal.wait(ROOM_POLL.min(until_sweep), |wishes| wishes.stop.is_some());
        }
        let walks = |wishes: &Wishes| self.walker.is_due(&self.rules, wishes.steps);
        let wishes = signal.wait(until_checkpoint.min(until_sweep), |wishes| {
            wishes.stop.is_some() || wishes.log_position > folded || walks(wishes)
        });
        // A step of a walk or of a sweep is as good as a pause.
        if wishes.log_position == folded || walks(&wishes) || until_sweep == Duration::ZERO {
            return wishes;
        }
        let plenty = folded + self.most as u64;
        signal.wait(LINGER, |wishes| {
            wishes.stop.is_some() || wishes.awaited > folded || wishes.log_position >= plenty
        })
    }

    fn is_stopped(&self) -> bool {
        self.shared.signal.wait(Duration::ZERO, |_| true).stop == Some(Stop::AtOnce)
    }

    /// Folds one stretch of the log; `false` at its end.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] before anything is changed, or what ends the folder.
    pub(super) fn fold(&mut self) -> Result<bool, StoreError> {
        let most = self.most()?;
        let known_names = self.rules.names.len();
        let stretch = {
            let log = self.shared.log();
            let log = log.begin_read().trying("reading the log")?;
            let facts = log.open_table(FACTS).trying("reading the log")?;
            self.batch.read(&facts, self.position.folded, most, &mut self.rules)?
        };
        let (count_read, checksum, received, redefinition) = match stretch {
            Stretch::End => return Ok(false),
            Stretch::Catalog { checksum, redefinition } => (1, checksum, None, redefinition),
            Stretch::Facts { count, received, checksum } => {
                (count, checksum, Some(received), Redefinition::default())
            }
        };
        let next = Position { folded: self.position.folded + count_read, checksum, ..self.position };
        self.since_checkpoint += count_read;
        let durable = self.checkpoint_is_due() || most < self.most;
        let transaction = self.begin(durable)?;
        self.changes.clear();
        if let Some(received) = received {
            write_values(&transaction, &self.batch.new_values, received)?;
            self.fold_customers(&transaction)?;
            self.changes.write(&transaction, received, &mut self.rules)?;
        }
        redefinition.write(&transaction)?;
        self.write_names(&transaction, known_names)?;
        {
            let mut meta = transaction.open_table(STATE_META).trying("writing the state")?;
            meta.insert(STATE_POSITION, next.encode().as_slice()).trying("writing the state")?;
        }
        transaction.commit().trying("committing the state")?;
        if durable {
            self.is_durable();
        }
        self.position = next;
        // A definition may change what is kept of any.
        self.publish(received.is_none());
        Ok(true)
    }

    fn fold_customers(&mut self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut customers = transaction.open_table(CUSTOMERS).trying("writing customers")?;
        let mut passed = 0;
        let mut events: Vec<PackedEvent> = Vec::new();
        let mut exposures: Vec<PackedExposure<'_>> = Vec::new();
        for (customer, facts) in self.batch.customers() {
            events.clear();
            exposures.clear();
            for fact in facts {
                match fact {
                    Fact::Event(event) => events.push(event),
                    Fact::Exposure(exposure) => exposures.push(exposure),
                }
            }
            self.row.clear();
            let behind = self.walker.is_behind(customer);
            {
                let stored = customers.get(customer).trying("reading a customer")?;
                let row = stored.as_ref().map_or(Ok(Row::EMPTY), |stored| Row::decode(stored.value()))?;
                passed += u64::from(behind && stored.is_none());
                apply(&row, &exposures, &events, &self.rules, behind, &mut self.changes, &mut self.scratch)?;
                row.extend(&exposures, events.iter().copied(), &mut self.row);
            }
            customers.insert(customer, self.row.as_slice()).trying("writing customers")?;
        }
        // New customers before the cursor need no walk.
        if let Some(walk) = self.walker.walk.as_mut().filter(|_| passed > 0) {
            walk.done += passed;
            walk.write(transaction)?;
        }
        Ok(())
    }

    /// Takes a step of the walk over customers, if one is due.
    pub(super) fn walk(&mut self) -> Result<(), StoreError> {
        if !self.walker.is_due(&self.rules, self.shared.signal.wait(Duration::ZERO, |_| true).steps) {
            return Ok(());
        }
        let most = self.most()?;
        let durable = self.checkpoint_is_due() || most < self.most;
        let transaction = self.begin(durable)?;
        let (log, position) = (self.shared.log(), self.position.folded);
        let walked = self.walker.step(&log, &transaction, position, &mut self.rules, most)?;
        transaction.commit().trying("committing the state")?;
        // The last step, too, is to be made durable.
        self.since_checkpoint += walked.max(1);
        if durable {
            self.is_durable();
        }
        self.publish_walk();
        Ok(())
    }

    fn write_names(&self, transaction: &WriteTransaction, known: usize) -> Result<(), StoreError> {
        let names = &self.rules.names;
        if names.len() == known {
            return Ok(());
        }
        let mut table: Table<'_, u32, &str> =
            transaction.open_table(EVENT_NAMES).trying("writing event names")?;
        for number in known as u32..names.len() as u32 {
            let name = names.name(experiment_core::measure::EventName(number)).unwrap_or_default();
            table.insert(number, name).trying("writing event names")?;
        }
        Ok(())
    }

    /// Where room is scarce every transaction is durable, so that what the disk says is true.
    fn begin(&self, durable: bool) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.state.begin_write().trying("writing the state")?;
        let durability = if durable { Durability::Immediate } else { Durability::None };
        transaction.set_durability(durability).trying("writing the state")?;
        // A durable state that opens at once after a crash, at the price of a second fsync.
        transaction.set_quick_repair(durable);
        Ok(transaction)
    }

    /// Makes known how far the sums are, and whose changed: those of the batch, or all.
    fn publish(&self, all: bool) {
        if self.is_aside {
            return;
        }
        let shared = &self.shared;
        if all {
            shared.sums_versions.all_changed();
        } else {
            shared.sums_versions.changed(self.changes.experiments());
        }
        count(&shared.tally.folds, 1);
        for (experiment, customer) in self.batch.exposed() {
            shared.known.forget(experiment, customer);
        }
        if self.position.folded >= shared.opened_at {
            shared.rebuilding.store(false, Ordering::Release);
        }
        shared.backfill.pending.store(is_pending(&self.rules), Ordering::Release);
        shared.folded.send_replace(self.position.folded);
    }

    fn publish_walk(&self) {
        if self.is_aside {
            return;
        }
        let shared = &self.shared;
        shared.backfill.pending.store(is_pending(&self.rules), Ordering::Release);
        shared.backfill.steps.store(self.walker.steps, Ordering::Release);
        shared.sums_versions.all_changed();
        // Wakes those who wait for its end.
        shared.folded.send_modify(|_| ());
    }

    fn checkpoint_is_due(&self) -> bool {
        self.since_checkpoint >= CHECKPOINT_FACTS
            || (self.since_checkpoint > 0 && self.checkpoint_at.elapsed() >= CHECKPOINT_INTERVAL)
    }

    /// Makes the state durable.
    pub(super) fn checkpoint(&mut self) -> Result<(), StoreError> {
        if self.since_checkpoint > 0 {
            self.begin(true)?.commit().trying("committing the state")?;
            self.is_durable();
        }
        Ok(())
    }

    fn is_durable(&mut self) {
        self.since_checkpoint = 0;
        self.checkpoint_at = Instant::now();
    }
}
