//! Buckets and fractions of other systems' hashes: which of them each variant has.

use super::Variant;
use super::reader::{Field, Fields};
use crate::decimal::Decimal;

/// Most ranges of one variant.
const MAX_RANGES: usize = 100;

/// From `from` up to but not including `to`, and whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketRange {
    /// The first bucket.
    pub from: u32,
    /// The bucket behind the last.
    pub to: u32,
    /// The variant's index.
    pub variant: usize,
}

/// What a hash divides: the rest of the definition, as far as it is sound.
pub(super) struct Weighed<'a> {
    pub(super) salt: Option<&'a str>,
    pub(super) traffic: Option<Decimal>,
    pub(super) variants: Option<&'a [Variant]>,
}

impl<'a> Weighed<'a> {
    pub(super) fn salt(&self) -> Option<String> {
        self.salt.map(str::to_owned)
    }

    /// Traffic below 1 needs a parameter of its own.
    pub(super) fn traffic_needs(
        &self,
        fields: &Fields<'_>,
        there: bool,
        parameter: &str,
        mend: &str,
    ) -> Option<()> {
        if self.traffic? < Decimal::ONE && !there {
            return fields.problem(parameter, "is missing, and traffic is below 1", mend);
        }
        Some(())
    }

    /// Ranges say who enters, so the traffic may not say it again.
    pub(super) fn without_traffic(&self, fields: &Fields<'_>) -> Option<()> {
        if self.traffic? < Decimal::ONE {
            let mend = "leave traffic out, and leave room between or behind the hash's ranges";
            return fields.problem_at_root("traffic", "stands beside ranges that say who enters", mend);
        }
        Some(())
    }
}

/// `part` of `total` buckets, if that is a whole number of them.
pub(super) fn part(part: Decimal, total: u32) -> Option<u32> {
    let buckets = part.coefficient().checked_mul(total.into())?;
    let unit = 10_i128.checked_pow(part.places())?;
    if buckets % unit == 0 { u32::try_from(buckets / unit).ok() } else { None }
}

/// The field `ranges`, or ranges one after the other by weight.
pub(super) fn ranges(
    fields: &mut Fields<'_>,
    weighed: &Weighed<'_>,
    total: Option<u32>,
) -> Option<Vec<BucketRange>> {
    let stated = fields.optional("ranges", |field| stated(field, weighed.variants?, total?));
    if let Some(ranges) = stated? {
        return Some(ranges);
    }
    let (variants, total) = (weighed.variants?, total?);
    let weights: Vec<Decimal> = variants.iter().map(|variant| variant.weight).collect();
    by_weight(&weights, total).or_else(|| {
        let detail = format!("the weights do not divide {total} buckets into whole ones");
        let mend = "say which buckets each variant has: ranges: {control: [[0, 5000]], …}";
        fields.problem("ranges", detail, mend)
    })
}

/// Buckets in proportion to the weights, if those are whole.
fn by_weight(weights: &[Decimal], total: u32) -> Option<Vec<BucketRange>> {
    let places = weights.iter().map(|weight| weight.places()).max()?;
    let scaled: Option<Vec<i128>> =
        weights.iter().map(|weight| weight.scaled(places).map(|(scaled, _)| scaled)).collect();
    let scaled = scaled?;
    let sum: i128 = scaled.iter().sum();
    let (mut reached, mut from, mut ranges) = (0_i128, 0, Vec::new());
    for (variant, weight) in scaled.into_iter().enumerate() {
        reached += weight;
        let buckets = reached.checked_mul(total.into())?;
        if sum == 0 || buckets % sum != 0 {
            return None;
        }
        let to = u32::try_from(buckets / sum).ok()?;
        if to > from {
            ranges.push(BucketRange { from, to, variant });
        }
        from = to;
    }
    Some(ranges)
}

