//! A line read and checked, as far as it can be without a store.

use std::collections::BTreeMap;

use experiment_core::definition::LifecycleStep;
use experiment_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::admit::MAX_AHEAD;
use super::super::catalog_record::{CatalogRecord, DefinitionRecord, LifecycleRecord};
use super::super::check::{self, MAX_ATTRIBUTES_BYTES, Sent};
use super::super::proposal::Attributes;
use super::super::record::{EventRecord, ExposureRecord, Flags, Moment};
use super::line::{
    CatalogLine, DefinitionLine, EndLine, EventLine, ExportLine, ExposureLine, GroupLine, Kind,
    LifecycleLine, LineError, OverrideLine, Time,
};

/// A line by what it says.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// The beginning.
    Export(ExportLine<'a>),
    /// A saved group and its values; whether it is no more.
    Group { name: String, values: Vec<Value>, gone: bool },
    /// A customer on an override list.
    Override(OverrideLine<'a>),
    /// A version of a definition: the experiment, and its record.
    Definition { experiment: String, record: Vec<u8> },
    /// A version of what experiments share, and its record.
    Catalog { version: u32, record: Vec<u8> },
    /// The record of anything else.
    Fact(Vec<u8>),
    /// The end.
    End(EndLine),
}

#[derive(Deserialize)]
struct Head {
    record: Kind,
}

/// Whether a line of an export can be read: its JSON, its fields and their values. Whether it fits to the
/// facts that there are is for the store to say.
///
/// # Errors
/// What is wrong, and its mend.
pub fn check_export_line(line: &str) -> Result<(), LineError> {
    Line::read(line).map(drop)
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub(super) fn read(text: &'a str) -> Result<Line<'a>, LineError> {
        let Head { record } = json(text)?;
        Ok(match record {
            Kind::Export => Line::Export(json(text)?),
            Kind::Group => {
                let GroupLine { group, values, gone, .. } = json(text)?;
                Line::Group { name: group.into_owned(), values: part("values", values)?, gone }
            }
            Kind::Override => Line::Override(json(text)?),
            Kind::Definition => {
                let line: DefinitionLine<'_> = json(text)?;
                let mut record = Vec::new();
                line.record().encode(&mut record);
                Line::Definition { experiment: line.experiment.into_owned(), record }
            }
            Kind::Catalog => {
                let line: CatalogLine<'_> = json(text)?;
                let mut record = Vec::new();
                line.record().encode(&mut record);
                Line::Catalog { version: line.version, record }
            }
            Kind::Lifecycle => {
                let mut record = Vec::new();
                json::<LifecycleLine<'_>>(text)?.record()?.encode(&mut record);
                Line::Fact(record)
            }
            Kind::Exposure => Line::Fact(json::<ExposureLine<'_>>(text)?.encoded()?),
            Kind::Event => Line::Fact(json::<EventLine<'_>>(text)?.encoded()?),
            Kind::End => Line::End(json(text)?),
        })
    }
}

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, LineError> {
    serde_json::from_str(text).map_err(|error| {
        let detail = error.to_string();
        // The line is known from elsewhere.
        let detail = detail.replace(" at line 1 column ", ", at column ");
        LineError(format!("{detail}; mend: leave lines as `experiment export` wrote them"))
    })
}

fn part<'a, T: Deserialize<'a>>(field: &str, value: &'a RawValue) -> Result<T, LineError> {
    serde_json::from_str(value.get()).map_err(|error| wrong(field, &error.to_string()))
}

fn wrong(field: &str, detail: &str) -> LineError {
    LineError(format!("{field}: {detail}; mend: leave lines as `experiment export` wrote them"))
}

impl DefinitionLine<'_> {
    fn record(&self) -> DefinitionRecord<'_> {
        DefinitionRecord {
            received_at: self.received_at.0,
            key: &self.experiment,
            version: self.version,
            override_count: self.overrides,
            document: self.document.get(),
            placement: self.placement.get(),
        }
    }
}

impl CatalogLine<'_> {
    fn record(&self) -> CatalogRecord<'_> {
        CatalogRecord {
            received_at: self.received_at.0,
            version: self.version,
            group_values: self.group_values,
            document: self.document.get(),
        }
    }
}

impl LifecycleLine<'_> {
    fn record(&self) -> Result<LifecycleRecord, LineError> {
        let step = match (&*self.step, &self.variant) {
            ("start", None) => LifecycleStep::Start,
            ("stop", None) => LifecycleStep::Stop,
            ("archive", None) => LifecycleStep::Archive,
            ("conclude", Some(variant)) => LifecycleStep::Conclude { variant: variant.to_string() },
            ("start" | "stop" | "archive", Some(_)) => {
                return Err(wrong("variant", "only conclude has one"));
            }
            ("conclude", None) => return Err(wrong("variant", "conclude needs one")),
            (other, _) => return Err(wrong("step", &format!("there is no step {other:?}"))),
        };
        Ok(LifecycleRecord { received_at: self.received_at.0, key: self.experiment.to_string(), step })
    }
}

impl ExposureLine<'_> {
    fn encoded(&self) -> Result<Vec<u8>, LineError> {
        let sent = sent(&self.customer, &self.id, self.attributes)?;
        let segments = self.segments.map(segments).transpose()?;
        let flags = Flags::default().with(Flags::GENERATED_ID, self.id_made);
        let flags = flags.with(Flags::ASSIGN, self.assigned).with(Flags::OVERRIDE, self.overridden);
        let mut out = Vec::new();
        let record = ExposureRecord {
            received_at: self.received_at.0,
            flags,
            moment: moment(self.received_at, self.at, self.sent_at, self.undated)?,
            customer: &self.customer,
            id: &self.id,
            experiment: &self.experiment,
            variant: &self.variant,
            attributes: sent.attributes.as_deref(),
            segments: segments.as_deref(),
        };
        record.encode(&mut out);
        Ok(out)
    }
}

