//! Whether the chain of the audit log holds, and says what the facts and the keys say.

use std::collections::BTreeMap;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};
use sha2::{Digest, Sha256};

use super::api_key_text::KeyId;
use super::audit::{Audit, AuditEntry, Tail, chained};
use super::error::StoreError;
use super::record::Record;
use super::tables::{AUDIT, CATALOG, ERASURES, FACTS, KEYS, Trying};

/// Reads every entry, and checks that the chain holds and that it says what the facts and the keys say.
pub(super) fn read(log: &Database) -> Result<Audit, StoreError> {
    let reading = log.begin_read().trying("reading the audit log")?;
    let mut expected = match audited_facts(&reading)? {
        Ok(expected) => expected,
        Err(broken) => return Ok(Audit { entries: Vec::new(), broken: Some(broken) }),
    };
    let mut audit = Audit { entries: Vec::new(), broken: None };
    let mut tail = Tail::default();
    let table = reading.open_table(AUDIT).trying("reading the audit log")?;
    for row in table.iter().trying("reading the audit log")? {
        let (number, bytes) = row.trying("reading the audit log")?;
        let (number, bytes) = (number.value(), bytes.value());
        match check(number, bytes, &mut tail, &mut expected) {
            Ok(entry) => audit.entries.push(entry),
            Err(broken) => {
                audit.broken.get_or_insert(broken);
                audit.entries.extend(AuditEntry::decode(number, bytes));
            }
        }
    }
    let noted = Tail::read(&reading)?;
    if noted != Some(tail) {
        let noted = noted.map_or(0, |noted| noted.next);
        let broken = match tail.next {
            next if next < noted => format!("entry {next} is missing: there were {noted}"),
            next => format!("the chain ends at entry {next}, and not as it was noted"),
        };
        audit.broken.get_or_insert(broken);
    }
    if let Some(sequence) = expected.keys().next() {
        audit.broken.get_or_insert(format!("fact {sequence} of the log has no entry"));
    }
    if let Some(broken) = broken_key(&reading, &audit.entries)? {
        audit.broken.get_or_insert(broken);
    }
    Ok(audit)
}

/// The first key that is not what the last entry about it says. Of keys that ended long ago only entries are left.
fn broken_key(reading: &ReadTransaction, entries: &[AuditEntry]) -> Result<Option<String>, StoreError> {
    let said: BTreeMap<KeyId, [u8; 32]> =
        entries.iter().filter_map(|entry| Some((entry.key()?, entry.content))).collect();
    let table = reading.open_table(KEYS).trying("reading keys")?;
    let mut has_keys = false;
    for row in table.iter().trying("reading keys")? {
        let (id, key) = row.trying("reading keys")?;
        let id = KeyId(id.value());
        has_keys = true;
        if said.get(&id) != Some(&Sha256::digest(key.value()).into()) {
            return Ok(Some(format!("the key {id} is not what the last entry about it says")));
        }
    }
    // Without any key the server would be open.
    let are_gone = !said.is_empty() && !has_keys;
    Ok(are_gone.then(|| "every key was removed".to_owned()))
}

/// Checks one entry, which must follow the last one that did.
fn check(
    number: u64,
    bytes: &[u8],
    tail: &mut Tail,
    expected: &mut BTreeMap<u64, AuditEntry>,
) -> Result<AuditEntry, String> {
    if number != tail.next {
        return Err(format!("entry {} is missing", tail.next));
    }
    let entry = AuditEntry::decode(number, bytes).map_err(|error| format!("entry {number}: {error}"))?;
    let hash = chained(&tail.hash, &bytes[..bytes.len() - 32]);
    if hash != entry.hash {
        return Err(format!("entry {number} was changed, or the one before it: its hash does not follow"));
    }
    *tail = Tail { next: number + 1, hash };
    if let Some(sequence) = entry.sequence {
        let of_fact = expected.remove(&sequence);
        let AuditEntry { number, hash, .. } = entry;
        let same = of_fact
            .is_some_and(|of_fact| AuditEntry { number, hash, who: entry.who.clone(), ..of_fact } == entry);
        if !same {
            return Err(format!("entry {number} does not say what fact {sequence} of the log says"));
        }
    }
    Ok(entry)
}

/// What the audit log must say, by the sequence of the fact; or which fact is not what it was.
fn audited_facts(reading: &ReadTransaction) -> Result<Result<BTreeMap<u64, AuditEntry>, String>, StoreError> {
    let facts = reading.open_table(FACTS).trying("reading the log")?;
    let catalog = reading.open_table(CATALOG).trying("reading the catalog")?;
    let erasures = reading.open_table(ERASURES).trying("reading erasures")?;
    let mut sequences = BTreeMap::new();
    for row in catalog.iter().trying("reading the catalog")? {
        let (sequence, record) = row.trying("reading the catalog")?;
        sequences.insert(sequence.value(), Some(record.value().to_vec()));
    }
    for row in erasures.iter().trying("reading erasures")? {
        sequences.insert(row.trying("reading erasures")?.1.value().0, None);
    }
    let mut expected = BTreeMap::new();
    for (sequence, copy) in sequences {
        let other = || format!("fact {sequence} of the log is not what it was");
        let Some(fact) = ReadableTable::get(&facts, sequence).trying("reading the log")? else {
            return Ok(Err(other()));
        };
        if copy.is_some_and(|copy| copy != fact.value()) {
            return Ok(Err(other()));
        }
        match AuditEntry::of(sequence, &Record::decode(fact.value())?) {
            Some(entry) => expected.insert(sequence, entry),
            None => return Ok(Err(other())),
        };
    }
    Ok(Ok(expected))
}
