//! Our side of `stats.py`: reads a task a line, runs it once, answers with its processor time in nanoseconds and a
//! number to compare.
//!
//! Data comes as files of little-endian doubles in the folder given as argument, written by `stats.py`.

use cpu_time::ProcessTime;
use experiment_core::stats::chi_square::ChiSquareTest;
use experiment_core::stats::mean::{MeanSummary, welch_test};
use experiment_core::stats::rank::{Continuity, RankedArms, mann_whitney_test};
use experiment_core::stats::relative::log_delta;
use experiment_core::stats::resample::{Resampling, bootstrap_mean_difference, permutation_test};
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::group_sequential::boundaries;
use experiment_core::stats::sequential::spending::Spending;
use experiment_core::stats::survival::{FollowUp, SurvivalTable, kaplan_meier, log_rank_test};
use experiment_core::stats::{Alternative, NotEstimable, TestOptions};
use std::io::{BufRead, Write};
use std::path::Path;

const RESAMPLES: u32 = 10_000;
const METRICS: usize = 10;

struct Data {
    smooth: [Vec<f64>; 2],
    tied: [Vec<f64>; 2],
    follow_ups: [Vec<FollowUp>; 2],
    /// The variant of each row, 0 or 1.
    row_variant: Vec<f64>,
    row_columns: Vec<Vec<f64>>,
}

fn doubles(folder: &Path, name: &str) -> Vec<f64> {
    let bytes = std::fs::read(folder.join(name)).expect(name);
    bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect()
}

impl Data {
    fn read(folder: &Path) -> Self {
        let arms = |name: &str| [0, 1].map(|arm| doubles(folder, &format!("{name}{arm}")));
        let [times, events] = ["time", "event"].map(arms);
        let follow_ups = [0, 1].map(|arm: usize| {
            let rows = times[arm].iter().zip(&events[arm]);
            rows.map(|(time, event)| FollowUp { time: *time, event: *event == 1.0 }).collect()
        });
        Self {
            smooth: arms("smooth"),
            tied: arms("tied"),
            follow_ups,
            row_variant: doubles(folder, "rows_variant"),
            row_columns: (0..METRICS).map(|metric| doubles(folder, &format!("rows{metric}"))).collect(),
        }
    }
}

fn run(task: &str, data: &Data) -> Result<f64, NotEstimable> {
    let options = TestOptions::two_sided(0.95);
    let resampling = Resampling { resamples: RESAMPLES, seed: 1 };
    let [control, variant] = &data.smooth;
    Ok(match task {
        "bootstrap" => {
            bootstrap_mean_difference(control, variant, &resampling)?.percentile_interval(&options)?.lower
        }
        "permutation" => permutation_test(control, variant, &resampling)?.p_twice_smaller_tail(),
        "mann_whitney" => mann_whitney(&data.smooth)?,
        "mann_whitney_tied" => mann_whitney(&data.tied)?,
        "survival" => survival(&data.follow_ups, &options)?.statistic,
        "boundaries" => {
            let looks: Vec<f64> = (1..=10).map(|look| f64::from(look) / 10.0).collect();
            boundaries(&looks, 0.05, Sides::Two, Spending::OBrienFleming)?[9].z
        }
        "metrics" => metrics(data, &options)?,
        "moments" => moments(&options)?,
        _ => unreachable!("{task}"),
    })
}

fn mann_whitney([control, variant]: &[Vec<f64>; 2]) -> Result<f64, NotEstimable> {
    let arms = RankedArms::from_values(control, variant)?;
    Ok(mann_whitney_test(&arms, Continuity::Corrected, Alternative::TwoSided)?.p_value)
}

fn survival(arms: &[Vec<FollowUp>; 2], options: &TestOptions) -> Result<ChiSquareTest, NotEstimable> {
    let tables = [SurvivalTable::from_follow_ups(&arms[0])?, SurvivalTable::from_follow_ups(&arms[1])?];
    for table in &tables {
        std::hint::black_box(kaplan_meier(table, options)?);
    }
    Ok(log_rank_test(&tables)?.test)
}

/// From rows to tests: each column by variant, its summaries, Welch's test and the relative effect.
fn metrics(data: &Data, options: &TestOptions) -> Result<f64, NotEstimable> {
    let (mut controls, mut variants) = (Vec::new(), Vec::new());
    for (row, variant) in (0_u32..).zip(&data.row_variant) {
        if *variant == 0.0 { controls.push(row) } else { variants.push(row) }
    }
    let mut values = Vec::new();
    let mut sum = 0.0;
    for column in &data.row_columns {
        let mut summary = |rows: &[u32]| {
            values.clear();
            values.extend(rows.iter().map(|row| column[*row as usize]));
            MeanSummary::from_values(&values)
        };
        let (control, variant) = (summary(&controls)?, summary(&variants)?);
        sum += welch_test(&control, &variant, options)?.p_value;
        sum += log_delta(&control, &variant, options)?.interval.lower;
    }
    Ok(sum)
}

/// Twenty metrics of two arms whose moments are known.
fn moments(options: &TestOptions) -> Result<f64, NotEstimable> {
    let mut sum = 0.0;
    for metric in 0..20 {
        let mean = 5.0 + f64::from(metric);
        let control = MeanSummary { n: 40_000 + u64::from(metric as u32), mean, variance: 3.0 * mean };
        let variant = MeanSummary { n: 41_000, mean: mean * 1.01, variance: 3.3 * mean };
        sum += welch_test(std::hint::black_box(&control), &variant, options)?.p_value;
        sum += log_delta(&control, &variant, options)?.interval.lower;
    }
    Ok(sum)
}

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the data");
    let data = Data::read(Path::new(&folder));
    for task in std::io::stdin().lock().lines() {
        let task = task.expect("a task");
        let start = ProcessTime::now();
        let value = std::hint::black_box(run(&task, &data)).expect("an answer");
        let nanoseconds = start.elapsed().as_nanos();
        println!("{nanoseconds} {value:e}");
        std::io::stdout().flush().expect("a reader");
    }
}
