//! Numbers as pages set them: as the terminal prints them, with a minus sign that is as wide as a plus, units that stay
//! with their number, and p-values no more exact than anybody reads them. Full precision is for JSON and CSV.

use experiment_core::report::Estimand;

use crate::output::number;

/// Below this a p-value is only said to be below it.
const SMALL_P_VALUE: f64 = 0.0001;

/// 1234567 → 1,234,567.
pub(super) fn count(n: u64) -> String {
    number::count(n)
}

/// A metric's value: shares in percent.
pub(super) fn value(kind: Estimand, value: f64) -> String {
    set(&number::value(kind, value))
}

/// A difference of values: shares in percentage points.
pub(super) fn effect(kind: Estimand, effect: f64) -> String {
    set(&number::effect(kind, effect))
}

/// A fraction of the control in percent, with its sign.
pub(super) fn relative(fraction: f64) -> String {
    set(&number::relative(fraction))
}

/// 0.1234 → 12.34 %.
pub(super) fn percent(fraction: f64) -> String {
    set(&number::percent(fraction))
}

/// A chance, which is never certain.
pub(super) fn certain(chance: f64) -> String {
    set(&number::certain(chance))
}

/// A confidence level: 0.95 → 95 %.
pub(super) fn level(level: f64) -> String {
    set(&number::level(level))
}

/// A number with about four significant digits.
pub(super) fn plain(value: f64) -> String {
    set(&number::plain(value))
}

/// The same with its sign.
pub(super) fn signed_plain(value: f64) -> String {
    set(&number::signed_plain(value))
}

/// A number of things with its sign, rounded to whole ones.
pub(super) fn signed_count(value: f64) -> String {
    set(&number::signed_count(value))
}

/// What is lost, which has no sign: shares in percentage points.
pub(super) fn loss(kind: Estimand, loss: f64) -> String {
    effect(kind, loss).trim_start_matches('+').to_owned()
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    if p < SMALL_P_VALUE { format!("<\u{a0}{SMALL_P_VALUE}") } else { number::p_value(p, None) }
}

fn set(text: &str) -> String {
    let text = text.replace(" %", "\u{a0}%").replace(" pp", "\u{a0}pp");
    match text.strip_prefix('-') {
        Some(size) => format!("\u{2212}{size}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_units_are_set() {
        assert_eq!(effect(Estimand::Proportion, -0.006), "\u{2212}0.600\u{a0}pp");
        assert_eq!(effect(Estimand::Proportion, 0.125), "+12.50\u{a0}pp");
        assert_eq!(plain(-1_234_567.8), "\u{2212}1,234,568");
        // The sign of an exponent is none of the number's.
        assert_eq!(plain(1e-9), "1.000e-9");
        assert_eq!((percent(0.5), certain(1.0)), ("50.00\u{a0}%".into(), "over 99.99\u{a0}%".into()));
    }

    #[test]
    fn nobody_reads_more_digits_of_a_small_p_value() {
        assert_eq!((p_value(0.0744), p_value(0.0001)), ("0.0744".into(), "0.0001".into()));
        assert_eq!(p_value(9.99e-5), "<\u{a0}0.0001");
    }
}
