//! One customer's history after another → whole numbers.

use super::cohort::CohortSums;
use super::request::{KpiEvents, KpiRequest};
use super::types::CustomerCounts;
use crate::measure::{Contribution, DEFAULT_PLACES, Event, Fixed, Moments, MomentsOverflow};
use crate::stats::retention::PromoterCounts;
use crate::time::Timestamp;

/// One whole unit in steps, for counts beside money.
const UNIT: i128 = 10_i128.pow(DEFAULT_PLACES);

/// Exact sums over customers: any order of customers and of their events gives the same bits.
#[derive(Debug, Clone)]
pub struct KpiTally<'r> {
    pub(super) request: &'r KpiRequest,
    events: KpiEvents,
    pub(super) customers: CustomerCounts,
    pub(super) repeat_buyers: u64,
    /// Of customers at the start, see [`AtStart`].
    pub(super) at_start: Moments,
    /// Of buyers: money and purchases.
    pub(super) orders: Moments,
    /// Of everybody ever active: money.
    pub(super) to_date: Moments,
    /// Of customers at the start or with costs: costs, and 1 for those kept.
    pub(super) costs: Moments,
    pub(super) scores: PromoterCounts,
    pub(super) cohorts: CohortSums,
    pub(super) orders_without_value: u64,
    pub(super) scores_ignored: u64,
    pub(super) values_rounded: u64,
    pub(super) customers_clamped: u64,
}

/// The entries of [`KpiTally::at_start`].
pub(super) enum AtStart {
    /// Money in the span before the start.
    Before,
    /// How much less it is in the span before the end, where it is less.
    Shrunk,
    /// How much less it is, below 0 where it is more.
    Change,
    /// Money in the period.
    Money,
    /// 1 for those lost.
    Lost,
}

/// What a history says of one customer; money in steps.
#[derive(Debug, Default)]
struct Seen {
    first_active: Option<Timestamp>,
    active_at_start: bool,
    active_at_end: bool,
    active_in_period: bool,
    /// One bit a month with an activity.
    active_months: u128,
    orders: u32,
    money_before: i128,
    money_at_end: i128,
    money: i128,
    money_to_date: i128,
    cost: Option<i128>,
    /// The last answer of the period.
    score: Option<(Timestamp, f64)>,
}

