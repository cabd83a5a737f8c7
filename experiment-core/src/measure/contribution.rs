//! One customer's history → one small vector.

use super::{CLAMP, Counting, Event, Fixed, Part, Rule, Tally, bucket};
use crate::definition::MeasureKind;
use crate::time::Timestamp;

/// Most entries of a contribution.
pub const MAX_PARTS: usize = 8;

/// What one customer adds to one metric: a small vector of fixed-point numbers to its moments and, where the
/// metric counts customers by value, one to the count at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contribution {
    values: [i64; MAX_PARTS],
    len: u8,
    clamped: bool,
    rounded: u32,
    place: Option<i32>,
}

impl Contribution {
    /// Made from its entries, at most [`MAX_PARTS`]; further ones are dropped. Entries beyond
    /// ±[`CLAMP`] are clamped.
    #[must_use]
    pub fn new(entries: &[i64]) -> Contribution {
        let mut contribution = Contribution::empty();
        for entry in entries.iter().take(MAX_PARTS) {
            contribution.push(i128::from(*entry));
        }
        contribution
    }

    /// The vector without entries: it counts a customer and nothing else.
    #[must_use]
    pub fn empty() -> Contribution {
        Contribution { values: [0; MAX_PARTS], len: 0, clamped: false, rounded: 0, place: None }
    }

    /// Adds values that lost digits to the count of rounded ones.
    #[must_use]
    pub fn with_rounded(mut self, rounded: u32) -> Contribution {
        self.rounded = self.rounded.saturating_add(rounded);
        self
    }

    /// Counted at this place.
    #[must_use]
    pub fn at_place(mut self, place: i32) -> Contribution {
        self.place = Some(place);
        self
    }

    /// Where the customer is counted: the bucket of a value, or the days from the cohort day to the day of churn.
    #[must_use]
    pub fn place(&self) -> Option<i32> {
        self.place
    }

    /// The entries in the order of the rule's parts, in steps.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values[..usize::from(self.len)]
    }

    /// Whether an entry was clamped.
    #[must_use]
    pub fn clamped(&self) -> bool {
        self.clamped
    }

    /// How many event values lost digits.
    #[must_use]
    pub fn rounded(&self) -> u32 {
        self.rounded
    }

    fn push(&mut self, total: i128) {
        let kept = total.clamp(-i128::from(CLAMP), i128::from(CLAMP));
        self.clamped |= kept != total;
        // Lossless: it was just clamped into range.
        self.values[usize::from(self.len)] = kept as i64;
        self.len += 1;
    }
}

/// What `events` (one customer's, in any order) contribute to a metric, given the customer's first
/// exposure. It never depends on "now": whether the window has ended is asked when rows are read.
///
/// `None` when the customer is not part of the metric's population.
#[must_use]
pub fn contribution(rule: &Rule, first_exposure: Timestamp, events: &[Event]) -> Option<Contribution> {
    let mut vector = Contribution::empty();
    for part in rule.parts() {
        let total = total(part, rule.places(), first_exposure, events, &mut vector.rounded)?;
        vector.push(total);
    }
    if let Some((one, other)) = rule.product() {
        let [one, other] = [one, other].map(|place| i128::from(vector.values[place]));
        // One of them is 0 or one unit, so nothing is lost.
        vector.push(one * other / 10_i128.pow(rule.places()));
    }
    match rule.tally() {
        Some(Tally::Value) => vector.place = Some(bucket(vector.values[0])),
        Some(Tally::Departure(departure)) => vector.place = departure.day(first_exposure, events),
        None => {}
    }
    Some(vector)
}

/// One entry; `None` for a customer who is not asked, or does not answer.
fn total(
    part: &Part,
    places: u32,
    first_exposure: Timestamp,
    events: &[Event],
    rounded: &mut u32,
) -> Option<i128> {
    let counted = events.iter().filter(|event| part.counts(event, first_exposure));
    let total = match &part.counting {
        Counting::Events(kind, _) => total_of(*kind, counted, places, rounded),
        Counting::Linear(linear) => {
            let added = counted.map(|event| {
                linear.adds(event, event.at.0.saturating_sub(first_exposure.0), places, rounded)
            });
            linear.base() + added.sum::<i128>()
        }
        Counting::Score(_) => i128::from(nps_points(last_score(counted)?)) * i128::from(10_u64.pow(places)),
    };
    Some(total.clamp(part.low, part.high))
}

/// The last score from 0 to 10; of two at one instant the lower. Other values are no answers.
fn last_score<'a>(counted: impl Iterator<Item = &'a Event>) -> Option<f64> {
    let scores = counted.filter_map(|event| {
        let score = event.value.filter(|score| (0.0..=10.0).contains(score))?;
        Some((event.at, score))
    });
    scores.max_by(|(a, x), (b, y)| a.cmp(b).then(y.total_cmp(x))).map(|(_, score)| score)
}

/// What a score from 0 to 10 adds to the net promoter score: promoters (9 and 10) 100 points, detractors (0 to 6)
/// −100, the others 0.
#[must_use]
pub fn nps_points(score: f64) -> i8 {
    if score >= 9.0 {
        100
    } else if score <= 6.0 {
        -100
    } else {
        0
    }
}

