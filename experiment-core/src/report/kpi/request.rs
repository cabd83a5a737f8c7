//! What is asked: a period, and which events mean what.

use super::month::Months;
use crate::measure::{EventName, EventNames};
use crate::problem::{Problem, cut_at, did_you_mean};
use crate::time::{DAY, Day, Span, Timestamp};

/// Longest period in days, both ends counted: ten years.
pub const MAX_PERIOD_DAYS: i32 = 3_650;
/// Most events that may mean activity.
pub const MAX_ACTIVE_EVENTS: usize = 20;
/// How much of a wrong name is repeated in a message, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// What somebody asks for, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiWish {
    /// The first day of the period.
    pub from: Day,
    /// Its last day, which is part of it.
    pub to: Day,
    /// How far back from an instant an activity makes a customer active then; the length of the period if
    /// `None`.
    pub within: Option<Span>,
    /// The event that is a purchase; its values are the money.
    pub event: String,
    /// The events that are activity; the purchase alone if empty.
    pub active: Vec<String>,
    /// The event whose values are what keeping customers costs.
    pub cost: Option<String>,
    /// The event whose values are answers from 0 to 10 to "would you recommend us?".
    pub survey: Option<String>,
    /// Coverage of the intervals, in (0, 1).
    pub confidence_level: f64,
}

/// A wish that can be granted.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiRequest {
    pub(super) wish: KpiWish,
    pub(super) within: Span,
    pub(super) months: Months,
}

/// The events of a request by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpiEvents {
    /// The purchase.
    pub order: EventName,
    /// Activity.
    pub active: Vec<EventName>,
    /// What keeping costs.
    pub cost: Option<EventName>,
    /// Answers from 0 to 10.
    pub survey: Option<EventName>,
}

impl KpiRequest {
    /// Checks a wish; `today` is the last day of which anything is known.
    ///
    /// # Errors
    /// Everything that is wrong, by field: `from`, `to`, `within`, `event`, `active`, `cost`, `survey`, `level`.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::report::kpi::{KpiRequest, KpiWish};
    /// let wish = KpiWish {
    ///     from: "2026-03-01".parse()?,
    ///     to: "2026-02-28".parse()?,
    ///     within: None,
    ///     event: "order".to_owned(),
    ///     active: Vec::new(),
    ///     cost: None,
    ///     survey: None,
    ///     confidence_level: 0.95,
    /// };
    /// let problems = KpiRequest::new(wish, "2026-03-31".parse()?).unwrap_err();
    /// assert_eq!(problems[0].to_string(), "to: 2026-02-28 is before from; mend: give 2026-03-01 or a later day");
    /// # Ok::<(), experiment_core::time::TimeError>(())
    /// ```
    pub fn new(mut wish: KpiWish, today: Day) -> Result<KpiRequest, Vec<Problem>> {
        let mut problems = Vec::new();
        let (from, to) = (wish.from, wish.to);
        let days = i64::from(to.0) - i64::from(from.0) + 1;
        if to > today {
            let mend = format!("give {today} or an earlier day");
            problems.push(Problem::new("to", format!("{to} is in the future"), mend));
        }
        if days < 1 {
            let mend = format!("give {from} or a later day");
            problems.push(Problem::new("to", format!("{to} is before from"), mend));
        } else if days > i64::from(MAX_PERIOD_DAYS) {
            let detail = format!("the period has {days} days");
            problems.push(Problem::new("from", detail, format!("ask for at most {MAX_PERIOD_DAYS} days")));
        }
        if wish.within == Some(Span(0)) {
            problems.push(Problem::new("within", "it is no time at all", "give a span such as 30d"));
        }
        if !(wish.confidence_level > 0.0 && wish.confidence_level < 1.0) {
            let detail = format!("{} is not between 0 and 1", wish.confidence_level);
            problems.push(Problem::new("level", detail, "give a fraction such as 0.95"));
        }
        if wish.active.len() > MAX_ACTIVE_EVENTS {
            let detail = format!("{} events are too many", wish.active.len());
            problems.push(Problem::new("active", detail, format!("name at most {MAX_ACTIVE_EVENTS}")));
        }
        if wish.active.is_empty() {
            wish.active.push(wish.event.clone());
        }
        // Twice the same is once the same, in any order: equal questions read equally.
        wish.active.sort_unstable();
        wish.active.dedup();
        problems.extend(named(&wish).filter(|(_, name)| name.is_empty()).map(|(field, _)| {
            Problem::new(field, "the name is empty", "give the name of an event, such as order")
        }));
        // A period that is wrong has no months worth counting.
        let months = if problems.is_empty() { Months::touched_by(from, to) } else { None };
        if problems.is_empty() && months.is_none() {
            problems.push(Problem::new("from", format!("{from} is in no calendar"), "give a day of our era"));
        }
        let whole = Span(days.saturating_mul(DAY));
        match months {
            Some(months) => Ok(KpiRequest { within: wish.within.unwrap_or(whole), wish, months }),
            None => Err(problems),
        }
    }

    /// The events by number.
    ///
    /// # Errors
    /// The names that no event ever had, with the nearest that one has.
    pub fn events(&self, names: &EventNames) -> Result<KpiEvents, Vec<Problem>> {
        let unknown = named(&self.wish).filter(|(_, name)| names.get(name).is_none());
        let problems: Vec<Problem> = unknown.map(|(field, name)| no_such_event(field, name, names)).collect();
        let optional = |name: &Option<String>| name.as_deref().and_then(|name| names.get(name));
        match names.get(&self.wish.event) {
            Some(order) if problems.is_empty() => Ok(KpiEvents {
                order,
                active: self.wish.active.iter().filter_map(|name| names.get(name)).collect(),
                cost: optional(&self.wish.cost),
                survey: optional(&self.wish.survey),
            }),
            _ => Err(problems),
        }
    }

    /// 00:00 of the first day.
    pub(super) fn start(&self) -> Timestamp {
        self.wish.from.start()
    }

    /// 24:00 of the last day.
    pub(super) fn end(&self) -> Timestamp {
        self.wish.to.end()
    }
}

/// Every name with the field it stands in.
fn named(wish: &KpiWish) -> impl Iterator<Item = (&'static str, &str)> {
    let optional = [("cost", wish.cost.as_deref()), ("survey", wish.survey.as_deref())];
    let optional = optional.into_iter().filter_map(|(field, name)| Some((field, name?)));
    // Activity that is the purchase itself is told once.
    let active = wish.active.iter().filter(|name| **name != wish.event);
    [("event", wish.event.as_str())]
        .into_iter()
        .chain(active.map(|name| ("active", name.as_str())))
        .chain(optional)
}

fn no_such_event(field: &str, name: &str, names: &EventNames) -> Problem {
    let known = || (0..names.len()).filter_map(|number| names.name(EventName(u32::try_from(number).ok()?)));
    let otherwise = match names.is_empty() {
        true => "send events first: there is none yet",
        false => "give the name of an event that was sent",
    };
    let mend = did_you_mean(name, known()).unwrap_or_else(|| otherwise.to_owned());
    let shown = cut_at(name, MAX_SHOWN_CHARS);
    Problem::new(field, format!("no event is called {shown:?}"), mend)
}
