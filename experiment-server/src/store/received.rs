//! On which day a fact was received, found in the log by halving: the log is in the order of receipt.

use experiment_core::time::Day;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use super::error::StoreError;
use super::record::Record;
use super::tables::{FACTS, Trying};

type Facts = ReadOnlyTable<u64, &'static [u8]>;

/// The day on which the fact at `sequence` was received.
fn received_on(facts: &Facts, sequence: u64) -> Result<Day, StoreError> {
    let record = ReadableTable::get(facts, sequence).trying("reading the log")?;
    let Some(record) = record else {
        let what = format!("fact {sequence} of the log");
        return Err(StoreError::Corrupt { what, detail: "it is missing".to_owned() });
    };
    Ok(Record::decode(record.value())?.received_at().day())
}

/// The first of the facts `low..high` that was received after `day`; `high` when none was.
fn first_after(facts: &Facts, day: Day, mut low: u64, mut high: u64) -> Result<u64, StoreError> {
    while low < high {
        let middle = low + (high - low) / 2;
        if received_on(facts, middle)? <= day { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// The day on which the fact at `sequence` was received.
pub(super) fn day_of(log: &Database, sequence: u64) -> Result<Day, StoreError> {
    let reading = log.begin_read().trying("reading the log")?;
    received_on(&reading.open_table(FACTS).trying("reading the log")?, sequence)
}

/// How many facts came by the end of `day`, of the first `position`.
pub(super) fn facts_received_by(log: &Database, day: Day, position: u64) -> Result<u64, StoreError> {
    let reading = log.begin_read().trying("reading the log")?;
    first_after(&reading.open_table(FACTS).trying("reading the log")?, day, 0, position)
}

/// The days on which facts were received, each with the first of them.
#[derive(Debug, Default)]
pub(super) struct ReceivedDays {
    starts: Vec<(u64, Day)>,
    /// Facts that are covered.
    until: u64,
}

impl ReceivedDays {
    /// Covers the facts `0..position`.
    pub(super) fn read_on(&mut self, log: &Database, position: u64) -> Result<(), StoreError> {
        if self.until >= position {
            return Ok(());
        }
        let reading = log.begin_read().trying("reading the log")?;
        let facts = reading.open_table(FACTS).trying("reading the log")?;
        let last = received_on(&facts, position - 1)?;
        while self.until < position {
            let day = received_on(&facts, self.until)?;
            if self.starts.last().is_none_or(|(_, known)| *known != day) {
                self.starts.push((self.until, day));
            }
            self.until = if day == last { position } else { first_after(&facts, day, self.until, position)? };
        }
        Ok(())
    }

    /// The day on which a fact that is covered was received.
    pub(super) fn of(&self, sequence: u64) -> Day {
        let after = self.starts.partition_point(|(first, _)| *first <= sequence);
        self.starts.get(after.saturating_sub(1)).map_or(Day(i32::MIN), |(_, day)| *day)
    }
}
