//! The audit log: who changed what, and that nobody changed the log of it.

use std::path::Path;

use experiment_core::definition::{LifecycleStep, read_document};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{
    Audit, AuditEntry, AuditKind, Expected, NewKey, Role, Store, back_up_folder, restore,
};
use redb::{Database, ReadableTable, TableDefinition};

use super::world::{MARCH, WINBACK, World, accepted, event, experiment};

const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");
const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
const CATALOG: TableDefinition<u64, &[u8]> = TableDefinition::new("catalog");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const ERASURES: TableDefinition<&[u8], (u64, i64, Option<i64>)> = TableDefinition::new("erasures");
const ERASED: TableDefinition<(u32, i32, i32), u64> = TableDefinition::new("erased_customers");
const KEYS: TableDefinition<u64, &[u8]> = TableDefinition::new("keys");

/// Entries 0 to 5: catalog, definition, start, overrides, erasure, stop.
fn lived() -> World {
    let world = World::new();
    let shared = read_document("groups: {vip: [zq-1, zq-2]}").unwrap();
    let shared = experiment_core::definition::Catalog::parse(shared).unwrap();
    world.store().acting("alice").share(shared, Expected::Any).wait().unwrap();
    world.store().acting("bob").define(experiment(WINBACK), Expected::New).wait().unwrap();
    world.step("winback", LifecycleStep::Start);
    world.step("winback", LifecycleStep::Start);
    world.clock.advance(DAY);
    accepted(world.one(event("zq-1", "e", "order", 1.0, MARCH)));
    world.define(&WINBACK.replace("metrics:", "overrides: {discount: [zq-1, zq-3]}\nmetrics:"));
    world.store().acting("carol").erase("zq-1").wait().unwrap();
    world.store().wait_for_erasures_blocking().unwrap();
    world.step("winback", LifecycleStep::Stop);
    world
}

fn audit(world: &World) -> Audit {
    world.store().audit().unwrap()
}

#[test]
fn every_change_is_told_once_with_who_and_when() {
    let mut world = lived();
    let told = audit(&world);
    assert_eq!(told.broken, None);
    let line = |entry: &AuditEntry| {
        let AuditEntry { number, who, kind, experiment, version, step, count, sequence, .. } = entry.clone();
        (number, who, kind, experiment, version, step, count, sequence)
    };
    let expect = |number, who: &str, kind, experiment: &str, version, step: &str, count, sequence| {
        (number, who.to_owned(), kind, experiment.to_owned(), version, step.to_owned(), count, sequence)
    };
    assert_eq!(
        told.entries.iter().map(line).collect::<Vec<_>>(),
        [
            expect(0, "alice", AuditKind::Catalog, "", 1, "", 2, Some(0)),
            expect(1, "bob", AuditKind::Definition, "winback", 1, "", 0, Some(1)),
            expect(2, "command", AuditKind::LifeCycle, "winback", 0, "start", 0, Some(2)),
            expect(3, "command", AuditKind::Overrides, "winback", 0, "", 2, None),
            expect(4, "carol", AuditKind::Erasure, "", 0, "", 0, Some(4)),
            expect(5, "command", AuditKind::LifeCycle, "winback", 0, "stop", 0, Some(5)),
        ]
    );
    assert_eq!(told.entries[2].received_at, Timestamp(MARCH));
    assert_eq!(told.entries[3].received_at, Timestamp(MARCH + DAY));
    assert_eq!(told.entries[4].content, world.store().erasure("zq-1").unwrap().unwrap().customer.0);
    world.restart();
    assert_eq!(audit(&world), told);
    world.step("winback", LifecycleStep::Conclude { variant: "discount".to_owned() });
    let told = audit(&world);
    assert_eq!(
        (told.entries.len(), told.entries[6].step.as_str(), told.broken),
        (7, "conclude:discount", None)
    );
}

/// Writes into the closed log.
fn tamper(world: &mut World, change: impl FnOnce(&redb::WriteTransaction)) {
    world.store().shutdown().unwrap();
    world.close();
    let log = Database::open(world.folder.path().join("log.redb")).unwrap();
    let transaction = log.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
    drop(log);
    world.open();
}

fn row(transaction: &redb::WriteTransaction, table: TableDefinition<u64, &[u8]>, number: u64) -> Vec<u8> {
    let table = transaction.open_table(table).unwrap();
    table.get(number).unwrap().unwrap().value().to_vec()
}

fn put(transaction: &redb::WriteTransaction, table: TableDefinition<u64, &[u8]>, number: u64, row: &[u8]) {
    transaction.open_table(table).unwrap().insert(number, row).unwrap();
}

#[test]
fn a_changed_entry_is_found() {
    // Every byte counts: the head, who, the hash.
    for at in [1, 3, 15, 30, 60, 65] {
        let mut world = lived();
        tamper(&mut world, |transaction| {
            let mut entry = row(transaction, AUDIT, 1);
            entry[at] ^= 1;
            put(transaction, AUDIT, 1, &entry);
        });
        let broken = audit(&world).broken.unwrap();
        assert!(broken.starts_with("entry 1"), "{at}: {broken}");
    }
}

