//! The definition of an experiment: what is in force, what was before, and what changed.

use std::collections::BTreeSet;

use askama::Template;
use experiment_core::definition::LifecycleStep;
use serde_json::Value;

use super::frame::Frame;
use super::instant::second;
use super::line_diff::{Change, Line, line_diff};
use super::number;
use super::results::Head;
use super::subject::Subject;
use super::text::{ENGLISH, fill};
use crate::output::yaml;
use crate::store::{Entry, Step, Version};

#[derive(Template)]
#[template(path = "definition.html")]
struct DefinitionPage<'a> {
    frame: &'a Frame,
    head: Head,
    life: Vec<(String, String)>,
    versions: Vec<VersionRow>,
    /// Nothing where there is one version.
    diff: Option<Diff>,
    yaml: String,
    overrides: String,
}

/// A version, with what it changed of the one before.
struct VersionRow {
    number: u32,
    at: String,
    changed: String,
    is_current: bool,
}

/// The lines in which two versions differ.
struct Diff {
    from: u32,
    to: u32,
    told: String,
    lines: Vec<DiffLine>,
}

/// One of them.
struct DiffLine {
    class: &'static str,
    /// What became of it, as a sign and in words.
    mark: &'static str,
    word: &'static str,
    text: String,
}

/// The page; `compared` are the numbers of two versions.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn definition(
    frame: &Frame,
    subject: &Subject,
    entry: &Entry,
    compared: (u32, u32),
) -> Result<String, askama::Error> {
    let created =
        entry.versions.first().map(|version| (ENGLISH.life_created.to_owned(), second(version.received_at)));
    let mut versions: Vec<VersionRow> = entry
        .versions
        .iter()
        .enumerate()
        .map(|(index, version)| {
            let before = index.checked_sub(1).and_then(|before| entry.versions.get(before));
            VersionRow::of(version, before.map(AsRef::as_ref), subject.version)
        })
        .collect();
    versions.reverse();
    let page = DefinitionPage {
        frame,
        head: Head::without_report(subject),
        life: created.into_iter().chain(entry.steps.iter().map(told)).collect(),
        diff: (versions.len() > 1).then(|| Diff::of(entry, compared)),
        versions,
        yaml: yaml(&subject.experiment.document),
        overrides: match entry.overrides.len() {
            0 => ENGLISH.overrides_none.to_owned(),
            1 => ENGLISH.overrides_one.to_owned(),
            several => fill(ENGLISH.overrides_several, &[("n", &number::count(several as u64))]),
        },
    };
    page.render()
}

/// A step of an experiment's life, and when it was taken.
fn told(step: &Step) -> (String, String) {
    let text = &ENGLISH;
    let name = match &step.step {
        LifecycleStep::Start => text.started.to_owned(),
        LifecycleStep::Stop => text.stopped.to_owned(),
        LifecycleStep::Conclude { variant } => fill(text.life_concluded, &[("variant", variant)]),
        LifecycleStep::Archive => text.life_archived.to_owned(),
    };
    (name, second(step.received_at))
}

impl VersionRow {
    fn of(version: &Version, before: Option<&Version>, current: u32) -> VersionRow {
        let changed = match before {
            None => ENGLISH.version_first.to_owned(),
            Some(before) => match changed(&before.experiment.document, &version.experiment.document) {
                fields if fields.is_empty() => ENGLISH.version_same.to_owned(),
                fields => fields.join(", "),
            },
        };
        VersionRow {
            number: version.number,
            at: second(version.received_at),
            changed,
            is_current: version.number == current,
        }
    }
}

/// The outermost fields in which two documents differ.
fn changed<'a>(old: &'a Value, new: &'a Value) -> Vec<&'a str> {
    let names = [old, new].into_iter().filter_map(Value::as_object).flat_map(|fields| fields.keys());
    let names: BTreeSet<&String> = names.collect();
    names.into_iter().filter(|name| old.get(name) != new.get(name)).map(String::as_str).collect()
}

impl Diff {
    fn of(entry: &Entry, (from, to): (u32, u32)) -> Diff {
        let text_of = |number: u32| {
            let version = entry.versions.iter().find(|version| version.number == number);
            version.map(|version| yaml(&version.experiment.document)).unwrap_or_default()
        };
        let lines = line_diff(&text_of(from), &text_of(to));
        let count = |change| number::count(lines.iter().filter(|line| line.change == change).count() as u64);
        let told = match lines.is_empty() {
            true => ENGLISH.diff_none.to_owned(),
            false => fill(
                ENGLISH.diff_told,
                &[("added", &count(Change::Added)), ("removed", &count(Change::Removed))],
            ),
        };
        Diff { from, to, told, lines: lines.into_iter().map(DiffLine::of).collect() }
    }
}

impl DiffLine {
    fn of(line: Line) -> DiffLine {
        let text = &ENGLISH;
        let (class, mark, word) = match line.change {
            Change::Same => ("same", "", ""),
            Change::Removed => ("removed", "−", text.diff_removed),
            Change::Added => ("added", "+", text.diff_added),
            Change::LeftOut(count) => {
                let told = match count {
                    1 => text.diff_left_out_one.to_owned(),
                    several => fill(text.diff_left_out, &[("n", &number::count(several as u64))]),
                };
                return DiffLine { class: "left-out", mark: "⋯", word: "", text: told };
            }
        };
        DiffLine { class, mark, word, text: line.text }
    }
}
