//! A cursor over a document that knows where it is and collects what is wrong.
//!
//! Every reading function answers `None` after it has noted a problem, so a parse function reads all its
//! fields first and gives up (`?`) only at the end: that way every problem is reported at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::decimal::Decimal;
use crate::problem::{Problem, did_you_mean, member, shown};
use crate::time::{Day, Span};

/// Most problems reported for one document; the rest is only counted.
const MAX_PROBLEMS: usize = 200;
/// Largest amount (weight, cap, margin, cost) in a definition, as in data.
pub(super) const MAX_AMOUNT: i128 = 1_000_000_000;
/// Most digits behind the point of an amount: enough for every `f64` that is not tiny.
const MAX_AMOUNT_PLACES: u32 = 20;

/// What has been found wrong so far.
#[derive(Default)]
pub(super) struct Problems {
    found: RefCell<Vec<Problem>>,
    more: RefCell<usize>,
}

impl Problems {
    pub(super) fn note(&self, problem: Problem) {
        let mut found = self.found.borrow_mut();
        if found.len() < MAX_PROBLEMS { found.push(problem) } else { *self.more.borrow_mut() += 1 }
    }

    /// Whether further problems are only counted, so that their words need no work.
    fn is_full(&self) -> bool {
        self.found.borrow().len() >= MAX_PROBLEMS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        let more = self.more.into_inner();
        if more > 0 {
            let detail = format!("{more} more problems are not listed");
            found.push(Problem::new("", detail, "mend those above first"));
        }
        found
    }
}

/// Names already taken in a list, each with the path of who took it.
pub(super) type Taken = BTreeMap<String, String>;