impl<'r> KpiTally<'r> {
    /// No customers yet; `events` are those of the request.
    #[must_use]
    pub fn new(request: &'r KpiRequest, events: KpiEvents) -> KpiTally<'r> {
        KpiTally {
            request,
            events,
            customers: CustomerCounts::default(),
            repeat_buyers: 0,
            at_start: Moments::new(5),
            orders: Moments::new(2),
            to_date: Moments::new(1),
            costs: Moments::new(2),
            scores: PromoterCounts { promoters: 0, passives: 0, detractors: 0 },
            cohorts: CohortSums::new(&request.months),
            orders_without_value: 0,
            scores_ignored: 0,
            values_rounded: 0,
            customers_clamped: 0,
        }
    }

    /// Adds a customer, whose events come in any order.
    ///
    /// # Errors
    /// [`MomentsOverflow`]; the sums are then to be thrown away.
    pub fn add(&mut self, history: &[Event]) -> Result<(), MomentsOverflow> {
        let seen = self.look_at(history);
        self.count(&seen);
        self.count_cohort(&seen, history);
        self.add_money(&seen)
    }

    fn look_at(&mut self, history: &[Event]) -> Seen {
        let (start, end, within) = (self.request.start(), self.request.end(), self.request.within);
        let (before_start, before_end) = (start.before(within), end.before(within));
        let mut seen = Seen::default();
        // What happened after the period is nothing that it knows of.
        for event in history.iter().filter(|event| event.at < end) {
            let in_period = event.at >= start;
            let at_start = event.at >= before_start && !in_period;
            let at_end = event.at >= before_end;
            if self.events.active.contains(&event.name) {
                seen.first_active = Some(seen.first_active.map_or(event.at, |first| first.min(event.at)));
                seen.active_at_start |= at_start;
                seen.active_at_end |= at_end;
                seen.active_in_period |= in_period;
                let month = self.request.months.number_of(event.at);
                seen.active_months |= month.map_or(0, |month| 1 << month);
            }
            if event.name == self.events.order {
                let money = self.steps(event.value);
                seen.money_to_date += money;
                seen.money_before += if at_start { money } else { 0 };
                seen.money_at_end += if at_end { money } else { 0 };
                if in_period {
                    seen.money += money;
                    seen.orders += 1;
                    self.orders_without_value += u64::from(event.value.is_none());
                }
            }
            if in_period && Some(event.name) == self.events.cost {
                *seen.cost.get_or_insert(0) += self.steps(event.value);
            }
            if in_period && Some(event.name) == self.events.survey {
                match event.value {
                    Some(score) if (0.0..=10.0).contains(&score) => seen.answer(event.at, score),
                    _ => self.scores_ignored += 1,
                }
            }
        }
        seen
    }

    fn steps(&mut self, value: Option<f64>) -> i128 {
        let Some(value) = value else { return 0 };
        let (fixed, rounded) = Fixed::from_f64(value, DEFAULT_PLACES);
        self.values_rounded += u64::from(rounded);
        i128::from(fixed.0)
    }

    fn count(&mut self, seen: &Seen) {
        let (start, end) = (seen.active_at_start, seen.active_at_end);
        let is_new = seen.first_active.is_some_and(|first| first >= self.request.start());
        let customers = &mut self.customers;
        customers.start += u64::from(start);
        customers.end += u64::from(end);
        customers.retained += u64::from(start && end);
        customers.lost += u64::from(start && !end);
        customers.new += u64::from(end && is_new);
        customers.returned += u64::from(end && !start && !is_new);
        customers.active += u64::from(seen.active_in_period);
        customers.buyers += u64::from(seen.orders > 0);
        self.repeat_buyers += u64::from(seen.orders > 1);
        match seen.score {
            Some((_, score)) if score >= 9.0 => self.scores.promoters += 1,
            Some((_, score)) if score <= 6.0 => self.scores.detractors += 1,
            Some(_) => self.scores.passives += 1,
            None => {}
        }
    }

    fn count_cohort(&mut self, seen: &Seen, history: &[Event]) {
        let (months, end) = (&self.request.months, self.request.end());
        let Some(cohort) = seen.first_active.and_then(|first| months.number_of(first)) else { return };
        self.cohorts.count_active(cohort, seen.active_months);
        let orders = history.iter().filter(|event| event.name == self.events.order && event.at < end);
        for (event, value) in orders.filter_map(|event| Some((event, event.value?))) {
            if let Some(month) = months.number_of(event.at) {
                let (fixed, _) = Fixed::from_f64(value, DEFAULT_PLACES);
                self.cohorts.add_revenue(cohort, month, i128::from(fixed.0));
            }
        }
    }

    fn add_money(&mut self, seen: &Seen) -> Result<(), MomentsOverflow> {
        let mut clamped = false;
        let mut add = |moments: &mut Moments, entries: &[i128]| {
            let contribution = vector(entries);
            clamped |= contribution.clamped();
            moments.add(&contribution)
        };
        if seen.active_at_start {
            let change = seen.money_before - seen.money_at_end;
            let lost = if seen.active_at_end { 0 } else { UNIT };
            add(&mut self.at_start, &[seen.money_before, change.max(0), change, seen.money, lost])?;
        }
        if seen.orders > 0 {
            add(&mut self.orders, &[seen.money, i128::from(seen.orders) * UNIT])?;
        }
        if seen.first_active.is_some() {
            add(&mut self.to_date, &[seen.money_to_date])?;
        }
        if seen.active_at_start || seen.cost.is_some() {
            let kept = if seen.active_at_start && seen.active_at_end { UNIT } else { 0 };
            add(&mut self.costs, &[seen.cost.unwrap_or(0), kept])?;
        }
        self.customers_clamped += u64::from(clamped);
        Ok(())
    }
}

impl Seen {
    /// The last answer counts; of two at one instant the lower.
    fn answer(&mut self, at: Timestamp, score: f64) {
        let later = |(known_at, known): (Timestamp, f64)| at > known_at || (at == known_at && score < known);
        if self.score.is_none_or(later) {
            self.score = Some((at, score));
        }
    }
}

/// A customer's vector; entries beyond what moments take are clamped, and said to be.
fn vector(entries: &[i128]) -> Contribution {
    let mut kept = [0; 5];
    for (kept, entry) in kept.iter_mut().zip(entries) {
        let bounded = (*entry).clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        // Lossless: it was just clamped into range.
        *kept = bounded as i64;
    }
    Contribution::new(&kept[..entries.len().min(kept.len())])
}

#[cfg(test)]
mod tests {
    use super::super::{KpiWish, Kpis};
    use super::*;
    use crate::measure::EventNames;
    use crate::time::{DAY, Day};
    use proptest::prelude::*;

