//! `experiment analyze`, run as it is run in a shell, in this process.

mod golden;
mod order;
mod recompute;
mod reference;
mod rows;
mod wrong;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::process;
use experiment_core::report::Report;
use experiment_server::command::Exit;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// How a run ended.
#[derive(Debug)]
struct Run {
    exit: Exit,
    stdout: String,
    stderr: String,
}

impl Run {
    /// The report, which must have been made.
    fn report(&self) -> Report {
        assert_eq!((self.exit, self.stderr.as_str()), (Exit::Fine, ""));
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The complaint, which must have been made.
    fn complaint(&self) -> &str {
        assert_eq!((self.exit, self.stdout.as_str()), (Exit::WrongUse, ""));
        &self.stderr
    }
}

fn run_with(stdin: &[u8], args: &[&str]) -> Run {
    let (exit, stdout, stderr) = process::run_with(stdin, &[&["analyze"], args].concat());
    Run { exit, stdout, stderr }
}

/// Analyses a text from stdin with `--unit u --variant v`, as JSON.
fn analyze(input: impl AsRef<[u8]>, args: &[&str]) -> Run {
    let start = ["-", "--unit", "u", "--variant", "v", "--format", "json"];
    run_with(input.as_ref(), &[&start, args].concat())
}

/// The same with one mean of the column `x`.
fn analyze_x(input: impl AsRef<[u8]>, args: &[&str]) -> Run {
    analyze(input, &[&["--metric", "m=mean:x"], args].concat())
}

pub(crate) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder that goes with the test, and a file in it.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// n and estimate of each arm of the first metric, by variant.
fn arms(report: &Report) -> Vec<(&str, u64, Option<f64>)> {
    report.metrics[0].arms.iter().map(|arm| (arm.variant.as_str(), arm.n, arm.estimate)).collect()
}

/// Rows left out, by reason.
fn rejected(report: &Report) -> Vec<(&str, u64)> {
    let input = report.input.as_ref().unwrap();
    input.rejected.iter().map(|(reason, rows)| (reason.as_str(), *rows)).collect()
}
