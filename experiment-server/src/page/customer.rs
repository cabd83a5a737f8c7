//! Why a customer gets what they get.

use askama::Template;
use experiment_core::assignment::ExplainedStep;
use experiment_core::time::Timestamp;

use super::frame::Frame;
use super::instant::second;
use super::results::Head;
use super::subject::Subject;
use super::text::{ENGLISH, fill};

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage<'a> {
    frame: &'a Frame,
    head: Head,
    asked: &'a Asked,
    refused: Option<&'a str>,
    answer: Option<Answer>,
}

/// What was typed into the form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The customer's id.
    pub(crate) id: String,
    /// What the audience is asked of, as JSON.
    pub(crate) attributes: String,
}

/// Why a customer gets what they get.
#[derive(Debug, Clone)]
pub(crate) struct Explained {
    /// What `assign` would answer now; nothing for no variant.
    pub(crate) variant: Option<String>,
    /// Why, as `assign` says it.
    pub(crate) reason: &'static str,
    /// How that is decided: the last step decided.
    pub(crate) steps: Vec<ExplainedStep>,
    /// What the customer has met, the first one first.
    pub(crate) met: Vec<Met>,
}

/// An exposure that is known.
#[derive(Debug, Clone)]
pub(crate) struct Met {
    /// The variant's key.
    pub(crate) variant: String,
    /// When.
    pub(crate) at: Timestamp,
    /// `assign` or `client`.
    pub(crate) recorded_by: &'static str,
    /// Whether the customer was on an override list.
    pub(crate) is_override: bool,
    /// Whether it differs from our own draw.
    pub(crate) off_assignment: bool,
}

/// All that in words.
struct Answer {
    headline: String,
    reason: &'static str,
    steps: Vec<StepRow>,
    met: Vec<MetRow>,
}

/// A step of the decision.
struct StepRow {
    name: &'static str,
    detail: String,
    /// Nothing where no hash is asked.
    place: Option<String>,
    change: Option<String>,
    decides: bool,
}

/// An exposure.
struct MetRow {
    at: String,
    variant: String,
    recorded_by: &'static str,
    remark: String,
}

/// The page; `found` is the answer, or what is wrong with what was asked.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn customer(
    frame: &Frame,
    subject: &Subject,
    asked: &Asked,
    found: Option<Result<&Explained, &str>>,
) -> Result<String, askama::Error> {
    let (answer, refused) = match found {
        None => (None, None),
        Some(Ok(explained)) => (Some(Answer::of(&asked.id, explained)), None),
        Some(Err(refused)) => (None, Some(refused)),
    };
    CustomerPage { frame, head: Head::without_report(subject), asked, refused, answer }.render()
}

impl Answer {
    fn of(id: &str, explained: &Explained) -> Answer {
        let text = &ENGLISH;
        let headline = match &explained.variant {
            Some(variant) => fill(text.customer_gets, &[("customer", &id), ("variant", variant)]),
            None => fill(text.customer_gets_none, &[("customer", &id)]),
        };
        let last = explained.steps.len().saturating_sub(1);
        let steps = explained.steps.iter().enumerate();
        Answer {
            headline,
            reason: explained.reason,
            steps: steps.map(|(index, step)| StepRow::of(step, index == last)).collect(),
            met: explained.met.iter().map(MetRow::of).collect(),
        }
    }
}

impl StepRow {
    fn of(step: &ExplainedStep, decides: bool) -> StepRow {
        let limits = step.limits.join("; ");
        let place = step.position.as_ref().map(|position| match limits.as_str() {
            "" => position.clone(),
            limits => fill(ENGLISH.step_against, &[("place", position), ("limits", &limits)]),
        });
        StepRow {
            name: ENGLISH.step(step.step),
            detail: step.detail.clone(),
            place,
            change: step.change.as_ref().map(|change| fill(ENGLISH.step_change, &[("change", change)])),
            decides,
        }
    }
}

impl MetRow {
    fn of(met: &Met) -> MetRow {
        let text = &ENGLISH;
        let remarks = [(met.is_override, text.met_override), (met.off_assignment, text.met_off)];
        let remarks: Vec<&str> =
            remarks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, remark)| remark).collect();
        MetRow {
            at: second(met.at),
            variant: met.variant.clone(),
            recorded_by: met.recorded_by,
            remark: if remarks.is_empty() { text.nothing.to_owned() } else { remarks.join("; ") },
        }
    }
}
