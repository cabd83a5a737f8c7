//! Figures of the whole company, and who stays month by month.

use askama::Template;
use experiment_core::report::kpi::{Cohort, Figure, Kpis};

use super::chart::heat_class;
use super::frame::Frame;
use super::number;
use super::text::{ENGLISH, fill};

/// Most names of events that are offered.
const MAX_OFFERED: usize = 100;

#[derive(Template)]
#[template(path = "company.html")]
struct CompanyPage<'a> {
    frame: &'a Frame,
    wish: &'a CompanyWish,
    /// Names of events to type.
    offered: &'a [String],
    /// Ways to other events, where the one that was named is none.
    instead: Vec<(&'a str, String)>,
    refused: Option<&'a str>,
    to_choose: Option<String>,
    company: Option<Company>,
}

/// What was typed into the form; empty for what was not.
#[derive(Debug, Clone, Default)]
pub(crate) struct CompanyWish {
    /// The first day.
    pub(crate) from: String,
    /// The last day.
    pub(crate) to: String,
    /// How far back an activity counts.
    pub(crate) within: String,
    /// The purchase.
    pub(crate) event: String,
    /// Activities, with commas between them.
    pub(crate) active: String,
    /// The event whose values are what keeping customers costs.
    pub(crate) cost: String,
    /// The event whose values are answers from 0 to 10.
    pub(crate) survey: String,
    /// Coverage of the intervals.
    pub(crate) level: String,
}

/// What there is to show.
pub(crate) enum Figures<'a> {
    /// The usual event is none of those that were sent, and no other was named.
    ToChoose,
    /// Something is wrong with what was asked.
    Refused(String),
    /// The figures.
    Found(&'a Kpis),
}

/// The figures in words.
struct Company {
    query: String,
    meaning: String,
    counts: Vec<(&'static str, String)>,
    figures: Vec<Card>,
    notes: Vec<String>,
    /// Months since the first activity, as heads of columns.
    months: Vec<usize>,
    cohorts: Vec<CohortRow>,
}

/// One figure.
struct Card {
    name: &'static str,
    value: String,
    interval: String,
    /// How it is made.
    made: String,
    reason: Option<String>,
}

/// The customers of one month.
struct CohortRow {
    month: String,
    customers: String,
    cells: Vec<CohortCell>,
}

/// Their share in one month.
struct CohortCell {
    class: &'static str,
    share: String,
}

/// The page.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn company(
    frame: &Frame,
    wish: &CompanyWish,
    events: &[String],
    figures: &Figures<'_>,
) -> Result<String, askama::Error> {
    let offered = &events[..events.len().min(MAX_OFFERED)];
    let is_unknown = !events.contains(&wish.event);
    let instead = offered.iter().filter(|_| is_unknown).map(|name| {
        let other = CompanyWish { event: name.clone(), ..wish.clone() };
        (name.as_str(), other.query())
    });
    let (to_choose, refused, company) = match figures {
        Figures::ToChoose => (Some(fill(ENGLISH.company_choose, &[("event", &wish.event)])), None, None),
        Figures::Refused(detail) => (None, Some(detail.as_str()), None),
        Figures::Found(kpis) => (None, None, Some(Company::of(kpis, wish))),
    };
    CompanyPage { frame, wish, offered, instead: instead.collect(), refused, to_choose, company }.render()
}

impl CompanyWish {
    /// The query that asks for the same.
    fn query(&self) -> String {
        let pairs = [
            ("from", &self.from),
            ("to", &self.to),
            ("within", &self.within),
            ("event", &self.event),
            ("active", &self.active),
            ("cost", &self.cost),
            ("survey", &self.survey),
            ("level", &self.level),
        ];
        let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }
}

