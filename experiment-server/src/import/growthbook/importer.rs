//! The walk through a payload, rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use experiment_core::assignment::MAX_PREREQUISITE_DEPTH;
use experiment_core::assignment::compat::growthbook::Units;
use experiment_core::definition::Problem;
use serde_json::{Map, Value, json};

use super::definition::{self, Gate, Parts};
use super::draw::Draw;
use super::keys::Keys;
use super::payload::Payload;
use super::rule::{Malformed, Rule, Speech};
use super::saved_groups::SavedGroups;
use super::{NotImported, condition, member};

/// Fields of a rule that are read, or that only label it.
const KNOWN: &[&str] = &[
    "id",
    "key",
    "name",
    "phase",
    "variations",
    "weights",
    "coverage",
    "hashVersion",
    "hashAttribute",
    "seed",
    "namespace",
    "ranges",
    "filters",
    "meta",
    "condition",
    "parentConditions",
];
/// Fields that change nobody's arm, and must be known all the same.
const NOTED: &[(&str, &str)] = &[
    ("fallbackAttribute", "sticky buckets are not imported: here the first recorded exposure is what sticks"),
    ("bucketVersion", "sticky buckets are not imported: here the first recorded exposure is what sticks"),
    ("minBucketVersion", "sticky buckets are not imported: nobody is left out because of an earlier bucket"),
    ("disableStickyBucketing", "here the first recorded exposure always sticks"),
    ("urlPatterns", "there is no targeting of pages: ask for the experiment only on those pages"),
    ("url", "there is no targeting of pages: ask for the experiment only on those pages"),
];

/// The keys of an experiment and of its variants here.
pub(super) struct Names {
    pub(super) key: String,
    pub(super) variants: Vec<String>,
}

struct Built {
    place: String,
    key: String,
    /// The experiments that it requires.
    requires: Vec<String>,
    definition: Value,
}

