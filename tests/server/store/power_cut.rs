//! The power is cut at any instant, on a disk that loses, tears and reorders what was not synced and that others fill
//! now and then: whatever was acknowledged is there once, and the sums are those of a recount.
//!
//! A seed says what is done and when the power goes: `EXPERIMENT_POWER_CUT_SEEDS=17..18` runs one again,
//! `0..5000` many.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use experiment_core::definition::{LifecycleStep, Status};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{
    Catalog, Change, Clock, Disk, Expected, IntakeError, KeyId, NewKey, Outcome, Pace, Proposal,
    ProposedEvent, ProposedExposure, RefusalCode, Role, Store,
};
use experiment_tests::random::Random;

use super::simulated_disk::SimulatedDisk;
use super::world::{HOUR, MARCH, TestClock, WINBACK, assign, event, experiment, exposure, refused};

/// Power cuts on one disk.
const CUTS: u64 = 8;
/// What intake leaves free of it in bytes.
const RESERVE: u64 = 64 << 10;
const CUSTOMERS: u64 = 40;
const VARIANTS: [&str; 2] = ["control", "discount"];
/// Beside [`WINBACK`], which `assign` draws for: clients say who met what.
const MET: &str = "
key: met
assignment: external
variants: [{key: control}, {key: discount}]
metrics: [{key: bought, kind: conversion, event: order, window: {to: 3d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";

#[test]
fn a_power_cut_loses_and_doubles_nothing() {
    for seed in seeds() {
        let announced = Announced(seed);
        let mut machine = Machine::new(seed);
        for _ in 0..CUTS {
            machine.live();
        }
        machine.end();
        drop(announced);
    }
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("EXPERIMENT_POWER_CUT_SEEDS") else { return 0..25 };
    let (from, to) = text.split_once("..").expect("write 17..18");
    from.parse().unwrap()..to.parse().unwrap()
}

/// Says which seed it was when a test fails.
struct Announced(u64);

impl Drop for Announced {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again: EXPERIMENT_POWER_CUT_SEEDS={}..{}", self.0, self.0 + 1);
        }
    }
}

/// What was sent, and what is known of it.
#[derive(Default)]
struct Ledger {
    /// Acknowledged as new or as a repeat.
    known: Vec<Proposal>,
    /// Sent, and the power went before an answer.
    unanswered: Vec<Proposal>,
    /// Customer → variant, of acknowledged assigns.
    variants: BTreeMap<String, String>,
    /// Places in the log that were given out.
    sequences: BTreeSet<u64>,
    /// Events without an id: acknowledged, unanswered.
    nameless: u64,
    nameless_unanswered: u64,
    /// The version and the status of [`WINBACK`] that were acknowledged.
    version: u32,
    status: Option<Status>,
    /// [`MET`] takes exposures.
    is_met_open: bool,
    /// Customers whose erasure was acknowledged.
    erased: BTreeSet<String>,
    /// Customers who were to be erased when the power went.
    erased_unanswered: Vec<String>,
    /// Customers with an assign that was not answered.
    assigned_unanswered: BTreeSet<String>,
    /// Facts of erased customers in whose places markers stand: acknowledged, unanswered.
    gone: usize,
    gone_unanswered: usize,
    /// Keys that were acknowledged, each with whether its revocation was.
    keys: BTreeMap<KeyId, bool>,
    /// Keys that were to be made when the power went.
    keys_unanswered: usize,
    /// The number of the last fact.
    last: u64,
}

impl Ledger {
    /// Books an erasure.
    fn erase(&mut self, customer: String) {
        let is_kept = |proposal: &Proposal| customer_of(proposal) != customer;
        let (known, unanswered) = (self.known.len(), self.unanswered.len());
        self.known.retain(is_kept);
        self.unanswered.retain(is_kept);
        self.gone += known - self.known.len();
        self.gone_unanswered += unanswered - self.unanswered.len();
        if self.variants.remove(&customer).is_some() {
            self.gone += 1;
        } else if self.assigned_unanswered.contains(&customer) {
            self.gone_unanswered += 1;
        }
        self.erased.insert(customer);
    }
}

/// One store on one disk.
struct Machine {
    disk: Arc<SimulatedDisk>,
    clock: Arc<TestClock>,
    ledger: Ledger,
    random: Random,
    /// The disk had little room in this life.
    was_filled: bool,
}

impl Machine {
    fn new(seed: u64) -> Machine {
        let clock = Arc::new(TestClock::default());
        clock.set(MARCH);
        let (disk, ledger) = (Arc::new(SimulatedDisk::with_reserve(RESERVE)), Ledger::default());
        Machine { disk, clock, ledger, random: Random::new(seed), was_filled: false }
    }

    fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || clock.read())
    }

    /// Opens the store; `None` when the power went meanwhile.
    fn open(&self) -> Option<Store> {
        // So few that the power is cut in the midst of them.
        let pace = Pace { customers: 3, by_hand: false };
        let store = match Store::open_on(self.disk.clone(), self.clock(), pace) {
            Ok(store) => store,
            Err(_) if self.may_fail() => return None,
            Err(error) => panic!("what the power cut left can't be opened: {error}"),
        };
        let waited = store.wait_for_blocking(store.ready().of);
        assert!(waited.is_ok() || self.may_fail(), "{waited:?}");
        Some(store)
    }

    /// One life: the store is opened, used, and cut off.
    fn live(&mut self) {
        let left = match self.random.below(10) {
            0..3 => Some(self.random.below(60)),
            3..8 => Some(self.random.below(600)),
            // Cut while nothing is written.
            _ => None,
        };
        self.disk.power_on(left);
        self.was_filled = false;
        self.others_fill_the_disk();
        if let Some(store) = self.open() {
            self.audit(&store);
            let is_open = store.define(experiment(MET), Expected::Any).wait().is_ok()
                && store.step("met", LifecycleStep::Start).wait().is_ok();
            assert!(is_open || self.may_fail());
            self.ledger.is_met_open |= is_open;
            for _ in 0..self.random.below(20) {
                self.act(&store);
            }
            if self.random.chance(20) {
                let ended = store.shutdown();
                assert!(ended.is_ok() || self.may_fail(), "{ended:?}");
            }
        }
        self.disk.cut(&mut self.random);
    }

    /// The last life, with power to its end; then the sums from the log alone.
    fn end(&mut self) {
        for _ in 0..2 {
            self.disk.power_on(None);
            self.disk.leave(None);
            self.was_filled = false;
            let store = self.open().unwrap();
            self.audit(&store);
            assert!(self.ledger.unanswered.is_empty());
            // Once every metric that came late has everybody, the recount compares them too.
            let is_partial = || !store.aggregates("winback", None).unwrap().aggregates.rebuilding.is_empty();
            while self.ledger.version > 0 && is_partial() {
                std::thread::sleep(Duration::from_millis(5));
            }
            self.audit(&store);
            drop(store);
            self.disk.remove("state.redb").unwrap();
        }
    }

    fn act(&mut self, store: &Store) {
        match self.random.below(15) {
            0..6 => self.send_new(store),
            6 | 7 => self.send_again(store),
            8 => self.define(store),
            9 => self.step(store),
            10 => self.erase(store),
            11 => self.clock.advance(self.random.below(20) as i64 * HOUR),
            12 => self.others_fill_the_disk(),
            13 => self.change_keys(store),
            _ => {
                let settled = store.wait_for_blocking(store.log_position());
                assert!(settled.is_ok() || self.may_fail(), "{settled:?}");
            }
        }
    }

    /// Leaves as much room as is wanted, or little, or little where much was told.
    fn others_fill_the_disk(&mut self) {
        match self.random.below(10) {
            0..7 => self.disk.leave(None),
            7 | 8 => self.disk.leave(Some(self.random.below(1 << 20))),
            _ => self.disk.leave_unseen(self.random.below(1 << 18)),
        }
        // A store that has failed stays so until it is opened again.
        self.was_filled |= self.disk.is_bounded();
    }

    /// Whether there is a reason for something not to be done.
    fn may_fail(&self) -> bool {
        self.disk.is_out() || self.was_filled
    }

    fn send_new(&mut self, store: &Store) {
        let mut proposals = Vec::new();
        for _ in 0..=self.random.below(30) {
            self.ledger.last += 1;
            let number = self.ledger.last;
            let customer = format!("c-{}", self.random.below(CUSTOMERS));
            let at = MARCH - self.random.below(3 * 24) as i64 * HOUR;
            let id = format!("i-{number}");
            let variant = VARIANTS[self.random.index(2)];
            let value = self.random.below(10_000) as f64 / 4.0;
            proposals.push(match self.random.below(10) {
                0 | 1 => assign(&customer, variant),
                2 | 3 if self.ledger.is_met_open => met(exposure(&customer, &id, variant, at)),
                4 => without_id(event(&customer, &id, "order", value, at)),
                _ => event(&customer, &id, "order", value, at),
            });
        }
        self.send(store, proposals);
    }

    /// Sends facts and books the answers.
    fn send(&mut self, store: &Store, proposals: Vec<Proposal>) {
        let answer = store.submit(proposals.clone()).wait();
        if let Err(IntakeError::DiskFull(_)) = answer {
            // Nothing of it was decided, which the count of facts shows.
            return assert!(self.was_filled);
        }
        let Ok(outcomes) = answer else {
            assert!(self.may_fail(), "{answer:?}");
            for proposal in proposals {
                match &proposal {
                    // Whether it is there is read from the log itself.
                    Proposal::Assign(assign) => {
                        self.ledger.assigned_unanswered.insert(assign.customer.clone());
                    }
                    Proposal::Event(ProposedEvent { id: None, .. }) => self.ledger.nameless_unanswered += 1,
                    _ => self.ledger.unanswered.push(proposal),
                }
            }
            return;
        };
        for (proposal, outcome) in proposals.into_iter().zip(outcomes) {
            self.book(proposal, outcome);
        }
    }

    fn book(&mut self, proposal: Proposal, outcome: Outcome) {
        let is_running = self.ledger.status == Some(Status::Running);
        let ledger = &mut self.ledger;
        if ledger.erased.contains(customer_of(&proposal)) {
            return assert_eq!(refused(outcome).0, RefusalCode::Erased);
        }
        if let Outcome::Accepted(accepted) = &outcome {
            assert!(ledger.sequences.insert(accepted.sequence), "{accepted:?} was another's place");
        }
        match (&proposal, outcome) {
            (Proposal::Assign(asked), outcome) => {
                let variant = match outcome {
                    Outcome::Accepted(_) => asked.variant.clone(),
                    Outcome::Known { variant } => variant,
                    // An experiment that is not running takes nobody in.
                    Outcome::Refused(_) if !is_running => return,
                    other => panic!("{asked:?}: {other:?}"),
                };
                let first = ledger.variants.entry(asked.customer.clone()).or_insert_with(|| variant.clone());
                assert_eq!(*first, variant, "{}", asked.customer);
            }
            (Proposal::Event(ProposedEvent { id: None, .. }), Outcome::Accepted(_)) => ledger.nameless += 1,
            (_, Outcome::Accepted(_)) => ledger.known.push(proposal),
            (_, outcome) => panic!("{proposal:?}: {outcome:?}"),
        }
    }

    /// Repeats are duplicates, other content under the same id is a conflict.
    fn send_again(&mut self, store: &Store) {
        if self.ledger.known.is_empty() {
            return;
        }
        let again = self.ledger.known[self.random.index(self.ledger.known.len())].clone();
        let other = with_other_content(again.clone());
        let Ok(mut outcomes) = store.submit(vec![again, other]).wait() else {
            return assert!(self.may_fail());
        };
        assert_eq!((refused(outcomes.remove(1)).1, outcomes.remove(0)), ("id", Outcome::Duplicate));
    }

    /// Creates the experiment, or raises its traffic and adds metrics.
    fn define(&mut self, store: &Store) {
        let version = self.ledger.version + 1;
        match store.define(experiment(&document(version)), Expected::Any).wait() {
            Ok(defined) => {
                assert_eq!(defined.version, version);
                assert_ne!(defined.change, Change::Unchanged);
                self.ledger.version = version;
                self.ledger.status.get_or_insert(Status::Draft);
            }
            Err(error) => assert!(self.may_fail(), "{error}"),
        }
    }

    /// Takes the next step of the experiment's life; the first one soon, the others seldom.
    fn step(&mut self, store: &Store) {
        let (step, after) = match self.ledger.status {
            Some(Status::Draft) => (LifecycleStep::Start, Status::Running),
            Some(Status::Running) if self.random.chance(10) => (LifecycleStep::Stop, Status::Stopped),
            Some(Status::Stopped) => {
                (LifecycleStep::Conclude { variant: "control".to_owned() }, Status::Concluded)
            }
            _ => return,
        };
        match store.step("winback", step).wait() {
            Ok(stepped) => {
                assert_eq!(stepped.status, after);
                self.ledger.status = Some(after);
            }
            Err(error) => assert!(self.may_fail(), "{error}"),
        }
    }

    /// Erases a customer, of whom something may be known or not.
    fn erase(&mut self, store: &Store) {
        let customer = format!("c-{}", self.random.below(CUSTOMERS));
        match store.erase(&customer).wait() {
            Ok(_) => self.ledger.erase(customer),
            Err(error) => {
                assert!(self.may_fail(), "{error}");
                self.ledger.erased_unanswered.push(customer);
            }
        }
    }

    /// Who was erased stays so; of whom it was not answered is erased or as before.
    fn audit_erasures(&mut self, store: &Store) {
        for customer in std::mem::take(&mut self.ledger.erased_unanswered) {
            if store.erasure(&customer).unwrap().is_some() {
                self.ledger.erase(customer);
            }
        }
        let found = store.erasures().unwrap().erasures.len();
        assert_eq!(found, self.ledger.erased.len());
        for customer in &self.ledger.erased {
            assert!(store.erasure(customer).unwrap().is_some(), "{customer}");
        }
        assert_eq!(store.audit().unwrap().broken, None);
    }

    /// Makes a key, or revokes one.
    fn change_keys(&mut self, store: &Store) {
        let keys: Vec<KeyId> = self.ledger.keys.keys().copied().collect();
        if !keys.is_empty() && self.random.chance(50) {
            let id = keys[self.random.index(keys.len())];
            match store.revoke_key(id).wait() {
                Ok(_) => drop(self.ledger.keys.insert(id, true)),
                Err(error) => assert!(self.may_fail(), "{error}"),
            }
            return;
        }
        match store.create_key(NewKey::new("shop", Role::Client).unwrap()).wait() {
            Ok(made) => drop(self.ledger.keys.insert(made.key.id, false)),
            Err(error) => {
                assert!(self.may_fail(), "{error}");
                self.ledger.keys_unanswered += 1;
            }
        }
    }

    /// Keys that were made are there, and those that were revoked stay so.
    fn audit_keys(&mut self, store: &Store) {
        let found = store.api_keys();
        for (id, was_revoked) in &mut self.ledger.keys {
            let is_revoked = found.get(*id).unwrap().revoked_at.is_some();
            assert!(is_revoked || !*was_revoked, "{id} is in force again");
            *was_revoked = is_revoked;
        }
        let unanswered = found.len() - self.ledger.keys.len();
        assert!(unanswered <= self.ledger.keys_unanswered, "{unanswered} keys that nobody made");
    }

    /// Everything acknowledged is there, once; what was not answered is there once or not at all.
    fn audit(&mut self, store: &Store) {
        self.audit_catalog(&store.catalog());
        self.audit_erasures(store);
        self.audit_keys(store);
        // Settles what was open: now it is known whether it is there.
        for proposal in std::mem::take(&mut self.ledger.unanswered) {
            self.settle(store, proposal);
        }
        let repeats = self.ledger.known.clone();
        if let Ok(outcomes) = store.submit(repeats.clone()).wait() {
            for (proposal, outcome) in repeats.iter().zip(outcomes) {
                assert_eq!(outcome, Outcome::Duplicate, "{proposal:?} was acknowledged");
            }
        }
        for (customer, variant) in self.ledger.variants.clone() {
            let other = if variant == VARIANTS[0] { VARIANTS[1] } else { VARIANTS[0] };
            if let Ok(outcomes) = store.submit(vec![assign(&customer, other)]).wait() {
                assert_eq!(outcomes, [Outcome::Known { variant }], "{customer}");
            }
        }
        let settled = store.wait_for_blocking(store.log_position()).is_ok();
        let found = store.verify();
        // Of what was read while the power went nothing follows, and without room the sums and erasures wait.
        if self.disk.is_out() || (self.was_filled && !(settled && found.is_ok())) {
            return;
        }
        assert!(settled);
        assert_eq!(found.unwrap().differences, Vec::<String>::new());
        self.count(store);
    }

    /// An open question is asked again; the answer holds.
    fn settle(&mut self, store: &Store, proposal: Proposal) {
        match store.submit(vec![proposal.clone()]).wait() {
            Err(_) => self.ledger.unanswered.push(proposal),
            Ok(mut outcomes) => match outcomes.remove(0) {
                Outcome::Duplicate => self.ledger.known.push(proposal),
                outcome => self.book(proposal, outcome),
            },
        }
    }

    /// What was acknowledged of the experiment stands; of what was not, the next change at most is there.
    fn audit_catalog(&mut self, catalog: &Catalog) {
        let ledger = &mut self.ledger;
        let Some(entry) = catalog.get("winback") else {
            assert_eq!((ledger.version, ledger.status), (0, None));
            return;
        };
        let found = entry.versions.len() as u32;
        assert!(
            found == ledger.version || found == ledger.version + 1,
            "{found} versions, {}",
            ledger.version
        );
        for (index, version) in entry.versions.iter().enumerate() {
            assert_eq!(version.experiment.document, experiment(&document(index as u32 + 1)).document);
        }
        let stages = [Status::Draft, Status::Running, Status::Stopped, Status::Concluded];
        let stage = |status: Status| stages.iter().position(|stage| *stage == status).unwrap();
        let (known, now) = (ledger.status.map_or(0, stage), stage(entry.status));
        assert!(now == known || now == known + 1, "{} after {:?}", entry.status, ledger.status);
        assert_eq!(entry.steps.len(), now);
        (ledger.version, ledger.status) = (found, Some(entry.status));
    }

    /// The log has what was acknowledged and nothing else.
    fn count(&self, store: &Store) {
        let ledger = &self.ledger;
        let catalog: usize =
            store.catalog().iter().map(|entry| entry.versions.len() + entry.steps.len()).sum();
        let mut assigned = 0;
        if store.catalog().get("winback").is_some() {
            for number in 0..CUSTOMERS {
                let seen = store.customer("winback", &format!("c-{number}")).unwrap();
                assert!(seen.len() <= 1, "{seen:?}");
                assert!(seen.is_empty() || !ledger.erased.contains(&format!("c-{number}")), "{seen:?}");
                assigned += seen.len();
            }
        }
        let erased = ledger.erased.len() + ledger.gone;
        let least = ledger.known.len() + ledger.nameless as usize + catalog + assigned + erased;
        let most = least + ledger.nameless_unanswered as usize + ledger.gone_unanswered;
        let found = store.log_position() as usize;
        assert!((least..=most).contains(&found), "{found} facts where {least} to {most} are to be");
    }
}

