//! Sums and counts by cell as JSON: cells that differ by day only stand under one head, a short list a day.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::measure::{Cell, Moments, Population, Slice};
use crate::report::Distribution;
use crate::time::Day;
use crate::written_as::written_as;

/// Integers up to here are numbers, larger ones decimal texts: many JSON readers round above it.
const LARGEST_NUMBER: u128 = 1 << 53;
/// Days further from 1970-01-01 have no date.
const FARTHEST_DAY: i128 = 2_900_000;

type Table<T> = BTreeMap<(Slice, Cell), T>;

/// An integer that survives every reader of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exact(i128);

/// All cells but for their days.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    /// Index of the dimension; absent for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dimension: Option<u16>,
    /// The dimension's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    phase: u32,
    variant: u16,
    population: Population,
    /// The day, counted from 1970-01-01, and what stands in its cell.
    days: Vec<Vec<Exact>>,
}

/// What stands in a cell, as a list of integers.
pub(crate) trait Entry: Sized {
    /// The list.
    fn to_list(&self) -> Vec<i128>;
    /// What a list stands for, or what is wrong with it.
    fn of_list(list: &[i128]) -> Result<Self, String>;
}

/// `[n, clamped, rounded, Σv…, Σv·vᵀ…]`, the products being the upper triangle row by row.
impl Entry for Moments {
    fn to_list(&self) -> Vec<i128> {
        let counts = [self.n(), self.clamped(), self.rounded()].map(i128::from);
        [&counts[..], self.sums(), self.products()].concat()
    }

    fn of_list(list: &[i128]) -> Result<Moments, String> {
        let [n, clamped, rounded, rest @ ..] = list else {
            return Err("fewer than three counts".to_owned());
        };
        let parts = (0..=rest.len()).find(|k| k + k * (k + 1) / 2 >= rest.len()).unwrap_or(0);
        let (sums, products) = rest.split_at(parts.min(rest.len()));
        let (sums, products) = (sums.to_vec(), products.to_vec());
        Moments::from_parts(count(*n)?, count(*clamped)?, count(*rounded)?, sums, products)
            .ok_or_else(|| format!("{} numbers, which are no sums with their products", rest.len()))
    }
}

/// `[place, customers, place, customers, …]`.
impl Entry for Distribution {
    fn to_list(&self) -> Vec<i128> {
        self.iter().flat_map(|(place, customers)| [i128::from(*place), i128::from(*customers)]).collect()
    }

    fn of_list(list: &[i128]) -> Result<Distribution, String> {
        let (pairs, []) = list.as_chunks::<2>() else { return Err("a place without customers".to_owned()) };
        let mut counts = Distribution::new();
        for [place, customers] in pairs {
            let place = i32::try_from(*place).map_err(|_| format!("{place} is no place"))?;
            if counts.insert(place, count(*customers)?).is_some() {
                return Err(format!("place {place} twice"));
            }
        }
        Ok(counts)
    }
}

fn count(value: i128) -> Result<i64, String> {
    let count = i64::try_from(value).ok().filter(|count| *count >= 0);
    count.ok_or_else(|| format!("{value}, which is no count"))
}

fn to_groups<T: Entry>(table: &Table<T>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for ((slice, cell), entry) in table {
        let head = (slice, cell.phase, cell.variant, cell.population);
        if last != Some(head) {
            let (dimension, value) = match slice {
                Slice::All => (None, None),
                Slice::Value { dimension, value } => (Some(*dimension), Some(value.clone())),
            };
            let Cell { phase, variant, population, .. } = *cell;
            groups.push(Group { dimension, value, phase, variant, population, days: Vec::new() });
            last = Some(head);
        }
        if let Some(group) = groups.last_mut() {
            let day = std::iter::once(i128::from(cell.day.0));
            group.days.push(day.chain(entry.to_list()).map(Exact).collect());
        }
    }
    groups
}

fn of_groups<T: Entry>(groups: Vec<Group>) -> Result<Table<T>, String> {
    let mut table = Table::new();
    for group in groups {
        let Group { dimension, value, phase, variant, population, days } = group;
        let slice = match (dimension, value) {
            (None, None) => Slice::All,
            (Some(dimension), Some(value)) => Slice::Value { dimension, value },
            _ => return Err("a dimension without value, or a value without dimension".to_owned()),
        };
        for list in days {
            let list: Vec<i128> = list.into_iter().map(|Exact(value)| value).collect();
            let here = |wrong: String| format!("days of variant {variant} hold {wrong}");
            let Some((day, entry)) = list.split_first() else { return Err(here("an empty list".to_owned())) };
            let number = i32::try_from(*day).ok().filter(|_| (-FARTHEST_DAY..=FARTHEST_DAY).contains(day));
            let day = Day(number.ok_or_else(|| here(format!("{day}, which is no day")))?);
            let entry = T::of_list(entry).map_err(here)?;
            if table.insert((slice.clone(), Cell { phase, variant, population, day }), entry).is_some() {
                return Err(here(format!("{day} twice")));
            }
        }
    }
    Ok(table)
}

/// One table of cells, for `#[serde(with)]`.
pub(crate) mod table {
    use super::*;

    pub(crate) fn serialize<T: Entry, S: Serializer>(cells: &Table<T>, out: S) -> Result<S::Ok, S::Error> {
        to_groups(cells).serialize(out)
    }