/// The total of events of one name, all of which count.
fn total_of<'a>(
    kind: MeasureKind,
    counted: impl Iterator<Item = &'a Event>,
    places: u32,
    rounded: &mut u32,
) -> i128 {
    let one = i128::from(10_u64.pow(places));
    match kind {
        MeasureKind::Conversion { at_least } => {
            let needed = at_least as usize;
            if counted.take(needed).count() == needed { one } else { 0 }
        }
        MeasureKind::Retention => i128::from({ counted }.next().is_some()) * one,
        MeasureKind::Churn => i128::from({ counted }.next().is_none()) * one,
        MeasureKind::Count => counted.count() as i128 * one,
        MeasureKind::Sum => counted
            .filter_map(|event| event.value)
            .map(|value| {
                let (fixed, lossy) = Fixed::from_f64(value, places);
                *rounded = rounded.saturating_add(u32::from(lossy));
                i128::from(fixed.0)
            })
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{EventName, EventNames};
    use crate::time::DAY;

    const ORDER: EventName = EventName(0);

    fn event(day: f64, value: Option<f64>) -> Event {
        Event { at: Timestamp((day * DAY as f64) as i64), name: ORDER, value }
    }

    fn part(kind: MeasureKind) -> Part {
        Part {
            counting: Counting::Events(kind, ORDER),
            from: 0,
            to: 2 * DAY,
            low: i128::MIN,
            high: i128::MAX,
        }
    }

    fn one(kind: MeasureKind, events: &[Event]) -> i64 {
        let rule = Rule::new(vec![part(kind)], 6);
        contribution(&rule, Timestamp(0), events).unwrap().values()[0]
    }

    #[test]
    fn each_kind_by_hand() {
        let events = [event(-0.5, Some(7.0)), event(0.0, Some(1.5)), event(1.0, None), event(2.0, Some(9.0))];
        assert_eq!(one(MeasureKind::Conversion { at_least: 2 }, &events), 1_000_000);
        assert_eq!(one(MeasureKind::Conversion { at_least: 3 }, &events), 0);
        assert_eq!(one(MeasureKind::Retention, &events), 1_000_000);
        assert_eq!(one(MeasureKind::Churn, &events), 0);
        assert_eq!(one(MeasureKind::Churn, &events[3..]), 1_000_000);
        assert_eq!(one(MeasureKind::Count, &events), 2_000_000);
        assert_eq!(one(MeasureKind::Sum, &events), 1_500_000);
    }

    #[test]
    fn other_events_do_not_count() {
        let mut names = EventNames::default();
        let (order, login) = (names.intern("order"), names.intern("login"));
        assert_eq!((order, login), (ORDER, EventName(1)));
        let other = Event { name: login, ..event(1.0, Some(3.0)) };
        assert_eq!(one(MeasureKind::Sum, &[other]), 0);
    }

    #[test]
    fn caps_then_clamps() {
        let mut capped = part(MeasureKind::Sum);
        (capped.low, capped.high) = (-1_000_000, 2_000_000);
        let rule = Rule::new(vec![capped, part(MeasureKind::Sum)], 6);
        let huge = [event(0.1, Some(9e8))];
        let vector = contribution(&rule, Timestamp(0), &huge).unwrap();
        assert_eq!(vector.values(), [2_000_000, CLAMP]);
        assert!(vector.clamped());
        let low = contribution(&rule, Timestamp(0), &[event(0.1, Some(-5.0))]).unwrap();
        assert_eq!((low.values(), low.clamped()), ([-1_000_000, -5_000_000].as_slice(), false));
    }

    #[test]
    fn a_customer_is_counted_at_the_bucket_of_the_value() {
        let rule = Rule::new(vec![part(MeasureKind::Sum)], 6).with_tally(Tally::Value);
        let place = |events: &[Event]| contribution(&rule, Timestamp(0), events).unwrap().place();
        assert_eq!(place(&[]), Some(0), "zeros are in");
        assert_eq!(place(&[event(0.1, Some(12.34)), event(0.2, Some(-0.04))]), Some(bucket(12_300_000)));
        assert_eq!(contribution(&Rule::new(vec![], 6), Timestamp(0), &[]).unwrap().place(), None);
    }

    #[test]
    fn the_last_score_of_those_who_answer() {
        let part = Part { counting: Counting::Score(ORDER), ..part(MeasureKind::Sum) };
        let rule = Rule::new(vec![part], 6);
        let points = |events: &[Event]| {
            contribution(&rule, Timestamp(0), events).map(|vector| vector.values()[0] / 1_000_000)
        };
        assert_eq!(points(&[]), None);
        assert_eq!(points(&[event(0.5, None), event(0.6, Some(11.0)), event(3.0, Some(9.0))]), None);
        assert_eq!(points(&[event(1.0, Some(9.0)), event(0.5, Some(2.0))]), Some(100));
        assert_eq!(
            points(&[event(0.5, Some(9.0)), event(1.0, Some(6.0)), event(2.0, Some(9.0))]),
            Some(-100)
        );
        assert_eq!([7.0, 8.0, 6.5].map(|score| points(&[event(0.1, Some(score))])), [Some(0); 3]);
        // At one instant no order of arrival decides.
        let both = [event(1.0, Some(10.0)), event(1.0, Some(3.0))];
        assert_eq!([points(&both), points(&[both[1], both[0]])], [Some(-100); 2]);
    }

    #[test]
    fn rounded_values_are_counted() {
        let rule = Rule::new(vec![part(MeasureKind::Sum)], 2);
        let vector =
            contribution(&rule, Timestamp(0), &[event(0.1, Some(1.005)), event(0.2, Some(1.25))]).unwrap();
        assert_eq!((vector.values(), vector.rounded()), ([225].as_slice(), 1));
    }
}
