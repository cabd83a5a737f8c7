//! The draw: whether a customer enters, and which variant they get, by the hash that the definition names.

use std::fmt::Display;

use super::allocation::Cuts;
use super::compat::growthbook::{self, HashVersion, Units};
use super::compat::{eppo, optimizely, planout, statsig, unleash};
use super::{Allocation, HashPrefix, Purpose, Share};
use crate::decimal::Decimal;
use crate::definition::{BucketRange, Experiment, GrowthBookHash, HashFunction};

/// Where a customer fell, in the terms of the hash.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Position {
    /// A 64-bit hash: XXH3 or PlanOut.
    Hash(u64),
    /// A fraction in [0, 1): GrowthBook.
    Fraction(f64),
    /// One of so many buckets, counted from 0, or, with Unleash, from 1.
    Bucket {
        /// Which.
        bucket: u64,
        /// Of how many.
        of: u64,
    },
}

/// Whether a customer enters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entrance {
    /// Where the customer fell; `None` when everybody enters and nothing is drawn.
    pub position: Option<Position>,
    /// What follows.
    pub enters: bool,
}

/// The draw by traffic and weights alone, compiled: whatever status, lists, audience, layer or earlier
/// exposures say.
#[derive(Debug, Clone)]
pub struct Draw(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// Ours.
    Xxh3(Xxh3Draw),
    /// Another system's.
    Compat(Box<CompatDraw>),
}

#[derive(Debug, Clone)]
struct Xxh3Draw {
    cuts: Cuts,
    variant_prefix: HashPrefix,
    /// Where not everybody enters; elsewhere, so that as many experiments as may be fit the caches.
    traffic: Option<Box<TrafficDraw>>,
}

#[derive(Debug, Clone)]
struct TrafficDraw {
    share: Share,
    prefix: HashPrefix,
}

#[derive(Debug, Clone)]
enum CompatDraw {
    GrowthBook {
        hash: GrowthBookHash,
        ranges: Vec<growthbook::BucketRange>,
    },
    Unleash {
        group: String,
        variant_group: String,
        weights: Vec<u32>,
        percentage: u32,
    },
    PlanOut {
        salt: String,
        parameter: String,
        weights: Option<Vec<f64>>,
        count: usize,
        traffic: Option<(String, f64)>,
    },
    Eppo {
        salt: String,
        total: u32,
        traffic: Option<(String, u32)>,
        ranges: Vec<BucketRange>,
    },
    Statsig {
        salt: String,
        pass: Option<((String, String), f64)>,
        ranges: Vec<BucketRange>,
    },
    Optimizely {
        parent: String,
        ranges: Vec<BucketRange>,
    },
}

const EVERYBODY_ENTERS: Entrance = Entrance { position: None, enters: true };

