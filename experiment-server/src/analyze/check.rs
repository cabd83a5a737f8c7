//! The check on what a file lost on its way into the report.

use experiment_core::report::{Check, CheckCode, InputRows, Level};

/// Share of rejected rows above which the rest may not stand for the whole.
const REJECTED_WARNING: f64 = 0.01;

/// Whether few enough rows were left out.
pub(super) fn rejected_rows(input: &InputRows) -> Check {
    let rejected: u64 = input.rejected.values().sum();
    let check = |level, detail| Check { check: CheckCode::RejectedRows, level, detail };
    if rejected == 0 {
        return check(Level::Ok, format!("All {} rows were used.", input.rows));
    }
    let share = rejected as f64 / input.rows as f64;
    let reasons: Vec<String> =
        input.rejected.iter().map(|(reason, rows)| format!("{reason} {rows}")).collect();
    let found = format!(
        "{rejected} of {} rows ({:.2} %) were left out: {}",
        input.rows,
        share * 100.0,
        reasons.join(", ")
    );
    if share > REJECTED_WARNING {
        let advice = "rows that are missing more often in one variant bias the comparison; look at them with --rejects";
        return check(Level::Warn, format!("{found}; {advice}."));
    }
    check(Level::Ok, format!("{found}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_one_in_a_hundred_is_worth_a_look() {
        let input = |rejected: u64| InputRows {
            rows: 1000,
            rejected: [("bad_value".to_owned(), rejected)].into_iter().filter(|(_, n)| *n > 0).collect(),
            ..InputRows::default()
        };
        assert_eq!(rejected_rows(&input(0)).level, Level::Ok);
        assert_eq!(rejected_rows(&input(10)).level, Level::Ok);
        let warned = rejected_rows(&input(11));
        assert_eq!(warned.level, Level::Warn);
        assert!(warned.detail.starts_with("11 of 1000 rows (1.10 %) were left out: bad_value 11"));
    }
}
