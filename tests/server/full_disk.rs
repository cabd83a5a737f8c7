//! A real disk that fills up, under a real server: a small one in memory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use experiment_server::client::{Answer, Client};
use experiment_server::command::Exit;
use serde_json::{Value, json};

use crate::mounted::Mounted;
use crate::process::{Process, complaint, fine, run};

const DEFINITION: &str = "
key: winback
variants: [{key: control}, {key: discount}]
metrics: [{key: orders, kind: count, event: order, window: {to: 3d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";
const MEBIBYTE: u64 = 1 << 20;
/// Events in one batch.
const BATCH: usize = 500;
/// Longest wait for what comes by itself.
const PATIENCE: Duration = Duration::from_secs(60);

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder on the disk with a store in which something runs.
fn made(disk: &Path) -> PathBuf {
    let (data, definition) = (disk.join("data"), disk.join("winback.yaml"));
    std::fs::write(&definition, DEFINITION).unwrap();
    fine(&["apply", text(&definition), "--start", "--data", text(&data)]);
    data
}

/// The lines of a batch, which are the same every time.
fn batch(number: usize) -> Vec<u8> {
    let line = |i: usize| {
        let note = "n".repeat(200);
        format!(
            r#"{{"id":"{number}-{i}","customer":"c-{}","event":"order","at":"2026-01-02T11:00:00Z","attributes":{{"note":"{note}"}}}}"#,
            (number * BATCH + i) % 5_000
        )
    };
    (0..BATCH).map(line).collect::<Vec<_>>().join("\n").into_bytes()
}

fn send(client: &Client, number: usize) -> Answer {
    client.post("/v1/conversions", "application/x-ndjson", &batch(number)).unwrap()
}

#[track_caller]
fn counts(answer: &Answer) -> (u64, u64) {
    assert_eq!((answer.status, &answer.body["rejected"]), (200, &json!(0)), "{}", answer.body);
    (answer.body["accepted"].as_u64().unwrap(), answer.body["duplicates"].as_u64().unwrap())
}

fn assign(client: &Client, customer: &str) -> Value {
    let body = json!({"experiment": "winback", "customer": {"id": customer}}).to_string();
    let answer = client.post("/v1/assign", "application/json", body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn stale(client: &Client) -> Option<Value> {
    let report = client.get("/v1/experiments/winback/results").unwrap().success().unwrap().body;
    let checks = report["health"]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == "stale").cloned()
}

/// Waits for what comes by itself.
#[track_caller]
fn eventually<T>(mut comes: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(came) = comes() {
            return came;
        }
        assert!(since.elapsed() < PATIENCE, "it did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Writes to a file until nothing more fits.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("somebody else's");
    let mut file = File::create(&path).unwrap();
    for piece in [MEBIBYTE as usize, 4_096, 1] {
        while file.write_all(&vec![1; piece]).is_ok() {}
    }
    path
}

/// Every one of these batches is there, once: a repeat of each fact is a duplicate, and there are no others.
#[track_caller]
fn check_all(client: &Client, batches: impl Iterator<Item = usize>, facts: u64) {
    for number in batches {
        assert_eq!(counts(&send(client, number)), (0, BATCH as u64), "batch {number}");
    }
    let ready = client.get("/readyz").unwrap().body;
    assert_eq!(ready["log_position"], facts, "{ready}");
}

#[test]
fn a_server_on_a_disk_that_fills_up_goes_on_without_intake_and_by_itself() {
    let Some(disk) = Mounted::of(24 * MEBIBYTE) else { return };
    let data = made(disk.path());
    let process = Process::start(&data);
    let client = &process.client;
    let known = assign(client, "known");
    assert_eq!(known["exposure"], "recorded");
    let (mut full, mut kept, mut folding_stopped) = (None, 0, false);
    while full.is_none() {
        let answer = send(client, kept);
        match answer.status {
            200 => {
                assert_eq!(counts(&answer), (BATCH as u64, 0));
                kept += 1;
            }
            _ => full = Some(answer),
        }
        let ready = client.get("/readyz").unwrap();
        assert_eq!(ready.status, 200, "{}", ready.body);
        folding_stopped |= ready.body["waits_for"].as_str().is_some_and(|what| what.contains("folding"));
    }
    assert!(kept > 10 && folding_stopped, "{kept} batches");
    // A single event needs less room than a batch.
    let (mut full, mut singles) = (None, 0);
    while full.is_none() {
        let event = format!(r#"{{"id":"single-{singles}","customer":"c","event":"order"}}"#);
        let answer = client.post("/v1/conversions", "application/json", event.as_bytes()).unwrap();
        match answer.status {
            200 => singles += 1,
            _ => full = Some(answer),
        }
    }
    // The definition, its start, and the exposure.
    let facts = 3 + (kept * BATCH) as u64 + singles;
    let problem = full.unwrap();
    assert_eq!((problem.status, &problem.body["type"]), (507, &json!("urn:experiment:problem:disk-full")));
    let detail = problem.body["detail"].as_str().unwrap();
    assert!(detail.contains("taking facts in needs") && detail.contains("mend: make room"), "{detail}");

    // What goes on: variants, known ones and new ones; repeats; reports, which say that they are behind.
    let told = assign(client, "new");
    assert_eq!((&told["exposure"], &told["reason"]), (&json!("not_recorded"), &json!("assigned")));
    assert!(told["detail"].as_str().unwrap().contains("nearly full") && told["variant"].is_string());
    let told = assign(client, "known");
    assert_eq!((&told["exposure"], &told["variant"]), (&json!("known"), &known["variant"]));
    assert_eq!(counts(&send(client, kept - 1)), (0, BATCH as u64));
    let check = stale(client).unwrap();
    assert_eq!(check["level"], "fail");
    assert!(check["detail"].as_str().unwrap().contains("The sums lack the last "), "{check}");
    let fresh = client.get("/v1/experiments/winback/results?fresh=true").unwrap();
    assert_eq!(fresh.status, 507, "{}", fresh.body);
    assert_eq!(client.get("/healthz").unwrap().status, 200);
    let ready = client.get("/readyz").unwrap().body;
    assert_eq!((&ready["status"], &ready["log_position"]), (&json!("degraded"), &json!(facts)));

    // Somebody else takes the rest, and the server is killed: the next one does the same.
    let rest = fill(disk.path());
    assert_eq!(send(client, kept).status, 507);
    process.kill();
    drop(process);
    fill(disk.path());
    let process = Process::start_on_a_full_disk(&data);
    assert_eq!(send(&process.client, kept).status, 507);
    let told = assign(&process.client, "new");
    assert_eq!((&told["exposure"], &told["reason"]), (&json!("not_recorded"), &json!("assigned")));
    assert_eq!(assign(&process.client, "known")["variant"], known["variant"]);
    check_all(&process.client, 0..kept, facts);

    // With room again everything goes on by itself.
    std::fs::remove_file(rest).unwrap();
    disk.resize(96 * MEBIBYTE);
    let client = &process.client;
    let answer = eventually(|| Some(send(client, kept)).filter(|answer| answer.status == 200));
    assert_eq!(counts(&answer), (BATCH as u64, 0));
    eventually(|| {
        let fresh = client.get("/v1/experiments/winback/results?fresh=true").unwrap();
        Some(fresh).filter(|fresh| fresh.status == 200)
    });
    assert_eq!(stale(client), None);
    let facts = facts + BATCH as u64;
    check_all(client, 0..=kept, facts);
    assert_eq!(assign(client, "new")["exposure"], "recorded");
    assert_eq!(client.get("/readyz").unwrap().body["status"], "ready");
    assert!(process.terminate().success());
    let told = fine(&["verify", "--data", text(&data)]);
    assert!(told.contains(", 0 differ"), "{told}");
}

/// Without a reserve, beside somebody who fills the disk and clears it again and again, commits fail: what was
/// acknowledged is there all the same.
#[test]
fn commits_that_fail_on_a_disk_that_others_fill_lose_nothing() {
    let Some(disk) = Mounted::of(24 * MEBIBYTE) else { return };
    let data = made(disk.path());
    let (mut kept, mut open, mut next) = (BTreeSet::new(), BTreeSet::new(), 0);
    for _ in 0..8 {
        let process = Process::start_with(&data, |command| {
            command.args(["--disk-reserve", "0"]);
        });
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (path, stop) = (disk.path(), &stop);
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    std::fs::remove_file(fill(path)).unwrap();
                }
            });
            for _ in 0..12 {
                let answer = send(&process.client, next);
                match answer.status {
                    200 => drop(kept.insert(next)),
                    // Nothing was decided.
                    507 => {}
                    // Whether it is there shows after a restart.
                    503 => drop(open.insert(next)),
                    status => panic!("{status}: {}", answer.body),
                }
                next += 1;
                if answer.status == 503 {
                    break;
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        process.kill();
    }
    disk.resize(96 * MEBIBYTE);
    let process = Process::start(&data);
    let mut facts = 2 + (kept.len() * BATCH) as u64;
    for number in open {
        // All of it or nothing.
        let (new, there) = counts(&send(&process.client, number));
        assert!(new == BATCH as u64 || there == BATCH as u64, "{new} new, {there} there");
        kept.insert(number);
        facts += BATCH as u64;
    }
    assert!(!kept.is_empty());
    check_all(&process.client, kept.into_iter(), facts);
    assert!(process.terminate().success());
    let told = fine(&["verify", "--data", text(&data)]);
    assert!(told.contains(", 0 differ"), "{told}");
}

#[test]
fn copies_that_have_no_room_leave_no_file() {
    let Some(small) = Mounted::of(MEBIBYTE / 4) else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = made(folder.path());
    let process = Process::start(&data);
    (0..4).for_each(|number| assert_eq!(counts(&send(&process.client, number)), (BATCH as u64, 0)));
    let (backup, export) = (small.path().join("copy.backup"), small.path().join("all.ndjson"));
    let check = |served: &str| {
        let told = complaint(&["backup", "--data", text(&data), "--to", text(&backup)]);
        assert!(told.contains("No space left") && told.contains("mend: make room"), "{served}: {told}");
        let told = complaint(&["export", "--data", text(&data), "--output", text(&export)]);
        assert!(told.contains("No space left") && told.contains("mend: make room"), "{served}: {told}");
        assert_eq!(std::fs::read_dir(small.path()).unwrap().count(), 0, "{served}: half a file is left");
    };
    check("by its server");
    assert!(process.terminate().success());
    check("by itself");

    // Nor is half a store restored, or half an import lost.
    let whole = folder.path().join("whole.backup");
    fine(&["backup", "--data", text(&data), "--to", text(&whole)]);
    let restored = small.path().join("restored");
    let told = complaint(&["restore", text(&whole), "--data", text(&restored)]);
    assert!(told.contains("No space left") && told.contains("mend"), "{told}");
    assert_eq!(std::fs::read_dir(&restored).map_or(0, Iterator::count), 0, "half a store is left");
    let all = folder.path().join("all.ndjson");
    fine(&["export", "--data", text(&data), "--output", text(&all)]);
    let Some(disk) = Mounted::of(6 * MEBIBYTE) else { return };
    let copy = disk.path().join("copy");
    let (exit, _, told) = run(&["import", text(&all), "--data", text(&copy)]);
    assert_eq!(exit, Exit::WrongUse);
    assert!(told.contains("the disk is nearly full") && told.contains("mend: make room"), "{told}");
    disk.resize(64 * MEBIBYTE);
    fine(&["import", text(&all), "--data", text(&copy)]);
    assert_eq!(fine(&["export", "--data", text(&copy)]), std::fs::read_to_string(&all).unwrap());
}