/// One value of the document and where it stands.
#[derive(Clone)]
pub(super) struct Field<'a> {
    value: &'a Value,
    path: String,
    problems: &'a Problems,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value, problems: &'a Problems) -> Field<'a> {
        Field { value, path: String::new(), problems }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Notes a problem with this value; always `None`, so that it can be returned.
    pub(super) fn problem<T>(&self, detail: impl Into<String>, mend: impl Into<String>) -> Option<T> {
        self.problems.note(Problem::new(&self.path, detail, mend));
        None
    }

    /// Notes a problem that was found elsewhere.
    pub(super) fn note(&self, problem: Problem) {
        self.problems.note(problem);
    }

    pub(super) fn expected<T>(&self, what: &str, mend: impl Into<String>) -> Option<T> {
        self.problem(format!("expected {what}, found {}", shown(self.value)), mend)
    }

    /// `did you mean "window"?` for the nearest of `known`, if any is near.
    pub(super) fn suggestion<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        if self.problems.is_full() { None } else { did_you_mean(name, known) }
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match self.value {
            Value::String(text) => Some(text),
            Value::Number(number) => self.expected("text", format!("put it in quotes: \"{number}\"")),
            Value::Bool(flag) => self.expected("text", format!("put it in quotes: \"{flag}\"")),
            _ => self.expected("text", "write a text"),
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Bool(flag) => Some(*flag),
            _ => self.expected("true or false", "write true or false, without quotes"),
        }
    }

    /// A whole number in `least..=most`.
    pub(super) fn whole(&self, least: u64, most: u64) -> Option<u64> {
        let what = format!("a whole number from {least} to {most}");
        match self.value.as_u64().or_else(|| whole_float(self.value)) {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => self.expected(&what, format!("write {what}")),
        }
    }

    /// As [`Field::whole`], for numbers that fit 32 bits.
    pub(super) fn whole_u32(&self, least: u64, most: u64) -> Option<u32> {
        u32::try_from(self.whole(least, most.min(u32::MAX.into()))?).ok()
    }

    /// A number exactly as its shortest text spells it, of any size that [`Decimal`] holds.
    fn decimal(&self) -> Option<Decimal> {
        let Value::Number(number) = self.value else {
            return self.expected("a number", "write a number without quotes, such as 0.5");
        };
        if let Some(whole) = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)) {
            return Some(Decimal::new(whole, 0));
        }
        match number.as_f64().map(Decimal::from_f64) {
            Some(Ok(decimal)) => Some(decimal),
            _ => self.expected("a number of ordinary size", "use fewer digits or another unit"),
        }
    }

    /// A number of ordinary size: at most a thousand million either way, twenty digits behind the point.
    pub(super) fn amount(&self) -> Option<Decimal> {
        let amount = self.decimal()?;
        let limit = Decimal::new(MAX_AMOUNT, 0);
        if amount > limit || amount < Decimal::new(-MAX_AMOUNT, 0) || amount.places() > MAX_AMOUNT_PLACES {
            let detail = format!("{amount} is beyond ±{MAX_AMOUNT} or has more than 20 decimals");
            return self.problem(detail, "use another unit or fewer decimals");
        }
        Some(amount)
    }

    /// An amount that is not negative.
    pub(super) fn amount_from_zero(&self) -> Option<Decimal> {
        let amount = self.amount()?;
        if amount.is_negative() {
            return self.problem(format!("{amount} is negative"), "write 0 or more");
        }
        Some(amount)
    }

    /// An amount from 0 to 1.
    pub(super) fn share(&self) -> Option<Decimal> {
        let share = self.amount()?;
        if share.is_negative() || share > Decimal::ONE {
            let mend = "write a share: 0.5 for half of the customers";
            return self.problem(format!("{share} is not between 0 and 1"), mend);
        }
        Some(share)
    }

    pub(super) fn span(&self) -> Option<Span> {
        match self.value {
            Value::String(text) => match text.parse() {
                Ok(span) => Some(span),
                Err(_) => self.expected(
                    "a span of at most 3650d",
                    "write a whole number and its unit (s, m, h, d, w), such as 30d",
                ),
            },
            Value::Number(number) => self.expected("a span", format!("say the unit, such as {number}d")),
            _ => self.expected("a span", "write a span such as 30d"),
        }
    }

    pub(super) fn day(&self) -> Option<Day> {
        match self.value.as_str().map(str::parse) {
            Some(Ok(day)) => Some(day),
            _ => self.expected("a day", "write a day such as 2026-12-31"),
        }
    }

    /// One of `known`; names in `later` are refused as not supported yet.
    pub(super) fn choice<T: Copy>(&self, known: &[(&str, T)], later: &[&str]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, choice)) = known.iter().find(|(name, _)| *name == text) {
            return Some(*choice);
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        if later.contains(&text) {
            return self
                .problem(format!("{text} is not supported yet"), format!("use one of {}", names.join(", ")));
        }
        let all = names.iter().chain(later).copied();
        let detail = format!("{} is not one of {}", shown(self.value), names.join(", "));
        self.problem(detail, self.suggestion(text, all).unwrap_or_else(|| "choose one of these".to_owned()))
    }

    /// The items, at most `most`, each read by `parse`; `None` if any of them fails.
    pub(super) fn list<T>(
        &self,
        most: usize,
        mut parse: impl FnMut(&Field<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = self.value else {
            return self.expected("a list", "write a list: [ … ]");
        };
        if items.len() > most {
            return self
                .problem(format!("{} items are too many", items.len()), format!("keep to at most {most}"));
        }
        // Not a plain collect into Option, which would stop at the first failure and hide the others.
        let parsed: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let path = format!("{}[{index}]", self.path);
                parse(&Field { value, path, problems: self.problems })
            })
            .collect();
        parsed.into_iter().collect()
    }

    /// The entries of an object whose names are data, such as variant keys.
    pub(super) fn entries(&self) -> Option<Vec<(&'a str, Field<'a>)>> {
        let Value::Object(object) = self.value else {
            return self.expected("an object", "write an object: {name: …}");
        };
        let entry = |(name, value): (&'a String, &'a Value)| {
            let field = Field { value, path: member(&self.path, name), problems: self.problems };
            (name.as_str(), field)
        };
        Some(object.iter().map(entry).collect())
    }

    /// An object, whose fields `parse` reads; what it leaves unread is a problem. Names in `later` are
    /// refused as not supported yet, whatever they hold.
    pub(super) fn object<T>(
        &self,
        later: &'static [&'static str],
        parse: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let Value::Object(object) = self.value else {
            return self.expected("an object", "write an object: {name: …}");
        };
        let mut fields = Fields {
            object,
            path: self.path.clone(),
            problems: self.problems,
            known: Vec::new(),
            later,
            ignore_rest: false,
        };
        let parsed = parse(&mut fields);
        fields.report_unread();
        parsed
    }
}

/// The fields of one object while they are being read. A field that is null counts as absent.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: String,
    problems: &'a Problems,
    known: Vec<&'static str>,
    later: &'static [&'static str],
    ignore_rest: bool,
}

