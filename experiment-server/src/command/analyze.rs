//! `experiment analyze`: a file of rows → a report.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::format::Format;
use super::{Console, Exit};
use crate::analyze::{
    Flags, MetricFlag, NamedFlag, RejectsFile, Request, Requirement, Source, Weights, analyze,
};
use crate::output::{write_csv, write_json, write_table};

const EXAMPLES: &str = "\
Examples:
  # One row a customer; TRUE/FALSE, yes/no and 1/0 are proportions
  experiment analyze cookie_cats.csv.gz --unit userid --variant version \\
    --control gate_30 --metric r7=proportion:retention_7 \\
    --metric rounds=mean:sum_gamerounds

  # No id column, so every row is a customer; last year's spend as covariate
  experiment analyze hillstrom.csv --unit @row --variant segment \\
    --control 'No E-Mail' --metric visit=proportion:visit \\
    --metric spend=mean:spend --covariate spend=history --dimension channel

  # Leave out rows where group and page disagree; keep a customer's first row
  experiment analyze ab.csv --unit user_id --variant group --time timestamp \\
    --require 'landing_page=new_page when group=treatment' \\
    --metric converted=proportion:converted --rejects rejected.csv

  # One row an event, from a pipe
  zcat events.ndjson.gz | experiment analyze - --rows event --unit customer \\
    --variant arm --id event_id --metric revenue=mean:amount \\
    --metric aov=ratio:amount/orders --format json";

/// Analyse an experiment whose outcomes are in a CSV or NDJSON file, plain or gzipped
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// CSV or NDJSON, plain or gzipped (told by content); `-` reads stdin
    file: PathBuf,
    /// Column that names the customer; `@row` makes each row a customer
    #[arg(long, value_name = "COL")]
    unit: String,
    /// Column that names the variant
    #[arg(long, value_name = "COL")]
    variant: String,
    /// The variant to compare with [default: the one named control, else the first in sorted order]
    #[arg(long, value_name = "VALUE")]
    control: Option<String>,
    /// Weights by which customers were spread over the variants [default: equal]
    #[arg(long, value_name = "A=1,B=1")]
    weights: Option<Weights>,
    /// A metric: KIND is proportion, mean, or ratio (ratio:NUM/DEN); may be repeated
    #[arg(long = "metric", value_name = "NAME=KIND:COL", required = true)]
    metrics: Vec<MetricFlag>,
    /// A column known before exposure that explains part of a metric (CUPED); may be repeated
    #[arg(long = "covariate", value_name = "NAME=COL")]
    covariates: Vec<NamedFlag>,
    /// Also show the metrics for each value of this column; may be repeated
    #[arg(long = "dimension", value_name = "COL")]
    dimensions: Vec<String>,
    /// What one row is
    #[arg(long, value_enum, default_value_t = Rows::Customer)]
    rows: Rows,
    /// Column that names an event: a repeated one counts once
    #[arg(long, value_name = "COL")]
    id: Option<String>,
    /// Column that orders a customer's rows; without it, their order in the file
    #[arg(long, value_name = "COL")]
    time: Option<String>,
    /// Rows with the second value must have the first, others are left out; may be repeated
    #[arg(long = "require", value_name = "COL=V when COL=V")]
    requirements: Vec<Requirement>,
    /// Write the rows that were left out to this file, with line, reason and column
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Step in which a metric's values are kept [default: 0.000001]; may be repeated
    #[arg(long = "scale", value_name = "NAME=STEP")]
    scales: Vec<NamedFlag>,
    /// Accepted chance of a false positive
    #[arg(long, default_value = "0.05")]
    alpha: f64,
    /// How it is decided: fixed
    #[arg(long, default_value = "fixed")]
    method: String,
    /// How p-values are adjusted: none, bonferroni, holm, benjamini_hochberg
    #[arg(long, default_value = "holm")]
    correction: String,
    /// Put the exact sums into the report, so that `experiment recompute` can make it again; with --format json
    #[arg(long)]
    inputs: bool,
    /// How the report is printed; the CSV has one row per metric and variant
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rows {
    /// One row a customer
    Customer,
    /// One row an event; a customer's rows are added up
    Event,
}

/// Inputs below this size are read before anybody asks how far it is.
const PROGRESS_BYTES: u64 = 32 << 20;

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (format, file, rejects) = (args.format, args.file.clone(), args.rejects.clone());
    let with_inputs = args.inputs;
    if with_inputs && format != Format::Json {
        anyhow::bail!("--inputs are part of the JSON only; add --format json");
    }
    let request = Request::new(flags(args))?;
    let stdin = file == Path::new("-");
    let mut source = if stdin { Source::Stream(console.stdin) } else { Source::File(file.clone()) };
    let rejects = match rejects {
        Some(path) => {
            source = source.repeatable()?;
            Some(RejectsFile::new(&path, (!stdin).then_some(file.as_path()))?)
        }
        None => None,
    };
    let shown = console.progress && source.size().is_none_or(|size| size >= PROGRESS_BYTES);
    let stderr = &mut *console.stderr;
    let mut last = 0;
    let mut progress = |rows: u64| {
        if shown {
            last = rows;
            // Whether anybody sees it changes nothing.
            let _ = write!(stderr, "\r{rows} rows read");
        }
    };
    let report = analyze(&request, &mut source, rejects, &mut progress);
    if last > 0 {
        let _ = writeln!(console.stderr);
    }
    let mut report = report?;
    if !with_inputs {
        report.inputs = None;
    }
    match format {
        Format::Table => write_table(&report, console.stdout)?,
        Format::Json => write_json(&report, console.stdout)?,
        Format::Csv => write_csv(&report, console.stdout)?,
    }
    Ok(Exit::Fine)
}

fn flags(args: Args) -> Flags {
    Flags {
        experiment: experiment_name(&args.file),
        unit: args.unit,
        variant: args.variant,
        control: args.control,
        weights: args.weights,
        metrics: args.metrics,
        covariates: args.covariates,
        dimensions: args.dimensions,
        event_rows: args.rows == Rows::Event,
        id: args.id,
        time: args.time,
        requirements: args.requirements,
        scales: args.scales,
        alpha: args.alpha,
        method: args.method,
        correction: args.correction,
    }
}

/// The file's name without the extensions that say how it is stored.
fn experiment_name(file: &Path) -> String {
    const EXTENSIONS: [&str; 7] = ["gz", "csv", "tsv", "txt", "json", "jsonl", "ndjson"];
    if file == Path::new("-") {
        return "stdin".to_owned();
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let mut rest = name.as_str();
    while let Some((stem, extension)) = rest.rsplit_once('.')
        && !stem.is_empty()
        && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    {
        rest = stem;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_are_named_after_their_file() {
        for (file, name) in [
            ("data/cookie_cats.csv.gz", "cookie_cats"),
            ("winback.v2.NDJSON", "winback.v2"),
            ("-", "stdin"),
            (".csv", ".csv"),
            ("plain", "plain"),
        ] {
            assert_eq!(experiment_name(Path::new(file)), name);
        }
    }
}
