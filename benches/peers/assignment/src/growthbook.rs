//! growthbook-rust: features with one experiment rule each.

use std::error::Error;
use std::hint::black_box;
use std::ops::Range;

use growthbook_rust::growthbook::GrowthBook;
use growthbook_rust::model_public::{GrowthBookAttribute, GrowthBookAttributeValue};
use serde_json::{Map, Value, json};

use crate::ours::checked;
use crate::race::Line;
use crate::workload::{self, AGE, Asked, COUNTRIES, Customer, PLAN, Workload};

pub fn line<'a>(workload: Workload<'a>, asked: Asked) -> Result<Line<'a>, Box<dyn Error>> {
    let (names, growthbook) = (workload::names(), growthbook(workload)?);
    let known: Vec<Option<Vec<GrowthBookAttribute>>> =
        workload.customers.iter().map(|customer| Some(attributes(customer, workload))).collect();
    let run = move |customers: Range<usize>| {
        let gets = |n: usize| {
            let attributes = &known[n];
            let treated = |name: &String| growthbook.check(black_box(name), attributes).value == "treatment";
            names[asked(n)].iter().filter(|name| treated(name)).count()
        };
        customers.map(gets).sum()
    };
    let line =
        Line { name: "growthbook-rust", is_ours: false, decisions: asked(0).len(), run: Box::new(run) };
    checked(line, workload, asked)
}

fn growthbook(workload: Workload<'_>) -> Result<GrowthBook, Box<dyn Error>> {
    let feature = |name: String| {
        let mut rule = json!({
            "key": name, "seed": name, "hashAttribute": "id", "hashVersion": 2, "coverage": 1.0,
            "variations": ["control", "treatment"], "weights": [0.5, 0.5],
        });
        if workload.targeted {
            rule["condition"] = json!({"country": {"$in": COUNTRIES}, "plan": PLAN, "age": {"$gte": AGE}});
        }
        (name, json!({"defaultValue": "none", "rules": [rule]}))
    };
    let features: Map<String, Value> = workload::names().into_iter().map(feature).collect();
    Ok(GrowthBook {
        forced_variations: None,
        features: serde_json::from_value(features.into())?,
        attributes: None,
        sticky_bucket_service: None,
        saved_groups: Default::default(),
    })
}

fn attributes(customer: &Customer, workload: Workload<'_>) -> Vec<GrowthBookAttribute> {
    let text = |text: &str| GrowthBookAttributeValue::String(text.to_owned());
    let attribute = |name: &str, value| GrowthBookAttribute::new(name.to_owned(), value);
    let mut attributes = vec![attribute("id", text(&customer.id))];
    if workload.targeted {
        attributes.push(attribute("country", text(customer.country)));
        attributes.push(attribute("plan", text(customer.plan)));
        attributes.push(attribute("age", GrowthBookAttributeValue::Int(customer.age.into())));
    }
    attributes
}