impl<'a> Fields<'a> {
    /// Notes a problem with the field `name`, present or not; always `None`.
    pub(super) fn problem<T>(
        &self,
        name: &str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<T> {
        self.problems.note(Problem::new(member(&self.path, name), detail, mend));
        None
    }

    /// As [`Fields::problem`], `below` being a path from here such as `variants[1].control`.
    pub(super) fn problem_at<T>(
        &self,
        below: &str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<T> {
        let path = if self.path.is_empty() { below.to_owned() } else { format!("{}.{below}", self.path) };
        self.problems.note(Problem::new(path, detail, mend));
        None
    }

    /// As [`Fields::problem`], for a field of the whole document.
    pub(super) fn problem_at_root<T>(&self, name: &str, detail: &str, mend: &str) -> Option<T> {
        self.problems.note(Problem::new(name, detail, mend));
        None
    }

    fn read(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        Some(Field { value, path: member(&self.path, name), problems: self.problems })
    }

    /// A field that must be there; `mend` says what to add when it is not.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        mend: &str,
        parse: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.read(name) {
            Some(field) => parse(&field),
            None => self.problem(name, "is missing", mend),
        }
    }

    /// A field that may be absent: `Some(None)` then.
    #[expect(clippy::option_option, reason = "the outer option says whether reading went well")]
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.read(name).map_or(Some(None), |field| parse(&field).map(Some))
    }

    /// A field that may be absent, and then is `default`.
    pub(super) fn or<T>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<T> {
        self.read(name).map_or(Some(default), |field| parse(&field))
    }

    /// A list that may be absent, and then is empty.
    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        most: usize,
        parse: impl FnMut(&Field<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.or(name, Vec::new(), |field| field.list(most, parse))
    }

    /// A field that exists but has no place here, because of another field's value.
    pub(super) fn refuse(&mut self, name: &'static str, detail: &str, mend: &str) -> Option<()> {
        match self.read(name) {
            Some(field) => field.problem(detail, mend),
            None => Some(()),
        }
    }

    /// The rest cannot be judged: for objects whose kind is already refused.
    pub(super) fn ignore_rest(&mut self) {
        self.ignore_rest = true;
    }

    fn report_unread(&self) {
        for name in self.object.keys().map(String::as_str) {
            if self.known.contains(&name) {
                continue;
            }
            if self.later.contains(&name) {
                self.problem::<()>(name, format!("{name} is not supported yet"), "leave it out");
            } else if !self.ignore_rest {
                self.problem::<()>(name, "unknown field", self.known_fields(name));
            }
        }
    }

    fn known_fields(&self, name: &str) -> String {
        if self.problems.is_full() {
            return String::new();
        }
        let known = format!("known: {}", self.known.join(", "));
        match did_you_mean(name, self.known.iter().chain(self.later).copied()) {
            Some(suggestion) => format!("{suggestion} {known}"),
            None => known,
        }
    }
}

/// `5.0` as 5: YAML and JSON writers do not always keep whole numbers whole.
fn whole_float(value: &Value) -> Option<u64> {
    let decimal = Decimal::from_f64(value.as_f64()?).ok()?;
    if decimal.places() == 0 { u64::try_from(decimal.coefficient()).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_the_problems_it_does_not_list() {
        let items = json!(vec![1; MAX_PROBLEMS + 5]);
        let problems = Problems::default();
        let root = Field::root(&items, &problems);
        assert!(root.list(1_000, |item| item.text().map(str::to_owned)).is_none());
        let found = problems.into_vec();
        assert_eq!(found.len(), MAX_PROBLEMS + 1);
        assert!(found[MAX_PROBLEMS].detail.starts_with("5 more"));
    }

    #[test]
    fn reads_numbers_exactly() {
        let problems = Problems::default();
        let amount = |value: Value| Field::root(&value, &problems).amount().map(|d| d.to_string());
        assert_eq!(amount(json!(0.1)).as_deref(), Some("0.1"));
        assert_eq!(amount(json!(-3)).as_deref(), Some("-3"));
        assert_eq!(amount(json!(1_000_000_001)), None);
        assert_eq!(amount(json!(1e-21)), None);
        assert_eq!(amount(json!(1e300)), None);
        assert_eq!(amount(json!("1")), None);
        let whole = |value: Value| Field::root(&value, &problems).whole(1, 10);
        assert_eq!((whole(json!(10.0)), whole(json!(1.5)), whole(json!(0))), (Some(10), None, None));
    }
}
