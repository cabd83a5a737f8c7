//! Keys of the sums, in bytes whose order is the order of the fields.
//!
//! Everything in them is big-endian, signed numbers with the sign bit flipped, so that "all rows of one
//! experiment" and "all changes of one experiment up to a day" are one range each.

use experiment_core::measure::{Cell, Population, Slice};
use experiment_core::time::Day;

use super::bytes::Reader;
use super::error::StoreError;

/// Counts first exposures; sums without entries.
pub(super) const EXPOSED: u64 = 0;
/// Counts first exposures that differ from our own draw; sums without entries.
pub(super) const OFF_ASSIGNMENT: u64 = 1;
/// Hashes of metrics start here.
pub(super) const FIRST_METRIC: u64 = 2;

const ALL: u8 = 0;
const VALUE: u8 = 1;

/// Where sums are kept. `docs/storage-format.md` has the bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CellKey {
    /// The experiment's number.
    pub(super) experiment: u32,
    /// [`EXPOSED`], [`OFF_ASSIGNMENT`] or the hash of a metric.
    pub(super) metric: u64,
    /// Whose.
    pub(super) slice: Slice,
    /// Which.
    pub(super) cell: Cell,
}

/// Where customers are counted by value: a cell and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PlaceKey {
    /// The cell.
    pub(super) cell: CellKey,
    /// The bucket.
    pub(super) place: i32,
}

impl PlaceKey {
    /// The key in `counts`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.cell.encode(out);
        out.extend_from_slice(&ordered(self.place));
    }

    /// The key in `count_deltas`: the received day stands behind the experiment.
    pub(super) fn encode_delta(&self, received: Day, out: &mut Vec<u8>) {
        self.cell.encode_delta(received, out);
        out.extend_from_slice(&ordered(self.place));
    }

    /// Reads a key of `counts`.
    pub(super) fn decode(bytes: &[u8]) -> Result<PlaceKey, StoreError> {
        let (cell, place) = split_place(bytes)?;
        Ok(PlaceKey { cell: CellKey::decode(cell)?, place })
    }

    /// Reads a key of `count_deltas`.
    pub(super) fn decode_delta(bytes: &[u8]) -> Result<(Day, PlaceKey), StoreError> {
        let (cell, place) = split_place(bytes)?;
        let (received, cell) = CellKey::decode_delta(cell)?;
        Ok((received, PlaceKey { cell, place }))
    }
}

/// The cell in a key of `counts`, not read yet, and the place.
pub(super) fn split_place(bytes: &[u8]) -> Result<(&[u8], i32), StoreError> {
    let (cell, place) = bytes.split_at(bytes.len().saturating_sub(4));
    let mut reader = Reader::new(place, "a key of the counts");
    Ok((cell, unordered(reader.u32()?)))
}

impl CellKey {
    /// The key in `aggregates`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.experiment.to_be_bytes());
        self.encode_rest(out);
    }

    /// The key in `deltas`: the received day stands behind the experiment.
    pub(super) fn encode_delta(&self, received: Day, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.experiment.to_be_bytes());
        out.extend_from_slice(&ordered(received.0));
        self.encode_rest(out);
    }

    fn encode_rest(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.metric.to_be_bytes());
        match &self.slice {
            Slice::All => out.push(ALL),
            Slice::Value { dimension, value } => {
                out.push(VALUE);
                out.extend_from_slice(&dimension.to_be_bytes());
                // Lossless: values are cut at MAX_DIMENSION_VALUE_BYTES, and few are joined.
                out.extend_from_slice(&(value.len() as u16).to_be_bytes());
                out.extend_from_slice(value.as_bytes());
            }
        }
        out.extend_from_slice(&self.cell.phase.to_be_bytes());
        out.extend_from_slice(&self.cell.variant.to_be_bytes());
        out.push(match self.cell.population {
            Population::Analysed => 0,
            Population::Crossed => 1,
            Population::OffAssignment => 2,
        });
        out.extend_from_slice(&ordered(self.cell.day.0));
    }

    /// Reads a key of `aggregates`.
    pub(super) fn decode(bytes: &[u8]) -> Result<CellKey, StoreError> {
        let mut reader = Reader::new(bytes, "a key of the sums");
        let experiment = u32::swap_bytes(reader.u32()?);
        CellKey::decode_rest(experiment, reader)
    }

    /// Reads a key of `deltas`.
    pub(super) fn decode_delta(bytes: &[u8]) -> Result<(Day, CellKey), StoreError> {
        let mut reader = Reader::new(bytes, "a key of the daily changes");
        let experiment = u32::swap_bytes(reader.u32()?);
        let received = Day(unordered(reader.u32()?));
        Ok((received, CellKey::decode_rest(experiment, reader)?))
    }

    fn decode_rest(experiment: u32, mut reader: Reader<'_>) -> Result<CellKey, StoreError> {
        let metric = u64::swap_bytes(reader.u64()?);
        let slice = match reader.u8()? {
            ALL => Slice::All,
            VALUE => {
                let dimension = u16::swap_bytes(reader.u16()?);
                let length = usize::from(u16::swap_bytes(reader.u16()?));
                let value = std::str::from_utf8(reader.bytes(length)?);
                let value = value.map_err(|_| reader.corrupt("a value is not UTF-8"))?.to_owned();
                Slice::Value { dimension, value }
            }
            _ => return Err(reader.corrupt("it has an unknown slice")),
        };
        let phase = u32::swap_bytes(reader.u32()?);
        let variant = u16::swap_bytes(reader.u16()?);
        let population = match reader.u8()? {
            0 => Population::Analysed,
            1 => Population::Crossed,
            2 => Population::OffAssignment,
            _ => return Err(reader.corrupt("it has an unknown population")),
        };
        let day = Day(unordered(reader.u32()?));
        reader.end()?;
        Ok(CellKey { experiment, metric, slice, cell: Cell { phase, variant, population, day } })
    }
}

