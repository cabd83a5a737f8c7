//! Whether the hash is even, and the draws apart: `cargo run --release --example hash_quality -- [IDS]`.
//!
//! For each form of ids (10,000,000 of them unless said otherwise), the hashes of eight experiments for all
//! five purposes are counted in 1,000 equal slices, and each two of these forty in a table of 10 × 10. If
//! the hash is even and the draws are independent, the p-values of the χ² tests are themselves even between
//! 0 and 1: of m of them the smallest is about 1/m, so that m times the smallest (Bonferroni) is rarely
//! below 0.05, and their distance from an even distribution (Kolmogorov–Smirnov) has no small p-value either.

use std::error::Error;
use std::fmt::Write;
use std::num::NonZero;
use std::thread;

use experiment_core::assignment::{HashPrefix, Purpose};
use experiment_core::stats::chi_square::{Divergence, contingency, goodness_of_fit};
use experiment_core::stats::distribution::kolmogorov;

const IDS: u64 = 10_000_000;
const EXPERIMENTS: usize = 8;
const PURPOSES: [Purpose; 5] =
    [Purpose::Traffic, Purpose::Variant, Purpose::Layer, Purpose::Holdout, Purpose::Half];
/// Hashes of one customer.
const DRAWS: usize = EXPERIMENTS * PURPOSES.len();
const PAIRS: usize = DRAWS * (DRAWS - 1) / 2;
const SLICES: usize = 1_000;
/// Slices on each side of the table of a pair.
const SIDE: usize = 10;

/// Writes the n-th id of some form.
type WriteId = fn(u64, &mut String) -> std::fmt::Result;

const FORMS: [(&str, WriteId); 3] = [("sequential", sequential), ("uuid", uuid), ("e-mail", email)];

fn main() -> Result<(), Box<dyn Error>> {
    let ids = std::env::args().nth(1).map_or(Ok(IDS), |count| count.parse())?;
    println!("{ids} ids; {DRAWS} draws ({EXPERIMENTS} experiments × {} purposes)\n", PURPOSES.len());
    println!("| ids | test | tests | smallest p | largest p | smallest × tests | p of the p-values |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, write_id) in FORMS {
        let counts = count_in_parallel(ids, write_id)?;
        print_row(name, "even over 1,000 slices", &counts.uniformity()?);
        print_row(name, "independent, each two", &counts.independence()?);
    }
    Ok(())
}

/// One line of the table.
fn print_row(name: &str, test: &str, p_values: &[f64]) {
    let mut sorted = p_values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (smallest, largest) = (sorted[0], sorted[sorted.len() - 1]);
    let count = sorted.len();
    let adjusted = (smallest * count as f64).min(1.0);
    let of_all = p_of_evenness(&sorted);
    println!("| {name} | {test} | {count} | {smallest:.5} | {largest:.5} | {adjusted:.2} | {of_all:.2} |");
}

/// The p-value of sorted values' largest distance from an even distribution, by Kolmogorov's limit.
fn p_of_evenness(sorted: &[f64]) -> f64 {
    let count = sorted.len() as f64;
    let distance = sorted.iter().enumerate().map(|(index, p)| {
        let below = index as f64 / count;
        (p - below).max(below + 1.0 / count - p)
    });
    kolmogorov::sf(count.sqrt() * distance.fold(0.0, f64::max))
}

/// How many customers fell where.
struct Counts {
    /// By draw and slice.
    slices: Vec<u64>,
    /// By pair of draws and cell.
    cells: Vec<u64>,
}

impl Counts {
    fn new() -> Counts {
        Counts { slices: vec![0; DRAWS * SLICES], cells: vec![0; PAIRS * SIDE * SIDE] }
    }

    fn add(&mut self, other: &Counts) {
        let add =
            |sum: &mut [u64], more: &[u64]| sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        add(&mut self.slices, &other.slices);
        add(&mut self.cells, &other.cells);
    }

