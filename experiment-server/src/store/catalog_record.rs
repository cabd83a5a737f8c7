//! Records about definitions: their versions, life cycles, and what they share.

use experiment_core::definition::LifecycleStep;
use experiment_core::time::Timestamp;

use super::bytes::{Reader, put_long_text, put_text};
use super::error::StoreError;
use super::record::{CATALOG, DEFINITION, LIFECYCLE, put_head};

const START: u8 = 1;
const STOP: u8 = 2;
const CONCLUDE: u8 = 3;
const ARCHIVE: u8 = 4;

/// A version of a definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DefinitionRecord<'a> {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// The experiment.
    pub(super) key: &'a str,
    /// 1 for the first.
    pub(super) version: u32,
    /// How many customers were on override lists.
    pub(super) override_count: u32,
    /// The document as JSON, without overrides.
    pub(super) document: &'a str,
    /// Its [`Placement`](experiment_core::assignment::Placement) as JSON.
    pub(super) placement: &'a str,
}

/// A step of the life cycle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LifecycleRecord {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// The experiment.
    pub(super) key: String,
    /// The step.
    pub(super) step: LifecycleStep,
}

/// A version of what experiments share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CatalogRecord<'a> {
    /// When it came.
    pub(super) received_at: Timestamp,
    /// 1 for the first.
    pub(super) version: u32,
    /// How many values were in groups.
    pub(super) group_values: u32,
    /// The document as JSON, without groups.
    pub(super) document: &'a str,
}

impl<'a> DefinitionRecord<'a> {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, DEFINITION, self.received_at);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.override_count.to_le_bytes());
        put_text(out, self.key);
        put_long_text(out, self.document);
        put_long_text(out, self.placement);
    }

    /// Reads what stands behind the head.
    pub(super) fn decode(
        reader: &mut Reader<'a>,
        received_at: Timestamp,
    ) -> Result<DefinitionRecord<'a>, StoreError> {
        Ok(DefinitionRecord {
            received_at,
            version: reader.u32()?,
            override_count: reader.u32()?,
            key: reader.text()?,
            document: reader.long_text()?,
            placement: reader.long_text()?,
        })
    }
}

impl LifecycleRecord {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, LIFECYCLE, self.received_at);
        out.push(match self.step {
            LifecycleStep::Start => START,
            LifecycleStep::Stop => STOP,
            LifecycleStep::Conclude { .. } => CONCLUDE,
            LifecycleStep::Archive => ARCHIVE,
        });
        put_text(out, &self.key);
        if let LifecycleStep::Conclude { variant } = &self.step {
            put_text(out, variant);
        }
    }

    /// Reads what stands behind the head.
    pub(super) fn decode(
        reader: &mut Reader<'_>,
        received_at: Timestamp,
    ) -> Result<LifecycleRecord, StoreError> {
        let step = reader.u8()?;
        let key = reader.text()?.to_owned();
        let step = match step {
            START => LifecycleStep::Start,
            STOP => LifecycleStep::Stop,
            CONCLUDE => LifecycleStep::Conclude { variant: reader.text()?.to_owned() },
            ARCHIVE => LifecycleStep::Archive,
            _ => return Err(reader.corrupt("its step is unknown")),
        };
        Ok(LifecycleRecord { received_at, key, step })
    }
}

impl<'a> CatalogRecord<'a> {
    /// Writes it after what `out` holds.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_head(out, CATALOG, self.received_at);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.group_values.to_le_bytes());
        put_long_text(out, self.document);
    }

    /// Reads what stands behind the head.
    pub(super) fn decode(
        reader: &mut Reader<'a>,
        received_at: Timestamp,
    ) -> Result<CatalogRecord<'a>, StoreError> {
        Ok(CatalogRecord {
            received_at,
            version: reader.u32()?,
            group_values: reader.u32()?,
            document: reader.long_text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::*;

    #[test]
    fn every_kind_round_trips() {
        let mut bytes = Vec::new();
        let definition = DefinitionRecord {
            received_at: Timestamp(8),
            key: "x",
            version: 3,
            override_count: 2,
            document: "{}",
            placement: "{\"allocation\":[]}",
        };
        definition.encode(&mut bytes);
        assert_eq!(Record::decode(&bytes).unwrap(), Record::Definition(definition));

        bytes.clear();
        let catalog =
            CatalogRecord { received_at: Timestamp(8), version: 1, group_values: 7, document: "{}" };
        catalog.encode(&mut bytes);
        assert_eq!(Record::decode(&bytes).unwrap(), Record::Catalog(catalog));

        for step in [
            LifecycleStep::Start,
            LifecycleStep::Stop,
            LifecycleStep::Conclude { variant: "v".to_owned() },
            LifecycleStep::Archive,
        ] {
            bytes.clear();
            let record = LifecycleRecord { received_at: Timestamp(9), key: "x".to_owned(), step };
            record.encode(&mut bytes);
            assert_eq!(Record::decode(&bytes).unwrap(), Record::Lifecycle(record));
        }
    }
}
