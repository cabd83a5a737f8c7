//! Ours, and the bare hash.

use std::error::Error;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

use experiment_core::assignment::{CompiledExperiment, Customer, NoMemory, Snapshot, assign, assign_all};
use experiment_core::definition::{Experiment, Status};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::race::Line;
use crate::workload::{self, AGE, COUNTRIES, EXPERIMENTS, PLAN, Workload};

/// A customer's id and attributes.
type Known<'a> = (&'a str, Option<Map<String, Value>>);

pub const BY_HANDLE: &str = "ours, by handle";
pub const BY_NAME: &str = "ours, by name";
pub const ALL: &str = "ours, all in one call";

/// Salt and id put together in a buffer and hashed, and nothing else.
pub fn bare(workload: Workload<'_>) -> Line<'_> {
    let salt = workload::names().swap_remove(EXPERIMENTS / 2);
    let run = move |customers: Range<usize>| {
        let hash = |customer: &workload::Customer| bare_hash(black_box(&salt), black_box(&customer.id));
        workload.customers[customers].iter().fold(0, |sum: u64, customer| sum.wrapping_add(hash(customer)))
            as usize
    };
    line("bare XXH3-64 of salt and id", 1, run)
}

fn bare_hash(salt: &str, id: &str) -> u64 {
    let mut buffer = [0; 128];
    let (salt, id) = (salt.as_bytes(), id.as_bytes());
    let total = salt.len() + id.len();
    buffer[..salt.len()].copy_from_slice(salt);
    buffer[salt.len()..total].copy_from_slice(id);
    xxh3_64(&buffer[..total])
}

pub fn by_handle(workload: Workload<'_>) -> Result<Line<'_>, Box<dyn Error>> {
    let snapshot = snapshot(workload)?;
    let name = workload::names().swap_remove(EXPERIMENTS / 2);
    snapshot.get(&name).ok_or("the experiment is there")?;
    let run = move |customers: Range<usize>| {
        // Looked up once for all customers.
        let Some(experiment) = snapshot.get(&name) else { return 0 };
        let gets = |customer: &workload::Customer| second(experiment, Customer::new(black_box(&customer.id)));
        workload.customers[customers].iter().map(gets).sum()
    };
    checked(line(BY_HANDLE, 1, run), workload, workload::one)
}

pub fn by_name(workload: Workload<'_>) -> Result<Line<'_>, Box<dyn Error>> {
    let (snapshot, names) = (snapshot(workload)?, workload::names());
    let known: Vec<Known<'_>> = workload
        .customers
        .iter()
        .map(|customer| (customer.id.as_str(), attributes(customer, workload)))
        .collect();
    let run = move |customers: Range<usize>| {
        let gets = |n: usize| {
            let (id, attributes) = &known[n];
            let mut customer = Customer::new(black_box(id));
            if let Some(attributes) = attributes {
                customer = customer.with_attributes(attributes);
            }
            let name = &names[workload::one(n).start];
            snapshot.get(black_box(name)).map_or(0, |experiment| second(experiment, customer))
        };
        customers.map(gets).sum()
    };
    checked(line(BY_NAME, 1, run), workload, workload::one)
}

pub fn all(workload: Workload<'_>) -> Result<Line<'_>, Box<dyn Error>> {
    let snapshot = snapshot(workload)?;
    let run = move |customers: Range<usize>| {
        let gets = |customer: &workload::Customer| {
            let decisions = assign_all(&snapshot, Customer::new(black_box(&customer.id)), &NoMemory);
            decisions.map(|(_, decision)| usize::from(decision.variant() == Some(1))).sum::<usize>()
        };
        workload.customers[customers].iter().map(gets).sum()
    };
    checked(line(ALL, EXPERIMENTS, run), workload, workload::all)
}

#[inline]
fn second(experiment: &CompiledExperiment, customer: Customer<'_>) -> usize {
    usize::from(assign(black_box(experiment), customer, &NoMemory).variant() == Some(1))
}

fn snapshot(workload: Workload<'_>) -> Result<Snapshot, Box<dyn Error>> {
    let experiment = |name: String| {
        let mut definition = json!({"key": name, "variants": [{"key": "control"}, {"key": "treatment"}]});
        if workload.targeted {
            definition["audience"] =
                json!({"country": {"$in": COUNTRIES}, "plan": PLAN, "age": {"$gte": AGE}});
        }
        Ok((Arc::new(Experiment::parse(definition)?), Status::Running, 1, None))
    };
    let experiments: Result<Vec<_>, Box<dyn Error>> = workload::names().into_iter().map(experiment).collect();
    Ok(Snapshot::new(&experiments?)?)
}

fn attributes(customer: &workload::Customer, workload: Workload<'_>) -> Option<Map<String, Value>> {
    let attributes = json!({"country": customer.country, "plan": customer.plan, "age": customer.age});
    attributes.as_object().filter(|_| workload.targeted).cloned()
}

fn line<'a>(name: &'static str, decisions: usize, run: impl Fn(Range<usize>) -> usize + 'a) -> Line<'a> {
    Line { name, is_ours: true, decisions, run: Box::new(run) }
}

/// A line that gives half of the eligible the treatment; any other would compare something else.
pub fn checked<'a>(
    line: Line<'a>,
    workload: Workload<'_>,
    asked: workload::Asked,
) -> Result<Line<'a>, Box<dyn Error>> {
    let eligible = workload.eligible(asked);
    let (treated, half) = ((line.run)(0..workload.customers.len()) as f64, eligible as f64 / 2.0);
    // Six standard deviations.
    if (treated - half).abs() > 3.0 * (eligible as f64).sqrt() {
        return Err(format!("{}: {treated} of {eligible} eligible get the treatment", line.name).into());
    }
    Ok(line)
}
