//! A service that assigns in its own process, from definitions that it polls, and reports who met what:
//! `cargo run --example assign_from_bundle -- http://127.0.0.1:8016 < questions.txt`, where each line of
//! `questions.txt` is `EXPERIMENT CUSTOMER`, and maybe attributes behind: `winback c-42 {"plan": "basic"}`.
//!
//! Answering a question asks nobody. Without the server it goes on with the definitions it has, and keeps its
//! exposures until somebody takes them. The key of `EXPERIMENT_KEY`, if any, is sent along.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, stdin};
use std::time::{Duration, Instant};

use experiment_core::assignment::{Bundle, CompiledExperiment, Customer, Snapshot, assign};
use serde_json::{Map, Value, json};
use ureq::http::{Request, Response};

/// How old definitions may be.
const POLL_EVERY: Duration = Duration::from_secs(10);
/// How many exposures are reported at once.
const BATCH: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8016".to_owned());
    let mut service = Service::new(&server, std::env::var("EXPERIMENT_KEY").ok());
    service.poll()?;
    let mut polled = Instant::now();
    for line in stdin().lock().lines() {
        if polled.elapsed() > POLL_EVERY {
            if let Err(error) = service.poll() {
                eprintln!("old definitions stay in force: {error}");
            }
            polled = Instant::now();
        }
        let line = line?;
        let mut parts = line.splitn(3, ' ');
        let (Some(experiment), Some(customer)) = (parts.next(), parts.next()) else { continue };
        let attributes = parts.next().map_or_else(|| Ok(Map::new()), serde_json::from_str)?;
        match service.variant(experiment, customer, attributes) {
            Some((variant, payload)) => println!("{experiment} {customer} {variant} {payload}"),
            None => println!("{experiment} {customer} none"),
        }
        if service.exposures.len() >= BATCH
            && let Err(error) = service.report()
        {
            eprintln!("exposures are kept: {error}");
        }
    }
    service.report()
}

/// What such a service holds.
struct Service {
    server: String,
    key: Option<String>,
    agent: ureq::Agent,
    /// Names the definitions it has.
    etag: String,
    snapshot: Snapshot,
    /// The variant (by index) that a customer has met of an experiment. Theirs stays, whatever changes; a real
    /// service keeps this where it keeps its customers.
    met: HashMap<(String, String), usize>,
    /// What the server has not taken yet.
    exposures: Vec<Value>,
}

