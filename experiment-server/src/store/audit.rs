//! Who changed what, and when: a chain of entries, each with the hash of the one before it.
//!
//! An entry is written in the transaction of the fact or the key that it is about, and says nothing that the fact
//! or the key does not say, but for who. It holds no customer's id: of override lists and groups it has how many are
//! on them, of an erasure the keyed hash. It holds no secret either: of a key it has id, role and name.

use experiment_core::definition::LifecycleStep;
use experiment_core::time::Timestamp;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, WriteTransaction};
use sha2::{Digest, Sha256};

use super::api_key::ApiKey;
use super::api_key_text::KeyId;
use super::bytes::{Reader, put_text};
use super::erase::CustomerHash;
use super::error::StoreError;
use super::record::Record;
use super::tables::{AUDIT, LOG_AUDIT_TAIL, LOG_META, Trying};

/// The encoding's version, the first byte of every entry.
const VERSION: u8 = 1;
/// Stands for "no fact".
const NO_SEQUENCE: u64 = u64::MAX;
/// Longest name of who did something, in bytes.
pub const MAX_WHO_BYTES: usize = 256;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditKind {
    /// A version of a definition.
    Definition,
    /// A step of a life cycle.
    LifeCycle,
    /// A version of what experiments share.
    Catalog,
    /// Other override lists, with the definition as it was.
    Overrides,
    /// A customer was erased.
    Erasure,
    /// A key was made.
    KeyCreated,
    /// A key was taken back.
    KeyRevoked,
    /// A key is to end at another time, since another one takes its place.
    KeyExpiry,
}

impl AuditKind {
    const ALL: [AuditKind; 8] = [
        AuditKind::Definition,
        AuditKind::LifeCycle,
        AuditKind::Catalog,
        AuditKind::Overrides,
        AuditKind::Erasure,
        AuditKind::KeyCreated,
        AuditKind::KeyRevoked,
        AuditKind::KeyExpiry,
    ];

    fn code(self) -> u8 {
        match self {
            AuditKind::Definition => 1,
            AuditKind::LifeCycle => 2,
            AuditKind::Catalog => 3,
            AuditKind::Overrides => 4,
            AuditKind::Erasure => 5,
            AuditKind::KeyCreated => 6,
            AuditKind::KeyRevoked => 7,
            AuditKind::KeyExpiry => 8,
        }
    }
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its place, from 0 on without gaps.
    pub number: u64,
    /// When.
    pub received_at: Timestamp,
    /// Who: the name of a key and its id, `loopback` where no key is needed, `start-token` for the owner of the
    /// folder where one is, `command` for one on the folder itself, `unknown` for what came before there was an audit
    /// log.
    pub who: String,
    /// What.
    pub kind: AuditKind,
    /// The fact's place in the log, if it is one.
    #[schema(required)]
    pub sequence: Option<u64>,
    /// The experiment's key; empty where it is about none.
    pub experiment: String,
    /// The version of the definition or catalog; 0 where there is none.
    pub version: u32,
    /// The step, with the winner after a colon; of a key its id, role and name; empty where there is neither.
    pub step: String,
    /// How many customers are on override lists, or values in groups.
    pub count: u32,
    /// SHA-256 of the document or of the key's row as stored, or the keyed hash of the erased customer; zeros where
    /// there is none of them.
    #[serde(serialize_with = "as_hex")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    pub content: [u8; 32],
    /// SHA-256 of the hash before it and of everything above.
    #[serde(serialize_with = "as_hex")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    pub hash: [u8; 32],
}

fn as_hex<S: serde::Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&CustomerHash(*bytes))
}

/// The audit log, checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Audit {
    /// Every entry that can be read, the first one first.
    pub entries: Vec<AuditEntry>,
    /// What is wrong with the first entry that is broken, missing or out of place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// Where the chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tail {
    /// The number of the next entry.
    pub(super) next: u64,
    /// The hash of the last one; zeros before the first.
    pub(super) hash: [u8; 32],
}

