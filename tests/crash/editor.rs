//! A client that changes definitions and takes experiments through their lives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use experiment_server::client::{Answer, Client};
use experiment_tests::random::Random;
use serde_json::{Value, json};

use super::fact::{DRAWN, MET, VARIANTS};
use super::findings::{Findings, Wrong};

/// Most versions of the definition that is changed, and most experiments that live and end.
const MOST: usize = 400;
/// What an experiment goes through, in this order.
pub(crate) const STAGES: [&str; 5] = ["draft", "running", "stopped", "concluded", "archived"];

/// What the editor was told.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Versions of [`DRAWN`] that were acknowledged: 1, 2, ….
    pub(crate) versions: usize,
    /// Experiments by number, and how many of [`STAGES`] each has reached for sure; 0: not created.
    pub(crate) stages: Vec<usize>,
}

impl Changes {
    /// How much was acknowledged: versions, creations and steps.
    pub(crate) fn acknowledged(&self) -> usize {
        // Of DRAWN and MET the starts, and MET itself.
        let always = if self.versions > 0 { 3 } else { 0 };
        self.versions + always + self.stages.iter().sum::<usize>()
    }
}

/// The editor in one life of the server.
pub(crate) struct Editor<'a> {
    pub(crate) client: Client,
    pub(crate) changes: &'a mut Changes,
    pub(crate) findings: &'a Findings,
    pub(crate) random: Random,
    pub(crate) over: &'a AtomicBool,
}

/// The server does not answer any more.
struct Gone;