impl Draw {
    /// The draw of an experiment; `allocation` divides the hashes where the hash is ours.
    #[must_use]
    pub fn new(experiment: &Experiment, allocation: Allocation) -> Draw {
        let traffic = experiment.traffic.to_f64();
        let below_one = !Share::of(experiment.traffic).is_all();
        let weights = || experiment.variants.iter().map(|variant| variant.weight.to_f64()).collect();
        let compat = match experiment.hash.clone() {
            HashFunction::Xxh3 => {
                return Draw(Kind::Xxh3(Xxh3Draw {
                    cuts: Cuts::new(allocation),
                    variant_prefix: HashPrefix::new(&experiment.salt, Purpose::Variant),
                    traffic: below_one.then(|| {
                        let prefix = HashPrefix::new(&experiment.salt, Purpose::Traffic);
                        Box::new(TrafficDraw { share: Share::of(experiment.traffic), prefix })
                    }),
                }));
            }
            HashFunction::GrowthBook(hash) => {
                let range = |(from, to): &(f64, f64)| growthbook::BucketRange { from: *from, to: *to };
                let ranges = match &hash.ranges {
                    Some(ranges) => ranges.iter().map(range).collect(),
                    None => {
                        let weights: Vec<f64> = weights();
                        growthbook::bucket_ranges(weights.len(), traffic, Some(&weights))
                    }
                };
                CompatDraw::GrowthBook { hash, ranges }
            }
            HashFunction::Unleash { group, variant_group, weights, percentage } => {
                CompatDraw::Unleash { group, variant_group, weights, percentage }
            }
            HashFunction::PlanOut { salt, parameter, uniform, traffic_parameter } => CompatDraw::PlanOut {
                salt,
                parameter,
                weights: (!uniform).then(weights),
                count: experiment.variants.len(),
                traffic: traffic_parameter.filter(|_| below_one).map(|parameter| (parameter, traffic)),
            },
            HashFunction::Eppo { salt, traffic_salt, total_shards, traffic_shards, ranges } => {
                let traffic = traffic_salt.map(|salt| (salt, traffic_shards));
                CompatDraw::Eppo { salt, total: total_shards, traffic, ranges }
            }
            HashFunction::Statsig { salt, pass_salts, ranges } => {
                // In percent exactly as written: a product of floats may be another number.
                let percent =
                    Decimal::new(experiment.traffic.coefficient() * 100, experiment.traffic.places());
                let pass = pass_salts.map(|salts| (salts, percent.to_f64()));
                CompatDraw::Statsig { salt, pass, ranges }
            }
            HashFunction::Optimizely { parent, ranges } => CompatDraw::Optimizely { parent, ranges },
        };
        Draw(Kind::Compat(Box::new(compat)))
    }

    /// The index of a customer's variant; `None` for who does not enter. What exposures sent by clients are
    /// checked against.
    #[must_use]
    pub fn of(&self, customer_id: &str) -> Option<usize> {
        if self.entry(customer_id).enters { self.variant(customer_id).1 } else { None }
    }

    /// Whether a customer enters.
    #[inline]
    pub(super) fn entry(&self, id: &str) -> Entrance {
        match &self.0 {
            Kind::Xxh3(Xxh3Draw { traffic: None, .. }) => EVERYBODY_ENTERS,
            Kind::Xxh3(Xxh3Draw { traffic: Some(traffic), .. }) => {
                let hash = traffic.prefix.hash(id);
                Entrance { position: Some(Position::Hash(hash)), enters: traffic.share.contains(hash) }
            }
            Kind::Compat(draw) => draw.entry(id),
        }
    }

    /// Where a customer who enters falls, and the variant there; none where the ranges leave room.
    #[inline]
    pub(super) fn variant(&self, id: &str) -> (Position, Option<usize>) {
        match &self.0 {
            Kind::Xxh3(draw) => {
                let hash = draw.variant_prefix.hash(id);
                (Position::Hash(hash), Some(draw.cuts.variant(hash)))
            }
            Kind::Compat(draw) => draw.variant(id),
        }
    }

    /// Which places each variant (by index) has, in words.
    pub(super) fn variant_limits(&self) -> Vec<(String, usize)> {
        match &self.0 {
            Kind::Xxh3(draw) => {
                let ranges = draw.cuts.allocation().ranges();
                ranges.map(|(from, to, variant)| (format!("{from}–{to}"), variant)).collect()
            }
            Kind::Compat(draw) => draw.variant_limits(),
        }
    }

    /// What a customer's place is compared with to enter, in words; and the least share of the customers that
    /// a place is inside, where there is one.
    pub(super) fn entry_limits(&self, position: Position) -> (Vec<String>, Option<f64>) {
        match (&self.0, position) {
            (Kind::Compat(draw), position) => draw.entry_limits(position),
            (Kind::Xxh3(draw), _) => {
                (draw.traffic.iter().map(|traffic| traffic.share.threshold().to_string()).collect(), None)
            }
        }
    }

