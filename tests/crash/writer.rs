//! A client that sends facts until the server is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use experiment_core::time::Timestamp;
use experiment_server::client::{Answer, Client};
use experiment_tests::random::Random;
use serde_json::{Value, json};

use super::fact::{Content, DRAWN, Fact, Resource, VARIANTS};
use super::findings::{Findings, Wrong};
use super::ledger::{Ledger, Standing};

/// Most items of one batch.
const MOST_ITEMS: u64 = 60;
/// Customers that all writers assign, so that they meet.
const SHARED_CUSTOMERS: u64 = 3_000;
/// Acknowledged facts of each resource that are sent again when a life begins.
const REPEATED_AT_START: usize = 300;
/// 2026-06-01T00:00:00Z, in microseconds.
const JUNE: i64 = 1_780_272_000_000_000;
const HOUR: i64 = 3_600_000_000;

/// One writer in one life of the server.
pub(crate) struct Writer<'a> {
    pub(crate) client: Client,
    pub(crate) name: u64,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) findings: &'a Findings,
    pub(crate) random: Random,
    /// How many lives there were: the later, the more customers.
    pub(crate) life: u64,
    /// Set when the writers shall end.
    pub(crate) over: &'a AtomicBool,
}

/// What must become of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Accepted: nobody sent it before.
    New,
    /// A duplicate: it was acknowledged.
    Repeat,
    /// One of the two: it was sent and not answered.
    Either,
    /// Refused, for this field.
    Refused(&'static str),
}

struct Item {
    mark: u64,
    expect: Expect,
    line: String,
}

/// The server does not answer any more.
struct Gone;