    pub(crate) fn deserialize<'de, T: Entry, D: Deserializer<'de>>(from: D) -> Result<Table<T>, D::Error> {
        of_groups(Vec::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A table a metric, likewise.
pub(crate) mod tables {
    use super::*;

    pub(crate) fn serialize<T: Entry, S: Serializer>(tables: &[Table<T>], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(tables.iter().map(to_groups))
    }

    pub(crate) fn deserialize<'de, T: Entry, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Table<T>>, D::Error> {
        let tables: Vec<Vec<Group>> = Vec::deserialize(from)?;
        tables.into_iter().map(of_groups).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0).ok().filter(|value| u128::from(value.unsigned_abs()) <= LARGEST_NUMBER) {
            Some(number) => out.serialize_i64(number),
            None => out.collect_str(&self.0),
        }
    }
}

written_as!(
    Exact,
    either(
        integer(),
        pattern("^-?[0-9]+$", "Its digits, where it is beyond 2^53.", "9223372036854775807000"),
        "A whole number, exactly."
    )
);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Exact, D::Error> {
        struct Integer;

        impl Visitor<'_> for Integer {
            type Value = Exact;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, as a text if it is above 2^53")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Exact, E> {
                Ok(Exact(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Exact, E> {
                Ok(Exact(value.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Exact, E> {
                text.parse().map(Exact).map_err(|_| E::custom(format!("{text:?} is no whole number")))
            }
        }

        from.deserialize_any(Integer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Cells, Distributions};
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "table")]
        cells: Cells,
        #[serde(with = "tables")]
        counts: Vec<Distributions>,
    }

    fn place(value: Option<&str>, variant: u16, day: i32) -> (Slice, Cell) {
        let slice = value.map_or(Slice::All, |value| Slice::Value { dimension: 3, value: value.to_owned() });
        (slice, Cell { phase: 1, variant, population: Population::Crossed, day: Day(day) })
    }

    #[test]
    fn days_stand_under_one_head_and_large_integers_are_texts() {
        let large = i128::from(i64::MAX) * 1_000;
        let moments =
            Moments::from_parts(2, 1, 0, vec![-(1 << 53), 7], vec![large, -large, 1 << 54]).unwrap();
        let cells = [(place(None, 0, -1), moments), (place(None, 0, 5), Moments::new(0))];
        let counts = [(place(Some("a"), 1, 2), Distribution::from([(-7, 1), (0, 2)]))];
        let both = Both { cells: cells.into(), counts: vec![Distributions::new(), counts.into()] };
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"cells":[{"phase":1,"variant":0,"population":"crossed","days":[[-1,2,1,0,-9007199254740992,7,"#,
                r#""9223372036854775807000","-9223372036854775807000","18014398509481984"],[5,0,0,0]]}],"#,
                r#""counts":[[],[{"dimension":3,"value":"a","phase":1,"variant":1,"population":"crossed","#,
                r#""days":[[2,-7,1,0,2]]}]]}"#
            )
        );
        assert_eq!(serde_json::from_str::<Both>(&text).unwrap(), both);
    }

    #[test]
    fn what_stands_for_nothing_is_refused_with_its_place() {
        let wrong = |days: &str| {
            let head = r#""phase":1,"variant":2,"population":"analysed""#;
            let text = format!(r#"{{"cells":[{{{head},"days":{days}}}],"counts":[]}}"#);
            serde_json::from_str::<Both>(&text).unwrap_err().to_string()
        };
        for (days, said) in [
            ("[[]]", "days of variant 2 hold an empty list"),
            ("[[1,2,0]]", "days of variant 2 hold fewer than three counts"),
            ("[[1,2,0,0,5]]", "days of variant 2 hold 1 numbers, which are no sums with their products"),
            ("[[1,2,0,0,5,6,7]]", "days of variant 2 hold 3 numbers, which are no sums with their products"),
            ("[[1,-2,0,0]]", "days of variant 2 hold -2, which is no count"),
            ("[[1,2,0,0],[1,2,0,0]]", "days of variant 2 hold 1970-01-02 twice"),
            ("[[2900001,2,0,0]]", "days of variant 2 hold 2900001, which is no day"),
            ("[[1,2,0,0.5]]", "invalid type: floating point `0.5`, expected a whole number"),
            (r#"[[1,2,0,"x"]]"#, "\"x\" is no whole number"),
        ] {
            assert!(wrong(days).starts_with(said), "{days}: {}", wrong(days));
        }
        let unknown =
            r#"{"cells":[{"phase":1,"variant":2,"population":"analysed","days":[],"dayz":1}],"counts":[]}"#;
        assert!(
            serde_json::from_str::<Both>(unknown).unwrap_err().to_string().contains("unknown field `dayz`")
        );
    }

    proptest! {
        #[test]
        fn any_sums_come_back_to_the_bit(
            rows in proptest::collection::vec((any::<[i128; 5]>(), 0..i64::MAX, -99..99_i32, 0..3_u16), 0..20),
        ) {
            let mut cells = Cells::new();
            for ([a, b, c, d, e], n, day, variant) in rows {
                let moments = Moments::from_parts(n, 0, 1, vec![a, b], vec![c, d, e]).unwrap();
                cells.insert(place(None, variant, day), moments);
            }
            let both = Both { cells, counts: Vec::new() };
            let text = serde_json::to_string(&both).unwrap();
            prop_assert_eq!(serde_json::from_str::<Both>(&text).unwrap(), both);
        }
    }
}