    fn uniformity(&self) -> Result<Vec<f64>, Box<dyn Error>> {
        let test = |slices: &[u64]| Ok(goodness_of_fit(slices, &[1.0; SLICES], Divergence::Pearson)?.p_value);
        self.slices.chunks_exact(SLICES).map(test).collect()
    }

    fn independence(&self) -> Result<Vec<f64>, Box<dyn Error>> {
        let test = |cells: &[u64]| {
            let rows: Vec<&[u64]> = cells.chunks_exact(SIDE).collect();
            Ok(contingency(&rows, Divergence::Pearson)?.p_value)
        };
        self.cells.chunks_exact(SIDE * SIDE).map(test).collect()
    }
}

fn count_in_parallel(ids: u64, write_id: WriteId) -> Result<Counts, Box<dyn Error>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    thread::scope(|scope| {
        let part = |thread: u64| ids * thread / threads..ids * (thread + 1) / threads;
        let running: Vec<_> = (0..threads).map(|n| scope.spawn(move || count(part(n), write_id))).collect();
        let mut sum = Counts::new();
        for thread in running {
            sum.add(&thread.join().map_err(|_| "a thread panicked")??);
        }
        Ok(sum)
    })
}

fn count(ids: std::ops::Range<u64>, write_id: WriteId) -> Result<Counts, std::fmt::Error> {
    let salt = |experiment: usize| format!("checkout-experiment-{experiment:03}");
    let prefixes: Vec<HashPrefix> = (0..EXPERIMENTS)
        .flat_map(|experiment| PURPOSES.map(|purpose| HashPrefix::new(&salt(experiment), purpose)))
        .collect();
    let mut counts = Counts::new();
    let (mut id, mut sides) = (String::new(), [0; DRAWS]);
    for n in ids {
        id.clear();
        write_id(n, &mut id)?;
        for (draw, prefix) in prefixes.iter().enumerate() {
            let hash = prefix.hash(&id);
            counts.slices[draw * SLICES + part_of(hash, SLICES)] += 1;
            sides[draw] = part_of(hash, SIDE);
        }
        let mut cells = counts.cells.chunks_exact_mut(SIDE * SIDE);
        for (first, row) in sides.iter().enumerate() {
            // The columns first: a zip takes from its first side even when the second has no more.
            for (column, cells) in sides[first + 1..].iter().zip(cells.by_ref()) {
                cells[row * SIDE + column] += 1;
            }
        }
    }
    Ok(counts)
}

/// Which of `parts` equal parts of all hashes.
fn part_of(hash: u64, parts: usize) -> usize {
    ((u128::from(hash) * parts as u128) >> 64) as usize
}

/// 1, 2, 3, …
fn sequential(n: u64, id: &mut String) -> std::fmt::Result {
    write!(id, "{}", n + 1)
}

/// Random ones (version 4).
fn uuid(n: u64, id: &mut String) -> std::fmt::Result {
    let (high, low) = (mixed(2 * n), mixed(2 * n + 1));
    let (time, clock) = ((high & 0xffff_ffff_ffff_0000) | 0x4000 | (high & 0xfff), (low >> 2) | (1 << 63));
    let (first, second, third) = (time >> 32, (time >> 16) & 0xffff, time & 0xffff);
    write!(id, "{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}", clock >> 48, clock & 0xffff_ffff_ffff)
}

/// Few names and domains, many numbers.
fn email(n: u64, id: &mut String) -> std::fmt::Result {
    const FIRST: [&str; 8] = ["anna", "jan", "maria", "piotr", "zoë", "ali", "olga", "max"];
    const LAST: [&str; 8] = ["nowak", "müller", "smith", "garcia", "rossi", "li", "ivanova", "de.vries"];
    const DOMAINS: [&str; 3] = ["example.com", "mail.example.org", "example.net"];
    let pick = |names: &[&'static str], digit: u64| names[(n / digit) as usize % names.len()];
    write!(id, "{}.{}{}@{}", pick(&FIRST, 1), pick(&LAST, 8), n / 192, pick(&DOMAINS, 64))
}

/// `SplitMix64`: distinct for distinct n.
fn mixed(n: u64) -> u64 {
    let x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
