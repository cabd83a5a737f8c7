//! An experiment, valid by construction.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bucket::Weighed;
use super::reader::{Field, Fields, Problems, Taken};
use super::variant::{self, MAX_VARIANTS, Variant};
use super::{Audience, Dimension, Economics, HashFunction, LayerClaim, Requirement};
use super::{InvalidDefinition, MAX_METRICS, Method, Metric, MetricKind, Plan, Problem, Role};
use super::{
    audience, dimension, economics, hash, layer, name, parse_metric, parse_plan, requirement, unsupported,
};
use crate::decimal::Decimal;

/// Longest salt in bytes.
pub(super) const MAX_SALT_BYTES: usize = 256;
/// Longest hypothesis in bytes.
const MAX_HYPOTHESIS_BYTES: usize = 4_096;
/// Most attributes by which one experiment's results are sliced.
pub const MAX_DIMENSIONS: usize = 20;
/// Most [slots](Experiment::slots) of one experiment.
pub const MAX_SLOTS: usize = MAX_DIMENSIONS + 1;
/// Most customers on the override lists of one experiment.
pub const MAX_OVERRIDES: usize = 10_000;

/// What a document says of measuring and deciding, and of nothing else.
const BESIDE_ASSIGNMENT: [&str; 4] = ["hypothesis", "metrics", "economics", "plan"];

/// Who draws the arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentMode {
    /// We do; an exposure that differs from our draw is counted and kept.
    Server,
    /// Somebody else does; `assign` answers "external" and exposures are taken as they come.
    External,
    /// We do; an exposure that differs from our draw is left out of the analysis.
    Strict,
}

/// What else than a report, or an `assign` that is to record, makes an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expose {
    /// Nothing else.
    #[default]
    None,
    /// Evaluating its flag alone, by OFREP: for apps that show what they evaluate.
    OnEvaluate,
}

/// One definition of an experiment. Made only by parsing, so whoever holds one may rely on it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Experiment {
    /// Its name everywhere; matches `[A-Za-z0-9._-]{1,128}`.
    pub key: String,
    /// What is believed, in the owner's words.
    pub hypothesis: Option<String>,
    /// Share of the eligible customers that enter, in 0..=1.
    pub traffic: Decimal,
    /// What the hash is salted with; the key unless said otherwise.
    pub salt: String,
    /// Its part of a layer of experiments that exclude each other.
    pub layer: Option<LayerClaim>,
    /// Whom it is for; everybody when nothing is said.
    pub audience: Option<Audience>,
    /// The variants of other experiments that a customer must be in, all of them.
    pub requires: Vec<Requirement>,
    /// The hash by which the arms are drawn.
    pub hash: HashFunction,
    /// Who draws the arms.
    pub assignment: AssignmentMode,
    /// What else makes an exposure.
    pub expose: Expose,
    /// The arms in the order written; at least two.
    pub variants: Vec<Variant>,
    /// Index of the control in `variants`.
    pub control: usize,
    /// QA customers and the variant (by index) that each of them always sees; never analysed.
    /// Not part of the version: see [`Experiment::document`].
    pub overrides: BTreeMap<String, usize>,
    /// Whether the document has override lists, be they empty; one without leaves those there are alone.
    pub states_overrides: bool,
    /// What is known of customers at first exposure and results are sliced by.
    pub dimensions: Vec<Dimension>,
    /// What is measured, in the order written.
    pub metrics: Vec<Metric>,
    /// How its offers are turned into money.
    pub economics: Option<Economics>,
    /// How it is analysed and decided.
    pub plan: Plan,
    /// The document as written, as JSON, without the overrides: what a version stores and hashes.
    pub document: Value,
}

impl Experiment {
    /// Reads an experiment from a document and checks all of it.
    ///
    /// A field that is null counts as absent. `docs/definition.md` lists every field with its default.
    ///
    /// # Errors
    /// [`InvalidDefinition`] with every problem, each with its path and its mend.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::definition::{Experiment, read_document};
    ///
    /// let document = read_document("key: winback\nvariants: [{key: control}, {key: discount}]").unwrap();
    /// assert_eq!(Experiment::parse(document).unwrap().variants.len(), 2);
    ///
    /// let document = read_document("key: winback\nvarients: []").unwrap();
    /// let invalid = Experiment::parse(document).unwrap_err();
    /// assert!(invalid.to_string().contains("did you mean \"variants\"?"));
    /// ```
    pub fn parse(mut document: Value) -> Result<Experiment, InvalidDefinition> {
        // Nothing to do as long as serde_json keeps its maps sorted, which any crate of a build can change.
        document.sort_all_objects();
        let problems = Problems::default();
        let parsed = experiment(&Field::root(&document, &problems));
        match parsed {
            Some(mut experiment) if problems.is_empty() => {
                if let Value::Object(fields) = &mut document {
                    experiment.states_overrides =
                        fields.remove("overrides").is_some_and(|lists| !lists.is_null());
                }
                experiment.document = document;
                Ok(experiment)
            }
            _ => Err(InvalidDefinition { problems: problems.into_vec() }),
        }
    }

