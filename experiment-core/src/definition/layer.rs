//! Layers: experiments that exclude each other, each in its own part of the customers.

use std::fmt;

use super::name;
use super::reader::{Field, Fields};
use crate::decimal::{Decimal, DecimalError};
use crate::written_as::written_as;

/// Most ranges of one experiment in its layer.
const MAX_RANGES: usize = 20;
/// Digits behind the point to which ranges are added up: as many as an amount may have.
const PLACES: u32 = 20;

/// The part of a layer that an experiment asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerClaim {
    /// The layer's key.
    pub layer: String,
    /// Which part.
    pub part: LayerPart,
}

/// Which part of a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerPart {
    /// These ranges, apart from each other, in order.
    Ranges(Vec<LayerRange>),
    /// As much as this share of the layer, wherever it is free.
    Share(Decimal),
}

/// From `from` up to but not including `to`, as shares of the layer: 0 ≤ from < to ≤ 1. Written as two
/// texts, `["0.25", "0.5"]`, since a JSON number may be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "(String, String)", try_from = "(String, String)")]
pub struct LayerRange {
    /// The least share inside.
    pub from: Decimal,
    /// The least share behind it.
    pub to: Decimal,
}

impl LayerRange {
    /// Whether some customer is in both.
    #[must_use]
    pub fn overlaps(&self, other: &LayerRange) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Half-open: `[0, 0.5)`.
impl fmt::Display for LayerRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.from, self.to)
    }
}

impl From<LayerRange> for (String, String) {
    fn from(range: LayerRange) -> (String, String) {
        (range.from.to_string(), range.to.to_string())
    }
}

written_as!(LayerRange, {
    let share = || pattern("^[0-9]+([.][0-9]+)?$", "A share of the layer, exactly.", "0.5");
    tuple(vec![share(), share()], "The least share inside, and the least beyond.")
});

impl TryFrom<(String, String)> for LayerRange {
    type Error = DecimalError;

    fn try_from((from, to): (String, String)) -> Result<LayerRange, DecimalError> {
        Ok(LayerRange { from: from.parse()?, to: to.parse()? })
    }
}

/// The first free part of a layer that is as large as `share`: in one piece where one is large enough, else
/// in several. `None` when less is free, or only in more than 20 pieces.
///
/// # Examples
/// ```
/// use experiment_core::decimal::Decimal;
/// use experiment_core::definition::{LayerRange, free_ranges};
///
/// let range = |from: &str, to: &str| LayerRange { from: from.parse().unwrap(), to: to.parse().unwrap() };
/// let taken = [range("0", "0.25"), range("0.5", "0.6")];
/// let share = |text: &str| text.parse::<Decimal>().unwrap();
/// assert_eq!(free_ranges(share("0.3"), &taken), Some(vec![range("0.6", "0.9")]));
/// assert_eq!(free_ranges(share("0.5"), &taken), Some(vec![range("0.25", "0.5"), range("0.6", "0.85")]));
/// assert_eq!(free_ranges(share("0.7"), &taken), None);
/// ```
#[must_use]
pub fn free_ranges(share: Decimal, taken: &[LayerRange]) -> Option<Vec<LayerRange>> {
    let steps = |decimal: Decimal| decimal.scaled(PLACES).map(|(steps, _)| steps);
    let mut taken: Vec<(i128, i128)> =
        taken.iter().map(|range| Some((steps(range.from)?, steps(range.to)?))).collect::<Option<_>>()?;
    taken.sort_unstable();
    let (mut gaps, mut end) = (Vec::new(), 0);
    for (from, to) in taken.into_iter().chain([(10_i128.pow(PLACES), 10_i128.pow(PLACES))]) {
        if from > end {
            gaps.push((end, from));
        }
        end = end.max(to);
    }
    let mut wanted = steps(share)?;
    let range = |from, to| LayerRange { from: Decimal::new(from, PLACES), to: Decimal::new(to, PLACES) };
    if let Some((from, _)) = gaps.iter().find(|(from, to)| to - from >= wanted) {
        return Some(vec![range(*from, from + wanted)]);
    }
    let mut found = Vec::new();
    for (from, to) in gaps {
        let taken = wanted.min(to - from);
        found.push(range(from, from + taken));
        wanted -= taken;
        if wanted == 0 {
            return (found.len() <= MAX_RANGES).then_some(found);
        }
    }
    None
}

const MEND: &str = "say ranges: [[0, 0.5]], or share: 0.5 for any free part of that size";

pub(super) fn layer(field: &Field<'_>) -> Option<LayerClaim> {
    field.object(&[], |fields| {
        let layer = fields.required("key", "name the layer, such as key: winback", name::key);
        let ranges = fields.optional("ranges", ranges);
        let share = fields.optional("share", share);
        let part = match (ranges?, share?) {
            (Some(ranges), None) => Some(LayerPart::Ranges(ranges)),
            (None, Some(share)) => Some(LayerPart::Share(share)),
            (Some(_), Some(_)) => one_part(fields, "stands beside ranges"),
            (None, None) => one_part(fields, "is missing, and so is ranges"),
        };
        Some(LayerClaim { layer: layer?, part: part? })
    })
}

fn one_part<T>(fields: &Fields<'_>, detail: &str) -> Option<T> {
    fields.problem("share", detail, MEND)
}

fn share(field: &Field<'_>) -> Option<Decimal> {
    let share = field.share()?;
    if share.is_zero() { field.problem("0 of a layer is nobody", MEND) } else { Some(share) }
}

fn ranges(field: &Field<'_>) -> Option<Vec<LayerRange>> {
    let mut ranges = field.list(MAX_RANGES, range)?;
    if ranges.is_empty() {
        return field.problem("is an empty list, which is nobody", MEND);
    }
    ranges.sort_unstable_by_key(|range| range.from);
    if let Some(pair) = ranges.windows(2).find(|pair| pair[0].overlaps(&pair[1])) {
        let detail = format!("{} and {} overlap", pair[0], pair[1]);
        return field.problem(detail, "list ranges that are apart from each other");
    }
    Some(ranges)
}

fn range(field: &Field<'_>) -> Option<LayerRange> {
    let ends = field.list(2, Field::share)?;
    match ends[..] {
        [from, to] if from < to => Some(LayerRange { from, to }),
        _ => field.problem("is no range", "write its start and, above it, its end: [0, 0.5]"),
    }
}
