//! Facts as they are stored in the log: versioned, little-endian, borrowed when read.

use experiment_core::time::Timestamp;

use super::bytes::{Reader, put_long_text, put_text};
use super::catalog_record::{CatalogRecord, DefinitionRecord, LifecycleRecord};
use super::erase::CustomerHash;
use super::error::StoreError;

/// The encoding's version, the first byte of every record.
const VERSION: u8 = 1;
pub(super) const DEFINITION: u8 = 1;
pub(super) const LIFECYCLE: u8 = 2;
const EXPOSURE: u8 = 3;
const EVENT: u8 = 4;
pub(super) const CATALOG: u8 = 5;
const ERASED: u8 = 6;
const ERASURE: u8 = 7;

/// What is known about a fact beside its content, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(pub(super) u8);

impl Flags {
    /// `at` was sent.
    pub(super) const AT_SENT: u8 = 1;
    /// `at` was too far ahead: the time of receipt stands in its place, what was sent beside it.
    pub(super) const FUTURE_CLAMPED: u8 = 2;
    /// The server made the id.
    pub(super) const GENERATED_ID: u8 = 4;
    /// There are attributes.
    pub(super) const ATTRIBUTES: u8 = 8;
    /// Events: there is a value.
    pub(super) const VALUE: u8 = 16;
    /// Exposures: recorded by `assign`.
    pub(super) const ASSIGN: u8 = 32;
    /// Exposures: the customer was on an override list.
    pub(super) const OVERRIDE: u8 = 64;
    /// Exposures: it is known in which segments the customer was.
    pub(super) const SEGMENTS: u8 = 128;

    /// What exposures never have.
    const NOT_OF_EXPOSURES: u8 = Flags::VALUE;
    /// What events never have.
    const NOT_OF_EVENTS: u8 = Flags::ASSIGN | Flags::OVERRIDE | Flags::SEGMENTS;

    /// Whether `bit` is set.
    #[inline]
    pub(super) fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// With `bit` set if `condition`.
    #[inline]
    pub(super) fn with(self, bit: u8, condition: bool) -> Flags {
        if condition { Flags(self.0 | bit) } else { self }
    }
}

/// A fact.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record<'a> {
    /// A version of a definition.
    Definition(DefinitionRecord<'a>),
    /// A step of the life cycle.
    Lifecycle(LifecycleRecord),
    /// A version of what experiments share.
    Catalog(CatalogRecord<'a>),
    /// A customer met a variant.
    Exposure(ExposureRecord<'a>),
    /// A customer did something.
    Event(EventRecord<'a>),
    /// What stood here was about a customer who was erased.
    Erased(ErasedRecord),
    /// A customer was erased.
    Erasure(ErasureRecord),
}

/// Stands where a fact about an erased customer stood, so that every other fact keeps its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ErasedRecord {
    /// When that fact came.
    pub(super) received_at: Timestamp,
}

/// A customer was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ErasureRecord {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// Who, as far as anybody may still know.
    pub(super) customer: CustomerHash,
}

/// When something happened, as sent and as kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// As kept.
    pub(super) at: Timestamp,
    /// As sent.
    pub(super) sent: Option<Timestamp>,
}

/// A customer met a variant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ExposureRecord<'a> {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// [`Flags`]; those that follow from other fields are set when writing.
    pub(super) flags: Flags,
    /// When.
    pub(super) moment: Moment,
    /// Who.
    pub(super) customer: &'a str,
    /// Its name among the exposures of the customer to the experiment.
    pub(super) id: &'a str,
    /// The experiment's key.
    pub(super) experiment: &'a str,
    /// The variant's key.
    pub(super) variant: &'a str,
    /// JSON with sorted keys.
    pub(super) attributes: Option<&'a str>,
    /// JSON: of each segment that the experiment is sliced by, whether the customer was in it. Worked out
    /// when the exposure came, so no part of what was sent.
    pub(super) segments: Option<&'a str>,
}

/// A customer did something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EventRecord<'a> {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// [`Flags`]; those that follow from other fields are set when writing.
    pub(super) flags: Flags,
    /// When.
    pub(super) moment: Moment,
    /// Who.
    pub(super) customer: &'a str,
    /// Its name among the events of the customer.
    pub(super) id: &'a str,
    /// What.
    pub(super) name: &'a str,
    /// How much.
    pub(super) value: Option<f64>,
    /// JSON with sorted keys.
    pub(super) attributes: Option<&'a str>,
}

