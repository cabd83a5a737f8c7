//! Conditions, so that the same customers meet them here.
//!
//! The language is the same but for one rule: to the SDKs a missing attribute is null, which counts as 0 in a
//! comparison, and here nobody can tell how what is missing compares, not even when it is turned round. Where
//! that decides it is written out: `{age: {$lt: 18}}` becomes `{$or: [{age: {$lt: 18}}, {age: null}]}`.

use experiment_core::condition::{Condition, Groups, Scope};
use serde_json::{Map, Value, json};

use super::NotImported;
use super::saved_groups::SavedGroups;

/// The name that asks for segments in conditions on customers.
const SEGMENT: &str = "segment";

/// A condition for an audience here; `None` where it is for everybody.
///
/// # Errors
/// What conditions here cannot say, with the reasons.
pub(super) fn translate(
    condition: &Value,
    place: &str,
    groups: &mut SavedGroups,
) -> Result<Option<Value>, Vec<NotImported>> {
    if condition.is_null() || condition.as_object().is_some_and(Map::is_empty) {
        return Ok(None);
    }
    // What is refused is shown as it stands in the payload, not as it is rewritten.
    let references = Condition::check(condition).map_err(|problems| refused(place, problems))?;
    if !references.segments.is_empty() {
        let why = format!("asks for an attribute {SEGMENT:?}, which here names a segment of the catalog");
        return Err(vec![NotImported { place: place.to_owned(), why }]);
    }
    for name in &references.groups {
        groups.name(name, place);
    }
    let (theirs, scope) = (groups.theirs().clone(), groups.scope());
    let mut rewriter = Rewriter { theirs, scope, groups, place, turned: false, missing_items: false };
    let rewritten = rewriter.rule(condition);
    if rewriter.missing_items {
        let why = "compares what an item of a list may lack: to the SDKs that counts as 0, here it fails";
        groups.not_imported.push(NotImported { place: place.to_owned(), why: why.to_owned() });
    }
    match Condition::compile(&rewritten, &groups.scope()) {
        Ok(_) => Ok(Some(rewritten)),
        Err(problems) => Err(refused(place, problems)),
    }
}

fn refused(place: &str, problems: Vec<experiment_core::definition::Problem>) -> Vec<NotImported> {
    let list = |problem: experiment_core::definition::Problem| {
        let place = match problem.path.as_str() {
            "" => place.to_owned(),
            path if path.starts_with('[') => format!("{place}{path}"),
            path => format!("{place}.{path}"),
        };
        NotImported { place, why: format!("{}; mend: {}", problem.detail, problem.mend) }
    };
    problems.into_iter().map(list).collect()
}

struct Rewriter<'a> {
    theirs: Groups,
    scope: Scope,
    groups: &'a mut SavedGroups,
    place: &'a str,
    /// Whether what is read is turned round by something around it.
    turned: bool,
    /// Whether an item of a list that is null would be judged otherwise.
    missing_items: bool,
}

