//! Numbers as people read them; full precision is for JSON and CSV.

use experiment_core::report::Estimand;

/// 1234567 → 1,234,567.
pub(crate) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A metric's value: shares in percent.
pub(crate) fn value(kind: Estimand, value: f64) -> String {
    match kind {
        Estimand::Proportion => percent(value),
        Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival => plain(value),
    }
}

/// A difference of values: shares in percentage points.
pub(crate) fn effect(kind: Estimand, effect: f64) -> String {
    match kind {
        Estimand::Proportion => format!("{} pp", signed(&hundredfold(effect), effect)),
        Estimand::Mean | Estimand::Ratio | Estimand::Quantile | Estimand::Survival => signed_plain(effect),
    }
}

/// A number with about four significant digits and its sign.
pub(crate) fn signed_plain(value: f64) -> String {
    signed(&plain(value), value)
}

/// A number of things with its sign, rounded to whole ones.
pub(crate) fn signed_count(value: f64) -> String {
    signed(&grouped(&format!("{value:.0}")), value)
}

/// A fraction of the control in percent, with its sign.
pub(crate) fn relative(fraction: f64) -> String {
    signed(&percent(fraction), fraction)
}

/// 0.1234 → 12.34 %.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{} %", hundredfold(fraction))
}

/// Nothing is certain: what would round to 100 % or 0 % is said as a bound.
pub(crate) fn certain(chance: f64) -> String {
    match chance {
        _ if chance > 0.9999 => "over 99.99 %".to_owned(),
        _ if chance < 0.0001 => "under 0.01 %".to_owned(),
        _ => percent(chance),
    }
}

/// A confidence level: 0.95 → 95 %, 0.98333 → 98.33 %.
pub(crate) fn level(level: f64) -> String {
    let shown = format!("{:.2}", level * 100.0);
    format!("{} %", shown.trim_end_matches('0').trim_end_matches('.'))
}

/// A p-value; beyond what a double holds by its logarithm.
pub(crate) fn p_value(p: f64, log10: Option<f64>) -> String {
    match log10 {
        Some(log10) => format!("1e{log10:.0}"),
        None if p >= 0.0001 => format!("{p:.4}"),
        None => format!("{p:.1e}"),
    }
}

/// A number with about four significant digits.
pub(crate) fn plain(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-5..1e12).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = 3 - size.log10().floor() as i32;
    grouped(&format!("{value:.*}", digits.clamp(0, 9) as usize))
}

fn hundredfold(fraction: f64) -> String {
    let size = fraction.abs() * 100.0;
    let digits = match size {
        _ if size == 0.0 || size >= 1.0 => 2,
        _ if size >= 0.1 => 3,
        _ => 4,
    };
    grouped(&format!("{:.digits$}", fraction * 100.0))
}

fn signed(shown: &str, value: f64) -> String {
    if value > 0.0 { format!("+{shown}") } else { shown.to_owned() }
}

/// Commas between groups of three digits before the point.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut shown = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_fit_the_size() {
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
        assert_eq!(plain(52.456_26), "52.46");
        assert_eq!(plain(-1_234_567.8), "-1,234,568");
        assert_eq!((plain(0.000_012_345), plain(1e-9)), ("0.00001234".into(), "1.000e-9".into()));
        assert_eq!((plain(0.0), plain(9999.96)), ("0".into(), "10,000".into()));
    }

    #[test]
    fn shares_are_percent_and_differences_points() {
        assert_eq!(value(Estimand::Proportion, 0.190_2), "19.02 %");
        assert_eq!(value(Estimand::Proportion, 0.000_573), "0.0573 %");
        assert_eq!(effect(Estimand::Proportion, -0.008_2), "-0.820 pp");
        assert_eq!(effect(Estimand::Mean, 0.5), "+0.5000");
        assert_eq!(relative(0.043), "+4.30 %");
    }

    #[test]
    fn levels() {
        assert_eq!((level(0.95), level(1.0 - 0.05 / 3.0)), ("95 %".into(), "98.33 %".into()));
        assert_eq!(level(0.9), "90 %");
    }

    #[test]
    fn p_values_of_any_size() {
        assert_eq!((p_value(0.0744, None), p_value(1.26e-20, None)), ("0.0744".into(), "1.3e-20".into()));
        assert_eq!(p_value(0.0, Some(-412.3)), "1e-412");
    }
}