/// Where the rows of an experiment start in `aggregates` and `deltas`.
pub(super) fn experiment_start(experiment: u32) -> [u8; 4] {
    experiment.to_be_bytes()
}

/// Where the changes of an experiment received on `day` start in `deltas`.
pub(super) fn day_start(experiment: u32, day: Day) -> [u8; 8] {
    let mut start = [0; 8];
    start[..4].copy_from_slice(&experiment.to_be_bytes());
    start[4..].copy_from_slice(&ordered(day.0));
    start
}

/// Between which keys of `deltas` the changes of one metric's sums over everybody stand that were received on `day`.
pub(super) fn everybody(experiment: u32, day: Day, metric: u64) -> [Vec<u8>; 2] {
    [ALL, VALUE].map(|slice| {
        let mut key = day_start(experiment, day).to_vec();
        key.extend_from_slice(&metric.to_be_bytes());
        key.push(slice);
        key
    })
}

const SIGN: u32 = 1 << 31;

fn ordered(number: i32) -> [u8; 4] {
    (number.cast_unsigned() ^ SIGN).to_be_bytes()
}

fn unordered(read_as_little_endian: u32) -> i32 {
    (u32::swap_bytes(read_as_little_endian) ^ SIGN).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> impl Strategy<Value = (CellKey, Day)> {
        let slice = prop_oneof![
            Just(Slice::All),
            (0..3_u16, "[a-c\u{e9}]{0,2}").prop_map(|(dimension, value)| Slice::Value { dimension, value }),
        ];
        let population = prop_oneof![
            Just(Population::Analysed),
            Just(Population::Crossed),
            Just(Population::OffAssignment)
        ];
        let cell = (0..3_u32, 0..300_u16, population, -2..3_i32);
        (0..300_u32, 0..4_u64, slice, cell, -2..3_i32).prop_map(
            |(experiment, metric, slice, cell, received)| {
                let (phase, variant, population, day) = cell;
                let cell = Cell { phase, variant, population, day: Day(day) };
                (CellKey { experiment, metric, slice, cell }, Day(received))
            },
        )
    }

    proptest! {
        #[test]
        fn round_trips((key, received) in keys()) {
            let mut bytes = Vec::new();
            key.encode(&mut bytes);
            prop_assert_eq!(CellKey::decode(&bytes).unwrap(), key.clone());
            bytes.push(0);
            prop_assert!(CellKey::decode(&bytes).is_err());
            bytes.clear();
            key.encode_delta(received, &mut bytes);
            prop_assert_eq!(CellKey::decode_delta(&bytes).unwrap(), (received, key));
        }

        #[test]
        fn places_round_trip_in_order((cell, received) in keys(), one in any::<i32>(), other in any::<i32>()) {
            let [one, other] = [one, other].map(|place| PlaceKey { cell: cell.clone(), place });
            let bytes = [&one, &other].map(|key| {
                let mut bytes = Vec::new();
                key.encode(&mut bytes);
                bytes
            });
            prop_assert_eq!(bytes[0].cmp(&bytes[1]), one.cmp(&other));
            prop_assert_eq!(PlaceKey::decode(&bytes[0]).unwrap(), one.clone());
            prop_assert!(PlaceKey::decode(&bytes[0][1..]).is_err());
            let mut delta = Vec::new();
            one.encode_delta(received, &mut delta);
            prop_assert_eq!(PlaceKey::decode_delta(&delta).unwrap(), (received, one));
        }

        #[test]
        fn everybody_is_one_range((key, received) in keys(), metric in 0..4_u64, day in -2..3_i32) {
            let mut bytes = Vec::new();
            key.encode_delta(received, &mut bytes);
            let [first, last] = everybody(key.experiment, Day(day), metric);
            let here = received == Day(day) && key.metric == metric && key.slice == Slice::All;
            prop_assert_eq!((first..last).contains(&bytes), here);
        }

        #[test]
        fn a_range_holds_one_experiment_up_to_a_day((key, received) in keys(), experiment in 0..300_u32, day in -2..3_i32) {
            let mut bytes = Vec::new();
            key.encode_delta(received, &mut bytes);
            let range = day_start(experiment, Day(i32::MIN)).to_vec()..day_start(experiment, Day(day + 1)).to_vec();
            prop_assert_eq!(range.contains(&bytes), key.experiment == experiment && received.0 <= day);
        }
    }
}
