//! All experiments at a glance.

use askama::Template;
use experiment_core::report::Report;

use super::chart;
use super::frame::Frame;
use super::results::{class_of, days, worded};
use super::subject::Subject;
use super::text::{ENGLISH, Text};
use crate::page::number;

#[derive(Template)]
#[template(path = "experiments.html")]
struct ExperimentsPage<'a> {
    frame: &'a Frame,
    statuses: [&'static str; 5],
    rows: Vec<Listed>,
}

/// One experiment in the list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    key: String,
    hypothesis: String,
    status: &'static str,
    verdict: String,
    class: &'static str,
    has_verdict: bool,
    days: String,
    customers: String,
    reached: String,
    bar: String,
}

impl Listed {
    /// An experiment with what its report says, where there is one.
    pub(crate) fn of(subject: &Subject, report: Option<&Report>) -> Listed {
        let text = &ENGLISH;
        let nothing = || text.nothing.to_owned();
        let customers = report.map(|report| report.variants.iter().map(|arm| arm.customers).sum());
        let progress = report.and_then(|report| report.progress);
        let reached = progress.map_or_else(nothing, |progress| number::percent(progress.reached));
        Listed {
            key: subject.experiment.key.clone(),
            hypothesis: subject.experiment.hypothesis.clone().unwrap_or_default(),
            status: text.status(subject.status),
            verdict: report.map_or_else(nothing, |report| worded(report, Text::verdict_in_short)),
            class: report.map_or("wait", |report| class_of(report.verdict.verdict)),
            has_verdict: report.is_some(),
            days: report
                .and_then(|report| days(subject, report))
                .map_or_else(nothing, |days| days.to_string()),
            customers: customers.map_or_else(nothing, number::count),
            bar: progress
                .map_or_else(String::new, |progress| chart::progress_bar(&reached, progress.reached, 1.0)),
            reached,
        }
    }
}

/// The page of all experiments.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn experiments(frame: &Frame, rows: Vec<Listed>) -> Result<String, askama::Error> {
    use experiment_core::definition::Status::{Archived, Concluded, Draft, Running, Stopped};
    let statuses = [Draft, Running, Stopped, Concluded, Archived].map(|status| ENGLISH.status(status));
    ExperimentsPage { frame, statuses, rows }.render()
}
