//! When a customer is lost: at a named event, or when silence has lasted long enough.

use super::{Event, EventName, EventNames};
use crate::definition::Churn;
use crate::time::{Span, Timestamp};

/// A compiled rule for the day of churn. It never looks at "now": whether that day has come is asked when
/// rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// The first event of this name at or after exposure.
    Event(EventName),
    /// Silence after exposure, dated when it has lasted `lasts`; exposure itself counts as activity.
    Silence {
        /// The events that break it.
        activity: EventName,
        /// How long.
        lasts: Span,
    },
}

impl Departure {
    /// Compiles a rule.
    #[must_use]
    pub fn compile(churn: &Churn, names: &mut EventNames) -> Departure {
        match churn {
            Churn::Event(event) => Departure::Event(names.intern(event)),
            Churn::Inactive { event, lasts } => {
                Departure::Silence { activity: names.intern(event), lasts: *lasts }
            }
        }
    }

    /// The name of the events that matter.
    #[must_use]
    pub fn event(&self) -> EventName {
        match self {
            Departure::Event(event) | Departure::Silence { activity: event, .. } => *event,
        }
    }

    /// Whether `event` matters for a customer first exposed at `first_exposure`.
    #[must_use]
    pub fn counts(&self, event: &Event, first_exposure: Timestamp) -> bool {
        event.name == self.event() && event.at >= first_exposure
    }

    /// Days from the cohort day to the day of churn, both UTC; 0 on the same day. `None` as long as the event
    /// is not known; silence is dated ahead, as if nothing came any more.
    #[must_use]
    pub fn day(&self, first_exposure: Timestamp, events: &[Event]) -> Option<i32> {
        let counted = events.iter().filter(|event| self.counts(event, first_exposure)).map(|event| event.at);
        let at = match self {
            Departure::Event(_) => counted.min()?,
            Departure::Silence { lasts, .. } => {
                let mut times: Vec<Timestamp> = counted.collect();
                times.sort_unstable();
                let mut last = first_exposure;
                for time in times {
                    if time >= last.after(*lasts) {
                        break;
                    }
                    last = time;
                }
                last.after(*lasts)
            }
        };
        Some(at.day().0.saturating_sub(first_exposure.day().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    fn event(day: f64) -> Event {
        Event { at: Timestamp((day * DAY as f64) as i64), name: EventName(0), value: None }
    }

    #[test]
    fn the_first_event_after_exposure() {
        let cancel = Departure::Event(EventName(0));
        let exposed = event(0.5).at;
        assert_eq!(cancel.day(exposed, &[event(3.2), event(2.9), event(0.4)]), Some(2));
        assert_eq!(cancel.day(exposed, &[event(0.5)]), Some(0));
        assert_eq!(cancel.day(exposed, &[event(0.4)]), None);
        assert_eq!(cancel.day(exposed, &[Event { name: EventName(1), ..event(2.0) }]), None);
    }

    #[test]
    fn silence_is_dated_when_it_is_long_enough() {
        let silence = Departure::Silence { activity: EventName(0), lasts: Span(3 * DAY) };
        let exposed = event(0.5).at;
        assert_eq!(silence.day(exposed, &[]), Some(3), "from exposure on");
        assert_eq!(silence.day(exposed, &[event(5.0), event(3.0)]), Some(8), "3.0 breaks it, 5.0 again");
        assert_eq!(silence.day(exposed, &[event(3.5), event(4.0)]), Some(3), "3.5 is three days: too late");
        assert_eq!(silence.day(exposed, &[event(0.0)]), Some(3), "before exposure nothing counts");
    }
}