impl EventLine<'_> {
    fn encoded(&self) -> Result<Vec<u8>, LineError> {
        check::event_name(&self.event).map_err(|refusal| LineError(refusal.to_string()))?;
        check::value(self.value).map_err(|refusal| LineError(refusal.to_string()))?;
        let sent = sent(&self.customer, &self.id, self.attributes)?;
        let mut out = Vec::new();
        let record = EventRecord {
            received_at: self.received_at.0,
            flags: Flags::default().with(Flags::GENERATED_ID, self.id_made),
            moment: moment(self.received_at, self.at, self.sent_at, self.undated)?,
            customer: &self.customer,
            id: &self.id,
            name: &self.event,
            value: self.value,
            attributes: sent.attributes.as_deref(),
        };
        record.encode(&mut out);
        Ok(out)
    }
}

/// Customer, id and attributes by the rules for facts that are sent.
fn sent<'a>(customer: &str, id: &'a str, attributes: Option<&RawValue>) -> Result<Sent<'a>, LineError> {
    let attributes: Option<Attributes> = attributes.map(|text| part("attributes", text)).transpose()?;
    let checked = check::customer(customer).and_then(|()| Sent::check(Some(id), attributes.as_ref()));
    checked.map_err(|refusal| LineError(refusal.to_string()))
}

fn segments(text: &RawValue) -> Result<String, LineError> {
    let segments: BTreeMap<String, bool> = part("segments", text)?;
    let text = Value::from_iter(segments).to_string();
    if text.len() <= MAX_ATTRIBUTES_BYTES { Ok(text) } else { Err(wrong("segments", "they are too many")) }
}

fn moment(received_at: Time, at: Time, sent_at: Option<Time>, undated: bool) -> Result<Moment, LineError> {
    let Timestamp(latest) = received_at.0.after(MAX_AHEAD);
    if at.0.0 > latest {
        return Err(wrong("at", "it is more than 5 minutes after received_at"));
    }
    let sent = match (sent_at, undated) {
        (Some(_), true) => return Err(wrong("undated", "a time was sent, says sent_at")),
        (Some(sent), false) => Some(sent.0),
        (None, false) => Some(at.0),
        (None, true) => None,
    };
    Ok(Moment { at: at.0, sent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::record::Record;
    use super::*;

    const EVENT: &str = r#"{"record":"event","received_at":"2026-03-01T00:00:00Z","at":"2026-03-01T00:00:00.000001Z","customer":"c","id":"1","event":"order""#;

    fn refused(line: &str) -> String {
        check_export_line(line).unwrap_err().to_string()
    }

    #[test]
    fn an_event_is_its_record() {
        let line = format!("{EVENT},\"value\":-0.1,\"attributes\":{{\"b\":1,\"a\":1.0}}}}");
        let Line::Fact(bytes) = Line::read(&line).unwrap() else { panic!("a fact") };
        let Record::Event(event) = Record::decode(&bytes).unwrap() else { panic!("an event") };
        assert_eq!(
            (event.name, event.value, event.attributes),
            ("order", Some(-0.1), Some(r#"{"a":1.0,"b":1}"#))
        );
        assert_eq!(event.moment.sent, Some(event.moment.at));
        assert_eq!(event.moment.at.0 - event.received_at.0, 1);
    }

    proptest! {
        /// A line with some of its bytes changed is read or refused, and what is read is a record.
        #[test]
        fn broken_lines_are_lines_or_refused(
            line in any::<prop::sample::Index>(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_usize), 0..4),
        ) {
            let lines: Vec<&str> = include_str!("../../../../fuzz/seeds/export.ndjson").lines().collect();
            let mut line = line.get(&lines).as_bytes().to_vec();
            prop_assert!(!changes.is_empty() || check_export_line(std::str::from_utf8(&line).unwrap()).is_ok());
            for (place, byte, cut) in changes {
                let place = place.index(line.len());
                let end = (place + cut).min(line.len());
                line.splice(place..end, [byte]);
            }
            if let Ok(Line::Fact(record)) = Line::read(&String::from_utf8_lossy(&line)) {
                prop_assert!(Record::decode(&record).is_ok());
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused("").contains("EOF"));
        assert!(refused(r#"{"record":"even"}"#).contains("unknown variant `even`"));
        assert!(refused(&format!("{EVENT},\"valu\":1}}")).contains("unknown field `valu`"));
        assert!(refused(&format!("{EVENT},\"value\":2e9}}")).starts_with("value: "));
        assert!(refused(&format!("{EVENT},\"attributes\":[]}}")).starts_with("attributes: "));
        assert!(refused(&EVENT.replace("\"1\"", "\"\"").replace("order\"", "order\"}")).starts_with("id: "));
        assert!(refused(&format!("{}}}", EVENT.replace("00:00.000001Z", "06:00Z"))).starts_with("at: "));
        let both = format!("{EVENT},\"undated\":true,\"sent_at\":\"2026-03-02T00:00:00Z\"}}");
        assert!(refused(&both).starts_with("undated: "));
        let step = r#"{"record":"lifecycle","received_at":"2026-03-01T00:00:00Z","experiment":"x","step":"conclude"}"#;
        assert!(refused(step).starts_with("variant: conclude needs one"));
    }
}