/// `{variant: [[from, to], …]}`, apart from each other.
fn stated(field: &Field<'_>, variants: &[Variant], total: u32) -> Option<Vec<BucketRange>> {
    let bound = |bound: &Field<'_>| bound.whole_u32(0, total.into());
    let mut ranges = Vec::new();
    for (variant, list) in by_variant(field, variants)? {
        let list = list.list(MAX_RANGES, |item| pair(item, bound))?;
        ranges.extend(list.into_iter().map(|(from, to)| BucketRange { from, to, variant }));
    }
    ranges.sort_unstable_by_key(|range| range.from);
    if let Some(pair) = ranges.windows(2).find(|pair| pair[1].from < pair[0].to) {
        let detail = format!("bucket {} has two variants", pair[1].from);
        return field.problem(detail, "give each bucket to one variant");
    }
    if ranges.is_empty() {
        field.problem("says nothing", "give each variant its buckets")
    } else {
        Some(ranges)
    }
}

/// `{variant: [[from, to]]}` with one range of fractions for each variant, in the order of the variants.
pub(super) fn fractions(field: &Field<'_>, variants: &[Variant]) -> Option<Vec<(f64, f64)>> {
    let mut ranges = vec![None; variants.len()];
    for (variant, list) in by_variant(field, variants)? {
        match fraction_list(&list)?[..] {
            [range] => ranges[variant] = Some(range),
            _ => return list.problem("needs exactly one range", "write one range: [[0, 0.5]]"),
        }
    }
    // A variant that has no range gets nobody.
    Some(ranges.into_iter().map(|range| range.unwrap_or((0.0, 0.0))).collect())
}

/// `[[from, to], …]` of fractions in 0–1.
pub(super) fn fraction_list(field: &Field<'_>) -> Option<Vec<(f64, f64)>> {
    let list = field.list(MAX_RANGES, |item| pair(item, Field::share))?;
    Some(list.into_iter().map(|(from, to)| (from.to_f64(), to.to_f64())).collect())
}

fn pair<'a, T: PartialOrd + Copy>(
    field: &Field<'a>,
    bound: impl Fn(&Field<'a>) -> Option<T>,
) -> Option<(T, T)> {
    let ends = field.list(2, bound)?;
    match ends[..] {
        [from, to] if from <= to => Some((from, to)),
        _ => field.problem("is no range", "write its start and its end: [0, 5000]"),
    }
}

/// The entries of an object whose names are variants, with their indexes.
fn by_variant<'a>(field: &Field<'a>, variants: &[Variant]) -> Option<Vec<(usize, Field<'a>)>> {
    let index = |(key, value): (&str, Field<'a>)| {
        let index = variants.iter().position(|variant| variant.key == key);
        index.map(|index| (index, value.clone())).or_else(|| {
            let known = variants.iter().map(|variant| variant.key.as_str());
            let mend = value.suggestion(key, known).unwrap_or_else(|| "use the key of a variant".to_owned());
            value.problem("is not the key of a variant", mend)
        })
    };
    let read: Vec<Option<(usize, Field<'a>)>> = field.entries()?.into_iter().map(index).collect();
    read.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(texts: &[&str]) -> Vec<Decimal> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn weights_divide_buckets_exactly_or_not_at_all() {
        let ends = |weights: &[&str], total| {
            by_weight(&decimals(weights), total)
                .map(|ranges| ranges.iter().map(|range| (range.to, range.variant)).collect::<Vec<_>>())
        };
        assert_eq!(ends(&["1", "1"], 10_000), Some(vec![(5_000, 0), (10_000, 1)]));
        assert_eq!(ends(&["0.1", "0", "0.3"], 1_000), Some(vec![(250, 0), (1_000, 2)]));
        assert_eq!(ends(&["1", "1", "1"], 1_000), None);
        assert_eq!(part("0.25".parse().unwrap(), 10_000), Some(2_500));
        assert_eq!(part("0.00001".parse().unwrap(), 10_000), None);
    }
}
