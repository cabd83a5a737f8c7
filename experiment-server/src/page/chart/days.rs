//! Ticks of an axis of days: dates, or days since a start.

use experiment_core::time::Day;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::axis::{Tick, first_that_fits};

/// Units that a mark takes at least, so that no more are tried than could fit.
const LEAST_SPACING: f64 = 16.0;

/// Every so many days, where months are too long.
const DAY_STEPS: [usize; 4] = [1, 2, 7, 14];

/// The first of every so many months.
const MONTH_STEPS: [i64; 9] = [1, 2, 3, 6, 12, 24, 60, 120, 600];

/// Distances of marks in days since a start.
const COUNT_STEPS: [usize; 13] = [1, 2, 7, 14, 28, 60, 90, 180, 365, 730, 1825, 3650, 36500];

/// Points at equal distances from left to right; one alone is in the middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayScale {
    pub(super) from: f64,
    pub(super) to: f64,
    /// How many points there are.
    pub(super) count: usize,
}

impl DayScale {
    /// The place of the point `index`, from 0.
    pub(super) fn place(&self, index: usize) -> f64 {
        let share = match self.count {
            0 | 1 => 0.5,
            count => index as f64 / (count - 1) as f64,
        };
        self.from * (1.0 - share) + self.to * share
    }

    /// Whether so many marks could stand side by side.
    fn has_room_for(&self, marks: usize) -> bool {
        marks as f64 * LEAST_SPACING <= self.to - self.from + LEAST_SPACING
    }
}

/// Dates such as `Mar 1`, the first point being the day `first`: every so many days, or the first of months, whatever
/// is the closest that fits. Over more than a year, months and years: `Mar 2026`. None beyond the calendar.
pub(super) fn date_ticks(scale: DayScale, first: Day, picture: f64) -> Vec<Tick> {
    let Some(start) = date(first) else { return Vec::new() };
    let by_days = DAY_STEPS.iter().filter_map(|step| {
        let marks = scale.count.div_ceil(*step);
        let labelled = |index: usize| Some((index, start.checked_add(days(index)?).ok()?));
        scale.has_room_for(marks).then(|| (0..scale.count).step_by(*step).filter_map(labelled).collect())
    });
    let by_months = MONTH_STEPS.iter().map(|step| firsts_of_months(scale, start, *step));
    let only_first = (scale.count > 0).then(|| vec![(0, start)]);
    let label = |date: Date| {
        let form = if scale.count > 366 { "%b %Y" } else { "%b %-d" };
        date.strftime(form).to_string()
    };
    let candidates = by_days.chain(by_months).chain(only_first).map(|dates: Vec<(usize, Date)>| {
        dates.into_iter().map(|(index, date)| (scale.place(index), label(date))).collect()
    });
    first_that_fits(candidates, picture)
}

/// The first days of every `step` months among the points, counted from a January; none if they are too many.
fn firsts_of_months(scale: DayScale, start: Date, step: i64) -> Vec<(usize, Date)> {
    let mut firsts = Vec::new();
    let months = i64::from(start.year()) * 12 + i64::from(start.month()) - 1;
    // Counted from the year 0, so that steps of years fall on round ones.
    let mut next = start.first_of_month().checked_add((-months.rem_euclid(step)).months()).ok();
    while let Some(date) = next {
        let index = (date - start).get_days();
        match usize::try_from(index) {
            Ok(index) if index >= scale.count => break,
            Ok(index) => firsts.push((index, date)),
            Err(_) => {}
        }
        if !scale.has_room_for(firsts.len()) {
            return Vec::new();
        }
        next = date.checked_add(step.months()).ok();
    }
    firsts
}

/// Days since a start, the first point being day 0.
pub(super) fn count_ticks(scale: DayScale, picture: f64) -> Vec<Tick> {
    let fitting = COUNT_STEPS.iter().filter(|step| scale.has_room_for(scale.count.div_ceil(**step)));
    let candidates = fitting
        .map(|step| (0..scale.count).step_by(*step).map(|day| (scale.place(day), day.to_string())).collect());
    first_that_fits(candidates, picture)
}

fn days(count: usize) -> Option<jiff::Span> {
    jiff::Span::new().try_days(i64::try_from(count).ok()?).ok()
}

fn date(day: Day) -> Option<Date> {
    let since = jiff::Span::new().try_days(i64::from(day.0)).ok()?;
    jiff::civil::date(1970, 1, 1).checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(first: &str, count: usize, units: f64) -> Vec<String> {
        let scale = DayScale { from: 0.0, to: units, count };
        let ticks = date_ticks(scale, first.parse().unwrap(), units);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn dates_are_as_close_as_their_labels_allow() {
        assert_eq!(dates("2026-02-27", 4, 300.0), ["Feb 27", "Feb 28", "Mar 1", "Mar 2"]);
        assert_eq!(dates("2026-03-01", 30, 300.0), ["Mar 1", "Mar 8", "Mar 15", "Mar 22", "Mar 29"]);
        assert_eq!(dates("2026-03-05", 60, 300.0), ["Mar 5", "Mar 19", "Apr 2", "Apr 16", "Apr 30"]);
        assert_eq!(dates("2026-01-20", 120, 300.0), ["Feb 1", "Mar 1", "Apr 1", "May 1"]);
        assert_eq!(dates("2026-01-20", 360, 300.0), ["Apr 1", "Jul 1", "Oct 1", "Jan 1"]);
        assert_eq!(dates("2026-07-01", 1500, 300.0), ["Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030"]);
    }

    #[test]
    fn marks_stand_at_their_days() {
        let scale = DayScale { from: 40.0, to: 340.0, count: 31 };
        let at = |ticks: Vec<Tick>| ticks.into_iter().map(|tick| tick.at.round()).collect::<Vec<_>>();
        assert_eq!(at(date_ticks(scale, Day(0), 400.0)), [40.0, 110.0, 180.0, 250.0, 320.0]);
        assert_eq!(at(count_ticks(scale, 400.0)), [40.0, 110.0, 180.0, 250.0, 320.0]);
    }

    #[test]
    fn one_day_is_in_the_middle_and_none_has_no_tick() {
        assert_eq!(dates("2026-03-01", 1, 300.0), ["Mar 1"]);
        assert_eq!(DayScale { from: 0.0, to: 10.0, count: 1 }.place(0), 5.0);
        assert!(dates("2026-03-01", 0, 300.0).is_empty());
    }

    #[test]
    fn days_beyond_the_calendar_have_no_ticks() {
        let scale = DayScale { from: 0.0, to: 300.0, count: 5 };
        assert!(date_ticks(scale, Day(i32::MAX), 300.0).is_empty());
        assert!(date_ticks(scale, Day(i32::MIN), 300.0).is_empty());
    }

    #[test]
    fn days_since_a_start_are_whole_weeks_where_they_fit() {
        let labels = |count| {
            let ticks = count_ticks(DayScale { from: 0.0, to: 300.0, count }, 300.0);
            ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(5), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(31), ["0", "7", "14", "21", "28"]);
        assert_eq!(labels(61), ["0", "7", "14", "21", "28", "35", "42", "49", "56"]);
        assert_eq!(labels(366), ["0", "60", "120", "180", "240", "300", "360"]);
    }
}