    /// The share of the eligible that enters, where it is a threshold on our hash.
    pub(super) fn traffic(&self) -> Option<Share> {
        match &self.0 {
            Kind::Xxh3(draw) => Some(draw.traffic.as_ref().map_or(Share::ALL, |traffic| traffic.share)),
            Kind::Compat(_) => None,
        }
    }

    /// Which hashes get which variant, where the hash is ours.
    pub(super) fn allocation(&self) -> Option<&Allocation> {
        match &self.0 {
            Kind::Xxh3(draw) => Some(draw.cuts.allocation()),
            Kind::Compat(_) => None,
        }
    }
}

impl CompatDraw {
    fn entry(&self, id: &str) -> Entrance {
        match self {
            CompatDraw::GrowthBook { hash, .. } => growthbook_entry(hash, id),
            CompatDraw::Unleash { group, percentage, .. } => {
                let number = unleash::rollout(group, id);
                bucket_entry(number.into(), 100, number <= *percentage)
            }
            CompatDraw::PlanOut { salt, traffic: Some((parameter, share)), .. } => {
                let hash = planout::hash(salt, parameter, id);
                let enters = planout::bernoulli_trial(hash, *share);
                Entrance { position: Some(Position::Hash(hash)), enters }
            }
            CompatDraw::Eppo { traffic: Some((salt, shards)), total, .. } => {
                let shard = eppo::shard(salt, id, *total).unwrap_or(u32::MAX);
                bucket_entry(shard.into(), (*total).into(), shard < *shards)
            }
            CompatDraw::Statsig { pass: Some(((spec, rule), percentage)), .. } => {
                let bucket = statsig::pass_bucket(spec, rule, id);
                bucket_entry(bucket, 10_000, statsig::passes(spec, rule, id, *percentage))
            }
            CompatDraw::PlanOut { .. }
            | CompatDraw::Eppo { .. }
            | CompatDraw::Statsig { .. }
            | CompatDraw::Optimizely { .. } => EVERYBODY_ENTERS,
        }
    }

    fn variant(&self, id: &str) -> (Position, Option<usize>) {
        match self {
            CompatDraw::GrowthBook { hash, ranges } => {
                let fraction = growthbook::hash(units(hash), version(hash.version), &hash.seed, id);
                (Position::Fraction(fraction), growthbook::choose_variation(fraction, ranges))
            }
            CompatDraw::Unleash { variant_group, weights, .. } => {
                let total = weights.iter().sum();
                let number = unleash::variant_number(variant_group, id, total);
                let position = Position::Bucket { bucket: number.into(), of: total.into() };
                (position, unleash::variant(variant_group, id, weights))
            }
            CompatDraw::PlanOut { salt, parameter, weights, count, .. } => {
                let hash = planout::hash(salt, parameter, id);
                let variant = match weights {
                    Some(weights) => planout::weighted_choice(hash, weights),
                    None => planout::uniform_choice(hash, *count),
                };
                (Position::Hash(hash), variant)
            }
            CompatDraw::Eppo { salt, total, ranges, .. } => {
                let shard = eppo::shard(salt, id, *total).unwrap_or(u32::MAX);
                in_bucket(shard.into(), (*total).into(), ranges)
            }
            CompatDraw::Statsig { salt, ranges, .. } => {
                in_bucket(statsig::group_bucket(salt, id), 1_000, ranges)
            }
            CompatDraw::Optimizely { parent, ranges } => {
                in_bucket(optimizely::bucket(id, parent), 10_000, ranges)
            }
        }
    }
}