    /// What sums are kept by: each dimension by itself, and behind them those together that the plan stratifies by,
    /// where it names several. A store counts the values of each by its index here, see
    /// [`Slice`](crate::measure::Slice).
    #[must_use]
    pub fn slots(&self) -> Vec<Vec<&Dimension>> {
        let mut slots: Vec<Vec<&Dimension>> =
            self.dimensions.iter().map(|dimension| vec![dimension]).collect();
        if let [_, _, ..] = self.plan.stratify[..] {
            let named = |name: &String| self.dimensions.iter().find(|dimension| dimension.name() == *name);
            slots.push(self.plan.stratify.iter().filter_map(named).collect());
        }
        slots
    }

    /// The index of the variant with this key.
    #[must_use]
    pub fn variant_index(&self, key: &str) -> Option<usize> {
        self.variants.iter().position(|variant| variant.key == key)
    }

    /// The document as far as assigning needs it, with the override lists: read again, it assigns everybody
    /// alike.
    #[must_use]
    pub fn for_assignment(&self) -> Value {
        let mut document = self.document.clone();
        if let Value::Object(fields) = &mut document {
            fields.retain(|name, _| !BESIDE_ASSIGNMENT.contains(&name.as_str()));
            if !self.overrides.is_empty() {
                fields.insert("overrides".to_owned(), self.override_lists());
            }
        }
        document
    }

    /// As a document has them: the customers of each variant.
    fn override_lists(&self) -> Value {
        let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (customer, variant) in &self.overrides {
            if let Some(variant) = self.variants.get(*variant) {
                lists.entry(&variant.key).or_default().push(customer);
            }
        }
        lists.into_iter().map(|(variant, customers)| (variant.to_owned(), Value::from(customers))).collect()
    }

    /// XXH3-64 of [`Experiment::document`] as compact JSON with sorted keys: equal for equal definitions,
    /// whatever their overrides.
    #[must_use]
    pub fn version_hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.document.to_string().as_bytes())
    }

    /// What is still missing before customers may enter; empty when nothing is. A draft may lack these.
    #[must_use]
    pub fn ready_to_start(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let primaries = || self.metrics.iter().filter(|metric| metric.role == Role::Primary);
        if primaries().next().is_none() {
            let detail = "no metric is primary, so nothing could decide";
            problems.push(Problem::new("metrics", detail, "give the deciding metric role: primary"));
        } else if primaries().all(|metric| matches!(metric.kind, MetricKind::Ratio { .. })) {
            let detail = "a ratio cannot be the only primary: it can rise while both its parts fall";
            let mend = "make its numerator or another metric primary as well";
            problems.push(Problem::new("metrics", detail, mend));
        }
        if let Method::AlwaysValid | Method::Bayesian = self.plan.method {
            // Both rest on averages that settle as customers come in.
            for (index, metric) in self.metrics.iter().enumerate() {
                let by_rank = matches!(metric.kind, MetricKind::Quantile { .. } | MetricKind::Survival(_));
                if by_rank && metric.role != Role::Secondary {
                    let detail = "this method decides by means and shares, not by quantiles or survival";
                    let mend = "make it secondary, or plan method: fixed or group_sequential";
                    problems.push(Problem::new(format!("metrics[{index}].role"), detail, mend));
                }
            }
        }
        let missing = self.plan.missing().into_iter();
        problems.extend(missing.map(|(path, detail, mend)| Problem::new(path, detail, mend)));
        problems
    }
}

const ASSIGNMENT_MODES: &[(&str, AssignmentMode)] = &[
    ("server", AssignmentMode::Server),
    ("external", AssignmentMode::External),
    ("strict", AssignmentMode::Strict),
];

const EXPOSE: &[(&str, Expose)] = &[("none", Expose::None), ("on_evaluate", Expose::OnEvaluate)];

