//! From a condition as written to one that can be judged, noting what is wrong.
//!
//! There is one reading for all ways to compile, which notes everything that is wrong; the lenient way goes
//! on with what the SDKs would do then, every other refuses. They differ in [`Names`], and in what is found of
//! an attribute that is missing: in our own conditions, of most things nobody can tell.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::actual::Actual;
use super::fold::lower;
use super::groups::Groups;
use super::members::Members;
use super::operator::{self, Operator};
use super::rule::{Rule, Test};
use super::scope::{References, Scope};
use crate::problem::{Problem, did_you_mean, member, shown};

/// Most levels of operators and paths inside each other.
pub(super) const MAX_DEPTH: usize = 32;
/// Most operators, paths and values in one condition, items of lists not counted.
const MAX_NODES: usize = 4_096;
/// Most items of one list.
const MAX_ITEMS: usize = 10_000;
/// Longest path in parts.
const MAX_PATH_PARTS: usize = 16;
/// Most regular expressions in one condition, each of which may take a megabyte.
pub(super) const MAX_PATTERNS: usize = 32;
/// Operators that stand where attributes do.
const LOGICAL: &[&str] = &["$and", "$or", "$nor", "$not"];
/// Most names listed where none is near.
const MAX_SUGGESTED: usize = 30;
/// Most names compared with a wrong one.
const MAX_COMPARED: usize = 100;
/// Most problems noted for one condition.
const MAX_PROBLEMS: usize = 200;
const MEND_OBJECT: &str = "write an object: {attribute: value}";

/// The name under which a condition on a customer asks for segments.
pub(super) const SEGMENT: &str = "segment";

