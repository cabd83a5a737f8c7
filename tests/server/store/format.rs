//! Stores that earlier versions wrote, and this one, are opened and say what they said: `tests/data/format`.
//!
//! CONTRIBUTING.md says when a fixture is added and how it is written.

mod example;
mod life;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use experiment_server::store::{Pace, RefusalCode};
use experiment_tests::data_dir;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use redb::{
    Database, Key, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle,
    Value as Kept,
};
use serde_json::Value;
use tempfile::TempDir;

use super::world::{MARCH, World, event, refused};
use life::ERASED;
use told::{first_difference, text, told};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");
const AGGREGATES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("aggregates");
const FILES: [&str; 2] = ["log.redb", "state.redb"];
/// What a store on them says.
const EXPECTED: &str = "expected.json";

/// A folder of `tests/data/format`, named after the formats of the two files.
struct Fixture {
    name: String,
    folder: PathBuf,
}

fn fixtures() -> Vec<Fixture> {
    let folders = std::fs::read_dir(data_dir().join("format")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let name = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().to_owned();
    let all: Vec<Fixture> =
        folders.into_iter().map(|folder| Fixture { name: name(&folder), folder }).collect();
    assert!(!all.is_empty());
    all
}

/// The fixture that this version wrote.
fn of_this_version() -> Fixture {
    let mut world = World::new();
    world.close();
    let name = format_of(world.folder.path());
    let fixture = fixtures().into_iter().find(|fixture| fixture.name == name);
    fixture.unwrap_or_else(|| {
        panic!("there is no tests/data/format/{name}; mend: write it, see \"Formats\" in CONTRIBUTING.md")
    })
}

impl Fixture {
    /// The two files in a folder of their own.
    fn unpack(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in FILES {
            std::fs::write(folder.path().join(file), self.read(file)).unwrap();
        }
        folder
    }

    fn expected(&self) -> Value {
        serde_json::from_slice(&self.read(EXPECTED)).unwrap()
    }

    fn read(&self, file: &str) -> Vec<u8> {
        let packed = File::open(self.folder.join(format!("{file}.gz"))).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let packed = File::create(self.folder.join(format!("{file}.gz"))).unwrap();
        let mut packed = GzEncoder::new(packed, Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap();
    }

    /// Opens the files as they are in `folder` now, and sees that they say what is expected.
    fn check(&self, folder: TempDir) -> World {
        let world = opened(folder);
        let difference = first_difference(&told(&world), &self.expected(), self.name.clone());
        assert_eq!(difference, None);
        world.verify();
        assert_eq!(world.store().audit().unwrap().broken, None);
        world
    }

    fn write_expected(&self) {
        self.write(EXPECTED, text(&told(&opened(self.unpack()))).as_bytes());
    }
}

/// A store on the files, once everything is folded and every metric counts everybody.
fn opened(folder: TempDir) -> World {
    let world = World::over(folder, Pace::default());
    world.clock.set(MARCH + 30 * experiment_core::time::DAY);
    world.walk_to_the_end();
    world
}

/// `log3-fold3`, as the two files of a closed store say.
fn format_of(folder: &Path) -> String {
    let number = |file: &str, row: &str| {
        let database = Database::open(folder.join(file)).unwrap();
        let meta = database.begin_read().unwrap().open_table(META).unwrap();
        let row = meta.get(row).unwrap().unwrap();
        u32::from_le_bytes(row.value()[..4].try_into().unwrap())
    };
    format!("log{}-fold{}", number("log.redb", "identity"), number("state.redb", "position"))
}

/// Every row of the state that its log alone decides.
fn folded(world: World) -> BTreeMap<String, Vec<(String, String)>> {
    let mut world = world;
    world.store().shutdown().unwrap();
    world.close();
    let state = Database::open(world.folder.path().join("state.redb")).unwrap();
    let reading = state.begin_read().unwrap();
    let mut tables = BTreeMap::new();
    let mut dump = |name: &str, rows| tables.insert(name.to_owned(), rows);
    dump("meta", rows::<&str, &[u8]>(&reading, "meta"));
    dump("event_names", rows::<u32, &str>(&reading, "event_names"));
    dump("dimension_values", rows::<(u32, u16, u16), (i32, &str)>(&reading, "dimension_values"));
    dump("customers", rows::<&[u8], &[u8]>(&reading, "customers"));
    dump("aggregates", rows::<&[u8], &[u8]>(&reading, "aggregates"));
    dump("deltas", rows::<&[u8], &[u8]>(&reading, "deltas"));
    dump("counts", rows::<&[u8], i64>(&reading, "counts"));
    dump("count_deltas", rows::<&[u8], i64>(&reading, "count_deltas"));
    dump("failed", rows::<(u32, u64), i32>(&reading, "failed"));
    dump("backfills", rows::<(u32, u64), bool>(&reading, "backfills"));
    let all: BTreeSet<String> = reading.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    assert_eq!(tables.keys().cloned().collect::<BTreeSet<_>>(), all);
    // How long the log was when the fold was begun is not said by the log.
    tables.get_mut("meta").unwrap().retain(|(key, _)| key != "\"begun\"");
    tables
}

fn rows<K: Key + 'static, V: Kept + 'static>(
    reading: &redb::ReadTransaction,
    name: &'static str,
) -> Vec<(String, String)> {
    let table = reading.open_table(TableDefinition::<K, V>::new(name)).unwrap();
    let rows = table.iter().unwrap().map(|row| row.unwrap());
    rows.map(|(key, value)| (format!("{:?}", key.value()), format!("{:?}", value.value()))).collect()
}

#[test]
fn every_fixture_says_what_it_said() {
    for fixture in fixtures() {
        let folder = fixture.unpack();
        assert_eq!(format_of(folder.path()), fixture.name);
        let mut world = fixture.check(folder);
        // What was erased then is refused now, wherever its key came from.
        if world.store().erasure(ERASED).unwrap().is_some() {
            let outcome = world.one(event(ERASED, "again", "order", 1.0, MARCH));
            assert_eq!(refused(outcome), (RefusalCode::Erased, "customer"));
        }
        world.restart();
        assert_eq!(first_difference(&told(&world), &fixture.expected(), fixture.name.clone()), None);
        world.store().shutdown().unwrap();
        world.close();
        assert_eq!(format_of(world.folder.path()), of_this_version().name, "it was brought up");
    }
}

/// What the files of this version can hold stands in its fixture: kinds of records with their flags, kinds of
/// entries, rows of every table, and what is not done yet.
#[test]
fn the_fixture_of_this_version_holds_everything() {
    let folder = of_this_version().unpack();
    let log = Database::open(folder.path().join("log.redb")).unwrap();
    let reading = log.begin_read().unwrap();
    let (mut kinds, mut entries) = (BTreeMap::new(), BTreeSet::new());
    for row in reading.open_table(FACTS).unwrap().iter().unwrap() {
        let record = row.unwrap().1.value().to_vec();
        let is_of_customer = matches!(record[1], 3 | 4);
        *kinds.entry(record[1]).or_insert(0) |= if is_of_customer { record[10] } else { 0 };
    }
    let events = 1 | 2 | 4 | 8 | 16;
    let exposures = 1 | 4 | 8 | 32 | 64 | 128;
    let all = [(1, 0), (2, 0), (3, exposures), (4, events), (5, 0), (6, 0), (7, 0)];
    assert_eq!(kinds, BTreeMap::from(all));
    for row in reading.open_table(AUDIT).unwrap().iter().unwrap() {
        entries.insert(row.unwrap().1.value()[1]);
    }
    assert_eq!(entries, BTreeSet::from([1, 2, 3, 4, 5, 6, 7, 8]));
    for table in reading.list_tables().unwrap() {
        assert_ne!(reading.open_untyped_table(table.clone()).unwrap().len().unwrap(), 0, "{}", table.name());
    }
    let state = Database::open(folder.path().join("state.redb")).unwrap();
    let reading = state.begin_read().unwrap();
    for table in reading.list_tables().unwrap() {
        let rows = reading.open_untyped_table(table.clone()).unwrap().len().unwrap();
        // No honest way leads to a sum beyond 128 bits.
        assert_eq!(rows == 0, table.name() == "failed", "{}", table.name());
    }
    let meta: Vec<_> = rows::<&str, &[u8]>(&reading, "meta").into_iter().map(|(key, _)| key).collect();
    assert_eq!(meta, ["\"begun\"", "\"position\"", "\"walk\""]);
}

#[test]
fn every_fixture_is_folded_again_from_its_log() {
    for fixture in fixtures() {
        let folder = fixture.unpack();
        std::fs::remove_file(folder.path().join("state.redb")).unwrap();
        fixture.check(folder);
    }
}

#[test]
fn a_log_of_the_format_before_erasures_is_brought_up() {
    let fixture = fixtures().into_iter().find(|fixture| fixture.name.starts_with("log2-")).unwrap();
    let mut world = fixture.check(fixture.unpack());
    let told = world.store().audit().unwrap();
    assert!(told.entries.len() > 10 && told.entries.iter().all(|entry| entry.who == "unknown"));
    world.store().erase(ERASED).wait().unwrap();
    world.verify();
    world.restart();
    world.verify();
    let after = world.store().audit().unwrap();
    assert_eq!((after.entries.len(), after.broken), (told.entries.len() + 1, None));
    let refusal = refused(world.one(event(ERASED, "again", "order", 1.0, MARCH)));
    assert_eq!(refusal, (RefusalCode::Erased, "customer"));
}

#[test]
fn a_state_of_another_fold_version_is_folded_again() {
    let fixture = of_this_version();
    for change in [|version: u32| version - 1, |version| version + 1, |_| 0, |_| u32::MAX] {
        let folder = fixture.unpack();
        let state = Database::open(folder.path().join("state.redb")).unwrap();
        let transaction = state.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(META).unwrap();
            let mut position = meta.get("position").unwrap().unwrap().value().to_vec();
            let version = u32::from_le_bytes(position[..4].try_into().unwrap());
            position[..4].copy_from_slice(&change(version).to_le_bytes());
            meta.insert("position", position.as_slice()).unwrap();
            // Another version's sums would be read as others.
            transaction.delete_table(AGGREGATES).unwrap();
            let other = TableDefinition::<u32, u32>::new("aggregates");
            transaction.open_table(other).unwrap().insert(1, 2).unwrap();
        }
        transaction.commit().unwrap();
        drop(state);
        let mut world = fixture.check(folder);
        world.store().shutdown().unwrap();
        world.close();
        assert_eq!(format_of(world.folder.path()), fixture.name);
    }
}

/// Fails when the state's bytes or the meaning of its sums change under one fold version.
#[test]
fn one_fold_version_is_one_fold() {
    let fixture = of_this_version();
    let folder = fixture.unpack();
    std::fs::remove_file(folder.path().join("state.redb")).unwrap();
    let (then, now) = (folded(opened(fixture.unpack())), folded(opened(folder)));
    for (table, then) in &then {
        let now = &now[table];
        let differs = || {
            let place = then.iter().zip(now).position(|(then, now)| then != now);
            let place = place.unwrap_or(then.len().min(now.len()));
            format!("{:?}\nis now\n{:?}", then.get(place), now.get(place))
        };
        assert!(
            then == now,
            "this version folds {} to another state than {} holds, in {table:?}:\n{}\nmend: if that is meant, \
             raise FOLD_VERSION in store/tables.rs and add a fixture, see \"Formats\" in CONTRIBUTING.md",
            FILES[0],
            fixture.name,
            differs(),
        );
    }
}

/// Writes the fixture of this version. One that stands in the way was either released, and stays, or is to be
/// removed by hand.
#[test]
#[ignore = "writes into tests/data/format, see CONTRIBUTING.md"]
fn write_the_fixture_of_this_version() {
    let mut world = life::lived();
    world.store().shutdown().unwrap();
    world.close();
    let name = format_of(world.folder.path());
    let folder = data_dir().join("format").join(&name);
    std::fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let fixture = Fixture { name, folder };
    for file in FILES {
        fixture.write(file, &std::fs::read(world.folder.path().join(file)).unwrap());
    }
    fixture.write_expected();
}

/// Writes what this version makes of every fixture: the difference is what to read.
#[test]
#[ignore = "writes into tests/data/format, see CONTRIBUTING.md"]
fn write_what_is_expected_of_every_fixture() {
    fixtures().iter().for_each(Fixture::write_expected);
}