fn experiment(field: &Field<'_>) -> Option<Experiment> {
    field.object(unsupported::EXPERIMENT_FIELDS, |fields| {
        let key = fields.required("key", "name the experiment, such as key: winback_2026", name::key);
        let hypothesis = fields.optional("hypothesis", hypothesis);
        let traffic = fields.or("traffic", Decimal::ONE, Field::share);
        let salt = fields.optional("salt", |salt| name::text(salt, MAX_SALT_BYTES));
        let salt = salt.map(|salt| salt.or_else(|| key.clone()));
        let layer = fields.optional("layer", layer::layer);
        let audience = fields.optional("audience", audience::audience);
        let requires =
            fields.or("requires", Vec::new(), |field| requirement::requirements(field, key.as_deref()));
        let mode = fields.or("assignment", AssignmentMode::Server, |mode| mode.choice(ASSIGNMENT_MODES, &[]));
        let expose = fields.or("expose", Expose::None, |expose| expose.choice(EXPOSE, &[]));
        let mut variant_keys = Taken::new();
        let variants = variants(fields, mode, &mut variant_keys);
        let overrides = fields.or("overrides", BTreeMap::new(), |overrides| {
            let variants = variants.as_ref().map(|(variants, _)| variants.as_slice());
            read_overrides(overrides, &variant_keys, variants)
        });
        let hash = fields.or("hash", HashFunction::Xxh3, |field| {
            let weighed = Weighed {
                salt: salt.as_ref().and_then(|salt| salt.as_deref()),
                traffic,
                variants: variants.as_ref().map(|(variants, _)| variants.as_slice()),
            };
            hash::hash(field, &weighed)
        });
        let mut taken = Taken::new();
        let dimensions = fields
            .list("dimensions", MAX_DIMENSIONS, |dimension| dimension::dimension(dimension, &mut taken));
        let mut taken = Taken::new();
        let metrics = fields.list("metrics", MAX_METRICS, |metric| parse_metric::metric(metric, &mut taken));
        let economics = fields.optional("economics", |field| economics::economics(field, metrics.as_deref()));
        let plan = fields.or("plan", Plan::default(), |plan| parse_plan::plan(plan, dimensions.as_deref()));
        let key = key?;
        let (variants, control) = variants?;
        Some(Experiment {
            salt: salt?.unwrap_or_else(|| key.clone()),
            key,
            hypothesis: hypothesis?,
            traffic: traffic?,
            layer: layer?,
            audience: audience?,
            requires: requires?,
            hash: hash?,
            assignment: mode?,
            expose: expose?,
            variants,
            control,
            overrides: overrides?,
            states_overrides: false,
            dimensions: dimensions?,
            metrics: metrics?,
            economics: economics?,
            plan: plan?,
            document: Value::Null,
        })
    })
}

fn hypothesis(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if text.len() > MAX_HYPOTHESIS_BYTES {
        return field.problem("is too long", format!("keep to {MAX_HYPOTHESIS_BYTES} bytes"));
    }
    Some(text.to_owned())
}

/// The variants with the index of the control; `taken` gets the keys of all, sound or not.
fn variants(
    fields: &mut Fields<'_>,
    mode: Option<AssignmentMode>,
    taken: &mut Taken,
) -> Option<(Vec<Variant>, usize)> {
    let mend = "list two or more, such as variants: [{key: control}, {key: discount}]";
    let read = fields.required("variants", mend, |list| {
        let read = list.list(MAX_VARIANTS, |item| variant::variant(item, taken))?;
        if read.len() < 2 {
            return list.problem("fewer than two variants leave nothing to compare", mend);
        }
        Some(read)
    })?;
    with_control(fields, read, mode)
}

fn with_control(
    fields: &Fields<'_>,
    read: Vec<(Variant, bool)>,
    mode: Option<AssignmentMode>,
) -> Option<(Vec<Variant>, usize)> {
    let marked: Vec<usize> = (0..read.len()).filter(|index| read[*index].1).collect();
    if let [_, second, ..] = marked[..] {
        let detail = "a second variant says control: true";
        let name = format!("variants[{second}].control");
        return fields.problem_at(&name, detail, "mark exactly one, or none to take the first");
    }
    let control = marked.first().copied().unwrap_or(0);
    let variants: Vec<Variant> = read.into_iter().map(|(variant, _)| variant).collect();
    if variants.iter().all(|variant| variant.weight.is_zero()) {
        return fields.problem(
            "variants",
            "all weights are 0, so nobody could enter",
            "weigh at least one above 0",
        );
    }
    // Whoever draws the arms elsewhere decides there; we only compare.
    if variants[control].weight.is_zero() && mode != Some(AssignmentMode::External) {
        let name = format!("variants[{control}].weight");
        let detail = "the control has weight 0, so nothing could be compared with it";
        return fields.problem_at(&name, detail, "give the control a weight above 0");
    }
    Some((variants, control))
}

/// Written as variant → customers, kept as customer → index of the variant.
fn read_overrides(
    field: &Field<'_>,
    variant_keys: &Taken,
    variants: Option<&[Variant]>,
) -> Option<BTreeMap<String, usize>> {
    let mut overrides = BTreeMap::new();
    let mut taken = Taken::new();
    let mut sound = true;
    for (key, list) in field.entries()? {
        if !variant_keys.contains_key(key) {
            let known = variant_keys.keys().map(String::as_str);
            let mend = list.suggestion(key, known).unwrap_or_else(|| "use the key of a variant".to_owned());
            list.problem::<()>("is not the key of a variant", mend);
        }
        let customers = list.list(MAX_OVERRIDES, |item| name::distinct(item, &mut taken, name::customer_id));
        sound &= customers.is_some();
        // Where the variants themselves are wrong there is no index, and no experiment either.
        let index = variants.and_then(|variants| variants.iter().position(|variant| variant.key == key));
        for customer in customers.unwrap_or_default() {
            overrides.insert(customer, index.unwrap_or(usize::MAX));
        }
    }
    if overrides.len() > MAX_OVERRIDES {
        let detail = format!("{} customers are too many", overrides.len());
        return field.problem(detail, format!("keep to at most {MAX_OVERRIDES}"));
    }
    sound.then_some(overrides)
}
