//! `experiment backup` and `experiment restore`: beside a server that writes, and of files that are not whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use experiment_server::store::{Proposal, ProposedEvent, Store, check_backup, system_clock};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};
use serde_json::Value;

use crate::process::{Process, complaint, fine};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
const DEFINITION: &str = "
key: cats
variants: [{key: gate_30}, {key: gate_40}]
overrides: {gate_40: [qa-1]}
audience: {segment: chosen}
metrics: [{key: r1, kind: retention, event: session, window: {from: 1d, to: 2d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";
const CATALOG: &str = "{segments: {chosen: {id: {$notInGroup: staff}}}, groups: {staff: [s-1]}}";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn log_id(data: &Path) -> Vec<u8> {
    let database = Database::open(data.join("log.redb")).unwrap();
    let table = database.begin_read().unwrap().open_table(META).unwrap();
    table.get("identity").unwrap().unwrap().value()[4..20].to_vec()
}

fn event(id: &str) -> Proposal {
    Proposal::Event(ProposedEvent {
        customer: format!("c-{}", id.len()),
        event: "order".to_owned(),
        id: Some(id.to_owned()),
        value: Some(1.5),
        at: None,
        attributes: None,
    })
}

/// A store with a definition, a catalog, lists and some events.
fn made(data: &Path, events: usize) {
    let definition = data.with_extension("yaml");
    let catalog = data.with_extension("catalog.yaml");
    std::fs::write(&definition, DEFINITION).unwrap();
    std::fs::write(&catalog, CATALOG).unwrap();
    fine(&["apply", text(&catalog), text(&definition), "--start", "--data", text(data)]);
    let store = Store::open(data, system_clock()).unwrap();
    let events = (0..events).map(|i| event(&format!("e-{i}"))).collect();
    store.submit(events).wait().unwrap();
    store.shutdown().unwrap();
}

#[test]
fn a_backup_beside_writers_holds_all_that_was_acknowledged_before_it() {
    let folder = Folder::new();
    let (data, file) = (folder.path("data"), folder.path("copy.backup"));
    made(&data, 3);
    let process = Process::start(&data);
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = std::thread::scope(|scope| {
        for writer in 0..3 {
            let (client, stop, acknowledged) = (&process.client, &stop, &acknowledged);
            scope.spawn(move || {
                for batch in 0.. {
                    let line = |i| {
                        format!(r#"{{"id":"w{writer}-{batch}-{i}","customer":"c{}","event":"order"}}"#, i % 7)
                    };
                    let lines: Vec<String> = (0..50).map(line).collect();
                    let answer =
                        client.post("/v1/conversions", "application/x-ndjson", lines.join("\n").as_bytes());
                    assert_eq!(answer.unwrap().success().unwrap().body["accepted"], 50);
                    acknowledged.fetch_add(50, Ordering::SeqCst);
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        while acknowledged.load(Ordering::SeqCst) < 500 {
            std::thread::yield_now();
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let told = fine(&["backup", "--data", text(&data), "--to", text(&file)]);
        stop.store(true, Ordering::SeqCst);
        assert!(told.contains(&format!(" facts backed up to {}\n", text(&file))), "{told}");
        before
    });
    assert!(process.terminate().success());
    let backup = check_backup(&file).unwrap();
    // Catalog, definition, start, three events.
    assert!(backup.facts >= before + 6, "{} of {before}", backup.facts);
    assert!(backup.facts <= acknowledged.load(Ordering::SeqCst) + 6);

    let restored = folder.path("restored");
    let told = fine(&["restore", text(&file), "--data", text(&restored)]);
    assert!(told.starts_with(&format!("{} facts restored to", backup.facts)), "{told}");
    assert_ne!(log_id(&restored), log_id(&data));
    // One sequence: the same records up to there, no others.
    let [copied, original] = [&restored, &data].map(|data| {
        let database = Database::open(data.join("log.redb")).unwrap();
        let facts = database.begin_read().unwrap().open_table(FACTS).unwrap();
        let rows = facts.range(..backup.facts).unwrap().map(|row| {
            let (sequence, record) = row.unwrap();
            (sequence.value(), record.value().to_vec())
        });
        (rows.collect::<Vec<_>>(), facts.len().unwrap())
    });
    assert_eq!(copied.0, original.0);
    assert_eq!((copied.1, copied.0.len() as u64), (backup.facts, backup.facts));
    assert!(fine(&["verify", "--data", text(&restored)]).starts_with(&format!("{} facts", backup.facts)));
    // Lists and what experiments share came along.
    let explained = |customer: &str| -> Value {
        let args = ["assign", "--data", text(&restored), "--customer", customer, "--experiment", "cats"];
        serde_json::from_str(&fine(&[&args[..], &["--format", "json"]].concat())).unwrap()
    };
    assert_eq!(explained("qa-1")[0]["variant"], "gate_40");
    assert_eq!(explained("s-1")[0]["variant"], Value::Null);
    // A second copy goes beside the first, never over it.
    let complaint = complaint(&["backup", "--data", text(&data), "--to", text(&file)]);
    assert!(complaint.contains("exists already; name another file"), "{complaint}");
}

#[test]
fn a_backup_without_a_server_goes_into_a_folder_and_keeps_nothing_else_there() {
    let folder = Folder::new();
    let data = folder.path("data");
    made(&data, 20);
    let told =
        fine(&["backup", "--data", text(&data), "--to", &format!("{}/", text(&folder.path("copies")))]);
    let names: Vec<PathBuf> =
        std::fs::read_dir(folder.path("copies")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = names.as_slice() else { panic!("{names:?}") };
    assert!(told.starts_with(&format!("23 facts backed up to {}\n", text(file))), "{told}");
    let rows = check_backup(file).unwrap().rows;
    assert_eq!(
        rows,
        23 + 3 + 3 + 1 + 1 + 3,
        "facts, what the log says of itself, catalog, list, group, audit log"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(complaint(&["backup", "--data", "nowhere", "--to", "x"]).contains("holds no store"));
}

#[test]
fn what_is_not_whole_is_not_restored() {
    let folder = Folder::new();
    let (data, file) = (folder.path("data"), folder.path("whole.backup"));
    made(&data, 5);
    fine(&["backup", "--data", text(&data), "--to", text(&file)]);
    let bytes = std::fs::read(&file).unwrap();
    let broken = folder.path("broken.backup");
    let target = folder.path("restored");
    let refused = |bytes: &[u8]| {
        std::fs::write(&broken, bytes).unwrap();
        let told = complaint(&["restore", text(&broken), "--data", text(&target)]);
        assert!(!target.exists(), "{told}");
        told
    };
    for length in 0..bytes.len() {
        let told = refused(&bytes[..length]);
        assert!(
            told.contains(if length < 18 { "is not a backup" } else { "is cut off" }),
            "{length}: {told}"
        );
    }
    // Every byte matters, whatever it is.
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x40;
        refused(&changed);
    }
    let told = refused(&[&bytes[..], b"more"].concat());
    assert!(told.contains("it goes on after its end"), "{told}");
    let mut later = bytes.clone();
    later[18] = 9;
    let told = refused(&later);
    assert!(told.contains("has format 9, this version reads format 1"), "{told}");
}

#[test]
fn a_folder_with_facts_is_not_restored_into() {
    let folder = Folder::new();
    let (data, file) = (folder.path("data"), folder.path("copy.backup"));
    made(&data, 5);
    fine(&["backup", "--data", text(&data), "--to", text(&file)]);
    let told = complaint(&["restore", text(&file), "--data", text(&data)]);
    assert!(told.contains("holds a store already; mend: restore into an empty or new folder"), "{told}");
    // What an interrupted restore left behind is no store.
    let target = folder.path("restored");
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("log.redb.restoring"), b"half").unwrap();
    fine(&["restore", text(&file), "--data", text(&target)]);
    let names = std::fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["log.redb"]);
    assert!(fine(&["verify", "--data", text(&target)]).starts_with("8 facts recounted\n"));
}
