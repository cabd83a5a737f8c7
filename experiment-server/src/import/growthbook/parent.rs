//! Prerequisites: what a rule asks of the value of another feature.

use experiment_core::assignment::compat::growthbook::choose_variation;
use experiment_core::condition::Condition;
use serde_json::{Map, Value, json};

use super::NotImported;
use super::definition::Gate;
use super::draw::Draw;
use super::importer::Importer;
use super::payload::Feature;
use super::rule::{Rule, Speech};

/// Most experiments that are followed from one to its parent.
const MAX_DEPTH: usize = 16;

/// What a rule asks of its parents: all of these.
pub(super) struct Parents {
    pub(super) gates: Vec<Gate>,
    /// Those of them that stop the whole feature, not the rule alone.
    pub(super) stop: Vec<Gate>,
}

/// What a parent's value depends on.
enum Dependence<'a> {
    Constant(&'a Value),
    Experiment(Rule<'a>),
}

impl<'a> Importer<'a> {
    pub(super) fn parents(&mut self, rule: Rule<'a>, place: &str) -> Result<Parents, Vec<NotImported>> {
        let mut parents = Parents { gates: Vec::new(), stop: Vec::new() };
        let mut refused = Vec::new();
        for (index, parent) in rule.list("parentConditions").unwrap_or_default().iter().enumerate() {
            let place = format!("{place}.parentConditions[{index}]");
            match self.parent(parent, rule.attribute()) {
                Ok(gate) => {
                    let stops = parent.get("gate").and_then(Value::as_bool).unwrap_or(false);
                    parents.stop.extend(gate.clone().filter(|_| stops));
                    parents.gates.extend(gate);
                }
                Err(why) => refused.push(NotImported { place, why }),
            }
        }
        if refused.is_empty() { Ok(parents) } else { Err(refused) }
    }

    /// What a customer needs so that the parent's value is as asked; nothing where it always is.
    fn parent(&mut self, parent: &Value, attribute: &str) -> Result<Option<Gate>, String> {
        let id = parent.get("id").and_then(Value::as_str).ok_or("names no feature")?;
        let nothing = Value::Object(Map::new());
        let condition = parent.get("condition").unwrap_or(&nothing);
        let condition = Condition::compile_lenient(condition, self.groups.theirs());
        let passes =
            |value: &Value| json!({"value": value}).as_object().is_some_and(|it| condition.matches(it));
        let constant = |passes: bool| Ok((!passes).then_some(Gate::Never));
        let Some(feature) = self.payload.feature(id) else { return constant(passes(&Value::Null)) };
        let rule = match depends_on(feature) {
            Some(Dependence::Constant(value)) => return constant(passes(value)),
            Some(Dependence::Experiment(rule)) => rule,
            None => return Err(format!("the value of {id} depends on more than one experiment")),
        };
        let default = passes(feature.default);
        let passing: Vec<bool> = rule.variations().iter().map(passes).collect();
        if passing.iter().all(|passes| *passes == default) {
            return constant(default);
        }
        let place = format!("{}.rules[0]", feature.path);
        let mut chosen = (0..passing.len()).filter(|variation| passing[*variation]);
        if let (false, Some(variation), None) = (default, chosen.next(), chosen.next()) {
            let named = self.names.get(&place).filter(|_| rule.attribute() == attribute);
            if let Some(named) = named {
                return Ok(Some(Gate::Requires {
                    experiment: named.key.clone(),
                    variant: named.variants[variation].clone(),
                }));
            }
        }
        if !self.is_free(rule, &place) {
            return Err(format!("the values of {id} that are asked for are not those of one variant"));
        }
        let (Ok(ranges), Ok(version)) = (rule.ranges(), rule.version()) else {
            return Err(format!("the experiment of {id} cannot be read"));
        };
        let lets_in =
            |fraction| choose_variation(fraction, &ranges).map_or(default, |variation| passing[variation]);
        Ok(Some(Gate::Draw(Draw::new(rule.attribute(), rule.seed(), version, lets_in))))
    }

    /// Whether a rule asks for nothing but its draw. One that asks for itself, by way of others, is not free.
    fn is_free(&mut self, rule: Rule<'a>, place: &str) -> bool {
        if let Some(known) = self.free.get(place) {
            return *known;
        }
        self.free.insert(place.to_owned(), false);
        if self.followed >= MAX_DEPTH {
            return false;
        }
        self.followed += 1;
        let free = self.gates(rule, place).is_ok_and(|gates| gates.is_empty());
        self.followed -= 1;
        self.free.insert(place.to_owned(), free);
        free
    }
}

/// Nothing where more than one rule has a say.
fn depends_on<'a>(feature: &Feature<'a>) -> Option<Dependence<'a>> {
    let Some(fields) = feature.rules.first() else { return Some(Dependence::Constant(feature.default)) };
    let first = Rule { fields, id: feature.id };
    let asks = ["condition", "parentConditions", "filters", "range", "coverage"];
    match first.speech() {
        Speech::Force if asks.iter().all(|name| first.get(name).is_none()) => {
            first.fields.get("force").map(Dependence::Constant)
        }
        Speech::Experiment if feature.rules.len() == 1 => {
            let passes_through =
                (0..first.variations().len()).any(|variation| first.passes_through(variation));
            (first.variations().len() > 1 && !passes_through).then_some(Dependence::Experiment(first))
        }
        _ => None,
    }
}