impl Moment {
    /// Whether it was dated too far ahead and is kept at its time of receipt.
    pub(super) fn is_clamped(self) -> bool {
        self.sent.is_some_and(|sent| sent != self.at)
    }

    /// Whether both were sent alike; an absent `at` matches any.
    fn matches(self, other: Moment) -> bool {
        match (self.sent, other.sent) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }
}

impl ExposureRecord<'_> {
    /// Whether both say the same, compared as sent.
    pub(super) fn same_content(&self, other: &ExposureRecord<'_>) -> bool {
        self.variant == other.variant
            && self.attributes == other.attributes
            && self.moment.matches(other.moment)
    }

    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let flags = self.flags.with(Flags::ATTRIBUTES, self.attributes.is_some());
        let flags = flags.with(Flags::SEGMENTS, self.segments.is_some());
        put_head(out, EXPOSURE, self.received_at);
        put_moment(out, flags, self.moment);
        for text in [self.customer, self.id, self.experiment, self.variant] {
            put_text(out, text);
        }
        for text in self.attributes.iter().chain(&self.segments) {
            put_long_text(out, text);
        }
    }
}

impl EventRecord<'_> {
    /// Whether both say the same, compared as sent.
    pub(super) fn same_content(&self, other: &EventRecord<'_>) -> bool {
        self.name == other.name
            && self.value == other.value
            && self.attributes == other.attributes
            && self.moment.matches(other.moment)
    }

    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let flags = self.flags.with(Flags::ATTRIBUTES, self.attributes.is_some());
        let flags = flags.with(Flags::VALUE, self.value.is_some());
        put_head(out, EVENT, self.received_at);
        put_moment(out, flags, self.moment);
        if let Some(value) = self.value {
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        for text in [self.customer, self.id, self.name] {
            put_text(out, text);
        }
        if let Some(attributes) = self.attributes {
            put_long_text(out, attributes);
        }
    }
}

impl ErasedRecord {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, ERASED, self.received_at);
    }
}

impl ErasureRecord {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, ERASURE, self.received_at);
        out.extend_from_slice(&self.customer.0);
    }
}

impl<'a> Record<'a> {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Definition(record) => record.encode(out),
            Record::Lifecycle(record) => record.encode(out),
            Record::Catalog(record) => record.encode(out),
            Record::Exposure(record) => record.encode(out),
            Record::Event(record) => record.encode(out),
            Record::Erased(record) => record.encode(out),
            Record::Erasure(record) => record.encode(out),
        }
    }

    /// Reads a record of the log. What can be read is written to the same bytes again: a record is spelled in
    /// one way.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Record<'a>, StoreError> {
        let mut reader = Reader::new(bytes, "a record of the log");
        if reader.u8()? != VERSION {
            return Err(reader.corrupt("its encoding is of an unknown version"));
        }
        let kind = reader.u8()?;
        let received_at = Timestamp(reader.i64()?);
        let record = match kind {
            EVENT => {
                let (flags, moment) = moment(&mut reader, Flags::NOT_OF_EVENTS)?;
                let value = if flags.has(Flags::VALUE) { Some(f64::from_bits(reader.u64()?)) } else { None };
                if value.is_some_and(|value| !value.is_finite()) {
                    return Err(reader.corrupt("its value is no number"));
                }
                let (customer, id, name) = (reader.text()?, reader.text()?, reader.text()?);
                let attributes = optional(&mut reader, flags, Flags::ATTRIBUTES)?;
                Record::Event(EventRecord {
                    received_at,
                    flags,
                    moment,
                    customer,
                    id,
                    name,
                    value,
                    attributes,
                })
            }
            EXPOSURE => {
                let (flags, moment) = moment(&mut reader, Flags::NOT_OF_EXPOSURES)?;
                let (customer, id) = (reader.text()?, reader.text()?);
                let (experiment, variant) = (reader.text()?, reader.text()?);
                let attributes = optional(&mut reader, flags, Flags::ATTRIBUTES)?;
                let segments = optional(&mut reader, flags, Flags::SEGMENTS)?;
                Record::Exposure(ExposureRecord {
                    received_at,
                    flags,
                    moment,
                    customer,
                    id,
                    experiment,
                    variant,
                    attributes,
                    segments,
                })
            }
            DEFINITION => Record::Definition(DefinitionRecord::decode(&mut reader, received_at)?),
            LIFECYCLE => Record::Lifecycle(LifecycleRecord::decode(&mut reader, received_at)?),
            CATALOG => Record::Catalog(CatalogRecord::decode(&mut reader, received_at)?),
            ERASED => Record::Erased(ErasedRecord { received_at }),
            ERASURE => {
                let customer = CustomerHash::read(&mut reader)?;
                Record::Erasure(ErasureRecord { received_at, customer })
            }
            _ => return Err(reader.corrupt("it is of an unknown kind")),
        };
        reader.end()?;
        Ok(record)
    }

    /// When it came.
    pub(super) fn received_at(&self) -> Timestamp {
        match self {
            Record::Definition(record) => record.received_at,
            Record::Lifecycle(record) => record.received_at,
            Record::Catalog(record) => record.received_at,
            Record::Exposure(record) => record.received_at,
            Record::Event(record) => record.received_at,
            Record::Erased(record) => record.received_at,
            Record::Erasure(record) => record.received_at,
        }
    }
}

