//! Reads `log.redb` by what `docs/storage-format.md` says, without the store's own code.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use experiment_core::time::Timestamp;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");

/// A record of the log.
#[derive(Debug)]
pub(crate) enum Record {
    Definition { key: String, version: u32 },
    Step { key: String, step: u8 },
    Fact(LoggedFact),
}

/// An exposure or an event as it was sent.
#[derive(Debug)]
pub(crate) struct LoggedFact {
    pub(crate) customer: String,
    pub(crate) id: String,
    /// Exposures: the experiment. Events: none.
    pub(crate) experiment: Option<String>,
    /// The variant, or the event's name.
    pub(crate) name: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) value: Option<f64>,
    pub(crate) made_id: bool,
    pub(crate) by_assign: bool,
    /// From the attributes.
    pub(crate) mark: Option<u64>,
}

/// Every record in the order of the log, whose sequence has no gaps and whose times of receipt never go back.
pub(crate) fn read(folder: &Path, mut each: impl FnMut(Record)) -> anyhow::Result<u64> {
    let database = Database::open(folder.join("log.redb"))?;
    let reading = database.begin_read()?;
    let facts = reading.open_table(FACTS)?;
    let (mut next, mut last_received) = (0, i64::MIN);
    for row in facts.iter()? {
        let (sequence, bytes) = row?;
        ensure!(sequence.value() == next, "fact {next} of the log is missing");
        let (received, record) = record(bytes.value()).with_context(|| format!("fact {next} of the log"))?;
        ensure!(received >= last_received, "fact {next} was received before the one before it");
        last_received = received;
        next += 1;
        record.into_iter().for_each(&mut each);
    }
    Ok(next)
}

/// When a record was received, and what it says. Of a change of the catalog nothing is said.
fn record(bytes: &[u8]) -> anyhow::Result<(i64, Option<Record>)> {
    let mut bytes = Bytes(bytes);
    ensure!(bytes.u8()? == 1, "another encoding");
    let kind = bytes.u8()?;
    let received = bytes.i64()?;
    let record = match kind {
        1 => {
            let (version, _) = (bytes.u32()?, bytes.u32()?);
            let key = bytes.text()?;
            let (_document, _placement) = (bytes.long_text()?, bytes.long_text()?);
            Some(Record::Definition { key, version })
        }
        2 => {
            let step = bytes.u8()?;
            let key = bytes.text()?;
            if step == 3 {
                bytes.text()?;
            }
            Some(Record::Step { key, step })
        }
        3 | 4 => Some(Record::Fact(fact(&mut bytes, kind == 3)?)),
        5 => return Ok((received, None)),
        // What was about an erased customer.
        6 => None,
        // An erasure: the hash of the customer.
        7 => {
            bytes.take::<32>()?;
            None
        }
        _ => bail!("kind {kind}"),
    };
    ensure!(bytes.0.is_empty(), "{} bytes are left", bytes.0.len());
    Ok((received, record))
}

fn fact(bytes: &mut Bytes<'_>, is_exposure: bool) -> anyhow::Result<LoggedFact> {
    let flags = bytes.u8()?;
    let has = |flag: u8| flags & flag != 0;
    let at = bytes.i64()?;
    let sent = if has(2) { bytes.i64()? } else { at };
    let value = if has(16) { Some(f64::from_bits(bytes.u64()?)) } else { None };
    let (customer, id) = (bytes.text()?, bytes.text()?);
    let experiment = if is_exposure { Some(bytes.text()?) } else { None };
    let name = bytes.text()?;
    let mut mark = None;
    if has(8) {
        let attributes: serde_json::Value = serde_json::from_str(&bytes.long_text()?)?;
        mark = attributes["mark"].as_u64();
    }
    if has(128) {
        bytes.long_text()?;
    }
    let at = has(1).then_some(Timestamp(sent));
    Ok(LoggedFact { customer, id, experiment, name, at, value, made_id: has(4), by_assign: has(32), mark })
}

/// What is left of a record.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let (taken, left) = self.0.split_first_chunk().context("it ends early")?;
        self.0 = left;
        Ok(*taken)
    }

    fn u8(&mut self) -> anyhow::Result<u8> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    fn u32(&mut self) -> anyhow::Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u64(&mut self) -> anyhow::Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn i64(&mut self) -> anyhow::Result<i64> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    fn text(&mut self) -> anyhow::Result<String> {
        let length = u16::from_le_bytes(self.take()?);
        self.utf8(usize::from(length))
    }

    fn long_text(&mut self) -> anyhow::Result<String> {
        let length = self.u32()?;
        self.utf8(length as usize)
    }

    fn utf8(&mut self, length: usize) -> anyhow::Result<String> {
        let (taken, left) = self.0.split_at_checked(length).context("it ends early")?;
        self.0 = left;
        Ok(std::str::from_utf8(taken)?.to_owned())
    }
}
