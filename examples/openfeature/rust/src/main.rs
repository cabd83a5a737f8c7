//! A service in Rust that asks for flags as it goes: `cargo run -- URL KEY`.

use std::error::Error;
use std::fmt::Debug;

use open_feature::{
    Client, EvaluationContext, EvaluationDetails, EvaluationResult, OpenFeature, StructValue, Value,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, key] = arguments.as_slice() else { return Err("usage: URL KEY".into()) };
    let bearer = HeaderValue::from_str(&format!("Bearer {key}"))?;
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
    let options =
        OfrepOptions { base_url: server.clone(), headers: headers.clone(), ..OfrepOptions::default() };
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(OfrepProvider::new(options).await?).await;
    let client = api.create_client();
    drop(api);

    for customer in ["r-1", "r-2", "qa-1"] {
        let context = context(customer).with_custom_field("days_since_order", 75);
        let context = Some(&context);
        show(
            "free_shipping",
            customer,
            "bool",
            client.get_bool_details("free_shipping", context, None).await,
        );
        show("banner", customer, "string", client.get_string_details("banner", context, None).await);
        show("percent", customer, "int", client.get_int_details("percent", context, None).await);
        show(
            "price_factor",
            customer,
            "float",
            client.get_float_details("price_factor", context, None).await,
        );
        show(
            "card",
            customer,
            "struct",
            fields(client.get_struct_details::<StructValue>("card", context, None).await),
        );
        show("checkout", customer, "string", client.get_string_details("checkout", context, None).await);
        show("upcoming", customer, "int", client.get_int_details("upcoming", context, None).await);
        show("settled", customer, "string", client.get_string_details("settled", context, None).await);
    }
    // Not at risk, so not in the audience.
    let recent = context("r-1").with_custom_field("days_since_order", 5);
    show("banner", "r-1", "string", client.get_string_details("banner", Some(&recent), None).await);
    wrong(&client).await;

    // The card was shown, and the customer ordered. This provider hands on no metadata: the flag's key is the
    // experiment's.
    let http = reqwest::Client::builder().default_headers(headers).build()?;
    let context = context("r-1").with_custom_field("days_since_order", 75);
    let shown = client
        .get_string_details("banner", Some(&context), None)
        .await
        .map_err(|error| format!("{error:?}"))?;
    let exposure = serde_json::json!({"id": "rust-1", "customer": "r-1", "experiment": "banner", "variant": shown.variant});
    send(&http, server, "exposures", &exposure).await?;
    let order = serde_json::json!({"id": "rust-1", "customer": "r-1", "event": "order", "value": 19.9});
    send(&http, server, "conversions", &order).await
}

fn context(customer: &str) -> EvaluationContext {
    EvaluationContext::default().with_targeting_key(customer)
}

/// What goes wrong is an error here, and the app takes its default.
async fn wrong(client: &Client) {
    let context = context("r-1");
    let known = Some(&context);
    show("percent", "r-1", "string", client.get_string_details("percent", known, None).await);
    show("nobody/knows this", "r-1", "int", client.get_int_details("nobody/knows this", known, None).await);
    let nobody = EvaluationContext::default();
    show("percent", "-", "int", client.get_int_details("percent", Some(&nobody), None).await);
}

/// One evaluation on a line.
fn show<T: Debug>(flag: &str, customer: &str, kind: &str, result: EvaluationResult<EvaluationDetails<T>>) {
    match result {
        Ok(EvaluationDetails { value, variant, reason, .. }) => {
            let (variant, reason) = (variant.unwrap_or_default(), reason.unwrap_or_default());
            println!("{flag} {customer} {kind} {value:?} {variant} {reason}");
        }
        Err(error) => println!("{flag} {customer} {kind} {:?}", error.code),
    }
}

/// The fields of an object in the order of their names.
fn fields(
    result: EvaluationResult<EvaluationDetails<StructValue>>,
) -> EvaluationResult<EvaluationDetails<Vec<(String, Value)>>> {
    result.map(|details| {
        let mut value: Vec<(String, Value)> = details.value.fields.into_iter().collect();
        value.sort_by(|one, other| one.0.cmp(&other.0));
        let EvaluationDetails { flag_key, reason, variant, flag_metadata, .. } = details;
        EvaluationDetails { flag_key, value, reason, variant, flag_metadata }
    })
}

/// What a customer met and did: OpenFeature evaluates flags and reports nothing by itself.
async fn send(
    http: &reqwest::Client,
    server: &str,
    path: &str,
    fact: &serde_json::Value,
) -> Result<(), Box<dyn Error>> {
    let request = http.post(format!("{server}/v1/{path}")).header("content-type", "application/json");
    let answer = request.body(fact.to_string()).send().await?.error_for_status()?.text().await?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let count = |name: &str| format!("{} {name}", answer[name]);
    println!("{path}: {}, {}, {}", count("accepted"), count("duplicates"), count("rejected"));
    Ok(())
}
