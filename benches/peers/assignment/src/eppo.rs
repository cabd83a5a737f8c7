//! eppo_core: flags with one allocation each.

use std::error::Error;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

use chrono::Utc;
use eppo_core::eval::get_assignment;
use eppo_core::ufc::{AssignmentValue, UniversalFlagConfig};
use eppo_core::{Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, Value, json};

use crate::ours::checked;
use crate::race::Line;
use crate::workload::{self, AGE, Asked, COUNTRIES, Customer, PLAN, Workload};

pub fn line<'a>(workload: Workload<'a>, asked: Asked) -> Result<Line<'a>, Box<dyn Error>> {
    let (names, configuration, now) = (workload::names(), configuration(workload)?, Utc::now());
    let known: Vec<(Str, Arc<Attributes>)> = workload
        .customers
        .iter()
        .map(|customer| (Str::from(customer.id.as_str()), Arc::new(attributes(customer, workload))))
        .collect();
    let run = move |customers: Range<usize>| {
        let gets = |n: usize| {
            let (id, attributes) = &known[n];
            let treated = |name: &String| {
                let found = get_assignment(Some(&configuration), black_box(name), id, attributes, None, now);
                let value = found.ok().flatten().map(|assignment| assignment.value);
                matches!(value, Some(AssignmentValue::String(value)) if value.as_str() == "treatment")
            };
            names[asked(n)].iter().filter(|name| treated(name)).count()
        };
        customers.map(gets).sum()
    };
    let line = Line { name: "eppo_core", is_ours: false, decisions: asked(0).len(), run: Box::new(run) };
    checked(line, workload, asked)
}

fn configuration(workload: Workload<'_>) -> Result<Configuration, Box<dyn Error>> {
    let rules = if workload.targeted {
        json!([{"conditions": [
            {"attribute": "country", "operator": "ONE_OF", "value": COUNTRIES},
            {"attribute": "plan", "operator": "ONE_OF", "value": [PLAN]},
            {"attribute": "age", "operator": "GTE", "value": AGE},
        ]}])
    } else {
        json!([])
    };
    let flag = |name: String| {
        let split = |variation: &str, start: u32, end: u32| json!({"variationKey": variation, "shards": [{"salt": name, "ranges": [{"start": start, "end": end}]}]});
        let splits = json!([split("control", 0, 5_000), split("treatment", 5_000, 10_000)]);
        let flag = json!({
            "key": name, "enabled": true, "variationType": "STRING", "totalShards": 10_000,
            "variations": {
                "control": {"key": "control", "value": "control"},
                "treatment": {"key": "treatment", "value": "treatment"},
            },
            "allocations": [{"key": "all", "rules": rules, "doLog": true, "splits": splits}],
        });
        (name.clone(), flag)
    };
    let flags: Map<String, Value> = workload::names().into_iter().map(flag).collect();
    let text = json!({
        "createdAt": "2026-01-01T00:00:00.000Z", "format": "SERVER", "environment": {"name": "bench"}, "flags": flags,
    });
    let metadata = SdkMetadata { name: "bench", version: "1" };
    let flags = UniversalFlagConfig::from_json(metadata, serde_json::to_vec(&text)?)?;
    Ok(Configuration::from_server_response(flags, None))
}

fn attributes(customer: &Customer, workload: Workload<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    if workload.targeted {
        attributes.insert("country".into(), customer.country.into());
        attributes.insert("plan".into(), customer.plan.into());
        attributes.insert("age".into(), f64::from(customer.age).into());
    }
    attributes
}
