//! One customer's packed row: exposures, then events of a fixed size that are only ever appended.
//!
//! Payloads stay in the log and are read there, by sequence, when content must be compared exactly.

use experiment_core::measure::{Event, EventName};
use experiment_core::time::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::bytes::Reader;
use super::error::StoreError;

/// The encoding's version, the first byte of every row; a change of it changes `FOLD_VERSION`.
const VERSION: u8 = 1;
/// Version, number of exposures, bytes of exposures.
const HEAD_BYTES: usize = 7;
/// Id hash, at, name and sequence, value.
pub(super) const EVENT_BYTES: usize = 32;
/// Bits of a sequence in an event; the rest holds the name.
const SEQUENCE_BITS: u32 = 40;
/// The first sequence that an event can't hold.
pub(super) const SEQUENCE_LIMIT: u64 = 1 << SEQUENCE_BITS;
/// Stands for "no value": no stored value is NaN.
const NO_VALUE: u64 = f64::NAN.to_bits();

/// An exposure as the state keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedExposure<'a> {
    /// The experiment's number.
    pub(super) experiment: u32,
    /// The variant's index.
    pub(super) variant: u16,
    /// See [`PackedExposure::ASSIGN`] and the others.
    pub(super) flags: u8,
    /// When.
    pub(super) at: Timestamp,
    /// Its place in the log.
    pub(super) sequence: u64,
    /// Its id.
    pub(super) id: &'a str,
    /// The numbers of its dimension values, two bytes each.
    pub(super) values: &'a [u8],
}

impl PackedExposure<'_> {
    /// Recorded by `assign`.
    pub(super) const ASSIGN: u8 = 1;
    /// The customer was on an override list: never analysed.
    pub(super) const OVERRIDE: u8 = 2;
    /// It differs from our own draw.
    pub(super) const OFF_ASSIGNMENT: u8 = 4;

    /// Whether it counts.
    #[inline]
    pub(super) fn is_analysed(&self) -> bool {
        self.flags & Self::OVERRIDE == 0
    }

    /// The numbers of its dimension values.
    pub(super) fn value_numbers(&self) -> impl Iterator<Item = u16> + '_ {
        self.values.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
    }

    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.experiment.to_le_bytes());
        out.extend_from_slice(&self.variant.to_le_bytes());
        out.push(self.flags);
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        // Lossless: definitions have at most MAX_SLOTS of them.
        out.push((self.values.len() / 2) as u8);
        out.extend_from_slice(self.values);
        super::bytes::put_text(out, self.id);
    }
}

/// An event as the state keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PackedEvent {
    /// [`id_hash`] of its id.
    pub(super) id_hash: u64,
    /// When.
    pub(super) at: Timestamp,
    /// What.
    pub(super) name: EventName,
    /// Its place in the log.
    pub(super) sequence: u64,
    /// How much.
    pub(super) value: Option<f64>,
}

impl PackedEvent {
    /// Writes it after what `out` holds.
    #[inline]
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut bytes = [0; EVENT_BYTES];
        bytes[..8].copy_from_slice(&self.id_hash.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.0.to_le_bytes());
        let name = u64::from(self.name.0) << SEQUENCE_BITS;
        bytes[16..24].copy_from_slice(&(name | self.sequence).to_le_bytes());
        bytes[24..].copy_from_slice(&self.value.map_or(NO_VALUE, f64::to_bits).to_le_bytes());
        out.extend_from_slice(&bytes);
    }

    #[inline]
    fn decode(bytes: &[u8; EVENT_BYTES]) -> PackedEvent {
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let packed = number(16);
        let value = number(24);
        PackedEvent {
            id_hash: number(0),
            at: Timestamp(number(8).cast_signed()),
            // Lossless: 24 bits are left.
            name: EventName((packed >> SEQUENCE_BITS) as u32),
            sequence: packed & (SEQUENCE_LIMIT - 1),
            value: (value != NO_VALUE).then(|| f64::from_bits(value)),
        }
    }

    /// What measures read of it.
    #[inline]
    pub(super) fn measured(&self) -> Event {
        Event { at: self.at, name: self.name, value: self.value }
    }
}

/// A short form of an id; equal ids have equal hashes, the log tells whether the reverse holds.
#[inline]
pub(super) fn id_hash(id: &str) -> u64 {
    xxh3_64(id.as_bytes())
}

/// A row, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    exposure_count: u16,
    exposures: &'a [u8],
    events: &'a [[u8; EVENT_BYTES]],
}

impl<'a> Row<'a> {
    /// The row of a customer that was never seen.
    pub(super) const EMPTY: Row<'static> = Row { exposure_count: 0, exposures: &[], events: &[] };

