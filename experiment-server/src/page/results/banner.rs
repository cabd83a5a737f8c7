//! What to do, and how far the sample is.

use experiment_core::report::{Progress, Report, VerdictCode};

use crate::page::chart;
use crate::page::number;
use crate::page::text::{ENGLISH, Text, fill};

/// The verdict with its reasons.
pub(super) struct Banner {
    /// The class of its colour.
    pub(super) class: &'static str,
    pub(super) headline: String,
    pub(super) reasons: Vec<String>,
    pub(super) decided_on: Option<String>,
    pub(super) sample: Option<Sample>,
}

/// Reached against target.
pub(super) struct Sample {
    pub(super) sentence: String,
    pub(super) bar: String,
}

impl Banner {
    /// Of an experiment that customers may have entered.
    pub(super) fn of(report: &Report) -> Banner {
        let (text, verdict) = (&ENGLISH, &report.verdict);
        let decided_on = verdict.decided_on.map(|day| fill(text.decided_on, &[("day", &day.to_string())]));
        Banner {
            class: class_of(verdict.verdict),
            headline: worded(report, Text::verdict),
            reasons: verdict.reasons.clone(),
            decided_on,
            sample: report.progress.as_ref().map(Sample::of),
        }
    }

    /// Of an experiment that nobody has entered yet.
    pub(super) fn of_draft() -> Banner {
        let headline = ENGLISH.verdict_draft.to_owned();
        Banner { class: "wait", headline, reasons: Vec::new(), decided_on: None, sample: None }
    }
}

/// The verdict in words, with the variant it speaks of.
pub(in crate::page) fn worded(report: &Report, words: fn(&Text, VerdictCode) -> &'static str) -> String {
    let variant = report.verdict.variant.as_deref().unwrap_or_default();
    fill(words(&ENGLISH, report.verdict.verdict), &[("variant", &variant)])
}

/// The class of a verdict's colour.
pub(in crate::page) fn class_of(verdict: VerdictCode) -> &'static str {
    match verdict {
        VerdictCode::Ship => "good",
        VerdictCode::Invalid | VerdictCode::StopForHarm => "bad",
        VerdictCode::Inconclusive => "unsure",
        VerdictCode::KeepControl => "keep",
        VerdictCode::Continue => "wait",
    }
}

impl Sample {
    fn of(progress: &Progress) -> Sample {
        let text = &ENGLISH;
        let target = target(progress);
        let share = number::percent(progress.reached);
        let mut sentence = match progress.reached >= 1.0 {
            true => fill(text.reached_all, &[("target", &target)]),
            false => fill(text.reached, &[("share", &share), ("target", &target)]),
        };
        if let Some(days) = progress.days_to_go.filter(|_| progress.reached < 1.0) {
            let to_go = if days == 1 { text.to_go_one } else { text.to_go };
            sentence = format!("{sentence}, {}", fill(to_go, &[("days", &days.to_string())]));
        }
        Sample { bar: chart::progress_bar(&sentence, progress.reached, 1.0), sentence }
    }
}

/// The target in words.
pub(super) fn target(progress: &Progress) -> String {
    let text = &ENGLISH;
    match (progress.customers_per_arm, progress.end) {
        (Some(customers), _) => fill(text.target_customers, &[("customers", &number::count(customers))]),
        (None, Some(end)) => fill(text.target_end, &[("day", &end.to_string())]),
        (None, None) => text.plan_no_target.to_owned(),
    }
}
