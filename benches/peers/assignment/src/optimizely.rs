//! optimizely: flags with one experiment each; sending of decisions is switched off.

use std::error::Error;
use std::hint::black_box;
use std::ops::Range;

use optimizely::client::UserContext;
use optimizely::{AttributeValue, Client, DecideOptions};
use serde_json::{Value, json};

use crate::ours::checked;
use crate::race::Line;
use crate::workload::{self, AGE, Asked, COUNTRIES, Customer, PLAN, Workload};

pub fn line<'a>(workload: Workload<'a>, asked: Asked) -> Result<Line<'a>, Box<dyn Error>> {
    // Contexts borrow the client, which so lives until the program ends.
    let (names, client) = (workload::names(), &*Box::leak(Box::new(client(workload)?)));
    let known: Vec<UserContext<'_>> =
        workload.customers.iter().map(|customer| context(client, customer, workload)).collect();
    let options = DecideOptions { disable_decision_event: true, ..Default::default() };
    let run = move |customers: Range<usize>| {
        let gets = |n: usize| {
            let context = &known[n];
            let treated = |name: &String| {
                context.decide_with_options(black_box(name), &options).variation_key() == "treatment"
            };
            names[asked(n)].iter().filter(|name| treated(name)).count()
        };
        customers.map(gets).sum()
    };
    let line = Line { name: "optimizely", is_ours: false, decisions: asked(0).len(), run: Box::new(run) };
    checked(line, workload, asked)
}

fn client(workload: Workload<'_>) -> Result<Client, Box<dyn Error>> {
    let audiences = if workload.targeted { json!(["audience"]) } else { json!([]) };
    let experiment = |(n, name): (usize, String)| {
        let variation = |key: &str| json!({"id": format!("{key}-{n}"), "key": key, "featureEnabled": true, "variables": []});
        let end = |key: &str, end: u32| json!({"entityId": format!("{key}-{n}"), "endOfRange": end});
        json!({
            "id": format!("experiment-{n}"), "key": name, "layerId": format!("layer-{n}"), "status": "Running",
            "audienceIds": audiences, "forcedVariations": {},
            "trafficAllocation": [end("control", 5_000), end("treatment", 10_000)],
            "variations": [variation("control"), variation("treatment")],
        })
    };
    let flag = |(n, name): (usize, String)| {
        let experiments = [format!("experiment-{n}")];
        json!({"id": format!("flag-{n}"), "key": name, "rolloutId": "", "experimentIds": experiments, "variables": []})
    };
    let is = |kind: &str, name: &str, value: Value| json!({"match": kind, "name": name, "type": "custom_attribute", "value": value});
    let countries: Vec<Value> =
        COUNTRIES.iter().map(|country| is("exact", "country", json!(country))).collect();
    let conditions = json!([
        "and",
        ["or", ["or", countries[0], countries[1], countries[2]]],
        ["or", ["or", is("exact", "plan", json!(PLAN))]],
        ["or", ["or", is("ge", "age", json!(AGE))]],
    ]);
    let attributes = ["country", "plan", "age"];
    let attributes = attributes.map(|name| json!({"id": format!("attribute-{name}"), "key": name}));
    let experiments: Vec<Value> = workload::names().into_iter().enumerate().map(experiment).collect();
    let flags: Vec<Value> = workload::names().into_iter().enumerate().map(flag).collect();
    let datafile = json!({
        "version": "4", "accountId": "1", "projectId": "1", "environmentKey": "bench", "sdkKey": "bench", "revision": "1",
        "botFiltering": false, "anonymizeIP": true, "sendFlagDecisions": true, "groups": [], "events": [], "audiences": [],
        "rollouts": [], "attributes": attributes,
        "typedAudiences": [{"id": "audience", "name": "audience", "conditions": conditions}],
        "experiments": experiments, "featureFlags": flags,
    });
    Ok(Client::from_string(datafile.to_string())?.initialize())
}

fn context<'a>(client: &'static Client, customer: &'a Customer, workload: Workload<'_>) -> UserContext<'a> {
    let mut context = client.create_user_context(&customer.id);
    if workload.targeted {
        context.set_attribute("country", AttributeValue::String(customer.country.to_owned()));
        context.set_attribute("plan", AttributeValue::String(customer.plan.to_owned()));
        context.set_attribute("age", AttributeValue::Integer(customer.age.into()));
    }
    context
}