impl Writer<'_> {
    /// Works until the server is gone or the writers shall end.
    pub(crate) fn work(mut self) {
        // Gone is how it ends.
        let _ = self.begin().and_then(|()| self.go_on());
    }

    /// Asks again what was left open by the crash, and looks whether what was acknowledged is there.
    fn begin(&mut self) -> Result<(), Gone> {
        for resource in Resource::BOTH {
            let mut open = self.ledger.take_open(resource);
            // What is not asked again is looked for in the log at the end.
            open.retain(|_| self.random.chance(50));
            let open: Vec<Item> = open.into_iter().map(|mark| self.again(mark, Expect::Either)).collect();
            self.send_all(resource, open)?;
            let known = self.ledger.repeatable(resource);
            let count = REPEATED_AT_START.min(known.len());
            let chosen: Vec<u64> = (0..count).map(|_| known[self.random.index(known.len())]).collect();
            let repeats = chosen.into_iter().map(|mark| self.again(mark, Expect::Repeat)).collect();
            self.send_all(resource, repeats)?;
        }
        let known: Vec<String> = self.ledger.variants.keys().cloned().collect();
        for _ in 0..30.min(known.len()) {
            let customer = known[self.random.index(known.len())].clone();
            self.assign(customer)?;
        }
        Ok(())
    }

    fn go_on(&mut self) -> Result<(), Gone> {
        while !self.over.load(Ordering::Relaxed) {
            match self.random.below(10) {
                0..3 => {
                    let number = self.random.below(SHARED_CUSTOMERS);
                    self.assign(format!("shared-{number}"))?;
                }
                3..5 => self.batch(Resource::Exposures)?,
                _ => self.batch(Resource::Conversions)?,
            }
            std::thread::sleep(Duration::from_micros(self.random.below(4_000)));
        }
        Ok(())
    }

    fn batch(&mut self, resource: Resource) -> Result<(), Gone> {
        let mut items: Vec<Item> = Vec::new();
        for _ in 0..=self.random.below(MOST_ITEMS) {
            let known = self.ledger.repeatable(resource);
            let chosen = (!known.is_empty()).then(|| known[self.random.index(known.len())]);
            match (self.random.below(20), chosen) {
                (0..2, Some(mark)) => {
                    let item = self.again(mark, Expect::Repeat);
                    items.push(item);
                }
                (2, Some(mark)) => {
                    let item = self.conflict(mark);
                    items.push(item);
                }
                (3, _) => {
                    let item = self.wrong(resource);
                    items.push(item);
                }
                (4, _) => {
                    let item = self.fresh(resource, true);
                    items.push(Item { mark: item.mark, expect: Expect::Repeat, line: item.line.clone() });
                    // The first of the two is the new one.
                    let place = items.len() - 1;
                    items.insert(place, item);
                }
                (draw, _) => {
                    let item = self.fresh(resource, draw < 17);
                    items.push(item);
                }
            }
        }
        self.send(resource, items)
    }

    /// A fact that nobody sent before.
    fn fresh(&mut self, resource: Resource, has_id: bool) -> Item {
        let fact = self.invent(resource, has_id);
        let (mark, line) = (fact.mark, fact.line());
        self.ledger.add(fact, Standing::Unanswered);
        Item { mark, expect: Expect::New, line }
    }

    fn invent(&mut self, resource: Resource, has_id: bool) -> Fact {
        let random = &mut self.random;
        let mark = self.ledger.next_mark();
        let customer = format!("w{}-{}", self.name, random.below(200 + 20 * self.life));
        let at = match random.below(20) {
            0..8 => None,
            // Ahead of any clock: stored at the time of receipt, compared as sent.
            8 => Some(Timestamp(JUNE + 80 * 365 * 24 * HOUR)),
            _ => Some(Timestamp(JUNE + random.below(100 * 24) as i64 * HOUR)),
        };
        let content = match resource {
            Resource::Exposures => Content::Met { variant: VARIANTS[random.index(2)].to_owned() },
            Resource::Conversions => {
                let event = ["order", "login", "cancel"][random.index(3)];
                Content::Did { event, value: random.chance(70).then(|| random.below(100_000) as f64 / 8.0) }
            }
        };
        Fact { mark, customer, id: has_id.then(|| format!("i-{mark:x}")), at, content }
    }

    /// A fact exactly as it was sent.
    fn again(&self, mark: u64, expect: Expect) -> Item {
        let line = self.ledger.get(mark).map(|entry| entry.fact.line()).unwrap_or_default();
        Item { mark, expect, line }
    }

    /// Another fact under the id of a known one.
    fn conflict(&mut self, known: u64) -> Item {
        let mark = self.ledger.next_mark();
        let Some(entry) = self.ledger.get(known) else { return self.again(known, Expect::Repeat) };
        let fact = Fact { mark, ..entry.fact.clone() };
        let line = fact.line();
        self.ledger.add(fact, Standing::Refused);
        Item { mark, expect: Expect::Refused("id"), line }
    }

    /// A fact that can't be.
    fn wrong(&mut self, resource: Resource) -> Item {
        let mut fact = self.invent(resource, true);
        let field = match &mut fact.content {
            Content::Met { variant } => {
                "contrl".clone_into(variant);
                "variant"
            }
            Content::Did { value, .. } => {
                *value = Some(2e9);
                "value"
            }
        };
        let (mark, line) = (fact.mark, fact.line());
        self.ledger.add(fact, Standing::Refused);
        Item { mark, expect: Expect::Refused(field), line }
    }

    fn send_all(&mut self, resource: Resource, items: Vec<Item>) -> Result<(), Gone> {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let batch = items.by_ref().take(1_000).collect();
            self.send(resource, batch)?;
        }
        Ok(())
    }

    fn send(&mut self, resource: Resource, items: Vec<Item>) -> Result<(), Gone> {
        let lines: Vec<&str> = items.iter().map(|item| item.line.as_str()).collect();
        let body = lines.join("\n");
        match self.post(resource.path(), "application/x-ndjson", &body) {
            Ok(answer) => {
                self.book(&items, &answer);
                Ok(())
            }
            Err(Gone) => {
                let sent = items.iter().filter(|item| item.expect != Expect::Repeat).map(|item| item.mark);
                self.ledger.leave_open(sent);
                Err(Gone)
            }
        }
    }

    /// Posts until it is answered with something other than "busy", which promises that nothing was decided.
    fn post(&self, path: &str, content_type: &str, body: &str) -> Result<Answer, Gone> {
        loop {
            let answer = self.client.post(path, content_type, body.as_bytes()).map_err(|_| Gone)?;
            if answer.status == 200 {
                return Ok(answer);
            }
            if answer.status != 503 || answer.body["type"] != "urn:experiment:problem:busy" {
                self.findings
                    .add(Wrong::Mismatch, format!("{path} answered {}: {}", answer.status, answer.body));
                return Err(Gone);
            }
            if self.over.load(Ordering::Relaxed) {
                return Err(Gone);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn book(&mut self, items: &[Item], answer: &Answer) {
        let count =
            |wanted: &dyn Fn(Expect) -> bool| items.iter().filter(|item| wanted(item.expect)).count() as u64;
        let new = count(&|expect| expect == Expect::New);
        let either = count(&|expect| expect == Expect::Either);
        let repeats = count(&|expect| expect == Expect::Repeat);
        let refused: BTreeMap<u64, &str> = (0..)
            .zip(items)
            .filter_map(|(index, item)| match item.expect {
                Expect::Refused(field) => Some((index, field)),
                _ => None,
            })
            .collect();
        let number = |name: &str| answer.body[name].as_u64().unwrap_or(u64::MAX);
        let list = |name: &str| answer.body[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let told: BTreeMap<u64, &str> = list("errors")
            .iter()
            .filter_map(|error| Some((error["index"].as_u64()?, error["field"].as_str()?)))
            .collect();
        let as_expected = (new..=new + either).contains(&number("accepted"))
            && number("accepted").saturating_add(number("duplicates")) == new + either + repeats
            && number("rejected") == refused.len() as u64
            && told == refused;
        if !as_expected {
            let detail = format!(
                "{new} new facts, {either} sent before, {repeats} acknowledged before, {refused:?} wrong, and the answer is {}",
                answer.body
            );
            self.findings.add(Wrong::Mismatch, detail);
        }
        let mut made: BTreeMap<u64, String> = list("generated_ids")
            .iter()
            .filter_map(|made| Some((made["index"].as_u64()?, made["id"].as_str()?.to_owned())))
            .collect();
        for (index, item) in (0..).zip(items) {
            if matches!(item.expect, Expect::New | Expect::Either) {
                self.ledger.acknowledge(item.mark, made.remove(&index));
            }
        }
    }

    /// Asks for a variant, which once told is told for ever.
    fn assign(&mut self, customer: String) -> Result<(), Gone> {
        let plan = ["basic", "pro"][self.random.index(2)];
        let body = json!({"experiment": DRAWN, "customer": {"id": customer, "attributes": {"plan": plan}}});
        let answer = self.post("/v1/assign", "application/json", &body.to_string())?.body;
        let text = |name: &str| answer[name].as_str().unwrap_or_default();
        let known = self.ledger.variants.get(&customer);
        match (text("exposure"), known) {
            ("known", Some(known)) if known == text("variant") => {}
            ("recorded", Some(_)) => {
                let detail = format!("the exposure of {customer} was known and is recorded anew");
                self.findings.add(Wrong::Lost, detail);
            }
            ("recorded" | "known", None) if VARIANTS.contains(&text("variant")) => {
                let variant = text("variant").to_owned();
                self.ledger.variants.insert(customer, variant);
            }
            // Not one of the share that enters, yet.
            ("not_recorded", None) if text("reason") == "traffic" => {}
            _ => self.findings.add(
                Wrong::Mismatch,
                format!("{customer} was known in {known:?}, and is answered {}", Value::to_string(&answer)),
            ),
        }
        Ok(())
    }
}

/// Every customer of [`SHARED_CUSTOMERS`] has one variant, whichever writer asked.
pub(crate) fn compare_variants(ledgers: &[Ledger], findings: &Findings) -> BTreeMap<String, String> {
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (customer, variant) in ledgers.iter().flat_map(|ledger| &ledger.variants) {
        told.entry(customer.clone()).or_default().insert(variant);
    }
    let mut variants = BTreeMap::new();
    for (customer, told) in told {
        if told.len() > 1 {
            findings.add(Wrong::Mismatch, format!("{customer} was told {told:?}"));
        }
        variants.extend(told.first().map(|variant| (customer, (*variant).to_owned())));
    }
    variants
}