    /// Reads the row's frame; what is in it is read when asked for.
    #[inline]
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Row<'a>, StoreError> {
        let mut reader = Reader::new(bytes, "a customer's row");
        if reader.u8()? != VERSION {
            return Err(reader.corrupt("its encoding is of an unknown version"));
        }
        let exposure_count = reader.u16()?;
        let length = reader.u32()? as usize;
        let exposures = reader.bytes(length)?;
        let (events, rest) = reader.rest().as_chunks();
        if !rest.is_empty() {
            return Err(reader.corrupt("it ends within an event"));
        }
        Ok(Row { exposure_count, exposures, events })
    }

    /// How many events it has.
    #[inline]
    pub(super) fn event_count(&self) -> usize {
        self.events.len()
    }

    /// How many exposures it has.
    pub(super) fn exposure_count(&self) -> usize {
        usize::from(self.exposure_count)
    }

    /// The events in the order of the log.
    #[inline]
    pub(super) fn events(&self) -> impl Iterator<Item = PackedEvent> + 'a {
        self.events.iter().map(PackedEvent::decode)
    }

    /// The sequences of events whose id has this hash.
    #[inline]
    pub(super) fn events_with_hash(&self, hash: u64) -> impl Iterator<Item = u64> + 'a {
        let wanted = hash.to_le_bytes();
        let same = move |bytes: &&[u8; EVENT_BYTES]| bytes[..8] == wanted;
        self.events.iter().filter(same).map(|bytes| PackedEvent::decode(bytes).sequence)
    }

    /// Appends the exposures in the order of the log to `into`.
    pub(super) fn read_exposures(&self, into: &mut Vec<PackedExposure<'a>>) -> Result<(), StoreError> {
        let mut reader = Reader::new(self.exposures, "a customer's exposures");
        for _ in 0..self.exposure_count {
            let experiment = reader.u32()?;
            let variant = reader.u16()?;
            let flags = reader.u8()?;
            let at = Timestamp(reader.i64()?);
            let sequence = reader.u64()?;
            let values = usize::from(reader.u8()?) * 2;
            let values = reader.bytes(values)?;
            let id = reader.text()?;
            into.push(PackedExposure { experiment, variant, flags, at, sequence, id, values });
        }
        reader.end()
    }

    /// Writes the row with further exposures and events into the empty `out`.
    pub(super) fn extend(
        &self,
        exposures: &[PackedExposure<'_>],
        events: impl Iterator<Item = PackedEvent>,
        out: &mut Vec<u8>,
    ) {
        out.push(VERSION);
        // Lossless: admission bounds the exposures of a customer far below.
        let count = self.exposure_count + exposures.len() as u16;
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(self.exposures);
        for exposure in exposures {
            exposure.encode(out);
        }
        let length = (out.len() - HEAD_BYTES) as u32;
        out[HEAD_BYTES - 4..HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        out.extend_from_slice(self.events.as_flattened());
        for event in events {
            event.encode(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64, value: Option<f64>) -> PackedEvent {
        let id_hash = id_hash(&format!("e-{sequence}"));
        PackedEvent { id_hash, at: Timestamp(-5), name: EventName(0xff_ffff), sequence, value }
    }

    #[test]
    fn grows_and_reads_back() {
        let exposure = PackedExposure {
            experiment: 3,
            variant: 1,
            flags: PackedExposure::ASSIGN,
            at: Timestamp(77),
            sequence: 4,
            id: "assign:x",
            values: &[1, 0, 255, 255],
        };
        let mut first = Vec::new();
        Row::EMPTY.extend(&[], [event(1, Some(-0.5))].into_iter(), &mut first);
        assert_eq!(first.len(), HEAD_BYTES + EVENT_BYTES);
        let mut second = Vec::new();
        let events = [event(SEQUENCE_LIMIT - 1, None)].into_iter();
        Row::decode(&first).unwrap().extend(&[exposure], events, &mut second);
        let mut third = Vec::new();
        let other = PackedExposure { id: "b", values: &[], ..exposure };
        Row::decode(&second).unwrap().extend(&[other], std::iter::empty(), &mut third);

        let row = Row::decode(&third).unwrap();
        let events: Vec<PackedEvent> = row.events().collect();
        assert_eq!(events, [event(1, Some(-0.5)), event(SEQUENCE_LIMIT - 1, None)]);
        let mut exposures = Vec::new();
        row.read_exposures(&mut exposures).unwrap();
        assert_eq!(exposures, [exposure, other]);
        assert_eq!(exposures[0].value_numbers().collect::<Vec<_>>(), [1, u16::MAX]);
        assert_eq!(row.events_with_hash(id_hash("e-1")).collect::<Vec<_>>(), [1]);
        assert_eq!(row.events_with_hash(7).count(), 0);
    }

    #[test]
    fn damage_is_noticed() {
        let mut bytes = Vec::new();
        Row::EMPTY.extend(&[], [event(1, None)].into_iter(), &mut bytes);
        assert!(Row::decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(Row::decode(&[9]).is_err());
        let mut wrong = bytes.clone();
        wrong[1] = 1;
        assert!(Row::decode(&wrong).unwrap().read_exposures(&mut Vec::new()).is_err());
    }
}
