//! Company figures: one pass over every customer's packed row, from one snapshot.

use experiment_core::definition::Problem;
use experiment_core::measure::{Event, EventNames};
use experiment_core::report::kpi::{KpiRequest, KpiTally, Kpis};
use redb::{ReadableDatabase, ReadableTable};

use super::Store;
use super::error::StoreError;
use super::position::Position;
use super::recover;
use super::row::{PackedEvent, Row};
use super::tables::{CUSTOMERS, EVENT_NAMES, Trying};

/// Why there are no figures.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KpiError {
    /// Some events that are named were never sent.
    #[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    UnknownEvents {
        /// One entry a name.
        problems: Vec<Problem>,
    },
    /// The state can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More money than exact sums hold.
    #[error("the sums of money left 128 bits; mend: send values in a larger unit")]
    Overflow,
}

impl Store {
    /// The figures of a period over all customers. Takes as long as reading every packed row does, and
    /// holds one customer at a time.
    ///
    /// # Errors
    /// [`KpiError::UnknownEvents`] for names that no event has, or the state can't be read.
    pub fn kpis(&self, request: &KpiRequest) -> Result<Kpis, KpiError> {
        let state = self.shared.state();
        let reading = state.begin_read().trying("reading the state")?;
        let position = Position::read(&reading)?.map_or(0, |position| position.folded);
        let table = reading.open_table(EVENT_NAMES).trying("reading event names")?;
        let mut names = EventNames::default();
        for row in table.iter().trying("reading event names")? {
            names.intern(row.trying("reading event names")?.1.value());
        }
        let events = request.events(&names).map_err(|problems| KpiError::UnknownEvents { problems })?;
        let mut tally = KpiTally::new(request, events);
        let customers = reading.open_table(CUSTOMERS).trying("reading customers")?;
        let mut history: Vec<Event> = Vec::new();
        for row in customers.iter().trying("reading customers")? {
            let (_, row) = row.trying("reading customers")?;
            history.clear();
            history.extend(Row::decode(row.value())?.events().map(|event: PackedEvent| event.measured()));
            tally.add(&history).map_err(|_| KpiError::Overflow)?;
        }
        Ok(Kpis { sequence: Some(position), ..tally.figures() })
    }

    /// The names of the events that are in the sums, sorted.
    ///
    /// # Errors
    /// The state can't be read.
    pub fn event_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = recover::event_names(&self.shared.state())?.into_iter().collect();
        names.sort_unstable();
        Ok(names)
    }
}
