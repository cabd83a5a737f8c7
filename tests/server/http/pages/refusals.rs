//! What people are told when something is wrong.

use super::super::under_test::Served;
use super::{open, page, words};

#[test]
fn what_is_not_there_is_told_on_a_page() {
    let served = Served::with_winback();
    for path in [
        "",
        "/definition",
        "/customer?id=c",
        "/results.csv",
        "/results.json",
        "/daily.csv",
        "/survival.csv",
        "/whom.csv",
    ] {
        let answer = served.get(&format!("/experiments/winbak{path}"));
        let told = words(page(&answer, 404));
        assert!(told.contains("No such experiment"), "{path}: {told}");
        assert!(told.contains("did you mean \"winback\"?"), "{path}: {told}");
    }
    let asset = served.get("/assets/page.css");
    assert!(words(page(&asset, 404)).contains("no file of the pages has this name"));
}

#[test]
fn what_cannot_be_read_is_told_on_a_page() {
    let served = Served::with_winback();
    let told = |path: &str| words(page(&served.get(path), 400));
    let future = "as_of: 2026-03-02 is in the future; mend: send 2026-03-01 or an earlier day";
    for path in ["", "/results.csv", "/results.json", "/daily.csv", "/survival.csv"] {
        let told = told(&format!("/experiments/winback{path}?as_of=2026-03-02"));
        assert!(told.contains(future), "{path}: {told}");
    }
    for (path, parameter) in [
        ("/", "verbose"),
        ("/experiments/winback", "verbose"),
        ("/experiments/winback/definition", "verbose"),
        ("/experiments/winback/customer", "verbose"),
        ("/experiments/winback/daily.csv", "format"),
        ("/company.csv", "format"),
        ("/segments", "verbose"),
        ("/layers", "verbose"),
        ("/layers.csv", "verbose"),
        ("/sign-in", "verbose"),
    ] {
        let told = told(&format!("{path}?{parameter}=1"));
        assert!(told.contains(&format!("{parameter}: is not a parameter of this call")), "{path}: {told}");
    }
    // Several things at once, each on a line of its own.
    let several = served.get("/segments?one=1&two=2");
    let text = page(&several, 400);
    assert!(text.contains("one: is not a parameter of this call"), "{text}");
    assert!(text.contains("two: is not a parameter of this call"), "{text}");
}

#[test]
fn no_numbers_are_shown_while_the_sums_are_made_again() {
    let mut served = Served::with_winback();
    open(&served, "/experiments/winback");
    // On a disk that counts as full, the sums wait for room.
    served.restart(|settings| {
        std::fs::remove_file(settings.data.join("state.redb")).unwrap();
        settings.disk_reserve = Some(u64::MAX / 8);
    });
    for path in [
        "/experiments/winback",
        "/experiments/winback/results.csv",
        "/experiments/winback/results.json",
        "/experiments/winback/daily.csv",
        "/experiments/winback/survival.csv",
        "/experiments/winback/whom.csv",
        "/experiments/winback/customer?id=c",
        "/company",
        "/company.csv",
    ] {
        let answer = served.get(path);
        let told = words(page(&answer, 503));
        assert!(told.contains("the state is being rebuilt from the log: 0 of 2 facts"), "{path}: {told}");
    }
    // What needs no sums is there, with how far they are.
    for path in ["/", "/experiments/winback/definition", "/segments", "/layers"] {
        let told = words(&open(&served, path));
        assert!(told.contains("The sums are being made again from the log: 0 of 2 facts."), "{path}: {told}");
    }
}
