//! Which hash draws the arms: ours, or another system's, so that who moves here keeps every customer's arm.
//!
//! Another system's hash comes with the parameters that system has. What they say together with weights and
//! traffic is worked out here, so that a definition that cannot be drawn exactly as there is refused.

use super::Experiment;
use super::bucket::{self, BucketRange, Weighed};
use super::experiment::MAX_SALT_BYTES;
use super::name;
use super::reader::{Field, Fields};
use crate::decimal::Decimal;

/// Most filters of one experiment.
const MAX_FILTERS: usize = 20;
/// Most shards of Eppo's.
const MAX_SHARDS: u64 = 1_000_000;
const DEFAULT_SHARDS: u32 = 10_000;
/// Buckets of Statsig's groups.
const STATSIG_BUCKETS: u32 = 1_000;
/// Buckets of Optimizely's.
const OPTIMIZELY_BUCKETS: u32 = 10_000;

/// The hash with its parameters. `docs/assignment.md` has the formulas.
#[derive(Debug, Clone, PartialEq)]
pub enum HashFunction {
    /// XXH3-64, ours.
    Xxh3,
    /// GrowthBook's.
    GrowthBook(GrowthBookHash),
    /// Unleash's: `traffic` is a whole percentage.
    Unleash {
        /// Behind the rollout: the strategy's group.
        group: String,
        /// Behind the variants; the same group unless said otherwise.
        variant_group: String,
        /// The weight of each variant, in the order of the definition.
        weights: Vec<u32>,
        /// The rollout in percent.
        percentage: u32,
    },
    /// PlanOut's.
    PlanOut {
        /// The experiment's salt.
        salt: String,
        /// The parameter whose value is the variant.
        parameter: String,
        /// Whether the choice is uniform: weights are equal.
        uniform: bool,
        /// The parameter of the trial that lets customers enter; needed for traffic below 1.
        traffic_parameter: Option<String>,
    },
    /// Eppo's.
    Eppo {
        /// Of the split.
        salt: String,
        /// Of the traffic; needed for traffic below 1.
        traffic_salt: Option<String>,
        /// How many shards there are.
        total_shards: u32,
        /// How many of them are in the traffic, from the first.
        traffic_shards: u32,
        /// The shards of each variant.
        ranges: Vec<BucketRange>,
    },
    /// Statsig's.
    Statsig {
        /// Of the groups.
        salt: String,
        /// Of the specification and the rule that let customers pass; needed for traffic below 1.
        pass_salts: Option<(String, String)>,
        /// The buckets of each variant, of a thousand.
        ranges: Vec<BucketRange>,
    },
    /// Optimizely's.
    Optimizely {
        /// The id of the experiment, or of its group.
        parent: String,
        /// The buckets of each variant, of ten thousand.
        ranges: Vec<BucketRange>,
    },
}

/// GrowthBook's hash.
#[derive(Debug, Clone, PartialEq)]
pub struct GrowthBookHash {
    /// Whether texts are hashed as UTF-16 code units (`growthbook-js`) or as bytes of UTF-8
    /// (`growthbook-bytes`).
    pub utf16: bool,
    /// The version of the hash, 1 or 2.
    pub version: u8,
    /// The experiment's seed.
    pub seed: String,
    /// The range of each variant in its order, `[from, to)` as fractions, where they are stated; else they
    /// follow from weights and traffic.
    pub ranges: Option<Vec<(f64, f64)>>,
    /// Who may enter at all; each must let the customer in. A namespace is one of them.
    pub filters: Vec<GrowthBookFilter>,
}

/// A part of the customers by a hash of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct GrowthBookFilter {
    /// Its seed.
    pub seed: String,
    /// The version of the hash, 1 or 2.
    pub version: u8,
    /// `[from, to)` as fractions, any of which lets the customer in.
    pub ranges: Vec<(f64, f64)>,
}

impl HashFunction {
    /// How much of the hash each of `count` variants has, where ranges say so; relative to each other.
    fn sizes(&self, count: usize) -> Option<Vec<f64>> {
        let buckets = match self {
            HashFunction::GrowthBook(hash) => {
                return Some(hash.ranges.as_ref()?.iter().map(|(from, to)| to - from).collect());
            }
            HashFunction::Eppo { ranges, .. }
            | HashFunction::Statsig { ranges, .. }
            | HashFunction::Optimizely { ranges, .. } => ranges,
            HashFunction::Xxh3 | HashFunction::Unleash { .. } | HashFunction::PlanOut { .. } => return None,
        };
        let mut sizes = vec![0.0; count];
        for range in buckets {
            sizes[range.variant] += f64::from(range.to - range.from);
        }
        Some(sizes)
    }
}

