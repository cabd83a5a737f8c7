//! Calendar months in UTC, numbered from the one in which a period begins.

use crate::time::{Day, Timestamp};

/// The months that a period touches, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Months {
    /// Each with its first day.
    starts: Vec<Day>,
    /// The first day after the last of them.
    end: Day,
}

impl Months {
    /// The months of `from` to that of `to`; `None` for days outside the calendar's years ±9999.
    pub(super) fn touched_by(from: Day, to: Day) -> Option<Months> {
        let mut first = civil(from)?.first_of_month();
        let last = civil(to)?;
        let mut starts = Vec::new();
        while first <= last {
            starts.push(day(first));
            first = first.checked_add(jiff::Span::new().months(1)).ok()?;
        }
        Some(Months { starts, end: day(first) })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The number of the month that holds `at`, if it is one of them.
    pub(super) fn number_of(&self, at: Timestamp) -> Option<usize> {
        let day = at.day();
        let after = self.starts.partition_point(|start| *start <= day);
        if day < self.end { after.checked_sub(1) } else { None }
    }

    /// The name of a month, such as 2026-03.
    pub(super) fn name(&self, number: usize) -> String {
        let start = self.starts.get(number).map(Day::to_string).unwrap_or_default();
        start.rsplit_once('-').map(|(month, _)| month.to_owned()).unwrap_or_default()
    }

    /// Whether the last month goes on after `to`.
    pub(super) fn go_on_after(&self, to: Day) -> bool {
        Day(to.0 + 1) < self.end
    }
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

fn civil(day: Day) -> Option<jiff::civil::Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(day.0).ok()?).ok()
}

fn day(date: jiff::civil::Date) -> Day {
    Day((date - EPOCH).get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_at_midnight() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let months = Months::touched_by(day("2023-12-31"), day("2024-02-28")).unwrap();
        assert_eq!((months.len(), months.name(0), months.name(2)), (3, "2023-12".into(), "2024-02".into()));
        let number = |text: &str| months.number_of(text.parse().unwrap());
        assert_eq!(number("2023-11-30T23:59:59.999999Z"), None);
        assert_eq!(number("2023-12-01T00:00:00Z"), Some(0));
        assert_eq!(number("2023-12-31T23:59:59.999999Z"), Some(0));
        assert_eq!(number("2024-01-01T00:00:00Z"), Some(1));
        assert_eq!(number("2024-02-29T23:59:59Z"), Some(2));
        assert_eq!(number("2024-03-01T00:00:00Z"), None);
        assert!(months.go_on_after(day("2024-02-28")) && !months.go_on_after(day("2024-02-29")));
        assert_eq!(Months::touched_by(Day(i32::MIN), Day(0)), None);
    }
}
