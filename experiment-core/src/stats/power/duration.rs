//! How long an experiment takes, from a forecast of its traffic.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{non_negative_input, require_that};

/// Days that a plan may take: a hundred years.
const MOST_DAYS: u64 = 36_500;

/// When enough customers have entered, and when their outcome is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// Days on which customers enter, from the first on.
    pub entry_days: u64,
    /// Days until every one of them has been followed for the whole window.
    pub days: u64,
}

/// Days until `customers` have entered and been followed for `window_days`.
///
/// `forecast` holds the customers expected to *enter* on each day from the start: eligible, within the traffic, and
/// for the first time, which is why it falls off where the same customers return. After its last day the last
/// `repeat` days of it come again and again: 7 keeps the shape of a week, 0 says that nobody enters any more.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] when the forecast never brings as many; [`NotEstimable::ImpossibleInput`] for an
/// empty forecast, numbers below 0, or more days to repeat than there are.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::duration::{Duration, duration};
/// // A week of 100 a day and 40 on each day of the weekend: 580. The second week again.
/// let week = [100.0, 100.0, 100.0, 100.0, 100.0, 40.0, 40.0];
/// assert_eq!(duration(850.0, &week, 7, 30)?, Duration { entry_days: 10, days: 40 });
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// By counting.
pub fn duration(
    customers: f64,
    forecast: &[f64],
    repeat: usize,
    window_days: u64,
) -> Result<Duration, NotEstimable> {
    non_negative_input("the number of customers", customers)?;
    require_that(!forecast.is_empty(), "the days of the forecast", 0.0, "at least 1")?;
    let allowed = "at most the days of the forecast";
    require_that(repeat <= forecast.len(), "the days to repeat", repeat as f64, allowed)?;
    require_that(window_days <= MOST_DAYS, "the window", window_days as f64, "at most 36,500 days")?;
    for day in forecast {
        non_negative_input("the customers of a day", *day)?;
    }
    let again = forecast[forecast.len() - repeat..].iter().cycle();
    let mut entered = 0.0;
    let mut entry_days = 0;
    for day in forecast.iter().chain(again).take(MOST_DAYS as usize) {
        if entered >= customers {
            break;
        }
        entered += day;
        entry_days += 1;
    }
    if entered < customers {
        return Err(NotEstimable::TooFewCustomers { n: entered as u64, needed: customers.ceil() as u64 });
    }
    Ok(Duration { entry_days, days: entry_days + window_days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_that_ends_may_not_do() {
        let reason = duration(100.0, &[30.0, 30.0], 0, 14).unwrap_err();
        assert_eq!(reason, NotEstimable::TooFewCustomers { n: 60, needed: 100 });
        assert_eq!(duration(60.0, &[30.0, 30.0], 0, 14).unwrap(), Duration { entry_days: 2, days: 16 });
        assert_eq!(duration(0.0, &[30.0], 1, 14).unwrap(), Duration { entry_days: 0, days: 14 });
        assert_eq!(duration(1.0, &[0.0], 1, 0).unwrap_err().code(), "too_few_customers");
    }

    #[test]
    fn impossible_forecasts_are_refused() {
        for (forecast, repeat) in [(&[][..], 0), (&[1.0, -1.0], 1), (&[f64::NAN], 1), (&[1.0], 2)] {
            assert_eq!(duration(5.0, forecast, repeat, 1).unwrap_err().code(), "impossible_input");
        }
    }
}