pub(super) fn put_head(out: &mut Vec<u8>, kind: u8, received_at: Timestamp) {
    out.extend_from_slice(&[VERSION, kind]);
    out.extend_from_slice(&received_at.0.to_le_bytes());
}

fn put_moment(out: &mut Vec<u8>, flags: Flags, moment: Moment) {
    let clamped = moment.is_clamped();
    let flags = flags.with(Flags::AT_SENT, moment.sent.is_some()).with(Flags::FUTURE_CLAMPED, clamped);
    out.push(flags.0);
    out.extend_from_slice(&moment.at.0.to_le_bytes());
    if let (true, Some(sent)) = (clamped, moment.sent) {
        out.extend_from_slice(&sent.0.to_le_bytes());
    }
}

/// Reads flags, of which `others` are those of other kinds, and when it happened.
fn moment(reader: &mut Reader<'_>, others: u8) -> Result<(Flags, Moment), StoreError> {
    let flags = Flags(reader.u8()?);
    if flags.has(others) {
        return Err(reader.corrupt("it has flags of another kind"));
    }
    let at = Timestamp(reader.i64()?);
    let is_sent = flags.has(Flags::AT_SENT);
    if !flags.has(Flags::FUTURE_CLAMPED) {
        return Ok((flags, Moment { at, sent: is_sent.then_some(at) }));
    }
    let moment = Moment { at, sent: Some(Timestamp(reader.i64()?)) };
    if is_sent && moment.is_clamped() {
        Ok((flags, moment))
    } else {
        Err(reader.corrupt("it was not dated ahead, but says so"))
    }
}