impl AuditEntry {
    /// What the audit log says of a fact, but for who and for its place in the chain; `None` for facts about
    /// customers.
    pub(super) fn of(sequence: u64, record: &Record<'_>) -> Option<AuditEntry> {
        let empty = AuditEntry {
            sequence: Some(sequence),
            ..AuditEntry::beside_facts(record.received_at(), AuditKind::Definition, "")
        };
        Some(match record {
            Record::Definition(record) => AuditEntry {
                experiment: record.key.to_owned(),
                version: record.version,
                count: record.override_count,
                content: Sha256::digest(record.document).into(),
                ..empty
            },
            Record::Lifecycle(record) => AuditEntry {
                kind: AuditKind::LifeCycle,
                experiment: record.key.clone(),
                step: match &record.step {
                    LifecycleStep::Start => "start".to_owned(),
                    LifecycleStep::Stop => "stop".to_owned(),
                    LifecycleStep::Conclude { variant } => format!("conclude:{variant}"),
                    LifecycleStep::Archive => "archive".to_owned(),
                },
                ..empty
            },
            Record::Catalog(record) => AuditEntry {
                kind: AuditKind::Catalog,
                version: record.version,
                count: record.group_values,
                content: Sha256::digest(record.document).into(),
                ..empty
            },
            Record::Erasure(record) => {
                AuditEntry { kind: AuditKind::Erasure, content: record.customer.0, ..empty }
            }
            Record::Exposure(_) | Record::Event(_) | Record::Erased(_) => return None,
        })
    }

    /// The key that it is about, if it is about one.
    pub(super) fn key(&self) -> Option<KeyId> {
        match self.kind {
            AuditKind::KeyCreated | AuditKind::KeyRevoked | AuditKind::KeyExpiry => {
                self.step.split(' ').next().and_then(KeyId::parse)
            }
            _ => None,
        }
    }

    /// An entry about no fact; the place in the chain is still to be said.
    fn beside_facts(received_at: Timestamp, kind: AuditKind, who: &str) -> AuditEntry {
        AuditEntry {
            number: 0,
            received_at,
            who: who.to_owned(),
            kind,
            sequence: None,
            experiment: String::new(),
            version: 0,
            step: String::new(),
            count: 0,
            content: [0; 32],
            hash: [0; 32],
        }
    }

    /// Everything but the hash, as stored and as hashed.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.kind.code()];
        out.extend_from_slice(&self.received_at.0.to_le_bytes());
        out.extend_from_slice(&self.sequence.unwrap_or(NO_SEQUENCE).to_le_bytes());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.content);
        for text in [&self.who, &self.experiment, &self.step] {
            put_text(&mut out, text);
        }
        out
    }

    pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<AuditEntry, StoreError> {
        let mut reader = Reader::new(bytes, "an entry of the audit log");
        if reader.u8()? != VERSION {
            return Err(reader.corrupt("its encoding is of an unknown version"));
        }
        let code = reader.u8()?;
        let kind = AuditKind::ALL.into_iter().find(|kind| kind.code() == code);
        let kind = kind.ok_or_else(|| reader.corrupt("it is of an unknown kind"))?;
        let received_at = Timestamp(reader.i64()?);
        let sequence = Some(reader.u64()?).filter(|sequence| *sequence != NO_SEQUENCE);
        let (version, count) = (reader.u32()?, reader.u32()?);
        let content = hash(&mut reader)?;
        let who = reader.text()?.to_owned();
        let experiment = reader.text()?.to_owned();
        let step = reader.text()?.to_owned();
        let hash = hash(&mut reader)?;
        reader.end()?;
        Ok(AuditEntry {
            number,
            received_at,
            who,
            kind,
            sequence,
            experiment,
            version,
            step,
            count,
            content,
            hash,
        })
    }
}

fn hash(reader: &mut Reader<'_>) -> Result<[u8; 32], StoreError> {
    let mut hash = [0; 32];
    hash.copy_from_slice(reader.bytes(32)?);
    Ok(hash)
}

/// The hash of an entry that follows one with the hash `previous`.
pub(super) fn chained(previous: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update(entry).finalize().into()
}