/// Each version lets more customers in, each third adds a metric, which the customers who are there already are
/// then counted for.
fn document(version: u32) -> String {
    let late = (3..=version).step_by(3).map(|number| {
        format!("  - {{key: late_{number}, kind: sum, event: order, window: {{to: {number}d}}}}\nplan:")
    });
    let text = late.fold(WINBACK.to_owned(), |text, metric| text.replace("plan:", &metric));
    format!("{text}\ntraffic: 0.{}", 500_000 + version)
}

fn customer_of(proposal: &Proposal) -> &str {
    match proposal {
        Proposal::Event(event) => &event.customer,
        Proposal::Exposure(exposure) => &exposure.customer,
        Proposal::Assign(assign) => &assign.customer,
    }
}

fn met(proposal: Proposal) -> Proposal {
    let Proposal::Exposure(exposure) = proposal else { return proposal };
    Proposal::Exposure(ProposedExposure { experiment: "met".to_owned(), ..exposure })
}

fn without_id(proposal: Proposal) -> Proposal {
    let Proposal::Event(event) = proposal else { return proposal };
    Proposal::Event(ProposedEvent { id: None, ..event })
}

fn with_other_content(proposal: Proposal) -> Proposal {
    match proposal {
        Proposal::Event(event) => Proposal::Event(ProposedEvent { value: Some(-1.0), ..event }),
        Proposal::Exposure(exposure) => {
            let at = exposure.at.map(|at| Timestamp(at.0 + DAY));
            Proposal::Exposure(ProposedExposure { at, ..exposure })
        }
        assign @ Proposal::Assign(_) => assign,
    }
}
