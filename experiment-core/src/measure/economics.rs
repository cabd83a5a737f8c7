//! What one customer costs and brings in: the vector of an experiment's economics.

use super::{Counting, DEFAULT_PLACES, EventNames, Fixed, Linear, Part, Rule};
use crate::definition::{Cap, CostBasis, Experiment, Factor, Measure, MeasureKind, Offer, Term, Window};

/// Digits kept behind the point, for money and for flags.
pub const ECONOMICS_PLACES: u32 = DEFAULT_PLACES;

/// The entries of the vector of economics, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Account {
    /// 1 if the customer was kept, else 0.
    Kept,
    /// The value brought in, before the cost of the offer.
    Gross,
    /// The cost of the variant's offer.
    Cost,
    /// 1 if the customer took the variant's offer, else 0.
    Took,
    /// 1 if the customer took the offer and was kept, else 0.
    KeptAndTook,
}

impl Account {
    /// How many entries there are.
    pub const COUNT: usize = 5;
}

/// The rules of an experiment's economics, one a variant: what an offer costs is for the variant that gives it to
/// say. A variant without an offer costs nothing, and nobody takes it. `None` when the experiment states none.
#[must_use]
pub fn economics_rules(experiment: &Experiment, names: &mut EventNames) -> Option<Vec<Rule>> {
    let economics = experiment.economics.as_ref()?;
    let (kind, event, kept_window) = experiment.kept()?;
    // Grace is about reading: contributions know none.
    let window = Window { from: crate::time::Span(0), ..economics.window };
    let rules = experiment.variants.iter().map(|variant| {
        let offer = variant.offer.as_ref();
        let kept = Measure::Events { kind, event: event.to_owned(), cap: Cap::default() };
        let terms = economics
            .gross
            .iter()
            .map(|gross| Term { event: gross.event.clone(), factor: Factor::Weight(gross.margin) });
        let gross = Measure::Linear {
            terms: terms.collect(),
            discount: None,
            cap: economics.gross.as_ref().map_or(Cap::default(), |gross| gross.cap),
        };
        let taken = match offer.and_then(|offer| offer.taken.as_ref()) {
            Some(event) => Counting::Events(MeasureKind::Retention, names.intern(event)),
            None => Counting::Linear(Linear::compile(&[], None, None, names)),
        };
        let cost = Counting::Linear(cost(offer, names));
        let parts = vec![
            Part::of(&kept, kept_window, ECONOMICS_PLACES, names),
            Part::of(&gross, window, ECONOMICS_PLACES, names),
            Part::within(window, ECONOMICS_PLACES, cost, Cap::default()),
            Part::within(window, ECONOMICS_PLACES, taken, Cap::default()),
        ];
        Rule::new(parts, ECONOMICS_PLACES).with_product(Account::Kept as usize, Account::Took as usize)
    });
    Some(rules.collect())
}

/// What the offer costs: so much for each event, and once for showing it.
fn cost(offer: Option<&Offer>, names: &mut EventNames) -> Linear {
    let costs = offer.map(|offer| offer.cost.as_slice()).unwrap_or_default();
    let terms = costs.iter().map(|cost| Term {
        event: cost.event.clone(),
        factor: match cost.basis {
            CostBasis::Each(each) => Factor::Each(each),
            CostBasis::Weight(weight) => Factor::Weight(weight),
        },
    });
    let terms: Vec<Term> = terms.collect();
    let shown = offer.and_then(|offer| offer.per_exposure);
    let shown = shown.and_then(|amount| Fixed::from_decimal(amount, ECONOMICS_PLACES));
    Linear::compile(&terms, None, None, names).with_base(shown.map_or(0, |(steps, _)| i128::from(steps.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::read_document;
    use crate::measure::{Event, contribution};
    use crate::time::{DAY, Timestamp};

    const WINBACK: &str = "
key: winback
variants:
  - {key: control}
  - {key: discount, offer: {kind: discount, taken: redeemed, per_exposure: 0.02,
     cost: [{event: redeemed, each: 5}, {event: order, weight: 0.1}]}}
metrics: [{key: left, kind: churn, event: order, window: {from: 30d, to: 60d}}]
economics: {kept: left, gross: {event: order, margin: 0.35, cap: 40}, window: {to: 90d}}
";

    #[test]
    fn one_customer_by_hand() {
        let experiment = Experiment::parse(read_document(WINBACK).unwrap()).unwrap();
        let mut names = EventNames::default();
        let rules = economics_rules(&experiment, &mut names).unwrap();
        let event = |day: i64, name: &str, value: Option<f64>| Event {
            at: Timestamp(day * DAY),
            name: names.get(name).unwrap(),
            value,
        };
        let history = [
            event(-1, "order", Some(50.0)),
            event(10, "redeemed", None),
            event(40, "order", Some(100.0)),
            event(80, "order", Some(60.0)),
            event(90, "order", Some(7.0)),
        ];
        let vector = |variant: usize, events: &[Event]| {
            contribution(&rules[variant], Timestamp(0), events).unwrap().values().to_vec()
        };
        // Gross 0.35 · 160 is capped at 40; cost 0.02 + 5 + 0.1 · 160.
        assert_eq!(vector(1, &history), [1_000_000, 40_000_000, 21_020_000, 1_000_000, 1_000_000]);
        assert_eq!(vector(0, &history), [1_000_000, 40_000_000, 0, 0, 0], "no offer, no cost");
        assert_eq!(vector(1, &history[..2]), [0, 0, 5_020_000, 1_000_000, 0]);
        assert_eq!(vector(1, &[]), [0, 0, 20_000, 0, 0], "showing it costs");
    }
}
