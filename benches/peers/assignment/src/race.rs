//! Lines that run one after the other in every round.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use crate::allocations::allocations;

/// One way to assign customers.
pub struct Line<'a> {
    pub name: &'static str,
    pub is_ours: bool,
    /// How many decisions a customer takes, those included that find the customer not meant.
    pub decisions: usize,
    /// Assigns these customers, and says how often the second variant came out.
    pub run: Box<dyn Fn(Range<usize>) -> usize + 'a>,
}

/// What a line took.
pub struct Timed {
    pub name: &'static str,
    pub is_ours: bool,
    /// Time for one customer over the first line's.
    pub ratio: f64,
    /// For all customers.
    pub allocations: u64,
}

/// About how long a part of the customers is timed at a time: so short that hardly one in thirty is
/// interrupted by something else, so long that reading the clock takes nothing.
const PART_NANOSECONDS: f64 = 1e5;
/// A line that takes longer for all customers is not run once before it is timed.
const WARM_NANOSECONDS: f64 = 5e6;

/// Times the lines, the first of which is the measure, over so many customers, and prints a table.
pub fn race(title: &str, rounds: usize, customers: usize, lines: Vec<Line<'_>>) -> Vec<Timed> {
    let mut tracks: Vec<Track<'_>> = lines.into_iter().map(|line| Track::new(line, customers)).collect();
    for _ in 0..rounds {
        tracks.iter_mut().for_each(Track::run);
    }
    println!("\n{title}\n");
    println!("| | ratio to the bare hash | a customer, ns | allocations a decision |");
    println!("| --- | ---: | ---: | ---: |");
    let bare = tracks.first().map_or(f64::NAN, Track::nanoseconds);
    let mut table = Vec::new();
    for track in &tracks {
        let (line, nanoseconds) = (&track.line, track.nanoseconds());
        let (ratio, each) = (nanoseconds / bare, nanoseconds / customers as f64);
        let a_decision = track.allocations as f64 / (line.decisions * customers) as f64;
        println!("| {} | {ratio:.2} | {each:.1} | {a_decision:.1} |", line.name);
        table.push(Timed { name: line.name, is_ours: line.is_ours, ratio, allocations: track.allocations });
    }
    table
}

/// A line with the times of its parts.
struct Track<'a> {
    line: Line<'a>,
    parts: Vec<(Range<usize>, Vec<f64>)>,
    is_warmed: bool,
    allocations: u64,
}

impl<'a> Track<'a> {
    fn new(line: Line<'a>, customers: usize) -> Track<'a> {
        // What is filled once, on first use, is not counted.
        (line.run)(0..customers);
        let allocations = allocations(|| {
            (line.run)(0..customers);
        });
        let whole = time(&line, 0..customers);
        let count = (customers as f64 * PART_NANOSECONDS / whole).clamp(1.0, customers as f64) as usize;
        let part = |from: usize| (from..(from + count).min(customers), Vec::new());
        let parts = (0..customers).step_by(count).map(part).collect();
        Track { line, parts, is_warmed: whole < WARM_NANOSECONDS, allocations }
    }

    /// One round.
    fn run(&mut self) {
        if self.is_warmed {
            self.parts.iter().for_each(|(part, _)| {
                black_box((self.line.run)(part.clone()));
            });
        }
        for (part, times) in &mut self.parts {
            times.push(time(&self.line, part.clone()));
        }
    }

    /// For all customers: of each part the median over the rounds.
    fn nanoseconds(&self) -> f64 {
        self.parts.iter().map(|(_, times)| median(times.clone())).sum()
    }
}

fn time(line: &Line<'_>, customers: Range<usize>) -> f64 {
    let start = Instant::now();
    black_box((line.run)(customers));
    start.elapsed().as_nanos() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
