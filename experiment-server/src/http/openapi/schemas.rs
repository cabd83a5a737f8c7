//! Schemas by name, as the types say them, and the rule on null that no type can say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::ToSchema;

/// Schemas by name.
#[derive(Default)]
pub(super) struct Schemas {
    known: BTreeMap<String, Value>,
    /// Names that stand for two.
    twice: BTreeSet<String>,
}

impl Schemas {
    /// Takes in `T` and all that it is made of; answers with a schema that refers to it.
    pub(super) fn refer<T: ToSchema>(&mut self) -> Value {
        let mut parts = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut parts);
        for (name, schema) in parts {
            // A schema consists of texts, numbers and lists: writing it cannot fail.
            self.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
        refer_to(&T::name())
    }

    /// Takes in one.
    pub(super) fn insert(&mut self, name: String, schema: Value) {
        if self.known.get(&name).is_some_and(|known| *known != schema) {
            self.twice.insert(name.clone());
        }
        self.known.insert(name, schema);
    }

    /// Takes in all of `more`.
    pub(super) fn extend(&mut self, more: Schemas) {
        self.twice.extend(more.twice);
        more.known.into_iter().for_each(|(name, schema)| self.insert(name, schema));
    }

    /// All of them.
    ///
    /// # Errors
    /// Types that are written in different ways have one name.
    pub(super) fn into_value(self) -> Result<Value, String> {
        match self.twice.first() {
            None => Ok(json!(self.known)),
            Some(name) => Err(format!("two schemas are called {name}")),
        }
    }

    /// What is answered leaves out what does not apply, which is absent and never null, and may get further fields.
    pub(super) fn leave_open(&mut self) {
        for schema in self.known.values_mut() {
            each_optional(schema, &mut without_null);
            each_description(schema, &mut without_links);
            if let Value::Object(fields) = schema {
                fields.retain(|name, value| name != "additionalProperties" || *value != json!(false));
            }
        }
    }
}

/// A schema that refers to the one of this name.
pub(super) fn refer_to(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What is sent may be null where it may be absent, and then counts as absent.
pub(super) fn null_is_absent(schema: &mut Value) {
    each_optional(schema, &mut or_null);
}

/// Changes every property, however deep inside, that may be absent.
fn each_optional(schema: &mut Value, change: &mut impl FnMut(&mut Value)) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|inner| each_optional(inner, change)),
        Value::Object(fields) => {
            let required: Vec<Value> =
                fields.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                let optional = properties.iter_mut().filter(|(name, _)| !required.contains(&json!(name)));
                optional.for_each(|(_, property)| change(property));
            }
            // Examples are values, not schemas.
            let inner =
                fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "examples" | "default"));
            inner.for_each(|(_, inner)| each_optional(inner, change));
        }
        _ => {}
    }
}

fn each_description(schema: &mut Value, change: &mut impl FnMut(&mut String)) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|inner| each_description(inner, change)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, inner)| match inner {
            Value::String(text) if name == "description" => change(text),
            inner => each_description(inner, change),
        }),
        _ => {}
    }
}

/// Doc comments link to Rust items, which nobody sees from outside: their names are enough.
fn without_links(text: &mut String) {
    while let Some((before, rest)) = text.split_once("[`")
        && let Some((name, after)) = rest.split_once("`]")
    {
        let after = match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
        *text = format!("{before}`{name}`{after}");
    }
}

fn or_null(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let is_composed = ["$ref", "oneOf", "anyOf", "enum"].iter().any(|name| fields.contains_key(*name));
    match fields.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&json!("null")) => types.push(json!("null")),
        Some(Value::String(name)) if name != "null" => {
            let types = json!([name, "null"]);
            fields.insert("type".to_owned(), types);
        }
        None if is_composed => {
            let described = fields.remove("description");
            *schema = json!({"oneOf": [schema, {"type": "null"}]});
            described.into_iter().for_each(|description| schema["description"] = description);
        }
        // Null already, or anything.
        _ => {}
    }
}

fn without_null(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [name] = types.as_slice() {
            let name = name.clone();
            fields.insert("type".to_owned(), name);
        }
    }
    let Some(Value::Array(alternatives)) = fields.get_mut("oneOf") else { return };
    alternatives.retain(|alternative| alternative["type"] != "null");
    if let [Value::Object(only)] = alternatives.as_mut_slice() {
        let only = std::mem::take(only);
        fields.remove("oneOf");
        // What it is said to be here goes before what it is everywhere.
        only.into_iter().for_each(|(name, value)| {
            fields.entry(name).or_insert(value);
        });
    }
}