/// What a condition may name.
#[derive(Clone, Copy)]
pub(super) enum Names<'a> {
    /// As the SDKs: these groups; segments are unknown to them.
    Lenient(&'a Groups),
    /// The condition of a segment: these groups, no segment, and at most so many regular expressions.
    Segment(&'a Groups, usize),
    /// Groups and segments that are there.
    Known(&'a Scope),
    /// Any: which there are is not known yet.
    Open,
}

/// A rule, all that is wrong with it, and what it names.
pub(super) struct Compiled {
    pub(super) rule: Rule,
    pub(super) problems: Vec<Problem>,
    pub(super) references: References,
    /// How many parts it has.
    pub(super) nodes: usize,
    /// How many regular expressions.
    pub(super) patterns: usize,
}

/// Where in the condition a value stands.
pub(super) struct Place {
    path: String,
    depth: usize,
    /// Whether the condition there is one on the customer, not on an item of a list.
    of_customer: bool,
}

impl Place {
    fn member(&self, name: &str) -> Place {
        Place { path: member(&self.path, name), depth: self.depth + 1, of_customer: self.of_customer }
    }

    fn item(&self, index: usize) -> Place {
        let path = format!("{}[{index}]", self.path);
        Place { path, depth: self.depth + 1, of_customer: self.of_customer }
    }

    /// The same, for a condition on an item of a list.
    pub(super) fn of_item(&self) -> Place {
        Place { path: self.path.clone(), depth: self.depth, of_customer: false }
    }
}

pub(super) struct Compiler<'a> {
    names: Names<'a>,
    references: References,
    problems: Vec<Problem>,
    nodes: usize,
    patterns: usize,
    /// Beyond a bound: nothing more is read, and nothing matches.
    exceeded: bool,
}

/// Compiles a condition on a customer.
pub(super) fn compile(condition: &Value, names: Names<'_>) -> Compiled {
    let (problems, references) = (Vec::new(), References::default());
    let mut compiler = Compiler { names, references, problems, nodes: 0, patterns: 0, exceeded: false };
    let rule = compiler.rule(condition, &Place { path: String::new(), depth: 0, of_customer: true });
    let rule = if compiler.exceeded { Rule::Never } else { rule };
    let Compiler { problems, references, nodes, patterns, .. } = compiler;
    Compiled { rule, problems, references, nodes, patterns }
}

impl Compiler<'_> {
    pub(super) fn problem(&mut self, place: &Place, detail: impl Into<String>, mend: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(&place.path, detail, mend));
        }
    }

    pub(super) fn expected(&mut self, place: &Place, what: &str, value: &Value, mend: &str) {
        self.problem(place, format!("expected {what}, found {}", shown(value)), mend);
    }

    /// Counts a node; `false` beyond a bound, which is noted once.
    fn enter(&mut self, place: &Place) -> bool {
        self.enter_many(place, 1)
    }

    fn enter_many(&mut self, place: &Place, nodes: usize) -> bool {
        self.nodes += nodes;
        if self.exceeded {
            return false;
        }
        if place.depth > MAX_DEPTH {
            let detail = format!("more than {MAX_DEPTH} levels inside each other");
            self.exceed(place, detail, "say it with fewer levels");
        } else if self.nodes > MAX_NODES {
            let detail = format!("the condition has more than {MAX_NODES} parts");
            self.exceed(place, detail, "use $in with a list, or a saved group");
        }
        !self.exceeded
    }

    pub(super) fn exceed(&mut self, place: &Place, detail: String, mend: &str) {
        self.exceeded = true;
        self.problem(place, detail, mend);
    }

    /// A condition on an object of attributes.
    pub(super) fn rule(&mut self, value: &Value, place: &Place) -> Rule {
        if !self.enter(place) {
            return Rule::Never;
        }
        let Value::Object(entries) = value else {
            self.expected(place, "an object", value, MEND_OBJECT);
            return Rule::Never;
        };
        let mut rules: Vec<Rule> =
            entries.iter().map(|(name, value)| self.entry(name, value, &place.member(name))).collect();
        if rules.len() == 1 { rules.remove(0) } else { Rule::All(rules.into()) }
    }

    fn entry(&mut self, name: &str, value: &Value, place: &Place) -> Rule {
        match name {
            "$and" => self.rules(value, place, Rule::All),
            "$or" => self.rules(value, place, Rule::Any),
            "$nor" => Rule::Not(Box::new(self.rules(value, place, Rule::Any))),
            // What has no meaning is not turned round into what is always true.
            "$not" if !value.is_object() => self.rule(value, place),
            "$not" => Rule::Not(Box::new(self.rule(value, place))),
            SEGMENT if place.of_customer && self.is_ours() => self.segments(value, place),
            path => self.attribute(path, value, place),
        }
    }

    fn rules(&mut self, value: &Value, place: &Place, combine: fn(Box<[Rule]>) -> Rule) -> Rule {
        let items = self.items(value, place).unwrap_or_default();
        if items.is_empty() && value.is_array() {
            self.problem(place, "is an empty list, which says nothing", "list conditions, or leave it out");
        }
        let rules = items.iter().enumerate().map(|(index, item)| self.rule(item, &place.item(index)));
        combine(rules.collect())
    }

    /// A list within its bound.
    pub(super) fn items<'v>(&mut self, value: &'v Value, place: &Place) -> Option<&'v [Value]> {
        let Value::Array(items) = value else {
            self.expected(place, "a list", value, "write a list: [ … ]");
            return None;
        };
        if items.len() > MAX_ITEMS {
            let detail = format!("{} items are too many", items.len());
            self.exceed(place, detail, "keep to 10000, or use a saved group");
            return None;
        }
        Some(items)
    }

    fn attribute(&mut self, path: &str, value: &Value, place: &Place) -> Rule {
        if path.starts_with('$') {
            let mend = match Operator::named(path) {
                Some(_) => format!("put it behind an attribute: {{attribute: {{{path}: …}}}}"),
                None => suggestion(path, LOGICAL.iter().copied()),
            };
            self.problem(place, "is no attribute and no operator that stands here", mend);
        } else if path.split('.').any(str::is_empty) {
            self.problem(place, "has an empty part", "name the attribute, such as address.country");
        }
        if path.split('.').count() > MAX_PATH_PARTS {
            let detail = format!("a path of more than {MAX_PATH_PARTS} parts");
            self.exceed(place, detail, "keep attributes flatter");
        }
        let test = self.test(value, place, false);
        let missing = if self.is_ours() { test.on_missing() } else { test.matches(Actual::Null).into() };
        match path.split_once('.') {
            None => Rule::Attribute { name: path.into(), test, missing },
            Some((first, rest)) => {
                let rest = rest.split('.').map(Box::from).collect();
                Rule::Path { first: first.into(), rest, test, missing }
            }
        }
    }

    /// Whether the condition was written here: then `segment` is no attribute, and what is missing fails.
    fn is_ours(&self) -> bool {
        !matches!(self.names, Names::Lenient(_))
    }

    /// Which segments the customer must be in.
    fn segments(&mut self, value: &Value, place: &Place) -> Rule {
        let Value::Object(operators) = value else { return self.segment(value, place) };
        let rules = operators.iter().map(|(name, operand)| {
            let place = place.member(name);
            match name.as_str() {
                "$eq" => self.segment(operand, &place),
                "$ne" => Rule::Not(Box::new(self.segment(operand, &place))),
                "$in" => self.segment_list(operand, &place, Rule::Any),
                "$nin" => Rule::Not(Box::new(self.segment_list(operand, &place, Rule::Any))),
                "$all" => self.segment_list(operand, &place, Rule::All),
                _ => {
                    self.problem(&place, "says nothing about segments", "use $in, $nin, $all, $eq or $ne");
                    Rule::Never
                }
            }
        });
        Rule::All(rules.collect())
    }

    fn segment_list(&mut self, value: &Value, place: &Place, combine: fn(Box<[Rule]>) -> Rule) -> Rule {
        let items = self.items(value, place).unwrap_or_default();
        if items.is_empty() && value.is_array() {
            self.problem(place, "is an empty list, which says nothing", "list segments, or leave it out");
        }
        let segments = items.iter().enumerate().map(|(index, item)| self.segment(item, &place.item(index)));
        combine(segments.collect())
    }

    fn segment(&mut self, name: &Value, place: &Place) -> Rule {
        let Value::String(name) = name else {
            self.expected(place, "the name of a segment", name, "write the name as text");
            return Rule::Never;
        };
        self.references.segments.insert(name.clone());
        let known = match self.names {
            Names::Known(scope) => scope.segment(name),
            Names::Open => return Rule::Never,
            Names::Segment(..) | Names::Lenient(_) => {
                let mend = "write that segment's condition here, or name both where they are used";
                self.problem(place, "a segment cannot name another segment", mend);
                return Rule::Never;
            }
        };
        if let Some((rule, nodes)) = known {
            // Judging it takes as long as if its condition stood here.
            return if self.enter_many(place, nodes) { Rule::Segment(rule) } else { Rule::Never };
        }
        let names = match self.names {
            Names::Known(scope) => suggestion(name, scope.segment_names()),
            _ => String::new(),
        };
        let mend = format!(
            "{names}; segments stand in the catalog, and an attribute of that name needs another one"
        );
        self.problem(place, format!("there is no segment {name:?}"), mend);
        Rule::Never
    }

    /// A condition on one value.
    pub(super) fn test(&mut self, value: &Value, place: &Place, ignores_case: bool) -> Test {
        if !self.enter(place) {
            return Test::Never;
        }
        match value {
            Value::Null => Test::Null,
            Value::Bool(flag) => Test::Flag(*flag),
            Value::Number(_) => Test::Number(Actual::from(value).to_number()),
            Value::String(text) if ignores_case => Test::TextFolded(lower(text).collect::<String>().into()),
            Value::String(text) => Test::Text(text.as_str().into()),
            Value::Object(entries) if is_operators(entries) => self.operators(entries, place),
            Value::Object(entries) => {
                if entries.keys().any(|name| name.starts_with('$')) {
                    let detail = "mixes operators with names, so it is compared as a document";
                    self.problem(place, detail, "write operators only, or paths such as address.country");
                }
                self.document(value, place)
            }
            Value::Array(_) => self.document(value, place),
        }
    }

    fn document(&mut self, value: &Value, place: &Place) -> Test {
        if is_deep(value, MAX_DEPTH) {
            let detail = format!("more than {MAX_DEPTH} levels inside each other");
            self.exceed(place, detail, "say it with fewer levels");
            return Test::Never;
        }
        Test::Same(value.clone())
    }

    fn operators(&mut self, entries: &Map<String, Value>, place: &Place) -> Test {
        let mut tests = Vec::with_capacity(entries.len());
        for (name, operand) in entries {
            let place = place.member(name);
            tests.push(match Operator::named(name) {
                Some(operator) => operator.test(self, operand, &place),
                None => {
                    self.problem(&place, "unknown operator", suggestion(name, operator::names()));
                    Test::Never
                }
            });
        }
        if tests.len() == 1 { tests.remove(0) } else { Test::All(tests.into()) }
    }

    pub(super) fn tests(&mut self, items: &[Value], place: &Place, ignores_case: bool) -> Box<[Test]> {
        let tests = items.iter().enumerate();
        tests.map(|(index, item)| self.test(item, &place.item(index), ignores_case)).collect()
    }

    /// Counts a regular expression; `false` beyond the bound.
    pub(super) fn enter_pattern(&mut self, place: &Place) -> bool {
        self.patterns += 1;
        let (most, whose) = match self.names {
            Names::Segment(_, most) if most < MAX_PATTERNS => (most, "all segments together have"),
            _ => (MAX_PATTERNS, "the condition has"),
        };
        if self.patterns > most && !self.exceeded {
            let detail = format!("{whose} more regular expressions than may be: {most} are left here");
            self.exceed(place, detail, "join them with |, or say it with other operators");
        }
        !self.exceeded
    }

    pub(super) fn group(&mut self, name: &Value, place: &Place) -> Arc<Members> {
        let Value::String(name) = name else {
            self.expected(place, "the name of a group", name, "write the name as text");
            return Arc::default();
        };
        self.references.groups.insert(name.clone());
        let groups = match self.names {
            Names::Lenient(groups) | Names::Segment(groups, _) => groups,
            Names::Known(scope) => scope.groups(),
            Names::Open => return Arc::default(),
        };
        let found = groups.get(name);
        if found.is_none() {
            let mend = suggestion(name, groups.names());
            self.problem(place, format!("there is no group {name:?}"), mend);
        }
        found.unwrap_or_default()
    }
}

/// Whether every name is that of an operator, known or not.
pub(super) fn is_operators(entries: &Map<String, Value>) -> bool {
    !entries.is_empty() && entries.keys().all(|name| name.starts_with('$'))
}

/// `did you mean "$gt"?`, or all there are.
fn suggestion<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    did_you_mean(name, known.clone().take(MAX_COMPARED)).unwrap_or_else(|| {
        let known: Vec<&str> = known.take(MAX_SUGGESTED).collect();
        if known.is_empty() { "none is known".to_owned() } else { format!("known: {}", known.join(", ")) }
    })
}

fn is_deep(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(|item| is_deep(item, levels - 1)),
        Value::Object(entries) => entries.values().any(|value| is_deep(value, levels - 1)),
        _ => false,
    }
}
