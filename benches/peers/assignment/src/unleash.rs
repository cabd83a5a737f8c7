//! unleash-yggdrasil: features with one gradual rollout that has two variants.

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::ops::Range;

use serde_json::{Value, json};
use unleash_yggdrasil::{Context, EngineState};

use crate::ours::checked;
use crate::race::Line;
use crate::workload::{self, AGE, Asked, COUNTRIES, Customer, PLAN, Workload};

pub fn line<'a>(workload: Workload<'a>, asked: Asked) -> Result<Line<'a>, Box<dyn Error>> {
    let (names, engine) = (workload::names(), engine(workload)?);
    let known: Vec<Context> = workload.customers.iter().map(|customer| context(customer, workload)).collect();
    let run = move |customers: Range<usize>| {
        let gets = |n: usize| {
            let context = &known[n];
            let treated =
                |name: &String| engine.get_variant(black_box(name), context, &None).name == "treatment";
            names[asked(n)].iter().filter(|name| treated(name)).count()
        };
        customers.map(gets).sum()
    };
    let line =
        Line { name: "unleash-yggdrasil", is_ours: false, decisions: asked(0).len(), run: Box::new(run) };
    checked(line, workload, asked)
}

fn engine(workload: Workload<'_>) -> Result<EngineState, Box<dyn Error>> {
    let constraints = if workload.targeted {
        json!([
            {"contextName": "country", "operator": "IN", "values": COUNTRIES},
            {"contextName": "plan", "operator": "IN", "values": [PLAN]},
            {"contextName": "age", "operator": "NUM_GTE", "value": AGE.to_string()},
        ])
    } else {
        json!([])
    };
    let feature = |name: String| {
        let variant = |variant: &str| json!({"name": variant, "weight": 500, "stickiness": "userId"});
        json!({"name": name, "enabled": true, "strategies": [{
            "name": "flexibleRollout", "constraints": constraints,
            "parameters": {"rollout": "100", "stickiness": "userId", "groupId": name},
            "variants": [variant("control"), variant("treatment")],
        }]})
    };
    let features: Vec<Value> = workload::names().into_iter().map(feature).collect();
    let engine = EngineState::default();
    match engine.apply_client_features(serde_json::from_value(json!({"version": 2, "features": features}))?) {
        None => Ok(engine),
        Some(warnings) => Err(format!("{} features could not be compiled", warnings.len()).into()),
    }
}

fn context(customer: &Customer, workload: Workload<'_>) -> Context {
    let known = |(name, value): (&str, String)| (name.to_owned(), value);
    let properties = [
        ("country", customer.country.to_owned()),
        ("plan", customer.plan.to_owned()),
        ("age", customer.age.to_string()),
    ];
    let properties: HashMap<String, String> = properties.into_iter().map(known).collect();
    Context {
        user_id: Some(customer.id.clone()),
        session_id: None,
        environment: None,
        app_name: None,
        current_time: None,
        remote_address: None,
        properties: workload.targeted.then_some(properties),
    }
}
