//! Lines that run one after the other in every round.

use std::time::Instant;

use crate::allocations::allocations;

/// One way to assign all customers.
pub struct Line<'a> {
    pub name: &'static str,
    pub is_ours: bool,
    /// How many assignments a run makes, those included that find the customer not meant.
    pub decisions: usize,
    pub run: Box<dyn Fn() -> usize + 'a>,
}

/// What a line took.
pub struct Timed {
    pub name: &'static str,
    pub is_ours: bool,
    /// Time for one customer over the first line's, the median over the rounds.
    pub ratio: f64,
    /// Of one run.
    pub allocations: u64,
}

/// Least time of a line in a round: short ones run several times.
const SLICE_NANOSECONDS: f64 = 3e6;

/// Times the lines, the first of which is the measure, and prints a table.
pub fn race(title: &str, rounds: usize, lines: Vec<Line<'_>>) -> Vec<Timed> {
    let customers = lines[0].decisions as f64;
    let allocated: Vec<u64> = lines
        .iter()
        .map(|line| {
            // What is filled once, on first use, is not counted.
            (line.run)();
            allocations(|| {
                (line.run)();
            })
        })
        .collect();
    let repeats: Vec<usize> =
        lines.iter().map(|line| (SLICE_NANOSECONDS / time(line, 1)).ceil().max(1.0) as usize).collect();
    let mut times = vec![Vec::with_capacity(rounds); lines.len()];
    for _ in 0..rounds {
        for ((line, repeats), times) in lines.iter().zip(&repeats).zip(&mut times) {
            times.push(time(line, *repeats));
        }
    }
    println!("\n{title}\n");
    println!("| | ratio to the bare hash | a customer, ns | allocations a decision |");
    println!("| --- | ---: | ---: | ---: |");
    let mut table = Vec::new();
    for ((line, allocations), nanoseconds) in lines.iter().zip(allocated).zip(&times) {
        let ratio = median(nanoseconds.iter().zip(&times[0]).map(|(line, bare)| line / bare).collect());
        let (each, a_decision) =
            (median(nanoseconds.clone()) / customers, allocations as f64 / line.decisions as f64);
        println!("| {} | {ratio:.2} | {each:.1} | {a_decision:.1} |", line.name);
        table.push(Timed { name: line.name, is_ours: line.is_ours, ratio, allocations });
    }
    table
}

/// Nanoseconds of one run.
fn time(line: &Line<'_>, repeats: usize) -> f64 {
    let start = Instant::now();
    let sum: usize = (0..repeats).map(|_| (line.run)()).sum();
    std::hint::black_box(sum);
    start.elapsed().as_nanos() as f64 / repeats as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
