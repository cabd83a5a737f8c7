//! Whole numbers → figures, each divided once, with its interval where it is an estimate.

use super::tally::{AtStart, KpiTally};
use super::types::{Figure, FigureCode, Kpis};
use crate::measure::{DEFAULT_PLACES, Moments};
use crate::report::{LIBRARY_VERSION, NotEstimableReason, count};
use crate::stats::mean::{MeanSummary, mean_interval};
use crate::stats::proportion::{ProportionSummary, wilson_interval};
use crate::stats::ratio::{PairSummary, delta_method};
use crate::stats::retention::{BaseCounts, net_promoter_score};
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Steps in one unit of money, or one customer.
const STEPS: f64 = 10_u64.pow(DEFAULT_PLACES) as f64;

impl KpiTally<'_> {
    /// The figures of all customers added so far.
    ///
    /// # Examples
    /// A hundred customers at the start, five of them gone by the end: churn is 5 %.
    /// ```
    /// use experiment_core::measure::{Event, EventNames};
    /// use experiment_core::report::kpi::{FigureCode, KpiRequest, KpiTally, KpiWish};
    /// use experiment_core::time::Day;
    /// let (february, march): (Day, Day) = ("2026-02-15".parse()?, "2026-03-15".parse()?);
    /// let wish = KpiWish {
    ///     from: "2026-03-01".parse()?,
    ///     to: "2026-03-31".parse()?,
    ///     within: None,
    ///     event: "order".to_owned(),
    ///     active: Vec::new(),
    ///     cost: None,
    ///     survey: None,
    ///     confidence_level: 0.95,
    /// };
    /// let mut names = EventNames::default();
    /// let order = |day: Day, names: &mut EventNames| {
    ///     Event { at: day.start(), name: names.intern("order"), value: Some(10.0) }
    /// };
    /// let (early, late) = (order(february, &mut names), order(march, &mut names));
    /// let request = KpiRequest::new(wish, "2026-04-01".parse()?).expect("it can be granted");
    /// let mut tally = KpiTally::new(&request, request.events(&names).expect("the event is known"));
    /// for customer in 0..100 {
    ///     let history = if customer < 95 { vec![early, late] } else { vec![early] };
    ///     tally.add(&history)?;
    /// }
    /// let kpis = tally.figures();
    /// let churn = kpis.figures.iter().find(|figure| figure.figure == FigureCode::ChurnRate);
    /// assert_eq!(churn.and_then(|churn| churn.value), Some(0.05));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn figures(&self) -> Kpis {
        let wish = &self.request.wish;
        let options = TestOptions::two_sided(wish.confidence_level);
        let months = &self.request.months;
        let last = months.len().checked_sub(1).filter(|_| months.go_on_after(wish.to));
        Kpis {
            library_version: LIBRARY_VERSION.to_owned(),
            from: wish.from,
            to: wish.to,
            within: self.request.within,
            event: wish.event.clone(),
            active: wish.active.clone(),
            cost: wish.cost.clone(),
            survey: wish.survey.clone(),
            confidence_level: wish.confidence_level,
            sequence: None,
            customers: self.customers,
            figures: self.list(&options),
            cohorts: self.cohorts.table(months, &options),
            partial_month: last.map(|last| months.name(last)),
            orders_without_value: self.orders_without_value,
            scores_ignored: self.scores_ignored,
            values_rounded: self.values_rounded,
            customers_clamped: self.customers_clamped,
        }
    }

    fn list(&self, options: &TestOptions) -> Vec<Figure> {
        use AtStart::{Before, Change, Lost, Money, Shrunk};
        let customers = &self.customers;
        // N is everybody at the end who was not there at the start: those who returned were not retained.
        let new = customers.new + customers.returned;
        let base = BaseCounts { start: customers.start, new, end: customers.end };
        let buyers = ProportionSummary { successes: self.repeat_buyers, n: customers.buyers };
        let at_start =
            |code, y: AtStart, x: AtStart| ratio(code, &self.at_start, y as usize, x as usize, options);
        let mut figures = vec![
            share(FigureCode::RetentionRate, base.retained(), (customers.retained, customers.start), options),
            share(FigureCode::ChurnRate, base.churned(), (customers.lost, customers.start), options),
            growth(&base),
            at_start(FigureCode::GrossRevenueChurn, Shrunk, Before),
            at_start(FigureCode::NetRevenueChurn, Change, Before),
            share(FigureCode::RepeatPurchaseRate, Ok(buyers), (buyers.successes, buyers.n), options),
            mean(FigureCode::PurchaseFrequency, &self.orders, 1, options),
            ratio(FigureCode::AverageOrderValue, &self.orders, 0, 1, options),
            at_start(FigureCode::LifetimeValue, Money, Lost),
            mean(FigureCode::ValueToDate, &self.to_date, 0, options),
        ];
        if self.request.wish.cost.is_some() {
            figures.push(ratio(FigureCode::RetentionCost, &self.costs, 0, 1, options));
        }
        if self.request.wish.survey.is_some() {
            figures.push(self.recommended(options));
        }
        figures
    }

    fn recommended(&self, options: &TestOptions) -> Figure {
        let scores = &self.scores;
        let (promoters, detractors) = (scores.promoters as f64, scores.detractors as f64);
        let respondents = (scores.promoters + scores.passives + scores.detractors) as f64;
        let numerator = 100.0 * (promoters - detractors);
        let interval = net_promoter_score(scores).and_then(|score| mean_interval(&score, options));
        figure(FigureCode::NetPromoterScore, numerator, respondents, interval.map(within_points))
    }
}

