//! All that a store says, as JSON, and where two such differ.

use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{Entry, Reading, Version};
use serde_json::{Map, Value, json};

use super::super::world::{MARCH, World};

/// All that a store says of what happened; nothing in it depends on when it is asked.
pub(super) fn told(world: &World) -> Value {
    let store = world.store();
    let catalog = store.catalog();
    let shared = catalog.shared();
    let erasures = store.erasures().unwrap().erasures.into_iter().map(|erasure| {
        json!({
            "customer": erasure.customer.to_string(),
            "sequence": erasure.sequence,
            "requested_at": erasure.requested_at,
            "erased_at": erasure.erased_at,
        })
    });
    let keys = store.api_keys();
    let keys = keys.iter().map(|key| {
        json!({
            "id": key.id,
            "name": key.name,
            "role": key.role,
            "rate": key.rate.map(|rate| rate.to_string()),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
        })
    });
    json!({
        "facts": store.log_position(),
        "catalog": {
            "version": shared.version,
            "received_at": shared.received_at,
            "document": shared.catalog.document,
            "groups": shared.catalog.groups,
        },
        "experiments": catalog.iter().map(|entry| experiment(world, entry)).collect::<Value>(),
        "erasures": erasures.collect::<Value>(),
        "keys": keys.collect::<Value>(),
        "audit": store.audit().unwrap().entries,
    })
}

fn experiment(world: &World, entry: &Entry) -> Value {
    let store = world.store();
    let variant = |index: &usize| entry.current().experiment.variants[*index].key.clone();
    let overrides = entry.overrides.iter().map(|(customer, index)| (customer.clone(), variant(index).into()));
    let steps = entry.steps.iter();
    let steps = steps.map(|step| json!([step.step, step.received_at, step.sequence]));
    let days = DAYS.map(|day| {
        let day = Timestamp(MARCH + day * DAY);
        (day.to_string(), sums(&store.aggregates(&entry.key, Some(day.day())).unwrap()))
    });
    let now = store.aggregates(&entry.key, None).unwrap();
    let customers = CUSTOMERS.map(|customer| {
        let seen = store.customer(&entry.key, customer).unwrap().into_iter();
        let seen = seen.map(|seen| {
            let flags = [seen.made_by_assign, seen.is_override, seen.off_assignment];
            json!([seen.variant, seen.at, seen.sequence, flags])
        });
        (customer.to_owned(), seen.collect())
    });
    json!({
        "number": entry.number,
        "key": entry.key,
        "status": entry.status,
        "winner": entry.winner.as_ref().map(variant),
        "overrides": overrides.collect::<Map<_, _>>(),
        "versions": entry.versions.iter().map(|of| version(of)).collect::<Value>(),
        "steps": steps.collect::<Value>(),
        "design": now.design,
        "now": sums(&now),
        "by_the_end_of": days.into_iter().collect::<Map<_, _>>(),
        "customers": customers.into_iter().collect::<Map<_, _>>(),
    })
}

/// Past days that are asked about.
const DAYS: [i64; 2] = [0, 2];
/// Customers who are asked about.
const CUSTOMERS: [&str; 4] = ["c-00", "c-01", "c-04", "qa-1"];

fn version(version: &Version) -> Value {
    json!({
        "number": version.number,
        "hash": format!("{:016x}", version.hash),
        "received_at": version.received_at,
        "sequence": version.sequence,
        "document": version.experiment.document,
        "override_count": version.override_count,
        "placement": version.placement,
    })
}

fn sums(reading: &Reading) -> Value {
    json!({
        "sequence": reading.sequence,
        "aggregates": reading.aggregates,
        "failed_metrics": reading.failed_metrics,
        "erased_since": reading.erased_since,
    })
}

/// The text of a value, in lines down to the experiments' metrics.
pub(super) fn text(value: &Value) -> String {
    lines(value, 7, "") + "\n"
}

fn lines(value: &Value, depth: usize, indent: &str) -> String {
    let deeper = format!("{indent} ");
    let inner = |value| lines(value, depth - 1, &deeper);
    let (ends, parts): (_, Vec<String>) = match value {
        Value::Object(fields) if depth > 0 && !fields.is_empty() => {
            let field = |(key, value)| format!("{}: {}", Value::from(String::as_str(key)), inner(value));
            (["{", "}"], fields.iter().map(field).collect())
        }
        Value::Array(items) if depth > 0 && !items.is_empty() => {
            (["[", "]"], items.iter().map(inner).collect())
        }
        _ => return value.to_string(),
    };
    format!("{}\n{deeper}{}\n{indent}{}", ends[0], parts.join(&format!(",\n{deeper}")), ends[1])
}

/// Where two values differ first, and in what.
pub(super) fn first_difference(one: &Value, other: &Value, path: String) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys());
            keys.map(|key| (key, one.get(key), other.get(key))).find_map(|(key, one, other)| {
                let path = format!("{path}.{key}");
                match (one, other) {
                    (Some(one), Some(other)) => first_difference(one, other, path),
                    _ => Some(format!("{path}: {one:?}, expected {other:?}")),
                }
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(index, (one, other))| first_difference(one, other, format!("{path}[{index}]")))
        }
        _ => (one != other).then(|| format!("{path}: {one}, expected {other}")),
    }
}