impl Service {
    fn new(server: &str, key: Option<String>) -> Service {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)));
        Service {
            server: server.to_owned(),
            key,
            agent: config.build().into(),
            etag: String::new(),
            snapshot: Snapshot::default(),
            met: HashMap::new(),
            exposures: Vec::new(),
        }
    }

    /// Fetches the definitions if they have changed; says whether they had.
    fn poll(&mut self) -> Result<bool, Box<dyn Error>> {
        let mut answer = self.send("GET", "/v1/definitions", ("if-none-match", &self.etag), String::new())?;
        if answer.status() == 304 {
            return Ok(false);
        }
        let text = answer.body_mut().with_config().limit(1 << 30).read_to_vec()?;
        if answer.status() != 200 {
            return Err(String::from_utf8_lossy(&text).into());
        }
        // Only once all of it can be used.
        self.snapshot = Bundle::read(&text)?.compile()?;
        self.etag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or("").to_owned();
        Ok(true)
    }

    /// The variant that a customer gets, with its payload; `None` where everything is as without experiment.
    fn variant(
        &mut self,
        experiment: &str,
        customer: &str,
        attributes: Map<String, Value>,
    ) -> Option<(&str, &Value)> {
        let compiled = self.snapshot.get(experiment)?;
        let met = &self.met;
        let memory = |asked: &CompiledExperiment| {
            met.get(&(asked.experiment().key.clone(), customer.to_owned())).copied()
        };
        let decision = assign(compiled, Customer::new(customer).with_attributes(&attributes), &memory);
        let index = decision.variant()?;
        let variant = compiled.experiment().variants.get(index)?;
        // QA lists and winners are nobody's exposure.
        let pair = (experiment.to_owned(), customer.to_owned());
        if decision.is_analysed() && self.met.insert(pair, index).is_none() {
            self.exposures.push(json!({
                // Sent again, it is known by this.
                "id": "service",
                "customer": customer,
                "experiment": experiment,
                "variant": variant.key,
                "at": jiff::Timestamp::now().to_string(),
                "attributes": attributes,
            }));
        }
        Some((&variant.key, &variant.payload))
    }

    /// Hands the exposures over; those that the server has taken are forgotten.
    fn report(&mut self) -> Result<(), Box<dyn Error>> {
        while !self.exposures.is_empty() {
            let batch: Vec<&Value> = self.exposures.iter().take(BATCH).collect();
            let sent = batch.len();
            let body = json!({"events": batch}).to_string();
            let mut answer =
                self.send("POST", "/v1/exposures", ("content-type", "application/json"), body)?;
            let text = answer.body_mut().read_to_string()?;
            if answer.status() != 200 {
                return Err(text.into());
            }
            let taken: Value = serde_json::from_str(&text)?;
            for error in taken["errors"].as_array().into_iter().flatten() {
                eprintln!("not taken: {error}");
            }
            self.exposures.drain(..sent);
        }
        Ok(())
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        (name, value): (&str, &str),
        body: String,
    ) -> Result<Response<ureq::Body>, Box<dyn Error>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        request = request.header(name, value);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        Ok(match method {
            "GET" => self.agent.run(request.body(())?)?,
            _ => self.agent.run(request.body(body)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use experiment_server::http::Server;
    use experiment_server::settings::Settings;

    use super::*;

    const WINBACK: &str = "
key: winback
variants: [{key: control}, {key: discount, payload: {percent: 20}}]
overrides: {discount: [qa-1]}
dimensions: [plan]
metrics: [{key: kept, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}]
plan: {target: {customers_per_arm: 20000}}
";

    fn call(server: &Server, method: &str, path: &str, body: &str) -> Value {
        let service = Service::new(server.url(), None);
        let header = ("content-type", "application/yaml");
        let mut answer = service.send(method, path, header, body.to_owned()).unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    #[test]
    fn it_decides_by_itself_and_the_server_counts() {
        let data = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(data.path());
        settings.listen = "127.0.0.1:0".to_owned();
        let server = Server::start(settings).unwrap();
        let mut service = Service::new(server.url(), None);
        assert!(service.poll().unwrap());
        assert_eq!(service.variant("winback", "c-1", Map::new()), None);
        call(&server, "POST", "/v1/experiments", WINBACK);
        call(&server, "POST", "/v1/experiments/winback/start", "");
        assert!(service.poll().unwrap());
        assert!(!service.poll().unwrap());

        let basic = || json!({"plan": "basic"}).as_object().unwrap().clone();
        let mut counts = [0, 0];
        for n in 0..200 {
            let customer = format!("c-{n}");
            let (variant, payload) = service.variant("winback", &customer, basic()).unwrap();
            let percent = (variant == "discount").then_some(20);
            assert_eq!(payload.get("percent").and_then(Value::as_u64), percent);
            counts[usize::from(variant == "discount")] += 1;
        }
        service.variant("winback", "c-1", basic()).unwrap();
        assert_eq!(service.variant("winback", "qa-1", Map::new()).unwrap().0, "discount");
        assert_eq!(service.exposures.len(), 200);
        let unsent = service.exposures.clone();
        service.report().unwrap();
        // As if the answer had been lost.
        service.exposures = unsent;
        service.report().unwrap();
        let results = call(&server, "GET", "/v1/experiments/winback/results?fresh", "");
        assert_eq!(results["variants"][0], json!({"variant": "control", "customers": counts[0]}));
        assert_eq!(results["variants"][1], json!({"variant": "discount", "customers": counts[1]}));
        assert_eq!(results["dimensions"][0]["value"], "basic");

        // Who has met a variant keeps it when nobody enters any more; new customers get none.
        let before = service.variant("winback", "c-1", Map::new()).unwrap().0.to_owned();
        let etag = call(&server, "GET", "/v1/experiments/winback", "")["etag"].clone();
        let header = ("if-match", etag.as_str().unwrap());
        let closed = format!("traffic: 0\n{WINBACK}");
        assert_eq!(service.send("PUT", "/v1/experiments/winback", header, closed).unwrap().status(), 200);
        assert!(service.poll().unwrap());
        assert_eq!(service.variant("winback", "c-1", Map::new()).unwrap().0, before);
        assert_eq!(service.variant("winback", "c-200", Map::new()), None);
        server.stop().unwrap();
        // Without the server it goes on.
        assert!(service.poll().is_err());
        assert_eq!(service.variant("winback", "c-1", Map::new()).unwrap().0, before);
    }
}