/// A score can't leave −100 to 100.
fn within_points(interval: Interval) -> Interval {
    Interval { lower: interval.lower.max(-100.0), upper: interval.upper.min(100.0) }
}

/// A share of customers, with Wilson's interval.
fn share(
    code: FigureCode,
    summary: Result<ProportionSummary, NotEstimable>,
    (some, all): (u64, u64),
    options: &TestOptions,
) -> Figure {
    let interval = summary.and_then(|summary| wilson_interval(&summary, options));
    figure(code, some as f64, all as f64, interval)
}

/// How much the base grew: it was counted, so there is no interval.
fn growth(base: &BaseCounts) -> Figure {
    let numerator = base.end as f64 - base.start as f64;
    let value = base.growth();
    Figure {
        figure: FigureCode::Growth,
        value: value.as_ref().ok().copied(),
        lower: None,
        upper: None,
        numerator,
        denominator: base.start as f64,
        not_estimable: value.err().as_ref().map(reason),
    }
}

/// A mean over customers, with Student's interval.
fn mean(code: FigureCode, moments: &Moments, entry: usize, options: &TestOptions) -> Figure {
    let interval = spread(moments, entry, entry).and_then(|variance| {
        let mean = average(moments, entry)?;
        mean_interval(&MeanSummary { n: count(moments), mean, variance }, options)
    });
    figure(code, sum(moments, entry), moments.n() as f64, interval)
}

/// A ratio of two sums over the same customers, with the delta method's interval.
fn ratio(code: FigureCode, moments: &Moments, y: usize, x: usize, options: &TestOptions) -> Figure {
    let pair = || -> Result<PairSummary, NotEstimable> {
        Ok(PairSummary {
            n: count(moments),
            mean_y: average(moments, y)?,
            mean_x: average(moments, x)?,
            variance_y: spread(moments, y, y)?,
            variance_x: spread(moments, x, x)?,
            covariance: spread(moments, y, x)?,
        })
    };
    let interval = pair()
        .and_then(|pair| delta_method(&pair))
        .and_then(|estimate| mean_interval(&estimate.summary(), options));
    figure(code, sum(moments, y), sum(moments, x), interval)
}

/// Numerator over denominator, the one division.
fn figure(
    code: FigureCode,
    numerator: f64,
    denominator: f64,
    interval: Result<Interval, NotEstimable>,
) -> Figure {
    let ends = interval.as_ref().ok();
    Figure {
        figure: code,
        value: (denominator != 0.0).then(|| numerator / denominator),
        lower: ends.map(|ends| ends.lower),
        upper: ends.map(|ends| ends.upper),
        numerator,
        denominator,
        not_estimable: interval.err().as_ref().map(reason),
    }
}

fn reason(error: &NotEstimable) -> NotEstimableReason {
    NotEstimableReason { code: error.code().to_owned(), detail: error.to_string() }
}

fn sum(moments: &Moments, entry: usize) -> f64 {
    moments.sums()[entry] as f64 / STEPS
}

fn average(moments: &Moments, entry: usize) -> Result<f64, NotEstimable> {
    moments.mean(entry, DEFAULT_PLACES).ok_or(NotEstimable::TooFewCustomers { n: 0, needed: 2 })
}

fn spread(moments: &Moments, i: usize, j: usize) -> Result<f64, NotEstimable> {
    let too_few = NotEstimable::TooFewCustomers { n: count(moments), needed: 2 };
    moments.covariance(i, j, DEFAULT_PLACES).ok_or(too_few)
}
