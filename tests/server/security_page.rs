//! The page that says which test shows which promise names tests that are there.

use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../docs/security.md");

/// Where a file that the page names lies.
fn place(file: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    if file.starts_with("src/") {
        tests.join("../experiment-server").join(file)
    } else {
        tests.join("server").join(file)
    }
}

#[test]
fn every_promise_names_a_test_that_is_there() {
    let mut named = 0;
    for line in PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let shown_by = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        if shown_by == "shown by" {
            continue;
        }
        let tests: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty() || shown_by.starts_with("the same"), "nothing shows {line}");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or((test, ""));
            let code = std::fs::read_to_string(place(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(name.is_empty() || code.contains(&format!("fn {name}()")), "{test} is not there");
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}