impl Tail {
    /// The end of the chain of a log.
    pub(super) fn recover(log: &Database) -> Result<Tail, StoreError> {
        let tail = Tail::read(&log.begin_read().trying("reading the audit log")?)?;
        tail.ok_or_else(|| StoreError::Corrupt {
            what: "the audit log".to_owned(),
            detail: "its end is not noted".to_owned(),
        })
    }

    /// Reads what is noted.
    pub(super) fn read(reading: &ReadTransaction) -> Result<Option<Tail>, StoreError> {
        let meta = reading.open_table(LOG_META).trying("reading the audit log")?;
        let Some(row) = ReadableTable::get(&meta, LOG_AUDIT_TAIL).trying("reading the audit log")? else {
            return Ok(None);
        };
        Tail::decode(row.value()).map(Some)
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.next.to_le_bytes().to_vec();
        out.extend_from_slice(&self.hash);
        out
    }

    /// Reads the stored form.
    pub(super) fn decode(bytes: &[u8]) -> Result<Tail, StoreError> {
        let mut reader = Reader::new(bytes, "the end of the audit log");
        let tail = Tail { next: reader.u64()?, hash: hash(&mut reader)? };
        reader.end()?;
        Ok(tail)
    }

    /// Notes the end in the log, at the latest when something was appended.
    pub(super) fn write(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = transaction.open_table(LOG_META).trying("writing the audit log")?;
        meta.insert(LOG_AUDIT_TAIL, self.encode().as_slice()).trying("writing the audit log")?;
        Ok(())
    }

    /// Appends what the audit log says of a fact.
    pub(super) fn append_fact(
        &mut self,
        transaction: &WriteTransaction,
        sequence: u64,
        record: &Record<'_>,
        who: &str,
    ) -> Result<(), StoreError> {
        match AuditEntry::of(sequence, record) {
            Some(entry) => self.append(transaction, AuditEntry { who: who.to_owned(), ..entry }),
            None => Ok(()),
        }
    }

    /// Appends that the override lists of an experiment are others now.
    pub(super) fn append_overrides(
        &mut self,
        transaction: &WriteTransaction,
        received_at: Timestamp,
        experiment: &str,
        count: u32,
        who: &str,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            experiment: experiment.to_owned(),
            count,
            ..AuditEntry::beside_facts(received_at, AuditKind::Overrides, who)
        };
        self.append(transaction, entry)
    }

    /// Appends what happened to a key, whose row is now this one.
    pub(super) fn append_key(
        &mut self,
        transaction: &WriteTransaction,
        received_at: Timestamp,
        kind: AuditKind,
        key: &ApiKey,
        row: &[u8],
        who: &str,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            step: format!("{} {} {}", key.id, key.role.name(), key.name),
            content: Sha256::digest(row).into(),
            ..AuditEntry::beside_facts(received_at, kind, who)
        };
        self.append(transaction, entry)
    }

    fn append(&mut self, transaction: &WriteTransaction, entry: AuditEntry) -> Result<(), StoreError> {
        let mut bytes = entry.encode();
        let hash = chained(&self.hash, &bytes);
        bytes.extend_from_slice(&hash);
        let mut table = transaction.open_table(AUDIT).trying("writing the audit log")?;
        table.insert(self.next, bytes.as_slice()).trying("writing the audit log")?;
        *self = Tail { next: self.next + 1, hash };
        self.write(transaction)
    }
}

/// Begins the audit log of a log that had none, with the facts that it would have been about.
pub(super) fn begin(
    transaction: &WriteTransaction,
    catalog: &Table<'_, u64, &'static [u8]>,
) -> Result<(), StoreError> {
    transaction.open_table(AUDIT).trying("making the audit log")?;
    let mut tail = Tail::default();
    tail.write(transaction)?;
    for row in catalog.iter().trying("making the audit log")? {
        let (sequence, record) = row.trying("making the audit log")?;
        tail.append_fact(transaction, sequence.value(), &Record::decode(record.value())?, "unknown")?;
    }
    Ok(())
}