#[test]
fn a_dropped_entry_is_found_the_last_one_too() {
    for (number, words) in [
        (0, "entry 0 is missing"),
        (2, "entry 2 is missing"),
        (3, "entry 3 is missing"),
        (5, "entry 5 is missing"),
    ] {
        let mut world = lived();
        tamper(&mut world, |transaction| {
            transaction.open_table(AUDIT).unwrap().remove(number).unwrap();
        });
        let told = audit(&world);
        assert!(told.broken.clone().unwrap().starts_with(words), "{told:?}");
        assert_eq!(told.entries.len(), 5);
    }
}

#[test]
fn reordered_entries_are_found() {
    let mut world = lived();
    tamper(&mut world, |transaction| {
        let (one, other) = (row(transaction, AUDIT, 2), row(transaction, AUDIT, 5));
        put(transaction, AUDIT, 2, &other);
        put(transaction, AUDIT, 5, &one);
    });
    assert!(audit(&world).broken.unwrap().starts_with("entry 2"));
}

fn replaced(record: &[u8], old: &str, new: &str) -> Vec<u8> {
    let at = record.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
    let mut record = record.to_vec();
    record[at..at + old.len()].copy_from_slice(new.as_bytes());
    record
}

#[test]
fn a_changed_fact_is_found() {
    let mut world = lived();
    tamper(&mut world, |transaction| {
        put(transaction, FACTS, 1, &replaced(&row(transaction, FACTS, 1), "\"target\":", "\"targex\":"));
    });
    assert_eq!(audit(&world).broken.unwrap(), "fact 1 of the log is not what it was");

    // In both places, and still a definition.
    let mut world = lived();
    tamper(&mut world, |transaction| {
        let other = replaced(&row(transaction, FACTS, 1), "\"cap\":500", "\"cap\":900");
        put(transaction, FACTS, 1, &other);
        put(transaction, CATALOG, 1, &other);
    });
    assert_eq!(audit(&world).broken.unwrap(), "entry 1 does not say what fact 1 of the log says");
}

/// As a log of an earlier format: without what came later.
fn take_down(folder: &Path, format: u8) {
    let log = Database::open(folder.join("log.redb")).unwrap();
    let transaction = log.begin_write().unwrap();
    transaction.delete_table(KEYS).unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        if format == 2 {
            transaction.delete_table(AUDIT).unwrap();
            transaction.delete_table(ERASURES).unwrap();
            transaction.delete_table(ERASED).unwrap();
            meta.remove("erasure_key").unwrap();
            meta.remove("audit_tail").unwrap();
        }
        let mut identity = meta.get("identity").unwrap().unwrap().value().to_vec();
        assert_eq!(identity[0], 4);
        identity[0] = format;
        meta.insert("identity", identity.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

/// A closed folder of an earlier format, with three facts.
fn taken_down(format: u8) -> World {
    let mut world = World::running();
    accepted(world.one(event("zq-1", "e", "order", 1.0, MARCH)));
    world.store().shutdown().unwrap();
    world.close();
    take_down(world.folder.path(), format);
    world
}

/// Who did what in a log of an earlier format, which knows it from format 3 on.
fn whos(format: u8) -> [&'static str; 2] {
    if format == 2 { ["unknown", "unknown"] } else { ["command", "command"] }
}

fn names(audit: &Audit) -> Vec<&str> {
    audit.entries.iter().map(|entry| entry.who.as_str()).collect()
}

#[test]
fn a_backup_of_a_log_of_an_earlier_format_is_brought_up() {
    for format in [2, 3] {
        let world = taken_down(format);
        let folder = tempfile::tempdir().unwrap();
        let (file, restored) = (folder.path().join("copy.backup"), folder.path().join("restored"));
        let mut copy = std::fs::File::create(&file).unwrap();
        back_up_folder(world.folder.path(), Timestamp(MARCH), &mut copy, &mut |_, _| ()).unwrap();
        assert_eq!(restore(&file, &restored, &mut |_, _| ()).unwrap().facts, 3);
        let store = Store::open(&restored, world.clock()).unwrap();
        store.wait_for_blocking(3).unwrap();
        let told = store.audit().unwrap();
        assert_eq!((told.broken.clone(), names(&told)), (None, whos(format).to_vec()));
        store.erase("zq-1").wait().unwrap();
        assert_eq!(store.verify().unwrap().differences, Vec::<String>::new());
        assert!(store.erasure("zq-1").unwrap().unwrap().erased_at.is_some());
    }
}

#[test]
fn a_log_of_an_earlier_format_is_brought_up() {
    for format in [2, 3] {
        let mut world = taken_down(format);
        world.open();
        let told = audit(&world);
        assert_eq!((told.broken.clone(), names(&told)), (None, whos(format).to_vec()));
        world.verify();
        world.store().erase("zq-1").wait().unwrap();
        world.verify();
        assert!(world.store().api_keys().is_empty());
        world.store().create_key(NewKey::new("shop", Role::Client).unwrap()).wait().unwrap();
        world.restart();
        assert_eq!(world.store().api_keys().len(), 1);
        let told = audit(&world);
        assert_eq!((told.broken, told.entries.len()), (None, 4));
    }
}
