//! `POST /v1/power`. The numbers themselves are the library's; here, that the right ones are asked for.

use serde_json::{Value, json};

use super::under_test::Served;

fn plan(served: &Served, body: Value) -> Value {
    let answer = served.post("/v1/power", &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[test]
fn two_of_effect_customers_and_power_give_the_third() {
    let served = Served::start();
    let sized = plan(&served, json!({"metric": "proportion", "baseline": 0.1, "effect": {"relative": 0.2}}));
    // Fleiss, Levin and Paik (2003), eq. 4.14: 0.1 against 0.12 at 0.05, two-sided, power 0.8.
    assert_eq!(sized["customers"], json!({"control": 3841, "variant": 3841, "total": 7682}));
    assert_eq!((&sized["method"], &sized["sides"]), (&json!("pooled_z"), &json!("two")));
    assert_eq!((&sized["alpha"], &sized["power"]), (&json!(0.05), &json!(0.8)));
    let powered = plan(
        &served,
        json!({"metric": "proportion", "baseline": 0.1, "effect": {"absolute": 0.02}, "customers_per_arm": 3841}),
    );
    let power = powered["power"].as_f64().unwrap();
    assert!((power - 0.800_015_577_809_418_5).abs() < 1e-9, "{power}");
    let seen = plan(&served, json!({"metric": "proportion", "baseline": 0.1, "customers_per_arm": 3841}));
    let effect = seen["effect"]["absolute"].as_f64().unwrap();
    assert!((effect - 0.02).abs() < 1e-5, "{effect}");
}

#[test]
fn means_ratios_and_sides() {
    let served = Served::start();
    // Cohen (1988): 64 an arm show half a standard deviation with power 0.8.
    let sized = plan(&served, json!({"metric": "mean", "variance": 1, "effect": {"absolute": 0.5}}));
    assert_eq!(sized["customers"]["control"], 64);
    assert_eq!(sized["effect"], json!({"absolute": 0.5}), "no mean, no relative effect");
    let uneven =
        plan(&served, json!({"metric": "mean", "variance": 1, "effect": {"absolute": 0.5}, "ratio": 2}));
    let (control, variant) = (&uneven["customers"]["control"], &uneven["customers"]["variant"]);
    assert!(control.as_u64().unwrap() < 64 && variant.as_u64().unwrap() > 64, "{uneven}");
    let one_sided = plan(
        &served,
        json!({"metric": "mean", "mean": 10, "variance": 1, "effect": {"relative": -0.05}, "sides": "one"}),
    );
    assert!(one_sided["customers"]["control"].as_u64().unwrap() < 64, "{one_sided}");
    assert_eq!(one_sided["effect"]["absolute"], -0.5);
}

#[test]
fn wrong_plans_are_explained() {
    let served = Served::start();
    let wrong = |body: Value| -> Vec<String> {
        let problem = served.post("/v1/power", &body.to_string()).problem(422, "invalid-request");
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(wrong(json!({})), ["metric", "effect"]);
    assert_eq!(wrong(json!({"metric": "median", "effect": {"absolute": 1}})), ["metric"]);
    assert_eq!(
        wrong(json!({"metric": "proportion", "baseline": 1.5, "effect": {"absolute": 1}})),
        ["baseline"]
    );
    assert_eq!(wrong(json!({"metric": "mean", "effect": {"absolute": 1}})), ["variance"]);
    assert_eq!(
        wrong(json!({"metric": "mean", "variance": 1, "effect": {"relative": 1}})),
        ["effect.relative"],
        "nothing to be relative to"
    );
    let both = json!({"metric": "mean", "variance": 1, "effect": {"absolute": 1, "relative": 1}, "mean": 1});
    assert_eq!(wrong(both), ["effect.absolute"]);
    let odd = json!({"metric": "mean", "variance": 1, "effect": {"absolute": 1}, "sides": 3, "alpha": 2, "powr": 0.9});
    assert_eq!(wrong(odd), ["alpha", "sides", "powr"]);
    // Well-formed, and no sample shows it.
    assert_eq!(wrong(json!({"metric": "mean", "variance": 1, "effect": {"absolute": 0}})), [""]);
}
