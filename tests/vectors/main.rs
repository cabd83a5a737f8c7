//! Runs the test vectors: one JSON file a method, see `tests/data/vectors/README.md`.
//!
//! The folder is `EXPERIMENT_VECTORS`, or `tests/data/vectors`. A file whose method is unknown fails, and so
//! does an input or an expected key that its method does not know. Each file's counts are printed always.

mod answer;
mod bayes;
mod betting;
mod case;
mod counts;
mod dunnett;
mod exact;
mod figures;
mod group_sequential;
mod means;
mod planning;
mod proportions;
mod quantiles;
mod ranks;
mod rates;
mod resamples;
mod sequential;
mod stratify;
mod survivals;
mod trimmed;

use answer::Method;
use case::{Tally, read_cases};
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// The methods that exist, by file name.
const METHODS: &[(&str, Method)] = &[
    ("brunner_munzel", ranks::brunner_munzel),
    ("chi_square", counts::chi_square),
    ("cuped", means::cuped),
    ("exact_2x2", exact::exact_2x2),
    ("ks_2samp", ranks::ks_2samp),
    ("mann_whitney", ranks::mann_whitney),
    ("asymptotic_cs", sequential::asymptotic_cs),
    ("beta_binomial", bayes::beta_binomial),
    ("betting", betting::betting),
    ("dunnett", dunnett::dunnett),
    ("group_sequential", group_sequential::group_sequential),
    ("msprt", sequential::msprt),
    ("multiplicity", counts::multiplicity),
    ("non_inferiority", planning::non_inferiority),
    ("normal_mixture_boundary", sequential::normal_mixture_boundary),
    ("normal_normal", bayes::normal_normal),
    ("one_proportion", proportions::one_proportion),
    ("post_stratification", stratify::post_stratification),
    ("power", planning::power),
    ("quantile", quantiles::quantile),
    ("rate_ratio", rates::rate_ratio),
    ("ratio_delta", means::ratio_delta),
    ("relative_lift", means::relative_lift),
    ("resampling", resamples::resampling),
    ("retention", figures::retention),
    ("survival", survivals::survival),
    ("srm_sequential", sequential::srm_sequential),
    ("two_proportion", proportions::two_proportion),
    ("welch_t", means::welch_t),
    ("yuen", trimmed::yuen),
];

/// The methods that do not exist yet: their files are printed as pending. An entry goes when its method comes.
const PENDING: &[&str] = &[];

/// One line of counts per file, by file name.
type Lines = Arc<Mutex<BTreeMap<String, String>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let default_folder = experiment_tests::data_dir().join("vectors");
    let folder = std::env::var_os("EXPERIMENT_VECTORS").map_or_else(|| default_folder.clone(), PathBuf::from);
    let lines = Lines::default();
    let mut trials = match vector_files(&folder) {
        Ok(files) => files.into_iter().map(|file| file_trial(file, &lines)).collect(),
        Err(problem) => vec![Trial::test("vector_files", move || Err(Failed::from(problem)))],
    };
    trials.push(Trial::test("the_list_of_pending_methods_is_current", move || {
        current_pending(&default_folder).map_err(Failed::from)
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Ok(lines) = lines.lock() {
        for line in lines.values() {
            println!("{line}");
        }
    }
    conclusion.exit_code()
}

/// The `*.json` of a folder, at least one.
fn vector_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(format!("no *.json in {}", folder.display())) } else { Ok(files) }
}

fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn file_trial(file: PathBuf, lines: &Lines) -> Trial {
    let name = name_of(&file);
    let lines = Arc::clone(lines);
    Trial::test(name.clone(), move || {
        // Stands until the run is over, in case it panics.
        set_line(&lines, &name, format!("{name}: failed, the method panicked"));
        let (line, outcome) = match run_file(&name, &file) {
            Ok(tally) => (tally.line(&name), tally.outcome()),
            Err(problem) => (format!("{name}: failed, {problem}"), Err(problem)),
        };
        set_line(&lines, &name, line);
        outcome.map_err(Failed::from)
    })
}

fn set_line(lines: &Lines, name: &str, line: String) {
    if let Ok(mut lines) = lines.lock() {
        lines.insert(name.to_owned(), line);
    }
}

fn run_file(name: &str, file: &Path) -> Result<Tally, String> {
    let cases = read_cases(file)?;
    if let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == name) {
        return Ok(Tally::of(&cases, *method));
    }
    if PENDING.contains(&name) {
        return Ok(Tally::pending(&cases));
    }
    Err("there is no method of this name".to_owned())
}

/// A pending method must have a file to wait for and must not exist.
fn current_pending(folder: &Path) -> Result<(), String> {
    let files: Vec<String> = vector_files(folder)?.iter().map(|file| name_of(file)).collect();
    for name in PENDING {
        if METHODS.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} exists: take it off the list of pending methods"));
        }
        if !files.iter().any(|file| file == name) {
            return Err(format!("{name} is pending but has no file in {}", folder.display()));
        }
    }
    Ok(())
}
