//! Linear measures: Σ weight × value × discount, each event rounded once, before adding.

use super::{Event, EventName, EventNames, Fixed};
use crate::decimal::Decimal;
use crate::definition::{Discount, Factor, Term};
use crate::time::{DAY, Span};

/// Steps of a discount factor: thousand-millionths.
const DISCOUNT_PLACES: u32 = 9;
/// The factor of the first day.
const WHOLE: i128 = 10_i128.pow(DISCOUNT_PLACES);
const DAYS_A_YEAR: f64 = 365.0;

/// A compiled linear measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// What every customer has, events or not, in steps.
    base: i128,
    terms: Vec<CompiledTerm>,
    /// Entry d: what d whole days after exposure counts, in steps of 10^-[`DISCOUNT_PLACES`]; empty without
    /// a discount.
    discount: Vec<i64>,
}

#[derive(Debug, Clone, PartialEq)]
struct CompiledTerm {
    event: EventName,
    factor: Decimal,
    /// Whether the event's value is multiplied, or one unit.
    of_value: bool,
}

impl Linear {
    /// Compiles `terms`; `to` is the end of the window, needed for a discount.
    #[must_use]
    pub fn compile(
        terms: &[Term],
        discount: Option<Discount>,
        to: Option<Span>,
        names: &mut EventNames,
    ) -> Linear {
        let mut compile = |term: &Term| {
            let (factor, of_value) = match term.factor {
                Factor::Weight(weight) => (weight, true),
                Factor::Each(each) => (each, false),
            };
            CompiledTerm { event: names.intern(&term.event), factor, of_value }
        };
        let days = to.map_or(0, |to| to.0.div_euclid(DAY) + 1);
        Linear {
            base: 0,
            terms: terms.iter().map(&mut compile).collect(),
            discount: discount.map(|discount| table(discount, days)).unwrap_or_default(),
        }
    }

    /// The same, with so many steps for every customer.
    #[must_use]
    pub fn with_base(self, base: i128) -> Linear {
        Linear { base, ..self }
    }

    /// What every customer has, in steps.
    #[must_use]
    pub fn base(&self) -> i128 {
        self.base
    }

    /// The names of the events that count.
    pub fn events(&self) -> impl Iterator<Item = EventName> + '_ {
        self.terms.iter().map(|term| term.event)
    }

    /// What one event adds, in steps of 10^-`places`, if it happened `after` microseconds after exposure;
    /// `rounded` is told of a value finer than that.
    ///
    /// Nothing can overflow: |value| ≤ 10^18 steps, a factor has at most 11 digits
    /// ([`MAX_FACTOR_DIGITS`](crate::definition::MAX_FACTOR_DIGITS)), a discount 9.
    pub(super) fn adds(&self, event: &Event, after: i64, places: u32, rounded: &mut u32) -> i128 {
        let discount = self.discount_after(after);
        let mut total = 0;
        for term in self.terms.iter().filter(|term| term.event == event.name) {
            let value = if term.of_value {
                let Some(value) = event.value else { continue };
                let (fixed, lossy) = Fixed::from_f64(value, places);
                *rounded = rounded.saturating_add(u32::from(lossy));
                i128::from(fixed.0)
            } else {
                10_i128.pow(places)
            };
            let product = value * term.factor.coefficient();
            let (product, places) = match discount {
                Some(discount) => (product * discount, term.factor.places() + DISCOUNT_PLACES),
                None => (product, term.factor.places()),
            };
            total += divide_ties_even(product, 10_i128.pow(places));
        }
        total
    }

    fn discount_after(&self, after: i64) -> Option<i128> {
        let last = self.discount.len().checked_sub(1)?;
        let day = usize::try_from(after.div_euclid(DAY)).unwrap_or(0);
        Some(i128::from(self.discount[day.min(last)]))
    }
}

/// (1 + rate)^(−d/365) for d in 0..`days`, rounded to whole steps.
fn table(discount: Discount, days: i64) -> Vec<i64> {
    let base = 1.0 + discount.per_year.to_f64();
    let factor = |day: i64| libm::rint(WHOLE as f64 * libm::pow(base, -(day as f64) / DAYS_A_YEAR)) as i64;
    (0..days).map(factor).collect()
}

/// `number` ÷ `divisor` (above 0) as a whole number, ties to even.
fn divide_ties_even(number: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (number.div_euclid(divisor), number.rem_euclid(divisor));
    // Not twice the rest: that could leave 128 bits.
    let other = divisor - rest;
    let up = rest > other || (rest == other && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn linear(factors: &[Factor], rate: Option<&str>) -> Linear {
        let terms: Vec<Term> =
            factors.iter().map(|factor| Term { event: "order".to_owned(), factor: *factor }).collect();
        let discount = rate.map(|rate| Discount { per_year: decimal(rate) });
        Linear::compile(&terms, discount, Some(Span(365 * DAY)), &mut EventNames::default())
    }

    fn adds(linear: &Linear, value: Option<f64>, day: i64, places: u32) -> (i128, u32) {
        let event = Event { at: Timestamp(0), name: EventName(0), value };
        let mut rounded = 0;
        (linear.adds(&event, day * DAY, places, &mut rounded), rounded)
    }

    #[test]
    fn weights_and_amounts_by_hand() {
        let both = linear(&[Factor::Weight(decimal("0.35")), Factor::Each(decimal("-5"))], None);
        assert_eq!(adds(&both, Some(20.0), 0, 6), (2_000_000, 0), "0.35 · 20 − 5");
        assert_eq!(adds(&both, None, 0, 6), (-5_000_000, 0));
        assert_eq!(adds(&both, Some(0.1 + 0.2), 0, 6).1, 1, "seventeen digits were cut");
        // Half a cent goes to the even cent, whichever side.
        let half = linear(&[Factor::Weight(decimal("0.5"))], None);
        assert_eq!([0.01, 0.03, -0.01, -0.03].map(|v| adds(&half, Some(v), 0, 2).0), [0, 2, 0, -2]);
    }

    #[test]
    fn a_year_at_ten_percent() {
        // bc: 1.1^(-1/365), 1.1^(-1).
        let one = linear(&[Factor::Each(decimal("1"))], Some("0.1"));
        assert_eq!(
            [0, 1, 365].map(|day| adds(&one, None, day, 9).0),
            [1_000_000_000, 999_738_910, 909_090_909]
        );
        // The first day is whole however late in it.
        let event = Event { at: Timestamp(0), name: EventName(0), value: None };
        assert_eq!(one.adds(&event, DAY - 1, 9, &mut 0), 1_000_000_000);
    }

    #[test]
    fn the_largest_products_fit() {
        let most = Factor::Weight(decimal("-99999999.999"));
        let (largest, _) = adds(&linear(&[most], Some("0")), Some(-1e9), 0, 9);
        assert_eq!(largest, 99_999_999_999 * 10_i128.pow(15));
    }

    proptest! {
        #[test]
        fn agrees_with_decimals(cents in -1_000_000_i64..1_000_000, weight in -9_999_i64..9_999, day in 0..365_i64) {
            let discounted = linear(&[Factor::Weight(Decimal::new(weight.into(), 4))], Some("0.07"));
            let factor = discounted.discount[day as usize];
            let exact = Decimal::new(i128::from(cents) * i128::from(weight) * i128::from(factor), 15);
            let (expected, _) = exact.scaled(6).unwrap();
            prop_assert_eq!(adds(&discounted, Some(cents as f64 / 100.0), day, 6).0, expected);
        }
    }
}