impl CompatDraw {
    fn variant_limits(&self) -> Vec<(String, usize)> {
        let shown = |from: &dyn Display, to: &dyn Display| format!("[{from}, {to})");
        let cumulative = |weights: &mut dyn Iterator<Item = f64>| {
            let mut sum = 0.0;
            let limit = |(variant, weight)| {
                sum += weight;
                (format!("up to {sum}"), variant)
            };
            weights.enumerate().map(limit).collect()
        };
        match self {
            CompatDraw::GrowthBook { ranges, .. } => {
                let ranges = ranges.iter().enumerate();
                ranges.map(|(variant, range)| (shown(&range.from, &range.to), variant)).collect()
            }
            CompatDraw::Unleash { weights, .. } => cumulative(&mut weights.iter().copied().map(f64::from)),
            CompatDraw::PlanOut { weights: Some(weights), .. } => cumulative(&mut weights.iter().copied()),
            CompatDraw::PlanOut { weights: None, count, .. } => {
                (0..*count).map(|variant| (format!("rest {variant} of {count}"), variant)).collect()
            }
            CompatDraw::Eppo { ranges, .. }
            | CompatDraw::Statsig { ranges, .. }
            | CompatDraw::Optimizely { ranges, .. } => {
                ranges.iter().map(|range| (shown(&range.from, &range.to), range.variant)).collect()
            }
        }
    }

    fn entry_limits(&self, position: Position) -> (Vec<String>, Option<f64>) {
        // Places counted from 0 are inside a share that reaches behind them.
        let behind = match position {
            Position::Bucket { bucket, of } => Some((bucket + 1) as f64 / of as f64),
            Position::Hash(_) | Position::Fraction(_) => None,
        };
        match self {
            CompatDraw::GrowthBook { hash, .. } => {
                let filters = hash.filters.iter().flat_map(|filter| &filter.ranges);
                (filters.map(|(from, to)| format!("[{from}, {to})")).collect(), None)
            }
            CompatDraw::Unleash { percentage, .. } => {
                let place = match position {
                    Position::Bucket { bucket, of } => Some(bucket as f64 / of as f64),
                    Position::Hash(_) | Position::Fraction(_) => None,
                };
                (vec![format!("up to {percentage}")], place)
            }
            CompatDraw::PlanOut { traffic: Some((_, share)), .. } => {
                let place = match position {
                    Position::Hash(hash) => Some(planout::fraction(hash)),
                    Position::Bucket { .. } | Position::Fraction(_) => None,
                };
                (vec![format!("up to the share {share} of the hash")], place)
            }
            CompatDraw::Eppo { traffic: Some((_, shards)), .. } => (vec![format!("[0, {shards})")], behind),
            CompatDraw::Statsig { pass: Some((_, percent)), .. } => {
                (vec![format!("below {}", percent * 100.0)], behind)
            }
            CompatDraw::PlanOut { .. }
            | CompatDraw::Eppo { .. }
            | CompatDraw::Statsig { .. }
            | CompatDraw::Optimizely { .. } => (Vec::new(), None),
        }
    }
}

fn bucket_entry(bucket: u64, of: u64, enters: bool) -> Entrance {
    Entrance { position: Some(Position::Bucket { bucket, of }), enters }
}

fn in_bucket(bucket: u64, of: u64, ranges: &[BucketRange]) -> (Position, Option<usize>) {
    let range = ranges.iter().find(|range| (u64::from(range.from)..range.to.into()).contains(&bucket));
    (Position::Bucket { bucket, of }, range.map(|range| range.variant))
}

/// The first filter that keeps a customer out decides; without one, nothing is drawn.
fn growthbook_entry(hash: &GrowthBookHash, id: &str) -> Entrance {
    let mut entry = EVERYBODY_ENTERS;
    for filter in &hash.filters {
        let fraction = growthbook::hash(units(hash), version(filter.version), &filter.seed, id);
        let enters = filter.ranges.iter().any(|(from, to)| fraction >= *from && fraction < *to);
        entry = Entrance { position: Some(Position::Fraction(fraction)), enters };
        if !enters {
            break;
        }
    }
    entry
}

fn units(hash: &GrowthBookHash) -> Units {
    if hash.utf16 { Units::Utf16 } else { Units::Utf8 }
}

fn version(number: u8) -> HashVersion {
    if number == 1 { HashVersion::V1 } else { HashVersion::V2 }
}
