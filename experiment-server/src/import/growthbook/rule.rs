//! What a rule asks before it speaks, and what it says.

use experiment_core::assignment::compat::growthbook::{BucketRange, bucket_ranges, choose_variation};
use serde_json::{Map, Value};

use super::draw::Draw;

/// The attribute that is hashed where a rule names none.
const ID: &str = "id";

/// The fields of a rule or an experiment, wherever it stands.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) fields: &'a Map<String, Value>,
    /// What is hashed with where the rule says neither seed nor key: the feature's id.
    pub(super) id: &'a str,
}

/// What a rule does for those who pass.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Speech {
    /// The same value for all.
    Force,
    /// A variation for each.
    Experiment,
    /// Nothing; what it asks of parents may still stop the feature.
    Nothing,
}

/// A part of a rule that cannot be read.
pub(super) struct Malformed {
    pub(super) field: &'static str,
    pub(super) why: &'static str,
}

impl<'a> Rule<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn list(self, name: &str) -> Option<&'a [Value]> {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice)
    }

    pub(super) fn speech(self) -> Speech {
        match () {
            () if self.fields.contains_key("force") => Speech::Force,
            () if self.get("variations").is_some() => Speech::Experiment,
            () => Speech::Nothing,
        }
    }

    pub(super) fn attribute(self) -> &'a str {
        self.text("hashAttribute").unwrap_or(ID)
    }

    /// The key that the SDKs track.
    pub(super) fn key(self) -> &'a str {
        self.text("key").unwrap_or(self.id)
    }

    /// A forced value is hashed with the feature's id, an experiment with its key.
    pub(super) fn seed(self) -> &'a str {
        let default = if self.speech() == Speech::Experiment { self.key() } else { self.id };
        self.text("seed").unwrap_or(default)
    }

    pub(super) fn version(self) -> Result<u8, Malformed> {
        version(self.fields, "hashVersion", 1)
    }

    pub(super) fn variations(self) -> &'a [Value] {
        self.list("variations").unwrap_or_default()
    }

    /// The filters, or the namespace where there is none.
    pub(super) fn filters(self) -> Result<Vec<Filter>, Malformed> {
        if let Some(filters) = self.get("filters") {
            let filters = filters.as_array().ok_or(Malformed { field: "filters", why: "is no list" })?;
            return filters.iter().map(|filter| self.filter(filter)).collect();
        }
        let Some(namespace) = self.get("namespace").filter(|_| self.speech() == Speech::Experiment) else {
            return Ok(Vec::new());
        };
        let read = || Some((namespace.get(0)?.as_str()?, range(namespace.get(1)?, namespace.get(2)?)?));
        let (name, range) = read().ok_or(Malformed { field: "namespace", why: "is not [name, from, to]" })?;
        let namespace = Some((name.to_owned(), range.0, range.1)).filter(|_| !name.is_empty());
        let seed = format!("__{name}");
        Ok(vec![Filter {
            attribute: self.attribute().to_owned(),
            seed,
            version: 1,
            ranges: vec![range],
            namespace,
        }])
    }

    fn filter(self, filter: &Value) -> Result<Filter, Malformed> {
        let malformed = |why| Malformed { field: "filters", why };
        let fields = filter.as_object().ok_or(malformed("holds something that is no object"))?;
        let seed =
            fields.get("seed").and_then(Value::as_str).ok_or(malformed("has a filter without seed"))?;
        let attribute = fields.get("attribute").and_then(Value::as_str).filter(|name| !name.is_empty());
        let ranges = fields.get("ranges").and_then(ranges).ok_or(malformed("has a filter without ranges"))?;
        Ok(Filter {
            attribute: attribute.unwrap_or(ID).to_owned(),
            seed: seed.to_owned(),
            version: version(fields, "hashVersion", 2).map_err(|it| malformed(it.why))?,
            ranges,
            namespace: None,
        })
    }

    /// The share of those who pass that enters.
    pub(super) fn coverage(self) -> Result<f64, Malformed> {
        let coverage = self.fields.get("coverage").map_or(Some(1.0), Value::as_f64);
        let coverage = coverage.ok_or(Malformed { field: "coverage", why: "is no number" })?;
        Ok(coverage.clamp(0.0, 1.0))
    }

    /// As many weights as variations, and such as the SDKs take; `None` where all weigh the same.
    pub(super) fn weights(self) -> Result<Option<Vec<f64>>, Malformed> {
        let Some(weights) = self.get("weights") else { return Ok(None) };
        let numbers = weights.as_array().map(|weights| weights.iter().map(Value::as_f64).collect());
        let malformed = Malformed { field: "weights", why: "is no list of numbers" };
        let weights: Vec<f64> = numbers.flatten().ok_or(malformed)?;
        let sum: f64 = weights.iter().fold(0.0, |sum, weight| sum + weight);
        Ok(Some(weights).filter(|all| all.len() == self.variations().len() && (0.99..=1.01).contains(&sum)))
    }

    /// The stated range of each variation.
    pub(super) fn stated_ranges(self) -> Result<Option<Vec<(f64, f64)>>, Malformed> {
        let malformed = Malformed { field: "ranges", why: "is no list of [from, to]" };
        self.get("ranges").map(|stated| ranges(stated).ok_or(malformed)).transpose()
    }

    /// The range of each variation.
    pub(super) fn ranges(self) -> Result<Vec<BucketRange>, Malformed> {
        let count = self.variations().len();
        if let Some(stated) = self.stated_ranges()? {
            let stated = stated.into_iter().chain(std::iter::repeat((0.0, 0.0))).take(count);
            return Ok(stated.map(|(from, to)| BucketRange { from, to }).collect());
        }
        Ok(bucket_ranges(count, self.coverage()?, self.weights()?.as_deref()))
    }

    /// Whether a variation only takes part, and the value is that of a later rule.
    pub(super) fn passes_through(self, variation: usize) -> bool {
        let meta = self.list("meta").and_then(|meta| meta.get(variation));
        meta.and_then(|meta| meta.get("passthrough")).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Those to whom the last draw of an experiment gives a variation.
    pub(super) fn entry(self) -> Result<Draw, Malformed> {
        let ranges = self.ranges()?;
        let lets_in = |fraction| choose_variation(fraction, &ranges).is_some();
        Ok(Draw::new(self.attribute(), self.seed(), self.version()?, lets_in))
    }

    /// Those to whom the last draw of the rule gives a value.
    pub(super) fn draw(self) -> Result<Draw, Malformed> {
        let (attribute, seed, version) = (self.attribute(), self.seed(), self.version()?);
        if self.speech() == Speech::Experiment {
            let ranges = self.ranges()?;
            let gets_value = |variation: usize| !self.passes_through(variation);
            let lets_in = |fraction| choose_variation(fraction, &ranges).is_some_and(gets_value);
            return Ok(Draw::new(attribute, seed, version, lets_in));
        }
        if let Some(range) = self.get("range") {
            let pair = pair(range).ok_or(Malformed { field: "range", why: "is not [from, to]" })?;
            return Ok(Draw::new(attribute, seed, version, |fraction| {
                fraction >= pair.0 && fraction < pair.1
            }));
        }
        let coverage = self.coverage()?;
        // A rollout takes its end in, but one of 0 is for nobody.
        Ok(Draw::new(attribute, seed, version, |fraction| coverage > 0.0 && fraction <= coverage))
    }
}

