//! Exposures and events as one flat table.

use std::io::Write;

use super::super::record::{EventRecord, ExposureRecord, Flags, Moment};

/// The columns, in their order; `docs/operations.md` says what is in them.
const COLUMNS: [&str; 16] = [
    "record",
    "received_at",
    "at",
    "sent_at",
    "undated",
    "customer",
    "id",
    "id_made",
    "experiment",
    "variant",
    "event",
    "value",
    "assigned",
    "override",
    "attributes",
    "segments",
];

/// A table in the making.
pub(super) struct Table<'a>(csv::Writer<&'a mut dyn Write>);

impl<'a> Table<'a> {
    /// Begins with the names of the columns.
    pub(super) fn begin(to: &'a mut dyn Write) -> csv::Result<Table<'a>> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(COLUMNS)?;
        Ok(Table(writer))
    }

    /// Adds an exposure.
    pub(super) fn exposure(&mut self, record: &ExposureRecord<'_>) -> csv::Result<()> {
        let (at, sent_at, undated) = moment(record.moment);
        self.0.write_record([
            "exposure",
            &record.received_at.to_string(),
            &at,
            &sent_at,
            undated,
            record.customer,
            record.id,
            flag(record.flags, Flags::GENERATED_ID),
            record.experiment,
            record.variant,
            "",
            "",
            flag(record.flags, Flags::ASSIGN),
            flag(record.flags, Flags::OVERRIDE),
            record.attributes.unwrap_or_default(),
            record.segments.unwrap_or_default(),
        ])
    }

    /// Adds an event.
    pub(super) fn event(&mut self, record: &EventRecord<'_>) -> csv::Result<()> {
        let (at, sent_at, undated) = moment(record.moment);
        self.0.write_record([
            "event",
            &record.received_at.to_string(),
            &at,
            &sent_at,
            undated,
            record.customer,
            record.id,
            flag(record.flags, Flags::GENERATED_ID),
            "",
            "",
            record.name,
            &record.value.map(|value| value.to_string()).unwrap_or_default(),
            "",
            "",
            record.attributes.unwrap_or_default(),
            "",
        ])
    }

    /// Writes what waits.
    pub(super) fn end(mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn moment(moment: Moment) -> (String, String, &'static str) {
    let sent_at = if moment.is_clamped() { moment.sent } else { None };
    let undated = if moment.sent.is_none() { "true" } else { "" };
    (moment.at.to_string(), sent_at.map(|sent| sent.to_string()).unwrap_or_default(), undated)
}

fn flag(flags: Flags, bit: u8) -> &'static str {
    if flags.has(bit) { "true" } else { "" }
}