impl Company {
    fn of(kpis: &Kpis, wish: &CompanyWish) -> Company {
        let text = &ENGLISH;
        let customers = &kpis.customers;
        let counts = [
            (text.customers_start, customers.start),
            (text.customers_retained, customers.retained),
            (text.customers_lost, customers.lost),
            (text.customers_end, customers.end),
            (text.customers_new, customers.new),
            (text.customers_returned, customers.returned),
            (text.customers_active, customers.active),
            (text.customers_buyers, customers.buyers),
        ];
        let meaning = fill(
            text.company_meaning,
            &[
                ("active", &kpis.active.join(&format!(" {} ", text.or))),
                ("within", &kpis.within),
                ("event", &kpis.event),
                ("level", &number::level(kpis.confidence_level)),
            ],
        );
        let cohorts: Vec<&Cohort> = kpis.cohorts.iter().filter(|cohort| cohort.customers > 0).collect();
        let longest = cohorts.iter().map(|cohort| cohort.months.len()).max().unwrap_or(0);
        Company {
            query: wish.query(),
            meaning,
            counts: counts.into_iter().map(|(name, count)| (name, number::count(count))).collect(),
            figures: kpis.figures.iter().map(Card::of).collect(),
            notes: notes(kpis),
            months: (0..longest).collect(),
            cohorts: cohorts.into_iter().map(CohortRow::of).collect(),
        }
    }
}

/// What a reader has to know before trusting the numbers.
fn notes(kpis: &Kpis) -> Vec<String> {
    let text = &ENGLISH;
    let counted = [
        (kpis.orders_without_value, text.note_no_value),
        (kpis.scores_ignored, text.note_no_score),
        (kpis.values_rounded, text.note_rounded),
        (kpis.customers_clamped, text.note_clamped),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let partial = kpis.partial_month.as_ref().map(|month| fill(text.note_partial, &[("month", month)]));
    counted.map(|(count, note)| fill(note, &[("n", &number::count(count))])).chain(partial).collect()
}

impl Card {
    fn of(figure: &Figure) -> Card {
        let text = &ENGLISH;
        let shown = |value: f64| match figure.figure.is_fraction() {
            true => number::percent(value),
            false => number::plain(value),
        };
        let interval = figure
            .lower
            .zip(figure.upper)
            .map(|(lower, upper)| fill(text.interval, &[("lower", &shown(lower)), ("upper", &shown(upper))]));
        let (name, how) = text.figure(figure.figure);
        let made = [
            ("numerator", &amount(figure.numerator) as _),
            ("denominator", &amount(figure.denominator) as _),
        ];
        let reason = figure.not_estimable.as_ref();
        Card {
            name,
            value: figure.value.map_or_else(|| text.nothing.to_owned(), shown),
            interval: interval.unwrap_or_default(),
            made: fill(how, &made),
            reason: reason.map(|reason| fill(text.not_estimable, &[("detail", &reason.detail)])),
        }
    }
}

/// Customers, purchases or money: whole numbers with all their digits.
fn amount(value: f64) -> String {
    // Whole numbers up to 2^53 are exact.
    if value.fract() != 0.0 || value.abs() > 9e15 {
        return number::plain(value);
    }
    let sign = if value < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{}", number::count(value.abs() as u64))
}

impl CohortRow {
    fn of(cohort: &Cohort) -> CohortRow {
        let cells = cohort.months.iter().map(|month| CohortCell {
            class: month.share.and_then(heat_class).unwrap_or_default(),
            share: month
                .share
                .map_or_else(|| ENGLISH.nothing.to_owned(), |share| format!("{:.1}", share * 100.0)),
        });
        CohortRow {
            month: cohort.month.clone(),
            customers: number::count(cohort.customers),
            cells: cells.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_amounts_keep_their_digits() {
        assert_eq!((amount(-5.0), amount(1_234_567.0)), ("\u{2212}5".to_owned(), "1,234,567".to_owned()));
        assert_eq!((amount(0.0), amount(12.345)), ("0".to_owned(), "12.35".to_owned()));
    }

    #[test]
    fn a_query_says_what_was_typed_and_no_more() {
        let wish =
            CompanyWish { from: "2026-01-01".to_owned(), event: "a&b".to_owned(), ..CompanyWish::default() };
        assert_eq!(wish.query(), "from=2026-01-01&event=a%26b");
    }
}
