//! Company figures as a table for the terminal and as CSV.

use std::io::{self, Write};

use experiment_core::report::kpi::{Cohort, Figure, FigureCode, Kpis};

use super::csv::Table;
use super::number;
use super::table::write_item;
use super::text::{cut, printable};

/// The columns; a public contract.
pub const KPIS_CSV_HEADER: [&str; 9] =
    ["figure", "cohort", "since", "value", "lower", "upper", "numerator", "denominator", "not_estimable"];
/// Cohort columns in a line of the terminal; the rest are in JSON and CSV.
const SHOWN_MONTHS: usize = 12;

/// Writes one row a number: customers, figures, then each cohort's share and revenue (RFC 4180, full precision).
///
/// # Errors
/// What `out` fails with.
pub fn write_kpis_csv(kpis: &Kpis, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out, &KPIS_CSV_HEADER)?;
    for (name, _, count) in counts(kpis) {
        table.row(&[name, "", "", &count.to_string(), "", "", "", "", ""])?;
    }
    for figure in &kpis.figures {
        let reason = figure.not_estimable.as_ref().map(|reason| reason.code.as_str()).unwrap_or_default();
        table.row(&[
            figure.figure.name(),
            "",
            "",
            &full(figure.value),
            &full(figure.lower),
            &full(figure.upper),
            &figure.numerator.to_string(),
            &figure.denominator.to_string(),
            reason,
        ])?;
    }
    for cohort in &kpis.cohorts {
        let customers = cohort.customers.to_string();
        for month in &cohort.months {
            let (since, active) = (month.since.to_string(), month.active.to_string());
            let (share, lower, upper) = (full(month.share), full(month.lower), full(month.upper));
            let name = cohort.month.as_str();
            table.row(&[
                "cohort_retention",
                name,
                &since,
                &share,
                &lower,
                &upper,
                &active,
                &customers,
                "",
            ])?;
            let revenue = month.revenue.to_string();
            table.row(&["cohort_revenue", name, &since, &revenue, "", "", "", "", ""])?;
        }
    }
    table.end()
}

fn full(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The counts with their names for programs and for people.
fn counts(kpis: &Kpis) -> [(&'static str, &'static str, u64); 8] {
    let customers = &kpis.customers;
    [
        ("customers_start", "at the start (S)", customers.start),
        ("customers_retained", "  of them still there at the end", customers.retained),
        ("customers_lost", "  of them lost", customers.lost),
        ("customers_end", "at the end (E)", customers.end),
        ("customers_new", "  of them new (N)", customers.new),
        ("customers_returned", "  of them returned", customers.returned),
        ("customers_active", "active in the period", customers.active),
        ("customers_buyers", "bought in the period", customers.buyers),
    ]
}

/// Writes the figures for reading, 100 columns wide.
///
/// # Errors
/// What `out` fails with.
pub fn write_kpis_table(kpis: &Kpis, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} to {}", kpis.from, kpis.to)?;
    let active: Vec<String> = kpis.active.iter().map(|name| cut(name, 40)).collect();
    let meaning = format!(
        "active at an instant: {} in the {} before it; purchase: {}",
        active.join(" or "),
        kpis.within,
        cut(&kpis.event, 40)
    );
    write_item("", &meaning, out)?;
    writeln!(out, "\nCustomers")?;
    for (_, name, count) in counts(kpis) {
        writeln!(out, "  {name:<34} {:>14}", number::count(count))?;
    }
    let level = number::level(kpis.confidence_level);
    writeln!(out, "\n{:<36} {:>14}   {level} interval", "Figures", "")?;
    kpis.figures.iter().try_for_each(|figure| write_figure(figure, out))?;
    write_cohorts(kpis, out)?;
    write_notes(kpis, out)
}

fn write_figure(figure: &Figure, out: &mut dyn Write) -> io::Result<()> {
    let shown = |value: f64| match figure.figure.is_fraction() {
        true => number::percent(value),
        false => number::plain(value),
    };
    let value = figure.value.map_or("-".to_owned(), shown);
    let interval = match (figure.lower, figure.upper) {
        (Some(lower), Some(upper)) => format!("{} to {}", shown(lower), shown(upper)),
        _ => String::new(),
    };
    let line = format!("  {:<34} {value:>14}   {interval}", title(figure.figure));
    writeln!(out, "{}", line.trim_end())?;
    match &figure.not_estimable {
        Some(reason) => write_item("      not estimable: ", &reason.detail, out),
        None => Ok(()),
    }
}

fn title(figure: FigureCode) -> &'static str {
    match figure {
        FigureCode::RetentionRate => "customer retention rate",
        FigureCode::ChurnRate => "churn rate",
        FigureCode::Growth => "growth",
        FigureCode::GrossRevenueChurn => "revenue churn, gross",
        FigureCode::NetRevenueChurn => "revenue churn, net",
        FigureCode::RepeatPurchaseRate => "repeat purchase rate",
        FigureCode::PurchaseFrequency => "purchases a buyer",
        FigureCode::AverageOrderValue => "average order value",
        FigureCode::LifetimeValue => "lifetime value",
        FigureCode::ValueToDate => "value to date a customer",
        FigureCode::RetentionCost => "cost a customer kept",
        FigureCode::NetPromoterScore => "net promoter score",
        other => other.name(),
    }
}

fn write_cohorts(kpis: &Kpis, out: &mut dyn Write) -> io::Result<()> {
    let cohorts: Vec<&Cohort> = kpis.cohorts.iter().filter(|cohort| cohort.customers > 0).collect();
    if cohorts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nActive by months since the first activity, in % of the cohort")?;
    let longest = cohorts.iter().map(|cohort| cohort.months.len()).max().unwrap_or(0);
    let heads: Vec<String> = (0..longest.min(SHOWN_MONTHS + 1)).map(|since| format!("{since:>6}")).collect();
    writeln!(out, "  {:<8} {:>10} {}", "month", "customers", heads.concat())?;
    for cohort in cohorts {
        let months = cohort.months.iter().take(SHOWN_MONTHS + 1);
        let cells: Vec<String> = months.map(|month| cell(month.share)).collect();
        let (month, customers) = (&cohort.month, number::count(cohort.customers));
        writeln!(out, "  {month:<8} {customers:>10} {}", cells.concat())?;
    }
    if longest > SHOWN_MONTHS + 1 {
        writeln!(out, "  months beyond {SHOWN_MONTHS}, and revenue, are in --format json and csv")?;
    }
    Ok(())
}

fn cell(share: Option<f64>) -> String {
    share.map_or(format!("{:>6}", "-"), |share| format!("{:>6.1}", share * 100.0))
}

/// What a reader has to know before trusting the numbers.
fn write_notes(kpis: &Kpis, out: &mut dyn Write) -> io::Result<()> {
    let counted = [
        (kpis.orders_without_value, "purchases have no value and count as 0"),
        (kpis.scores_ignored, "answers are no number from 0 to 10 and are left out"),
        (kpis.values_rounded, "values were rounded to millionths"),
        (kpis.customers_clamped, "customers have sums beyond 100,000,000, which are cut there"),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let mut notes: Vec<String> =
        counted.map(|(count, note)| format!("{} {note}", number::count(count))).collect();
    if let Some(month) = &kpis.partial_month {
        notes.push(format!("{} goes on after the period: its cells are not whole", printable(month)));
    }
    if !notes.is_empty() {
        writeln!(out)?;
    }
    notes.iter().try_for_each(|note| write_item("note: ", note, out))
}
