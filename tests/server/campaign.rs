//! A real campaign through the real server, killed on the way: nothing is lost, nothing counts twice, and
//! the report holds the numbers that `analyze` makes of the same customers in a file.

use std::fmt::Write;
use std::time::Duration;

use experiment_core::report::Report;
use experiment_server::command::Exit;

use crate::process::{Process, run};

const DEFINITION: &str = "
key: cats
assignment: external
variants: [{key: gate_30}, {key: gate_40}]
metrics:
  - {key: r1, kind: retention, event: session, window: {from: 1d, to: 2d}, role: primary}
  - {key: r7, kind: retention, event: session, window: {from: 7d, to: 8d}, role: primary}
plan: {target: {customers_per_arm: 44000}}
";
/// How many players came back after one day or not, and after seven days or not.
type Cells = [(bool, bool, u32); 4];

/// Players by variant, and by whether they came back after one day and after seven (Cookie Cats).
const COUNTS: [(&str, Cells); 2] = [
    ("gate_30", [(false, false, 22_840), (false, true, 1_826), (true, false, 13_358), (true, true, 6_676)]),
    ("gate_40", [(false, false, 23_597), (false, true, 1_773), (true, false, 13_613), (true, true, 6_506)]),
];
const BATCH: usize = 4_000;

/// A fact to send: whether it is an exposure, and its line.
type Fact = (bool, String);

fn facts() -> (Vec<Fact>, String) {
    let mut facts = Vec::new();
    let mut rows = "player,version,came_1,came_7\n".to_owned();
    let mut player = 0;
    for (variant, cells) in COUNTS {
        for (one, seven, count) in cells {
            for _ in 0..count {
                player += 1;
                let day = 1 + player % 20;
                let exposure = format!(
                    r#"{{"id":"e","customer":"p{player}","experiment":"cats","variant":"{variant}","at":"2026-01-{day:02}T10:00:00Z"}}"#
                );
                facts.push((true, exposure));
                for (came, after) in [(one, 1), (seven, 7)] {
                    if came {
                        let at = format!("2026-01-{:02}T22:00:00Z", day + after);
                        facts.push((
                            false,
                            format!(
                                r#"{{"id":"s{after}","customer":"p{player}","event":"session","at":"{at}"}}"#
                            ),
                        ));
                    }
                }
                writeln!(rows, "p{player},{variant},{one},{seven}").unwrap();
            }
        }
    }
    (facts, rows)
}