impl Editor<'_> {
    /// Makes what the writers need; `false` when the server is gone.
    pub(crate) fn prepare(&mut self) -> bool {
        self.try_prepare().is_ok()
    }

    fn try_prepare(&mut self) -> Result<(), Gone> {
        for (key, document) in [(MET, met()), (DRAWN, drawn(1))] {
            if self.get(&format!("/v1/experiments/{key}"))?.status == 404 {
                if self.changes.versions > 0 {
                    self.findings.add(Wrong::Lost, format!("the experiment {key}"));
                }
                self.post("/v1/experiments", &document, &[201])?;
            }
            self.post(&format!("/v1/experiments/{key}/start"), &json!({}), &[200])?;
        }
        self.changes.versions = self.changes.versions.max(1);
        Ok(())
    }

    /// Works until the server is gone or the clients shall end.
    pub(crate) fn work(mut self) {
        // Gone is how it ends.
        let _ = self.check().and_then(|()| self.go_on());
    }

    /// What was acknowledged stands; the one change that was under way is there or not.
    fn check(&mut self) -> Result<(), Gone> {
        let answer = self.get(&format!("/v1/experiments/{DRAWN}/versions"))?;
        let versions = answer.body["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let known = self.changes.versions;
        if versions.len() < known {
            self.findings.add(Wrong::Lost, format!("versions {} to {known} of {DRAWN}", versions.len() + 1));
        }
        let fits = versions
            .iter()
            .zip(1..)
            .all(|(version, number)| version["document"]["traffic"].as_f64() == Some(traffic(number)));
        if versions.len() > known + 1 || !fits {
            let detail = format!("{DRAWN} has {} versions where {known} were made", versions.len());
            self.findings.add(Wrong::Mismatch, detail);
        }
        self.changes.versions = versions.len().max(known);

        let answer = self.get("/v1/experiments")?;
        let experiments = answer.body["experiments"].as_array().map(Vec::as_slice).unwrap_or_default();
        let statuses: BTreeMap<&str, &str> = experiments
            .iter()
            .filter_map(|found| Some((found["key"].as_str()?, found["status"].as_str()?)))
            .collect();
        for number in 0..self.changes.stages.len() {
            let status = statuses.get(key(number).as_str()).copied().unwrap_or_default();
            let reached = STAGES.iter().position(|stage| *stage == status).map_or(0, |stage| stage + 1);
            let known = self.changes.stages[number];
            if reached < known {
                self.findings.add(Wrong::Lost, format!("{} was {}", key(number), STAGES[known - 1]));
            } else if reached > known + 1 {
                let detail = format!("{} is {status}, beyond stage {known}", key(number));
                self.findings.add(Wrong::Mismatch, detail);
            }
            self.changes.stages[number] = reached.max(known);
        }
        Ok(())
    }

    fn go_on(&mut self) -> Result<(), Gone> {
        while !self.over.load(Ordering::Relaxed) {
            match self.random.below(5) {
                0 if self.changes.versions < MOST => self.redefine()?,
                0 => {}
                _ => self.take_step()?,
            }
            std::thread::sleep(Duration::from_millis(self.random.below(60)));
        }
        Ok(())
    }

    /// Lets more customers in, and sometimes asks for one more metric.
    fn redefine(&mut self) -> Result<(), Gone> {
        let path = format!("/v1/experiments/{DRAWN}");
        let tag = self.get(&path)?.etag.unwrap_or_default();
        let number = self.changes.versions + 1;
        let body = drawn(number).to_string();
        let stale = self.client.put(&path, "\"0123456789abcdef\"", body.as_bytes()).map_err(|_| Gone)?;
        self.expect(&path, &stale, &[412])?;
        let answer = self.client.put(&path, &tag, body.as_bytes()).map_err(|_| Gone)?;
        self.expect(&path, &answer, &[200])?;
        if answer.body["version"] != number {
            let detail = format!("version {number} of {DRAWN} is answered {}", answer.body);
            self.findings.add(Wrong::Mismatch, detail);
        }
        self.changes.versions = number;
        Ok(())
    }

    /// Takes an experiment on to its next stage, or repeats how it came to this one.
    fn take_step(&mut self) -> Result<(), Gone> {
        let stages = &self.changes.stages;
        let living = stages.iter().position(|stage| *stage < STAGES.len());
        let number = living.unwrap_or(stages.len());
        if number == MOST {
            return Ok(());
        }
        if number == stages.len() {
            self.changes.stages.push(0);
        }
        let reached = self.changes.stages[number];
        let again = reached > 0 && self.random.chance(20);
        let to = if again { reached - 1 } else { reached };
        let path = format!("/v1/experiments/{}", key(number));
        match to {
            0 => self.post("/v1/experiments", &life(number), if again { &[200] } else { &[200, 201] })?,
            1 => self.post(&format!("{path}/start"), &json!({}), &[200])?,
            2 => self.post(&format!("{path}/stop"), &json!({}), &[200])?,
            3 => {
                let winner = json!({"variant": VARIANTS[1], "force": true});
                self.post(&format!("{path}/conclude"), &winner, &[200])?
            }
            _ => self.post(&format!("{path}/archive"), &json!({}), &[200])?,
        };
        self.changes.stages[number] = reached.max(to + 1);
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Answer, Gone> {
        self.client.get(path).map_err(|_| Gone)
    }

    fn post(&self, path: &str, body: &Value, wanted: &[u16]) -> Result<(), Gone> {
        let body = body.to_string();
        let answer = self.client.post(path, "application/json", body.as_bytes()).map_err(|_| Gone)?;
        self.expect(path, &answer, wanted)
    }

    fn expect(&self, path: &str, answer: &Answer, wanted: &[u16]) -> Result<(), Gone> {
        if wanted.contains(&answer.status) {
            return Ok(());
        }
        // Too much to do, or about to end: nothing was decided.
        if answer.status != 503 {
            self.findings.add(Wrong::Mismatch, format!("{path} answered {}: {}", answer.status, answer.body));
        }
        Err(Gone)
    }
}

/// The key of an experiment that lives and ends.
pub(crate) fn key(number: usize) -> String {
    format!("life-{number}")
}

/// The share that enters by a version of [`DRAWN`]: always more than by the one before.
pub(crate) fn traffic(version: usize) -> f64 {
    0.5 + version as f64 / 1_024.0
}

/// Now and then a version has one metric more, which the customers who are there already are then counted for.
fn drawn(version: usize) -> Value {
    let mut metrics = vec![
        json!({"key": "bought", "kind": "conversion", "event": "order", "window": {"to": "3d"}, "role": "primary"}),
    ];
    for number in 1..=version / 10 {
        let window = json!({"to": format!("{number}d")});
        metrics.push(
            json!({"key": format!("logins-{number}"), "kind": "count", "event": "login", "window": window}),
        );
    }
    json!({
        "key": DRAWN,
        "traffic": traffic(version),
        "variants": [{"key": VARIANTS[0]}, {"key": VARIANTS[1]}],
        "dimensions": ["plan"],
        "metrics": metrics,
        "plan": {"target": {"customers_per_arm": 100}},
    })
}

fn met() -> Value {
    json!({
        "key": MET,
        "assignment": "external",
        "variants": [{"key": VARIANTS[0]}, {"key": VARIANTS[1]}],
        "metrics": [
            {"key": "kept", "kind": "retention", "event": "login", "window": {"from": "1d", "to": "20d"}, "role": "primary"},
            {"key": "revenue", "kind": "sum", "event": "order", "window": {"to": "20d"}, "cap": 5000,
             "covariate": {"event": "order", "lookback": "20d"}},
            {"key": "p90", "kind": "quantile", "of": {"kind": "sum", "event": "order"}, "q": 0.9, "window": {"to": "20d"}},
            {"key": "stay", "kind": "survival", "event": "cancel", "horizon": "30d"},
        ],
        "plan": {"target": {"customers_per_arm": 100}},
    })
}

fn life(number: usize) -> Value {
    json!({
        "key": key(number),
        "variants": [{"key": VARIANTS[0]}, {"key": VARIANTS[1]}],
        "metrics": [{"key": "bought", "kind": "conversion", "event": "order", "window": {"to": "3d"}, "role": "primary"}],
        "plan": {"target": {"customers_per_arm": 100}},
    })
}