impl Experiment {
    /// The share of the entrants that each variant should get, relative to the others: by weight, or by the
    /// ranges of another system's hash where the definition states them.
    #[must_use]
    pub fn expected_weights(&self) -> Vec<f64> {
        let weights = || self.variants.iter().map(|variant| variant.weight.to_f64()).collect();
        self.hash.sizes(self.variants.len()).unwrap_or_else(weights)
    }
}

/// Systems by name.
#[derive(Clone, Copy, PartialEq)]
enum System {
    Xxh3,
    GrowthBookJs,
    GrowthBookBytes,
    Unleash,
    PlanOut,
    Eppo,
    Statsig,
    Optimizely,
}

const SYSTEMS: &[(&str, System)] = &[
    ("xxh3", System::Xxh3),
    ("growthbook-js", System::GrowthBookJs),
    ("growthbook-bytes", System::GrowthBookBytes),
    ("unleash", System::Unleash),
    ("planout", System::PlanOut),
    ("eppo", System::Eppo),
    ("statsig", System::Statsig),
    ("optimizely", System::Optimizely),
];

/// The name alone where its parameters follow from the rest, or an object with them.
pub(super) fn hash(field: &Field<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    if field.value().is_object() {
        return field.object(&[], |fields| {
            let mend = "name the system, such as name: growthbook-js";
            match fields.required("name", mend, |name| name.choice(SYSTEMS, &[])) {
                Some(system) => parameters(system, fields, weighed),
                None => {
                    fields.ignore_rest();
                    None
                }
            }
        });
    }
    match field.choice(SYSTEMS, &[])? {
        System::Xxh3 => Some(HashFunction::Xxh3),
        _ => {
            let name = field.text()?;
            let detail = "stands alone, and its parameters are not known";
            field.problem(detail, format!("write them beside its name: {{name: {name}, …}}"))
        }
    }
}

fn parameters(system: System, fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    match system {
        System::Xxh3 => Some(HashFunction::Xxh3),
        System::GrowthBookJs => growthbook(fields, weighed, true),
        System::GrowthBookBytes => growthbook(fields, weighed, false),
        System::Unleash => unleash(fields, weighed),
        System::PlanOut => planout(fields, weighed),
        System::Eppo => eppo(fields, weighed),
        System::Statsig => statsig(fields, weighed),
        System::Optimizely => optimizely(fields, weighed),
    }
}

fn text(field: &Field<'_>) -> Option<String> {
    name::text(field, MAX_SALT_BYTES)
}

fn growthbook(fields: &mut Fields<'_>, weighed: &Weighed<'_>, utf16: bool) -> Option<HashFunction> {
    let mend = "say which version of its hash: 1 or 2";
    let version = fields.required("version", mend, version);
    let seed = fields.optional("seed", text);
    let ranges = fields.optional("ranges", |ranges| bucket::fractions(ranges, weighed.variants?));
    let namespace = fields.optional("namespace", namespace);
    let filters = fields.list("filters", MAX_FILTERS, filter);
    let (ranges, variants) = (ranges?, weighed.variants?);
    let weights: Vec<f64> = variants.iter().map(|variant| variant.weight.to_f64()).collect();
    let sum: f64 = weights.iter().sum();
    let equal = variants.windows(2).all(|pair| pair[0].weight == pair[1].weight);
    if ranges.is_some() {
        weighed.without_traffic(fields)?;
    } else if !equal && !(0.99..=1.01).contains(&sum) {
        let detail = format!("GrowthBook reads weights as fractions, and these add up to {sum}");
        let mend = "write weights that add up to 1, such as 0.75 and 0.25";
        return fields.problem_at_root("variants", &detail, mend);
    }
    let mut filters = filters?;
    filters.extend(namespace?);
    Some(HashFunction::GrowthBook(GrowthBookHash {
        utf16,
        version: version?,
        seed: seed?.or_else(|| weighed.salt())?,
        ranges,
        filters,
    }))
}

fn version(field: &Field<'_>) -> Option<u8> {
    u8::try_from(field.whole(1, 2)?).ok()
}

/// `{name, from, to}`: version 1 of the hash with the seed `__name`.
fn namespace(field: &Field<'_>) -> Option<GrowthBookFilter> {
    field.object(&[], |fields| {
        let name = fields.required("name", "name the namespace", text);
        let from = fields.or("from", Decimal::ZERO, Field::share);
        let to = fields.or("to", Decimal::ONE, Field::share);
        let (from, to) = (from?, to?);
        if from > to {
            return fields.problem(
                "to",
                format!("{to} is below from"),
                "write the start first: from: 0.2, to: 0.5",
            );
        }
        let range = (from.to_f64(), to.to_f64());
        Some(GrowthBookFilter { seed: format!("__{}", name?), version: 1, ranges: vec![range] })
    })
}

fn filter(field: &Field<'_>) -> Option<GrowthBookFilter> {
    field.object(&[], |fields| {
        let seed = fields.required("seed", "say the filter's seed", text);
        let version = fields.or("version", 2, version);
        let mend = "list its ranges, such as ranges: [[0, 0.5]]";
        let ranges = fields.required("ranges", mend, bucket::fraction_list);
        Some(GrowthBookFilter { seed: seed?, version: version?, ranges: ranges? })
    })
}

