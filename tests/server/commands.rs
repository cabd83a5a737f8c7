//! `experiment apply`, `experiment assign` and `experiment new`, run as in a shell, in this process.

use std::path::{Path, PathBuf};

use experiment_server::playbook::TEMPLATES;
use serde_json::{Value, json};

use crate::process::{complaint, fine};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    path.to_str().unwrap().to_owned()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

const LAPSED: &str = r#"{"days_since_order": 90, "orders_365d": 3, "country": "PL"}"#;

#[test]
fn the_catalog_is_applied_before_what_names_it() {
    let folder = Folder::new();
    let data = folder.path("data");
    // The experiment stands first on the line.
    let files = [example("at_risk.yaml"), example("catalog.yaml")];
    let args = ["apply", &files[0], &files[1], "--data", &data, "--start"];
    assert_eq!(fine(&args), "catalog: created, version 1\nat_risk_gift: created, version 1, running\n");
    assert_eq!(fine(&args), "catalog: unchanged, version 1\nat_risk_gift: unchanged, version 1, running\n");
    let other = folder.write("catalog.yaml", "segments: {at_risk: {days_since_order: {$gt: 90}}}");
    let refused = complaint(&["apply", &other, "--data", &data]);
    assert!(refused.contains("the catalog is not applied") && refused.contains("vip"), "{refused}");
    let alone = folder.path("alone");
    let refused = complaint(&["apply", &files[0], "--data", &alone]);
    assert!(refused.contains("there is no segment \"at_risk\""), "{refused}");
}

#[test]
fn assigns_from_files_and_from_a_folder_alike() {
    let folder = Folder::new();
    let data = folder.path("data");
    let files = [example("at_risk.yaml"), example("catalog.yaml")];
    fine(&["apply", &files[0], &files[1], "--data", &data, "--start"]);
    let customers =
        ["--customer", "c-1", "--customer", "клиент42", "--customer", "c-3", "--customer", "staff-1"];
    let common = [&customers[..], &["--attributes", LAPSED, "--format", "json", "--explain"]].concat();
    let from_files = fine(&[&["assign", "--file", &files[0], "--file", &files[1]], &common[..]].concat());
    let from_folder = fine(&[&["assign", "--data", &data], &common[..]].concat());
    assert_eq!(from_files, from_folder);
    let answers: Vec<Value> = serde_json::from_str(&from_files).unwrap();
    assert_eq!(answers.len(), 4);
    for answer in &answers {
        let last = answer["steps"].as_array().unwrap().last().unwrap();
        let expected = match answer["reason"].as_str().unwrap() {
            "assigned" => "variant",
            reason => reason,
        };
        assert_eq!(last["step"], expected, "{answer}");
    }
    assert_eq!((&answers[3]["customer"], &answers[3]["reason"]), (&json!("staff-1"), &json!("audience")));
    let csv = fine(&[&["assign", "--data", &data, "--format", "csv"], &customers[..]].concat());
    assert_eq!(csv.lines().count(), 5);
    assert_eq!(csv.lines().next(), Some("customer,experiment,variant,reason"));
    assert_eq!(csv.lines().nth(1), Some("c-1,at_risk_gift,,audience"), "without attributes nobody is meant");
    let table = fine(
        &[&["assign", "--data", &data, "--experiment", "at_risk_gift", "--explain"], &customers[..2]]
            .concat(),
    );
    assert!(
        table.starts_with("c-1  at_risk_gift  -  (audience)\n  status     the experiment is running\n"),
        "{table}"
    );
    assert!(
        table.contains("would change it: attributes that meet country: {\"$in\":[\"DE\",\"PL\"]}"),
        "{table}"
    );
}