/// A filter, or a namespace as one.
pub(super) struct Filter {
    pub(super) attribute: String,
    pub(super) seed: String,
    pub(super) version: u8,
    pub(super) ranges: Vec<(f64, f64)>,
    /// Name and ends, if it is one.
    pub(super) namespace: Option<(String, f64, f64)>,
}

impl Filter {
    pub(super) fn draw(&self) -> Draw {
        let lets_in = |fraction| self.ranges.iter().any(|(from, to)| fraction >= *from && fraction < *to);
        Draw::new(&self.attribute, &self.seed, self.version, lets_in)
    }
}

fn version(fields: &Map<String, Value>, name: &str, default: u8) -> Result<u8, Malformed> {
    match fields.get(name).filter(|version| !version.is_null()).map(Value::as_u64) {
        // The SDKs take 0 as not said.
        None | Some(Some(0)) => Ok(default),
        Some(Some(1)) => Ok(1),
        Some(Some(2)) => Ok(2),
        Some(_) => Err(Malformed { field: "hashVersion", why: "is neither 1 nor 2, so nobody is in it" }),
    }
}

fn ranges(value: &Value) -> Option<Vec<(f64, f64)>> {
    value.as_array()?.iter().map(pair).collect()
}

fn pair(value: &Value) -> Option<(f64, f64)> {
    range(value.get(0)?, value.get(1)?)
}

/// What of a range is within [0, 1), where all fractions are; one that ends before it begins holds none.
fn range(from: &Value, to: &Value) -> Option<(f64, f64)> {
    let (from, to) = (from.as_f64()?.clamp(0.0, 1.0), to.as_f64()?.clamp(0.0, 1.0));
    Some((from, from.max(to)))
}
