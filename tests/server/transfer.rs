//! `experiment export` and `experiment import`, run as in a shell.

use std::path::{Path, PathBuf};

use experiment_server::command::Exit;

use crate::process::{Process, complaint, fine, run};

const DEFINITION: &str = "
key: cats
assignment: external
variants: [{key: gate_30}, {key: gate_40}]
overrides: {gate_40: [qa-1]}
metrics: [{key: r1, kind: retention, event: session, window: {from: 1d, to: 2d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

/// A server with an exposure and two events.
fn served(folder: &Folder) -> (Process, String) {
    let data = folder.path("data");
    fine(&["apply", &folder.write("cats.yaml", DEFINITION), "--start", "--data", &data]);
    let process = Process::start(Path::new(&data));
    let send = |path: &str, lines: &str| {
        let answer = process.client.post(path, "application/x-ndjson", lines.as_bytes());
        assert_eq!(answer.unwrap().success().unwrap().body["rejected"], 0);
    };
    send(
        "/v1/exposures",
        r#"{"id":"x","customer":"c","experiment":"cats","variant":"gate_30","at":"2026-01-01T10:00:00Z"}"#,
    );
    send(
        "/v1/conversions",
        "{\"id\":\"e\",\"customer\":\"c\",\"event\":\"session\",\"at\":\"2026-01-02T11:00:00Z\"}\n{\"customer\":\"d\",\"event\":\"session\"}",
    );
    (process, data)
}

#[test]
fn a_folder_is_exported_with_and_without_its_server_and_imported_alike() {
    let folder = Folder::new();
    let (process, data) = served(&folder);
    let served = fine(&["export", "--data", &data]);
    let served_one = fine(&["export", "--data", &data, "--experiment", "cats"]);
    // What is served is not read into.
    let told = complaint(&["import", &folder.write("all.ndjson", &served), "--data", &data]);
    assert!(told.contains("that no server holds; stop it first") && told.contains("is in use"), "{told}");
    assert!(process.terminate().success());

    let file = folder.path("copies/everything.ndjson");
    assert_eq!(fine(&["export", "--data", &data, "--output", &file]), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), served);
    assert_eq!(fine(&["export", "--data", &data, "--experiment", "cats"]), served_one);
    assert_eq!((served.lines().count(), served_one.lines().count()), (8, 7));
    assert!(complaint(&["export", "--data", &data, "--output", &file]).contains("exists already"));
    assert_eq!(std::fs::read_dir(folder.path("copies")).unwrap().count(), 1);

    let copy = folder.path("copy");
    assert_eq!(
        fine(&["import", &file, "--data", &copy]),
        format!("{file}: 5 new, 0 there already, 0 refused\n")
    );
    assert_eq!(fine(&["export", "--data", &copy]), served);
    assert!(fine(&["verify", "--data", &copy]).starts_with("5 facts recounted\n"));
    assert_eq!(
        fine(&["import", &file, &file, "--data", &copy]),
        format!("{file}: 0 new, 5 there already, 0 refused\n").repeat(2)
    );
}

#[test]
fn bad_news_is_told_and_is_the_exit_code() {
    let folder = Folder::new();
    let (process, data) = served(&folder);
    let text = fine(&["export", "--data", &data]);
    drop(process);
    let conflict = folder.write(
        "conflict.ndjson",
        &text.replace("\"id\":\"e\",\"event\":\"session\"", "\"id\":\"e\",\"event\":\"login\""),
    );
    let (exit, stdout, stderr) = run(&["import", &conflict, "--data", &data]);
    assert_eq!((exit, stdout), (Exit::BadNews, format!("{conflict}: 0 new, 4 there already, 1 refused\n")));
    assert!(
        stderr.starts_with(&format!(
            "{conflict}:6: id: the customer has an event \"e\" with other content; mend: "
        )),
        "{stderr}"
    );

    let cut = folder.write("cut.ndjson", &text[..text.len() - 10]);
    let copy = folder.path("copy");
    let (exit, _, stderr) = run(&["import", &cut, "--data", &copy]);
    assert_eq!(exit, Exit::BadNews);
    assert!(
        stderr.contains("cut.ndjson: it is cut off, it has no end record; mend: export it again"),
        "{stderr}"
    );

    let table = folder.path("table.csv");
    let (exit, _, stderr) = run(&["export", "--data", &data, "--format", "csv", "--output", &table]);
    assert_eq!(exit, Exit::Fine);
    assert!(stderr.starts_with("a table has no place for definitions"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&table).unwrap().lines().count(), 4);
    let told = complaint(&["import", &table, "--data", &copy]);
    assert!(told.contains("mend: name a file that `experiment export` wrote"), "{told}");

    assert!(
        complaint(&["export", "--data", &data, "--experiment", "dogs"])
            .contains("no experiment has the key \"dogs\"")
    );
    let nowhere = folder.path("nowhere");
    assert!(
        complaint(&["import", "missing.ndjson", "--data", &nowhere]).contains("cannot read missing.ndjson")
    );
    assert!(!PathBuf::from(&nowhere).exists());
    assert!(complaint(&["import", &cut]).contains("--data <DIR>"));
    assert!(complaint(&["import"]).contains("<FILE>"));
}
