//! `experiment recompute`: makes a stored report again from what it carries and compares every number.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use experiment_core::report::{InputRows, Inputs, LIBRARY_VERSION, Report};
use experiment_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Console, Exit};
use crate::difference::{Comparison, Difference, compare};
use crate::output::printable;

const EXAMPLES: &str = "\
Examples:
  # a report with its inputs, from a server; and whether its numbers are what its sums give
  curl 'http://127.0.0.1:8016/v1/experiments/winback_2026/results?inputs=true' > report.json
  experiment recompute report.json
  # from a file of rows
  experiment analyze ab.csv --unit user --variant group --metric kept=proportion:kept \\
    --format json --inputs | experiment recompute -

Exit code 0 when everything agrees, 1 when something differs, 2 when nothing could be compared.";

/// Make a stored report again from the inputs that it carries, and compare it bit for bit
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A report in JSON that carries its inputs; `-` reads stdin
    report: PathBuf,
}

/// What of a stored report the new one is made from.
#[derive(Deserialize)]
struct Given {
    library_version: String,
    #[serde(default)]
    as_of: Option<Timestamp>,
    #[serde(default)]
    sequence: Option<u64>,
    #[serde(default)]
    input: Option<InputRows>,
    #[serde(default)]
    inputs: Option<Inputs>,
}

/// Compared apart, or not at all.
const LEFT_OUT: [&str; 2] = ["inputs", "library_version"];

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let text = read(&args.report, console.stdin)?;
    let name = printable(&args.report.to_string_lossy());
    let mut stored: Value =
        serde_json::from_str(&text).with_context(|| format!("{name} is not the JSON of a report"))?;
    let version = stored.get("library_version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let given: Given = serde_json::from_str(&text).with_context(|| unreadable(&name, &version))?;
    let Some(inputs) = given.inputs else {
        bail!(
            "{name} carries no inputs to make it again from; ask for them with ?inputs=true (server) or --inputs \
             (analyze)"
        );
    };
    let mut made = inputs.report(given.as_of).with_context(|| unreadable(&name, &version))?;
    (made.sequence, made.input) = (given.sequence, given.input);
    let comparison = compare_reports(&mut stored, &made)?;
    writeln!(console.stdout, "{}", headline(&made, &given.library_version, inputs.decision.is_some()))?;
    tell(&comparison, console)?;
    let same_library = given.library_version == LIBRARY_VERSION;
    if !same_library && !comparison.differences.is_empty() {
        writeln!(
            console.stdout,
            "The report was made by version {} and again by {LIBRARY_VERSION}: other versions may round and find \
             otherwise, so these differences are no error unless they are between whole numbers.",
            printable(&given.library_version)
        )?;
    }
    let counts = |difference: &Difference| same_library || difference.is_count();
    Ok(if comparison.differences.iter().any(counts) { Exit::BadNews } else { Exit::Fine })
}

fn read(path: &Path, stdin: &mut dyn Read) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        stdin.read_to_string(&mut text).context("reading stdin")?;
        return Ok(text);
    }
    let shown = || format!("reading {}", printable(&path.to_string_lossy()));
    std::fs::read_to_string(path).with_context(shown)
}

fn unreadable(name: &str, version: &str) -> String {
    if version.is_empty() || version == LIBRARY_VERSION {
        return format!("the inputs in {name} can't be used");
    }
    let version = printable(version);
    format!("the inputs in {name}, made by version {version}, can't be used by version {LIBRARY_VERSION}")
}

fn compare_reports(stored: &mut Value, made: &Report) -> anyhow::Result<Comparison> {
    let mut made = serde_json::to_value(made)?;
    for side in [&mut *stored, &mut made] {
        for part in LEFT_OUT {
            side.as_object_mut().map(|report| report.remove(part));
        }
    }
    Ok(compare(stored, &made))
}

fn headline(made: &Report, version: &str, is_decided: bool) -> String {
    let as_of = made.as_of.map(|as_of| format!(" as of {as_of}")).unwrap_or_default();
    let decided = match made.verdict.decided_on {
        Some(day) if is_decided => format!("; the verdict from the sums of {day}, when it was decided"),
        _ => String::new(),
    };
    format!(
        "{}{as_of}, version {}: made again from its sums{decided}",
        printable(&made.experiment),
        printable(version)
    )
}

fn tell(comparison: &Comparison, console: &mut Console<'_>) -> anyhow::Result<()> {
    let Comparison { numbers, words, differences } = comparison;
    writeln!(console.stdout, "{numbers} numbers and {words} words compared, {} differ", differences.len())?;
    for difference in differences {
        let shown = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        let (stored, made) = (shown(&difference.stored), shown(&difference.made));
        let path = printable(&difference.path);
        writeln!(console.stdout, "  {path}: {} stored, {} made again", printable(&stored), printable(&made))?;
    }
    Ok(())
}