fn unleash(fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    let group = fields.optional("group", text);
    let variant_group = fields.optional("variant_group", text);
    let whole =
        |weight: Decimal| (weight.places() == 0).then(|| u32::try_from(weight.coefficient()).ok()).flatten();
    let variants = weighed.variants?;
    let weights: Option<Vec<u32>> = variants.iter().map(|variant| whole(variant.weight)).collect();
    let weights = weights
        .filter(|weights| weights.iter().map(|weight| u64::from(*weight)).sum::<u64>() <= u32::MAX.into());
    if weights.is_none() {
        let mend = "write whole weights, as Unleash has them: 500 and 500";
        fields.problem_at_root::<()>("variants", "Unleash draws by whole weights", mend);
    }
    let percent = weighed.traffic?.scaled(2);
    let percentage =
        percent.filter(|(_, rounded)| !rounded).and_then(|(percent, _)| u32::try_from(percent).ok());
    if percentage.is_none() {
        let mend = "write whole percents, such as traffic: 0.25";
        fields.problem_at_root::<()>("traffic", "Unleash rolls out by whole percents", mend);
    }
    let group = group?.or_else(|| weighed.salt())?;
    let variant_group = variant_group?.unwrap_or_else(|| group.clone());
    Some(HashFunction::Unleash { group, variant_group, weights: weights?, percentage: percentage? })
}

fn planout(fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    let salt = fields.optional("salt", text);
    let mend = "name the parameter whose value is the variant";
    let parameter = fields.required("parameter", mend, text);
    let traffic_parameter = fields.optional("traffic_parameter", text);
    let variants = weighed.variants?;
    let uniform = variants.windows(2).all(|pair| pair[0].weight == pair[1].weight);
    let traffic_parameter = traffic_parameter?;
    let mend = "name the parameter of the trial that lets customers enter";
    weighed.traffic_needs(fields, traffic_parameter.is_some(), "traffic_parameter", mend)?;
    let salt = salt?.or_else(|| weighed.salt())?;
    Some(HashFunction::PlanOut { salt, parameter: parameter?, uniform, traffic_parameter })
}

fn eppo(fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    let salt = fields.optional("salt", text);
    let traffic_salt = fields.optional("traffic_salt", text);
    let total = fields.or("total_shards", DEFAULT_SHARDS, |total| total.whole_u32(1, MAX_SHARDS));
    let ranges = bucket::ranges(fields, weighed, total);
    let (traffic_salt, total_shards) = (traffic_salt?, total?);
    let mend = "say the salt of the traffic's shards";
    weighed.traffic_needs(fields, traffic_salt.is_some(), "traffic_salt", mend)?;
    let traffic_shards = bucket::part(weighed.traffic?, total_shards);
    if traffic_shards.is_none() {
        let detail = format!("it is no whole number of {total_shards} shards");
        let mend = format!("write a multiple of 1/{total_shards}");
        return fields.problem_at_root("traffic", &detail, &mend);
    }
    Some(HashFunction::Eppo {
        salt: salt?.or_else(|| weighed.salt())?,
        traffic_salt,
        total_shards,
        traffic_shards: traffic_shards?,
        ranges: ranges?,
    })
}

fn statsig(fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    let salt = fields.optional("salt", text);
    let spec_salt = fields.optional("spec_salt", text);
    let rule_salt = fields.optional("rule_salt", text);
    let ranges = bucket::ranges(fields, weighed, Some(STATSIG_BUCKETS));
    let pass_salts = match (spec_salt?, rule_salt?) {
        (Some(spec), Some(rule)) => Some((spec, rule)),
        (None, None) => None,
        (Some(_), None) => return fields.problem("rule_salt", "is missing beside spec_salt", "give both"),
        (None, Some(_)) => return fields.problem("spec_salt", "is missing beside rule_salt", "give both"),
    };
    let mend = "give spec_salt and rule_salt, by which customers pass";
    weighed.traffic_needs(fields, pass_salts.is_some(), "spec_salt", mend)?;
    let salt = salt?.or_else(|| weighed.salt())?;
    Some(HashFunction::Statsig { salt, pass_salts, ranges: ranges? })
}

fn optimizely(fields: &mut Fields<'_>, weighed: &Weighed<'_>) -> Option<HashFunction> {
    let parent = fields.optional("parent", text);
    let ranges = bucket::ranges(fields, weighed, Some(OPTIMIZELY_BUCKETS));
    // Its ends would move with the traffic, and customers with them.
    weighed.without_traffic(fields)?;
    let parent = parent?.or_else(|| weighed.salt())?;
    Some(HashFunction::Optimizely { parent, ranges: ranges? })
}