impl Rewriter<'_> {
    /// A condition on an object of attributes.
    fn rule(&mut self, rule: &Value) -> Value {
        let Value::Object(entries) = rule else { return rule.clone() };
        let (mut kept, mut rewritten) = (Map::new(), Vec::new());
        for (name, value) in entries {
            let value = match name.as_str() {
                "$and" | "$or" => self.each(value, Rewriter::rule),
                "$nor" | "$not" => {
                    let before = std::mem::replace(&mut self.turned, true);
                    let rewritten = match value {
                        Value::Array(_) => self.each(value, Rewriter::rule),
                        _ => self.rule(value),
                    };
                    self.turned = before;
                    rewritten
                }
                path => match self.attribute(path, value) {
                    Entry::Same(value) => value,
                    Entry::Rule(rule) => {
                        rewritten.push(rule);
                        continue;
                    }
                },
            };
            kept.insert(name.clone(), value);
        }
        match (kept.is_empty(), rewritten.len()) {
            (_, 0) => Value::Object(kept),
            (true, 1) => rewritten.remove(0),
            _ => {
                let kept = (!kept.is_empty()).then_some(Value::Object(kept));
                json!({"$and": kept.into_iter().chain(rewritten).collect::<Vec<_>>()})
            }
        }
    }

    fn each(&mut self, list: &Value, rewrite: fn(&mut Self, &Value) -> Value) -> Value {
        let Value::Array(items) = list else { return list.clone() };
        items.iter().map(|item| rewrite(self, item)).collect()
    }

    fn attribute(&mut self, path: &str, test: &Value) -> Entry {
        let rewritten = self.test(test);
        let nothing = Map::new();
        let there = Condition::compile_lenient(&json!({path: test}), &self.theirs).matches(&nothing);
        let here = |condition: Value| {
            let compiled = Condition::compile(&condition, &self.scope);
            compiled.map(|compiled| compiled.matches(&nothing))
        };
        match (there, here(json!({path: rewritten})), here(json!({"$not": {path: rewritten}}))) {
            (true, Ok(false), _) => Entry::Rule(json!({"$or": [{path: rewritten}, {path: null}]})),
            // Said to hold, or unknown where it must be said not to.
            (false, Ok(true), _) => {
                Entry::Rule(json!({"$and": [{path: rewritten}, {path: {"$exists": true}}]}))
            }
            (false, Ok(false), Ok(false)) if self.turned => {
                Entry::Rule(json!({"$and": [{path: rewritten}, {path: {"$exists": true}}]}))
            }
            // What is refused is noted when the whole is compiled.
            _ => Entry::Same(rewritten),
        }
    }

    /// A condition on one value.
    fn test(&mut self, test: &Value) -> Value {
        match test {
            Value::Object(operators) if is_operators(operators) => {
                let operators =
                    operators.iter().map(|(name, operand)| (name.clone(), self.operand(name, operand)));
                Value::Object(operators.collect())
            }
            _ => test.clone(),
        }
    }

    fn operand(&mut self, operator: &str, operand: &Value) -> Value {
        match (operator, operand) {
            ("$inGroup" | "$notInGroup", Value::String(name)) => self.groups.name(name, self.place).into(),
            ("$not", _) => self.test(operand),
            ("$elemMatch", Value::Object(entries)) if is_operators(entries) => self.test(operand),
            ("$elemMatch", _) => {
                let rewritten = self.rule(operand);
                // Operators alone would be taken as those on the item itself.
                let is_taken_otherwise = rewritten.as_object().is_some_and(is_operators);
                self.missing_items |= is_taken_otherwise;
                if is_taken_otherwise { operand.clone() } else { rewritten }
            }
            ("$all" | "$alli", Value::Array(items)) => {
                self.missing_items |= items.iter().any(|item| self.judges_null_otherwise(item));
                self.each(operand, Rewriter::test)
            }
            _ => operand.clone(),
        }
    }

    fn judges_null_otherwise(&self, test: &Value) -> bool {
        let condition = json!({"item": test});
        let nothing = Map::new();
        let there = Condition::compile_lenient(&condition, &self.theirs).matches(&nothing);
        Condition::compile(&condition, &self.scope).is_ok_and(|here| here.matches(&nothing) != there)
    }
}

/// What becomes of an attribute's entry.
enum Entry {
    /// The entry with this value.
    Same(Value),
    /// A condition of its own.
    Rule(Value),
}

fn is_operators(entries: &Map<String, Value>) -> bool {
    !entries.is_empty() && entries.keys().all(|name| name.starts_with('$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(condition: &Value) -> Value {
        translate(condition, "here", &mut SavedGroups::default()).unwrap().unwrap()
    }

    #[test]
    fn what_is_missing_counts_as_it_does_there() {
        let same =
            json!({"plan": "basic", "age": {"$gt": 18}, "tags": {"$in": ["a"]}, "country": {"$ne": "DE"}});
        assert_eq!(rewritten(&same), same);
        assert_eq!(
            rewritten(&json!({"age": {"$lt": 18}})),
            json!({"$or": [{"age": {"$lt": 18}}, {"age": null}]})
        );
        assert_eq!(
            rewritten(&json!({"age": {"$not": {"$lt": 18}}, "plan": "basic"})),
            json!({"age": {"$not": {"$lt": 18}}, "plan": "basic"})
        );
        assert_eq!(
            rewritten(&json!({"$not": {"age": {"$gt": 18}}})),
            json!({"$not": {"$and": [{"age": {"$gt": 18}}, {"age": {"$exists": true}}]}})
        );
        assert_eq!(
            rewritten(&json!({"$nor": [{"age": {"$gt": 18}}, {"plan": {"$ne": "pro"}}]})),
            json!({"$nor": [{"$and": [{"age": {"$gt": 18}}, {"age": {"$exists": true}}]}, {"plan": {"$ne": "pro"}}]})
        );
        assert_eq!(
            rewritten(&json!({"age": {"$not": {"$gt": 18}}})),
            json!({"$or": [{"age": {"$not": {"$gt": 18}}}, {"age": null}]})
        );
        assert_eq!(
            rewritten(&json!({"$not": {"age": {"$lt": 18}}})),
            json!({"$not": {"$or": [{"age": {"$lt": 18}}, {"age": null}]}})
        );
        assert_eq!(
            rewritten(&json!({"orders": {"$elemMatch": {"price": {"$lte": 5}}}})), // listed
            json!({"orders": {"$elemMatch": {"price": {"$lte": 5}}}})
        );
        let (mut groups, condition) = (SavedGroups::default(), json!({"a": {"$all": [{"$lt": 5}]}}));
        assert_eq!(translate(&condition, "here", &mut groups), Ok(Some(condition)));
        assert_eq!(groups.not_imported.len(), 1);
    }
}