/// A payload on its way to definitions.
pub(super) struct Importer<'a> {
    pub(super) payload: &'a Payload<'a>,
    units: Units,
    pub(super) groups: SavedGroups,
    /// By the place of the rule.
    pub(super) names: BTreeMap<String, Names>,
    /// Whether a rule, by its place, asks for nothing but its draw; as far as that was asked.
    pub(super) free: BTreeMap<String, bool>,
    /// How many experiments are being followed, from one to its parent.
    pub(super) followed: usize,
    built: Vec<Built>,
    not_imported: Vec<NotImported>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(payload: &'a Payload<'a>, units: Units) -> Importer<'a> {
        let groups = SavedGroups::new(&payload.saved_groups);
        Importer {
            payload,
            units,
            groups,
            names: BTreeMap::new(),
            free: BTreeMap::new(),
            followed: 0,
            built: Vec::new(),
            not_imported: Vec::new(),
        }
    }

    /// Definitions, saved groups, and what is listed.
    pub(super) fn finish(mut self) -> (Vec<Value>, BTreeMap<String, Vec<Value>>, Vec<NotImported>) {
        self.not_imported.append(&mut self.groups.not_imported);
        // An earlier rule's condition is read again for each later one, and is listed once.
        let mut seen = BTreeSet::new();
        let listed = self.not_imported.into_iter().filter(|entry| seen.insert(entry.clone())).collect();
        let definitions = self.built.into_iter().map(|built| built.definition).collect();
        (definitions, self.groups.into_values(), listed)
    }

    pub(super) fn run(&mut self) {
        let payload = self.payload;
        let mut groups: Vec<Vec<(Rule<'a>, String)>> = Vec::new();
        for feature in &payload.features {
            let rule = |(index, fields): (usize, &&'a Map<String, Value>)| {
                (Rule { fields, id: feature.id }, format!("{}.rules[{index}]", feature.path))
            };
            groups.push(feature.rules.iter().enumerate().map(rule).collect());
            if feature.rules.is_empty() {
                self.list(
                    &feature.path,
                    "has no rule: its value is the same for all, which is no experiment",
                );
            }
        }
        for (index, fields) in payload.experiments.iter().enumerate() {
            let id = fields.get("key").and_then(Value::as_str).unwrap_or_default();
            groups.push(vec![(Rule { fields, id }, format!("experiments[{index}]"))]);
        }
        self.name(groups.iter().flatten());
        for rules in &groups {
            for (index, (rule, place)) in rules.iter().enumerate() {
                match rule.speech() {
                    Speech::Force => self.list(place, "forces a value, which is no experiment"),
                    Speech::Nothing if rule.get("parentConditions").is_some() => {}
                    Speech::Nothing => self.list(place, "neither forces a value nor has variations"),
                    Speech::Experiment => self.build(*rule, place, &rules[..index]),
                }
            }
        }
        self.drop_unfounded();
        for feature in &payload.features {
            self.note_default(feature.default, &feature.path);
        }
    }

    fn list(&mut self, place: &str, why: impl Into<String>) {
        self.not_imported.push(NotImported { place: place.to_owned(), why: why.into() });
    }

    /// Keys for all experiments, before any is built that may require another.
    fn name<'r>(&mut self, rules: impl Iterator<Item = &'r (Rule<'a>, String)>)
    where
        'a: 'r,
    {
        let mut keys = Keys::default();
        for (rule, place) in rules.filter(|(rule, _)| rule.speech() == Speech::Experiment) {
            let key = keys.take(rule.key());
            if key != rule.key() {
                self.list(
                    &member(place, "key"),
                    format!("{:?} cannot be its key here, or is taken; it is {key}", rule.key()),
                );
            }
            let mut taken = Keys::default();
            let mut variants = Vec::new();
            for variation in 0..rule.variations().len() {
                let meta = rule.list("meta").and_then(|meta| meta.get(variation)?.get("key")?.as_str());
                let default =
                    if variation == 0 { "control".to_owned() } else { format!("variant-{variation}") };
                let variant = taken.take(meta.unwrap_or(&default));
                if let Some(meta) = meta.filter(|meta| *meta != variant) {
                    let why =
                        format!("{meta:?} cannot be a variant's key here, or is taken; it is {variant}");
                    self.list(&format!("{place}.meta[{variation}].key"), why);
                }
                variants.push(variant);
            }
            self.names.insert(place.clone(), Names { key, variants });
        }
    }

    /// Whoever is in no experiment gets no variant here.
    fn note_default(&mut self, default: &Value, path: &str) {
        let prefix = format!("{path}.rules[");
        let differs = |built: &&Built| {
            built.definition["variants"][0].get("payload").unwrap_or(&Value::Null) != default
        };
        let built = self.built.iter().filter(|built| built.place.starts_with(&prefix)).find(differs);
        if let Some(key) = built.map(|built| built.key.clone()) {
            let why = format!(
                "who is not in {key} gets no variant: the app has to do what this value says, which is not the control's"
            );
            self.list(&member(path, "defaultValue"), why);
        }
    }

    /// What a customer must pass before the last draw.
    pub(super) fn gates(&mut self, rule: Rule<'a>, place: &str) -> Result<Vec<Gate>, Vec<NotImported>> {
        let parents = self.parents(rule, place)?;
        let mut gates = parents.gates;
        let filters = rule.filters().map_err(|malformed| vec![at(place, &malformed)])?;
        gates.extend(filters.iter().map(|filter| Gate::Draw(filter.draw())));
        if let Some(condition) = rule.get("condition") {
            let place = member(place, "condition");
            gates.extend(condition::translate(condition, &place, &mut self.groups)?.map(Gate::Condition));
        }
        gates.retain(|gate| !matches!(gate, Gate::Draw(draw) if draw.is_everybody()));
        Ok(gates)
    }

    /// Those whom earlier rules leave, as gates.
    fn left_by(
        &mut self,
        earlier: &[(Rule<'a>, String)],
        own: &[Draw],
        place: &str,
    ) -> Result<Vec<Gate>, Vec<NotImported>> {
        let mut left = Vec::new();
        for (rule, before) in earlier {
            let not_expressible = |why: &str| {
                vec![NotImported { place: place.to_owned(), why: format!("{before} comes first, and {why}") }]
            };
            let unclear = |reasons: Vec<NotImported>| {
                let reasons = reasons.iter().map(|reason| format!("{}: {}", reason.place, reason.why));
                let reasons: Vec<String> = reasons.collect();
                not_expressible(&format!("what it asks for cannot be said here ({})", reasons.join("; ")))
            };
            let parents = self.parents(*rule, before).map_err(unclear)?;
            let (stop, mut caught) = (parents.stop, self.gates(*rule, before).map_err(unclear)?);
            caught.retain(|gate| !stop.contains(gate));
            left.extend(stop);
            match rule.speech() {
                Speech::Nothing => continue,
                Speech::Experiment if rule.variations().len() < 2 => continue,
                Speech::Experiment | Speech::Force => {}
            }
            let draw = rule.draw().map_err(|_| not_expressible("cannot be read"))?;
            if !draw.is_everybody() {
                caught.push(Gate::Draw(draw));
            }
            let catches_others = |gate: &Gate| match gate {
                Gate::Never => true,
                Gate::Draw(draw) => draw.is_nobody() || own.iter().any(|own| own.excludes(draw)),
                Gate::Condition(_) | Gate::Requires { .. } => false,
            };
            if caught.iter().any(catches_others) {
                continue;
            }
            left.push(match &caught[..] {
                [] => return Err(not_expressible("takes everybody")),
                [Gate::Condition(condition)] => Gate::Condition(json!({"$not": condition})),
                [Gate::Draw(draw)] => Gate::Draw(draw.complement()),
                _ => return Err(not_expressible("whom it leaves depends on several things at once")),
            });
        }
        Ok(left)
    }

    fn build(&mut self, rule: Rule<'a>, place: &str, earlier: &[(Rule<'a>, String)]) {
        match self.definition(rule, place, earlier) {
            Ok(built) => {
                self.built.push(built);
                self.note(rule, place);
            }
            Err(reasons) => self.not_imported.extend(reasons),
        }
    }

    fn definition(
        &mut self,
        rule: Rule<'a>,
        place: &str,
        earlier: &[(Rule<'a>, String)],
    ) -> Result<Built, Vec<NotImported>> {
        let malformed = |malformed: Malformed| vec![at(place, &malformed)];
        if rule.variations().len() < 2 {
            let why = "has fewer than two, so nobody is in it";
            return Err(malformed(Malformed { field: "variations", why }));
        }
        let mut gates = self.gates(rule, place)?;
        if gates.contains(&Gate::Never) {
            let why = "nobody is in it: a prerequisite that has no other value stands against it";
            return Err(malformed(Malformed { field: "parentConditions", why }));
        }
        let mut own: Vec<Draw> = gates.iter().filter_map(|gate| gate.draw().cloned()).collect();
        own.push(rule.entry().map_err(malformed)?);
        gates.extend(self.left_by(earlier, &own, place)?);
        let parts = Parts::of(gates, rule.attribute());
        let parts = parts.map_err(|why| vec![NotImported { place: place.to_owned(), why }])?;
        let names = &self.names[place];
        let definition = definition::document(rule, names, self.units, &parts).map_err(malformed)?;
        definition::check(&definition).map_err(|problems| {
            let list = |problem: Problem| NotImported {
                place: place.to_owned(),
                why: format!("would be no sound definition: {problem}"),
            };
            problems.into_iter().map(list).collect::<Vec<_>>()
        })?;
        let requires = parts.requires.into_iter().map(|(experiment, _)| experiment).collect();
        Ok(Built { place: place.to_owned(), key: names.key.clone(), requires, definition })
    }

    /// What changes nobody's arm and must be known.
    fn note(&mut self, rule: Rule<'a>, place: &str) {
        if rule.attribute() != "id" {
            let why = format!(
                "customers are drawn by {:?}: send that as the customer's id, and as an attribute where conditions ask for it",
                rule.attribute()
            );
            self.list(&member(place, "hashAttribute"), why);
        }
        let says_something =
            |value: &&Value| **value != json!(false) && **value != json!(0) && **value != json!([]);
        for (name, why) in NOTED {
            if rule.get(name).filter(says_something).is_some() {
                self.list(&member(place, name), *why);
            }
        }
        for variation in (0..rule.variations().len()).filter(|variation| rule.passes_through(*variation)) {
            let why = "who gets it takes part here, and gets the value of a later rule there";
            self.list(&format!("{place}.meta[{variation}].passthrough"), why);
        }
        let is_known = |name: &str| KNOWN.contains(&name) || NOTED.iter().any(|(noted, _)| *noted == name);
        let unknown: Vec<String> =
            rule.fields.keys().filter(|name| !is_known(name)).map(|name| member(place, name)).collect();
        for place in unknown {
            self.list(&place, "has no counterpart here");
        }
    }

    /// Leaves out what could not run: experiments whose required ones are not imported, or not in the end
    /// such that require nothing.
    fn drop_unfounded(&mut self) {
        let mut waiting = std::mem::take(&mut self.built);
        let mut founded = BTreeSet::new();
        for _ in 0..MAX_PREREQUISITE_DEPTH {
            let is_founded = |built: &Built| built.requires.iter().all(|key| founded.contains(key));
            let keys: Vec<String> =
                waiting.iter().filter(|built| is_founded(built)).map(|built| built.key.clone()).collect();
            founded.extend(keys);
        }
        for built in waiting.extract_if(.., |built| !founded.contains(&built.key)) {
            let required = built.requires.iter().find(|key| !founded.contains(*key));
            let required = required.map_or("", String::as_str);
            let why = format!("requires {required}, which is not imported, or this one by way of others");
            self.not_imported.push(NotImported { place: built.place, why });
        }
        self.built = waiting;
    }
}

fn at(place: &str, malformed: &Malformed) -> NotImported {
    NotImported { place: member(place, malformed.field), why: malformed.why.to_owned() }
}
