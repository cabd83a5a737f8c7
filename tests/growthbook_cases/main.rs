//! Runs cases in the form in which GrowthBook's SDKs share theirs: one JSON file, an object of lists.
//!
//! The file is `EXPERIMENT_GROWTHBOOK_CASES`, or `tests/data/growthbook_cases.json`, which is our own and has
//! cases for every operator. Sections that are about other parts of an SDK are skipped by name. Each
//! section's counts are printed always; a case that fails, or that cannot be read, fails the run.

mod section;

use libtest_mimic::{Arguments, Failed, Trial};
use section::{Run, SECTIONS, Tally};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// One line of counts per section, in the order of the sections.
type Lines = Arc<Mutex<Vec<String>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let default_file = experiment_tests::data_dir().join("growthbook_cases.json");
    let file = std::env::var_os("EXPERIMENT_GROWTHBOOK_CASES").map_or(default_file, PathBuf::from);
    let lines = Lines::default();
    let trials = match read(&file) {
        Ok(sections) => trials(sections, &lines),
        Err(problem) => vec![Trial::test("read", move || Err(Failed::from(problem)))],
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Ok(mut lines) = lines.lock() {
        lines.sort();
        lines.iter().for_each(|line| println!("{line}"));
    }
    conclusion.exit_code()
}

fn read(file: &Path) -> Result<Map<String, Value>, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| named(&error))?;
    match serde_json::from_str(&text).map_err(|error| named(&error))? {
        Value::Object(sections) => Ok(sections),
        _ => Err(named(&"is not an object of sections")),
    }
}

/// One trial a section that is known. None at all is a failure: nothing would have been checked.
fn trials(sections: Map<String, Value>, lines: &Lines) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, cases) in sections {
        match SECTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, run)) => trials.push(trial(name, cases, *run, lines)),
            None => note(lines, format!("{name}: skipped, it is about another part of an SDK")),
        }
    }
    if trials.is_empty() {
        trials.push(Trial::test("sections", || Err(Failed::from("the file has no section that is known"))));
    }
    trials
}

fn trial(name: String, cases: Value, run: Run, lines: &Lines) -> Trial {
    let lines = Arc::clone(lines);
    Trial::test(name.clone(), move || {
        let Value::Array(cases) = cases else {
            note(&lines, format!("{name}: failed, it is not a list of cases"));
            return Err(Failed::from("is not a list of cases"));
        };
        // Said in its place if a case panics, which ends the section.
        let mut tally = Tally::new(&name, cases.len());
        for (index, case) in cases.iter().enumerate() {
            match std::panic::catch_unwind(|| run(case)) {
                Ok(Ok(())) => tally.passed += 1,
                Ok(Err(problem)) => tally.fail(index, &problem),
                Err(_) => tally.fail(index, "panicked"),
            }
        }
        note(&lines, tally.line());
        tally.outcome().map_err(Failed::from)
    })
}

fn note(lines: &Lines, line: String) {
    if let Ok(mut lines) = lines.lock() {
        lines.push(line);
    }
}