/// A text that is there if `bit` is set.
fn optional<'a>(reader: &mut Reader<'a>, flags: Flags, bit: u8) -> Result<Option<&'a str>, StoreError> {
    if flags.has(bit) { reader.long_text().map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> EventRecord<'static> {
        EventRecord {
            received_at: Timestamp(1_000),
            flags: Flags(Flags::GENERATED_ID),
            moment: Moment { at: Timestamp(1_000), sent: Some(Timestamp(9_000)) },
            customer: "c-1",
            id: "e-1",
            name: "order",
            value: Some(12.5),
            attributes: Some(r#"{"sku":"a"}"#),
        }
    }

    #[test]
    fn every_kind_round_trips() {
        let mut bytes = Vec::new();
        event().encode(&mut bytes);
        let Record::Event(read) = Record::decode(&bytes).unwrap() else { panic!("not an event") };
        assert_eq!(
            (read.moment, read.value, read.attributes),
            (event().moment, Some(12.5), event().attributes)
        );
        for bit in
            [Flags::GENERATED_ID, Flags::VALUE, Flags::ATTRIBUTES, Flags::AT_SENT, Flags::FUTURE_CLAMPED]
        {
            assert!(read.flags.has(bit), "{bit}");
        }

        bytes.clear();
        let exposure = ExposureRecord {
            received_at: Timestamp(7),
            flags: Flags(Flags::ASSIGN),
            moment: Moment { at: Timestamp(7), sent: None },
            customer: "c",
            id: "i",
            experiment: "x",
            variant: "v",
            attributes: None,
            segments: None,
        };
        let (attributes, segments) = (Some("{}"), Some("{\"vip\":true}"));
        for (attributes, segments) in
            [(None, None), (attributes, None), (None, segments), (attributes, segments)]
        {
            bytes.clear();
            let exposure = ExposureRecord { attributes, segments, ..exposure };
            exposure.encode(&mut bytes);
            let Record::Exposure(read) = Record::decode(&bytes).unwrap() else { panic!("not an exposure") };
            assert_eq!((read.attributes, read.segments), (attributes, segments));
            assert!(read.same_content(&ExposureRecord { segments: None, ..exposure }), "derived, not sent");
        }
    }

    #[test]
    fn an_erasure_leaves_a_place_a_time_and_a_hash() {
        let mut bytes = Vec::new();
        let erased = ErasedRecord { received_at: Timestamp(2) };
        erased.encode(&mut bytes);
        assert_eq!(bytes, b"\x01\x06\x02\0\0\0\0\0\0\0");
        assert_eq!(Record::decode(&bytes).unwrap(), Record::Erased(erased));

        bytes.clear();
        let erasure = ErasureRecord { received_at: Timestamp(3), customer: CustomerHash([7; 32]) };
        erasure.encode(&mut bytes);
        assert_eq!(bytes, [b"\x01\x07\x03\0\0\0\0\0\0\0".as_slice(), &[7; 32]].concat());
        assert_eq!(Record::decode(&bytes).unwrap(), Record::Erasure(erasure));
    }

    #[test]
    fn the_bytes_of_an_event_stay_as_they_are() {
        let mut bytes = Vec::new();
        let plain = EventRecord {
            received_at: Timestamp(2),
            flags: Flags(0),
            moment: Moment { at: Timestamp(1), sent: Some(Timestamp(1)) },
            customer: "c",
            id: "i",
            name: "n",
            value: None,
            attributes: None,
        };
        plain.encode(&mut bytes);
        let expected = b"\x01\x04\x02\0\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x01\0c\x01\0i\x01\0n";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn any_cut_and_any_addition_is_noticed() {
        let mut bytes = Vec::new();
        event().encode(&mut bytes);
        for length in 0..bytes.len() {
            assert!(Record::decode(&bytes[..length]).is_err(), "{length}");
        }
        bytes.push(0);
        assert!(Record::decode(&bytes).is_err());
    }

    #[test]
    fn what_is_spelled_in_another_way_is_damage() {
        let mut bytes = Vec::new();
        let sent = Moment { at: Timestamp(1_000), sent: Some(Timestamp(1_000)) };
        EventRecord { moment: sent, ..event() }.encode(&mut bytes);
        let flags = bytes[10];
        let why = |bytes: &[u8]| Record::decode(bytes).unwrap_err().to_string();
        for others in [Flags::ASSIGN, Flags::OVERRIDE, Flags::SEGMENTS] {
            bytes[10] = flags | others;
            assert!(why(&bytes).contains("flags of another kind"), "{others}");
        }
        // With a time as sent that is no other, then with another one but without saying that one was sent.
        let at: [u8; 8] = bytes[11..19].try_into().unwrap();
        bytes.splice(19..19, at);
        bytes[10] = flags | Flags::FUTURE_CLAMPED;
        assert!(why(&bytes).contains("dated ahead"));
        bytes[19] ^= 1;
        assert!(Record::decode(&bytes).is_ok());
        bytes[10] ^= Flags::AT_SENT;
        assert!(why(&bytes).contains("dated ahead"));
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            bytes.clear();
            EventRecord { value: Some(value), ..event() }.encode(&mut bytes);
            assert!(why(&bytes).contains("no number"));
        }
    }

    #[test]
    fn content_is_compared_as_sent() {
        let one = event();
        let absent = EventRecord { moment: Moment { at: Timestamp(5), sent: None }, ..one };
        assert!(one.same_content(&absent) && absent.same_content(&one));
        let clamped_elsewhere =
            EventRecord { moment: Moment { at: Timestamp(3), sent: Some(Timestamp(9_000)) }, ..one };
        assert!(one.same_content(&clamped_elsewhere));
        let other_at =
            EventRecord { moment: Moment { at: Timestamp(1_000), sent: Some(Timestamp(1_000)) }, ..one };
        assert!(!one.same_content(&other_at));
        assert!(!one.same_content(&EventRecord { value: None, ..one }));
        assert!(!one.same_content(&EventRecord { attributes: None, ..one }));
        assert!(!one.same_content(&EventRecord { name: "login", ..one }));
    }
}