    const NAMES: [&str; 4] = ["order", "login", "voucher", "survey"];

    fn kpis<'e>(request: &KpiRequest, histories: impl Iterator<Item = &'e Vec<Event>>) -> Kpis {
        let mut names = EventNames::default();
        NAMES.iter().for_each(|name| {
            names.intern(name);
        });
        let mut tally = KpiTally::new(request, request.events(&names).unwrap());
        histories.for_each(|history| tally.add(history).unwrap());
        tally.figures()
    }

    fn request() -> KpiRequest {
        let wish = KpiWish {
            from: Day(40),
            to: Day(69),
            within: Some(crate::time::Span(20 * DAY)),
            event: "order".to_owned(),
            active: vec!["order".to_owned(), "login".to_owned()],
            cost: Some("voucher".to_owned()),
            survey: Some("survey".to_owned()),
            confidence_level: 0.9,
        };
        KpiRequest::new(wish, Day(100)).unwrap()
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = (0..90_i64, 0..4_u32, proptest::option::of(-3_i32..15)).prop_map(|(day, name, value)| {
            let at = Timestamp(day * DAY);
            Event {
                at,
                name: crate::measure::EventName(name),
                value: value.map(|value| f64::from(value) / 3.0),
            }
        });
        proptest::collection::vec(event, 0..8)
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_bits(histories in proptest::collection::vec(events(), 0..12)) {
            let request = request();
            let backwards: Vec<Vec<Event>> =
                histories.iter().map(|history| history.iter().rev().copied().collect()).collect();
            let found = kpis(&request, histories.iter());
            prop_assert_eq!(&found, &kpis(&request, backwards.iter().rev()));
            let customers = &found.customers;
            prop_assert_eq!(customers.start, customers.retained + customers.lost);
            prop_assert_eq!(customers.end, customers.retained + customers.new + customers.returned);
            for figure in &found.figures {
                prop_assert!(figure.value.is_none_or(f64::is_finite));
                prop_assert!(figure.lower.zip(figure.upper).is_none_or(|(lower, upper)| lower <= upper));
                prop_assert_eq!(figure.value.is_none(), figure.denominator == 0.0);
            }
        }
    }

    #[test]
    fn sums_that_are_too_large_are_cut_and_counted() {
        let order =
            |day| Event { at: Timestamp(day * DAY), name: crate::measure::EventName(0), value: Some(1e9) };
        let found = kpis(&request(), [vec![order(50)], vec![order(30), order(60)], Vec::new()].iter());
        assert_eq!(found.customers_clamped, 2);
        assert_eq!(found.cohorts[0].months[0].revenue, 1e9, "January, the second customer's");
    }
}
