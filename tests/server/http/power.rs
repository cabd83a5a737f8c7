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
    assert_eq!((&sized["customers_control"], &sized["customers_variant"]), (&json!(3841.0), &json!(3841.0)));
    assert_eq!(
        (&sized["power"], &sized["alpha"], &sized["sides"]),
        (&json!(0.8), &json!(0.05), &json!(2)),
        "the defaults"
    );
    let absolute = sized["effect"].as_f64().unwrap();
    assert!((absolute - 0.02).abs() < 1e-12, "{absolute}");
    let powered =
        plan(&served, json!({"metric": "proportion", "baseline": 0.1, "effect": 0.02, "customers": 3841}));
    let power = powered["power"].as_f64().unwrap();
    assert!((power - 0.800_015_577_809_418_5).abs() < 1e-9, "{power}");
    let seen = plan(&served, json!({"metric": "proportion", "baseline": 0.1, "customers": 3841}));
    let effect = seen["effect"].as_f64().unwrap();
    assert!((effect - 0.02).abs() < 1e-5, "{effect}");
}

#[test]
fn means_ratios_and_sides() {
    let served = Served::start();
    // Cohen (1988): 64 an arm show half a standard deviation with power 0.8.
    let mean = |more: Value| {
        let mut body = json!({"metric": "mean", "mean": 10, "variance": 1, "effect": {"absolute": 0.5}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let planned = plan(&served, body);
        (planned["customers_control"].as_f64().unwrap(), planned["customers_variant"].as_f64().unwrap())
    };
    assert_eq!(mean(json!({})), (64.0, 64.0));
    let (control, variant) = mean(json!({"ratio": 2}));
    assert!(control < 64.0 && variant > 64.0, "{control} {variant}");
    assert!(mean(json!({"sides": "one"})).0 < 64.0);
    assert_eq!(mean(json!({"sides": 1})), mean(json!({"sides": "one", "effect": {"relative": -0.05}})));
}

#[test]
fn wrong_plans_are_explained() {
    let served = Served::start();
    let wrong = |body: Value| -> Vec<String> {
        let problem = served.post("/v1/power", &body.to_string()).problem(422, "invalid-request");
        let errors = problem["errors"].as_array().unwrap().iter();
        errors.map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    let proportion = |more: Value| {
        let mut body = json!({"metric": "proportion", "baseline": 0.1, "effect": 0.02});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        wrong(body)
    };
    assert_eq!(wrong(json!({})), ["metric", "baseline"]);
    assert_eq!(proportion(json!({"metric": "median"})), ["metric"]);
    assert_eq!(proportion(json!({"baseline": 1.5})), ["baseline"]);
    assert_eq!(proportion(json!({"effect": null})), ["effect"]);
    assert_eq!(proportion(json!({"effect": 0})), ["effect"], "no sample shows it");
    assert_eq!(proportion(json!({"effect": {"absolute": 0.1, "relative": 1}})), ["effect.absolute"]);
    assert_eq!(proportion(json!({"effect": {"relativ": 1}})), ["effect.absolute", "effect.relativ"]);
    assert_eq!(proportion(json!({"metric": "mean"})), ["variance"]);
    assert_eq!(proportion(json!({"customers": 100, "power": 0.8})), ["effect"], "all three");
    assert_eq!(proportion(json!({"alpha": "0.05", "sides": 3, "powr": 0.9})), ["alpha", "sides", "powr"]);
}
