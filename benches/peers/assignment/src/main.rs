//! One assignment here beside other libraries, and beside the bare XXH3-64 of the same salt and id:
//! `cargo run --release [-- ROUNDS]`.
//!
//! All lines of a table run one after the other in every round, on one thread, and are timed in parts of
//! about a tenth of a millisecond. A line's time is the sum over its parts of the median over the rounds, so
//! that what else the machine does meets them alike, or not at all. What a library needs to know of a
//! customer is put together beforehand and not timed.

mod allocations;
mod eppo;
mod growthbook;
mod optimizely;
mod ours;
mod race;
mod unleash;
mod workload;

use std::error::Error;

use race::{Line, race};
use workload::Workload;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Of the longest table; the others, which take a hundredth of it, have ten times as many.
const ROUNDS: usize = 41;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let customers = workload::customers();
    let plain = Workload { customers: &customers, targeted: false };
    let targeted = Workload { customers: &customers, targeted: true };

    let mut one = vec![ours::bare(plain), ours::by_handle(plain)?, ours::by_name(plain)?];
    one.extend(peers(plain, workload::one)?);
    let one = race("One experiment; by name means of 100", 10 * rounds, customers.len(), one);

    let mut aimed = vec![ours::bare(targeted), ours::by_name(targeted)?];
    aimed.extend(peers(targeted, workload::one)?);
    let aimed = race(
        "One of 100, each for an audience of three attributes, by name",
        10 * rounds,
        customers.len(),
        aimed,
    );

    let mut all = vec![ours::bare(plain), ours::by_handle(plain)?, ours::all(plain)?];
    all.extend(peers(plain, workload::all)?);
    let all = race("All 100 for one customer", rounds, customers.len(), all);

    let ratio = |table: &[race::Timed], name: &str| {
        table.iter().find(|line| line.name == name).map_or(f64::NAN, |line| line.ratio)
    };
    let (handle, name) = (ratio(&one, ours::BY_HANDLE), ratio(&one, ours::BY_NAME));
    let fastest =
        one.iter().filter(|line| !line.is_ours).map(|line| line.ratio).fold(f64::INFINITY, f64::min);
    let allocations: u64 = [&one, &aimed, &all]
        .iter()
        .flat_map(|table| table.iter())
        .filter(|line| line.is_ours)
        .map(|line| line.allocations)
        .sum();
    println!("\n| goal | found |\n| --- | --- |");
    println!("| by handle ≤ 2 × the bare hash | {handle:.2} |");
    println!("| by name ≤ 3 × | {name:.2} |");
    println!("| by name ≥ 5 × faster than the fastest other | {:.1} |", fastest / name);
    println!(
        "| one of 100 for an audience of three attributes ≤ 5 × | {:.2} |",
        ratio(&aimed, ours::BY_NAME)
    );
    println!("| all 100 ≤ 100 × by handle | {:.1} |", ratio(&all, ours::ALL) / ratio(&all, ours::BY_HANDLE));
    println!("| no allocation in any of ours | {allocations} |");
    Ok(())
}

/// The lines of the other libraries; `asked` says which experiments the n-th customer asks for.
fn peers<'a>(workload: Workload<'a>, asked: workload::Asked) -> Result<Vec<Line<'a>>, Box<dyn Error>> {
    Ok(vec![
        optimizely::line(workload, asked)?,
        eppo::line(workload, asked)?,
        unleash::line(workload, asked)?,
        growthbook::line(workload, asked)?,
    ])
}
