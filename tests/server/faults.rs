//! What the real server says when it can't start: its exit code and its words.

use std::path::Path;

use crate::mounted::Mounted;
use crate::process::{Process, complaint, fine, refused_start};

const DEFINITION: &str = "
key: cats
variants: [{key: gate_30}, {key: gate_40}]
metrics: [{key: r1, kind: retention, event: session, window: {from: 1d, to: 2d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";

/// A store in which something runs.
fn made(data: &Path) {
    let definition = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(definition.path(), DEFINITION).unwrap();
    let definition = definition.path().to_str().unwrap();
    fine(&["apply", definition, "--start", "--data", data.to_str().unwrap()]);
}

/// It ends with the code of wrong use, and its last words are one error with its mend.
#[track_caller]
fn told(data: &Path) -> String {
    let (code, stderr) = refused_start(data);
    assert_eq!(code, Some(2), "{stderr}");
    let last = stderr.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    last
}

#[test]
fn every_test_that_the_table_of_faults_names_is_there() {
    let docs = include_str!("../../docs/faults.md");
    let rows = docs.split_once("| fault | behaviour | tests |").unwrap().1.lines().skip(2);
    let mut count = 0;
    for row in rows.take_while(|row| row.starts_with('|')) {
        let tests = row.rsplit('|').nth(1).unwrap();
        let named: Vec<_> = tests.split('`').filter_map(|part| part.split_once("::")).collect();
        assert!(!named.is_empty(), "no test in {row}");
        for (file, test) in named {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("server").join(file);
            let source = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(source.contains(&format!("#[test]\nfn {test}() {{")), "{file} has no test {test}");
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn a_second_server_on_a_folder_names_the_first_which_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let told = told(folder.path());
    assert!(told.contains("is in use; mend: stop the other process"), "{told}");
    assert!(told.contains(process.client.url()), "{told}");
    assert_eq!(process.client.get("/readyz").unwrap().status, 200);
    assert!(process.terminate().success());
}

#[test]
fn a_damaged_log_is_named_and_a_command_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let log = folder.path().join("log.redb");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.iter_mut().skip(8_192).for_each(|byte| *byte = !*byte);
    std::fs::write(&log, &bytes).unwrap();
    let told = told(folder.path());
    assert!(told.contains("log.redb is damaged") && told.contains("mend: restore a backup"), "{told}");
    let data = folder.path().to_str().unwrap();
    let file = folder.path().join("copy.backup");
    for command in
        [&["export", "--data", data][..], &["backup", "--data", data, "--to", file.to_str().unwrap()]]
    {
        let told = complaint(command);
        assert!(told.contains("log.redb is damaged"), "{told}");
    }
    assert!(!file.exists(), "of a damaged log no backup is made");
    assert_eq!(std::fs::read(&log).unwrap(), bytes, "it was not touched");
}

#[test]
fn a_folder_that_is_read_only_is_named() {
    let Some(disk) = Mounted::of(16 << 20) else { return };
    let data = disk.path().join("data");
    made(&data);
    disk.make_read_only();
    for data in [data, disk.path().join("new")] {
        let told = told(&data);
        assert!(told.contains(data.to_str().unwrap()) && told.contains("mend"), "{told}");
        assert!(told.contains("Read-only file system"), "{told}");
    }
}

#[test]
fn a_folder_that_is_no_folder_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let told = told(file.path());
    assert!(told.contains("cannot use the folder") && told.contains("mend: name a folder"), "{told}");
}