#[test]
fn a_server_is_asked_over_http() {
    let folder = Folder::new();
    let mut settings = experiment_server::settings::Settings::new(Path::new(&folder.path("data")));
    settings.listen = "127.0.0.1:0".to_owned();
    let server = experiment_server::http::Server::start(settings).unwrap();
    let url = server.url();
    let files = [example("at_risk.yaml"), example("catalog.yaml")];
    let applied = fine(&["apply", &files[0], &files[1], "--url", url, "--start"]);
    assert_eq!(applied, "catalog: created, version 1\nat_risk_gift: created, version 1, running\n");
    let unchanged = fine(&["apply", &files[1], "--url", url]);
    assert_eq!(unchanged, "catalog: unchanged, version 1\n");
    let mut recorded = 0;
    for n in 0..10 {
        let id = format!("c/{n} ü");
        let ask = ["assign", "--url", url, "--customer", &id, "--attributes", LAPSED];
        let read = |more: &[&str]| -> Value {
            let answers = fine(&[&ask, more, &["--format", "json"]].concat());
            serde_json::from_str::<Vec<Value>>(&answers).unwrap().remove(0)
        };
        let looked = read(&[]);
        assert_eq!(looked["exposure"], "not_recorded");
        let explained = read(&["--explain"]);
        assert_eq!((&explained["variant"], &explained["customer"]), (&looked["variant"], &json!(id)));
        assert!(explained["steps"].as_array().unwrap().len() >= 8, "{explained}");
        let kept = read(&["--record", "--experiment", "at_risk_gift"]);
        assert_eq!(kept["variant"], looked["variant"]);
        recorded += u32::from(kept["exposure"] == "recorded");
    }
    assert!(recorded > 0);
    let unknown = complaint(&["assign", "--url", url, "--customer", "c", "--experiment", "at_risk"]);
    assert!(unknown.contains("no experiment has the key"), "{unknown}");
    server.stop().unwrap();
}

#[test]
fn a_template_is_listed_written_and_started() {
    let folder = Folder::new();
    let list = fine(&["new", "--list"]);
    assert_eq!(list.lines().count(), TEMPLATES.len());
    for (line, template) in list.lines().zip(&TEMPLATES) {
        let (name, question) = line.split_once("  ").unwrap();
        assert_eq!((name, question.trim()), (template.name, template.question()));
        assert_eq!(fine(&["new", "--template", name]), template.text);
    }
    let path = folder.path("mine.yaml");
    let write = ["new", "--template", "win_back", "--key", "win_back_2026", "--output", &path];
    assert_eq!(fine(&write), format!("{path}\n"));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, fine(&["new", "--template", "win_back", "--key", "win_back_2026"]));
    let told = complaint(&write);
    assert_eq!(told, format!("error: --output: {path} is there already; mend: name another file\n"));
    let data = folder.path("data");
    let applied = fine(&["apply", &path, "--data", &data, "--start"]);
    assert_eq!(applied, "win_back_2026: created, version 1, running\n");

    let near = complaint(&["new", "--template", "discount-crad"]);
    assert!(
        near.contains("there is none called \"discount-crad\"; mend: did you mean \"discount_card\"?"),
        "{near}"
    );
    let far = complaint(&["new", "--template", "lottery"]);
    assert!(far.contains("mend: use one of discount_card, bonus_points, "), "{far}");
    let key = complaint(&["new", "--template", "win_back", "--key", "win back"]);
    assert!(
        key.contains("--key: \"win back\" has ' ', which a key cannot hold; mend: use 1 to 128 of"),
        "{key}"
    );
    let nowhere = complaint(&["new", "--template", "win_back", "--output", &folder.path("a/b.yaml")]);
    assert!(nowhere.contains("b.yaml cannot be written"), "{nowhere}");
    assert!(complaint(&["new"]).contains("--template"));
    assert!(complaint(&["new", "--list", "--key", "k"]).contains("cannot be used with"));
}

#[test]
fn wrong_use_is_told_with_its_mend() {
    let folder = Folder::new();
    let definition = folder.write("w.yaml", "{key: w, variants: [{key: a}, {key: b}]}");
    let told = |args: &[&str]| complaint(&[&["assign", "--file", &definition], args].concat());
    assert!(told(&["--customer", ""]).contains("--customer: \"\" is empty; mend: use 1 to 256 bytes"));
    assert!(
        told(&["--customer", "c", "--attributes", "[]"])
            .contains("--attributes: it is no object; mend: write {\"plan\"")
    );
    assert!(told(&["--customer", "c", "--attributes", "plan"]).contains("--attributes: it is no JSON"));
    assert!(
        told(&["--customer", "c", "--experiment", "v"]).contains("there is no \"v\"; mend: use one of w")
    );
    assert!(told(&["--customer", "c", "--record"]).contains("cannot be used with"));
    assert!(told(&[]).contains("--customer"));
    let broken = folder.write("b.yaml", "{key: w, audience: {segment: new}, variants: [{key: a}, {key: b}]}");
    let told = complaint(&["assign", "--file", &broken, "--customer", "c"]);
    assert!(told.contains("there is no segment \"new\""), "{told}");
}