/// Mixes the facts by a fixed rule, every twentieth twice.
fn mixed(facts: Vec<Fact>) -> (Vec<Fact>, usize) {
    let repeats: Vec<Fact> = facts.iter().step_by(20).cloned().collect();
    let count = repeats.len();
    let mut keyed: Vec<(u64, Fact)> =
        facts.into_iter().chain(repeats).enumerate().map(|(i, fact)| (scramble(i as u64), fact)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    (keyed.into_iter().map(|(_, fact)| fact).collect(), count)
}

fn scramble(i: u64) -> u64 {
    let x = (i ^ (i >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// What the server said of one batch.
#[derive(Default)]
struct Kept {
    accepted: u64,
    duplicates: u64,
}

/// Sends a batch; `None` when the server died on the way.
fn send(process: &Process, batch: &[Fact]) -> Option<Kept> {
    let mut kept = Kept::default();
    for (exposures, path) in [(true, "/v1/exposures"), (false, "/v1/conversions")] {
        let lines: Vec<&str> =
            batch.iter().filter(|fact| fact.0 == exposures).map(|fact| fact.1.as_str()).collect();
        let mut answer =
            process.client.post(path, "application/x-ndjson", lines.join("\n").as_bytes()).ok()?;
        while answer.status == 503 {
            std::thread::sleep(Duration::from_millis(50));
            answer = process.client.post(path, "application/x-ndjson", lines.join("\n").as_bytes()).ok()?;
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        let number = |name: &str| answer.body[name].as_u64().unwrap();
        assert_eq!(number("rejected"), 0, "{}", answer.body);
        assert_eq!(number("accepted") + number("duplicates"), lines.len() as u64);
        kept.accepted += number("accepted");
        kept.duplicates += number("duplicates");
    }
    Some(kept)
}

#[test]
fn a_campaign_survives_disorder_duplicates_and_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let (facts, rows) = facts();
    let distinct = facts.len() as u64;
    let (facts, repeated) = mixed(facts);
    let batches: Vec<&[Fact]> = facts.chunks(BATCH).collect();

    let mut process = Process::start(&data);
    let created = process.client.post("/v1/experiments", "application/yaml", DEFINITION.as_bytes()).unwrap();
    assert_eq!(created.status, 201, "{}", created.body);
    process.client.post("/v1/experiments/cats/start", "application/json", b"").unwrap().success().unwrap();

    let mut total = Kept::default();
    for (index, batch) in batches.iter().enumerate() {
        if index == batches.len() / 2 {
            // Killed while a batch is under way; whether it was kept shows only when it is sent again.
            let dying = std::thread::scope(|scope| {
                let sending = scope.spawn(|| send(&process, batch));
                std::thread::sleep(Duration::from_millis(30));
                process.kill();
                sending.join().unwrap()
            });
            if let Some(kept) = dying {
                total.accepted += kept.accepted;
                total.duplicates += kept.duplicates;
            }
            drop(process);
            process = Process::start(&data);
        }
        let kept = send(&process, batch).unwrap();
        total.accepted += kept.accepted;
        total.duplicates += kept.duplicates;
    }
    // Every acknowledgement before the kill still stands: what is sent twice is known twice.
    assert!(total.accepted <= distinct && total.duplicates >= repeated as u64);

    let results = process.client.get("/v1/experiments/cats/results?fresh=true").unwrap().success().unwrap();
    let served: Report = serde_json::from_value(results.body).unwrap();
    let (exit, stdout, stderr) = run(&["verify", "--data", data.to_str().unwrap()]);
    assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""), "{stdout}");
    assert!(process.terminate().success());
    let (exit, closed, _) = run(&["verify", "--data", data.to_str().unwrap()]);
    assert_eq!((exit, &closed), (Exit::Fine, &stdout));
    assert!(closed.contains(&format!("{} facts recounted", distinct + 2)), "{closed}");

    let file = folder.path().join("cats.csv");
    std::fs::write(&file, rows).unwrap();
    let metrics =
        ["--metric", "r1=proportion:came_1", "--metric", "r7=proportion:came_7", "--format", "json"];
    let head = [
        "analyze",
        file.to_str().unwrap(),
        "--unit",
        "player",
        "--variant",
        "version",
        "--control",
        "gate_30",
    ];
    let (exit, stdout, stderr) = run(&[&head[..], &metrics[..]].concat());
    assert_eq!(exit, Exit::Fine, "{stderr}");
    let analyzed: Report = serde_json::from_str(&stdout).unwrap();
    let served = without_alarms(served);
    assert_eq!(served.variants, analyzed.variants);
    assert_eq!(served.health.srm, analyzed.health.srm);
    assert_eq!(served.verdict, analyzed.verdict);
    for (served, analyzed) in served.metrics.iter().zip(&analyzed.metrics) {
        assert_eq!(served.arms, analyzed.arms);
        assert_eq!(served.comparisons, analyzed.comparisons);
        assert_eq!(served.immature, Some(0));
    }
    assert_eq!(served.sequence, Some(distinct + 2));
}

#[test]
fn the_demo_prints_the_published_numbers() {
    let (exit, stdout, stderr) = run(&["demo", "--exit", "--listen", "127.0.0.1:0"]);
    assert_eq!(exit, Exit::Fine, "{stderr}");
    for expected in ["44.82", "44.23", "19.02", "18.20", "KEEP THE CONTROL gate_30"] {
        assert!(stdout.contains(expected), "{expected} is not in\n{stdout}");
    }
    // The README tells the same story, line by line.
    let readme = include_str!("../../README.md");
    let story =
        readme.split("```\nVerdict: SHIP gift").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for line in story.lines().filter(|line| !line.is_empty()) {
        assert!(stdout.lines().any(|printed| printed == line), "{line:?} is not in\n{stdout}");
    }
    let told = stdout.split("winback_gift as of").nth(1).unwrap();
    assert!(
        told.lines().take_while(|line| !line.ends_with(" s")).count() <= 30,
        "more than a screen:\n{told}"
    );
}

/// A report without what watches a running experiment, which a file is not.
fn without_alarms(mut report: Report) -> Report {
    report.health.srm.iter_mut().for_each(|srm| srm.sequential_p_value = None);
    let comparisons = report.metrics.iter_mut().flat_map(|metric| &mut metric.comparisons);
    for comparison in comparisons {
        assert!(!comparison.harm.take().unwrap().shown);
    }
    report
}
