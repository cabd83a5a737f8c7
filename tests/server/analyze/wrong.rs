//! Input and flags that can't be used: exit code 2 and a message that says what to mend.

use experiment_server::command::{self, Console, Exit};

use super::{analyze, analyze_x, file, gzipped, run_with, text};

const TWO: &str = "u,v,x\n1,A,2\n2,B,5\n";

fn complains(input: impl AsRef<[u8]>, args: &[&str], words: &[&str]) {
    let run = analyze_x(input, args);
    let complaint = run.complaint();
    for word in words {
        assert!(complaint.contains(word), "{word:?} is not in {complaint:?}");
    }
}

fn complains_of_metric(metric: &str, args: &[&str], word: &str) {
    let run = analyze(TWO, &[&["--metric", metric], args].concat());
    assert!(run.complaint().contains(word), "{word:?} is not in {:?}", run.stderr);
}

#[test]
fn missing_columns_are_named_with_the_nearest_one() {
    complains(TWO, &["--time", "X1"], &["--time \"X1\"", "nearest is \"x\"", "\"u\", \"v\", \"x\""]);
    complains(TWO, &["--covariate", "m=y"], &["--covariate \"y\""]);
    complains(TWO, &["--dimension", "plan"], &["--dimension \"plan\""]);
    complains(TWO, &["--require", "page=new when v=A"], &["--require \"page\""]);
    complains(TWO, &["--rows", "event", "--id", "id"], &["--id \"id\""]);
    complains("uu,v,x\n1,A,1\n", &[], &["--unit \"u\"", "nearest is \"uu\""]);
    complains("u,w,x\n1,A,1\n", &[], &["--variant \"v\""]);
    complains_of_metric("m=mean:z", &[], "--metric \"z\"");
    complains_of_metric("m=ratio:x/z", &[], "--metric \"z\"");
    let ndjson = "{\"u\":1,\"v\":\"A\"}\n{\"u\":2,\"v\":\"B\",\"spent\":1}\n";
    complains(ndjson, &[], &["--metric \"x\"", "\"spent\", \"u\", \"v\""]);
}

#[test]
fn headers_must_be_clear() {
    complains("u,v,x,v\n1,A,1,B\n", &[], &["\"v\" twice"]);
    complains(b"u,v,x,\xff\n1,A,1,B\n", &[], &["header is not UTF-8"]);
}

#[test]
fn empty_input() {
    complains("", &[], &["holds no rows"]);
    complains(" \n\r\n", &[], &["holds no rows"]);
    complains("u,v,x\n", &[], &["holds no rows"]);
    complains(gzipped(b""), &[], &["holds no rows"]);
    complains("u,v,x\n1,A,\n2,B,?\n", &[], &["none of the 2 rows", "bad_value 1, missing_value 1"]);
}

#[test]
fn other_formats_are_called_by_their_name() {
    complains(b"PK\x03\x04rest", &[], &["ZIP archive or a spreadsheet"]);
    complains(b"\xff\xfeu\0", &[], &["UTF-16"]);
    complains("[{\"u\":1}]", &[], &["JSON array"]);
    complains(b"PAR1....", &[], &["Parquet"]);
}

#[test]
fn a_cut_gzip_stream_is_an_error() {
    let mut rows = "u,v,x\n".to_owned();
    for i in 0..20_000 {
        rows.push_str(&format!("{i},{},{}\n", ["A", "B"][i % 2], i * 7919 % 1009));
    }
    let whole = gzipped(rows.as_bytes());
    let complaint = analyze_x(&whole[..whole.len() / 2], &[]).complaint().to_owned();
    assert!(complaint.contains("gzip stream is cut short: it ended after "), "{complaint}");
    let read: u64 = complaint.split_whitespace().rev().nth(1).unwrap().parse().unwrap();
    assert!((1_000..20_000).contains(&read), "{complaint}");
    complains(&whole[..whole.len() - 4], &[], &["cut short"]);
    complains(&whole[..5], &[], &["cut short"]);
    let mut damaged = whole.clone();
    damaged[whole.len() - 8] ^= 0xff;
    let run = analyze_x(&damaged, &[]);
    assert!(run.complaint().contains("reading stopped after"), "{run:?}");
    let trailing = [whole, b"more than a gzip header".to_vec()].concat();
    assert!(analyze_x(trailing, &[]).complaint().contains("reading stopped"));
}

#[test]
fn an_open_quote_never_swallows_rows() {
    complains("u,v,x,n\n1,A,1,ok\n2,A,1,\"open\n3,B,1,ok\n4,B,1,ok\n", &[], &["line 3", "quoted field"]);
    complains("u,v,x\n1,A,1\n2,\"A,1\n3,B,1\n4,B,\"1\n", &[], &["line 3", "quoted field"]);
    complains("u,v,\"x\n1,A,1\n", &[], &["line 1", "quoted field"]);
    let mut endless = b"u,v,x\n1,A,\"".to_vec();
    endless.resize(endless.len() + (20 << 20), b'a');
    complains(&endless, &[], &["line 2", "more than 16777216 bytes"]);
    let mut endless = b"{\"u\":1}\n{\"u\":\"".to_vec();
    endless.resize(endless.len() + (20 << 20), b'a');
    complains(&endless, &[], &["line 2", "more than 16777216 bytes"]);
}

#[test]
fn variants_must_make_sense() {
    complains(TWO, &["--control", "C"], &["--control \"C\" does not occur", "\"A\", \"B\""]);
    complains("u,v,x\n1,A,2\n2,A,5\n", &[], &["one value only, \"A\""]);
    let mut rows = "u,v,x\n".to_owned();
    (0..101).for_each(|i| rows.push_str(&format!("{i},v{i},1\n")));
    complains(&rows, &[], &["more than 100 values", "is it the right column?"]);
    complains(TWO, &["--weights", "A=1,C=1"], &["\"B\" has no weight"]);
    complains(TWO, &["--weights", "A=1,B=0"], &["weights above 0"]);
    complains(TWO, &["--weights", "A=1,A=1"], &["weighed twice"]);
}

#[test]
fn times_must_be_comparable() {
    complains(
        "u,v,x,t\n1,A,2,7\n2,B,5,2026-01-01\n",
        &["--time", "t"],
        &["numbers (line 2)", "dates (line 3)"],
    );
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    for method in ["always_valid", "group_sequential", "bayesian"] {
        complains(TWO, &["--method", method], &[method, "not supported yet"]);
    }
    complains(TWO, &["--correction", "dunnett"], &["dunnett is not supported yet"]);
}

#[test]
fn kinds_take_what_they_can_use() {
    complains_of_metric("m=quantile@1:x", &[], "\"1\" is not a share above 0 and below 1");
    complains_of_metric("m=survival:x", &[], "\"x\" is not DURATION/EVENT");
    complains_of_metric("m=survival@1.5:x/u", &[], "\"1.5\" is not a horizon");
    complains_of_metric(
        "m=survival:x/u",
        &["--rows", "event"],
        "m is survival, which needs one row a customer",
    );
    complains_of_metric("m=survival:x/u", &["--scale", "m=0.1"], "m has no scale by its kind");
    complains_of_metric("m=nps:x", &["--scale", "m=0.1"], "m has no scale by its kind");
    for (kind, most) in [("nps:x", 0), ("quantile@0.5:x", 0), ("ratio:x/u", 1), ("mean:x", 5)] {
        let flags = vec!["--covariate"; 2 * (most + 1)];
        let flags: Vec<&str> =
            flags.into_iter().enumerate().map(|(i, flag)| if i % 2 == 0 { flag } else { "m=u" }).collect();
        complains_of_metric(&format!("m={kind}"), &flags, &format!("m takes at most {most} by its kind"));
    }
}

#[test]
fn flags_must_make_sense() {
    complains(TWO, &["--method", "magic"], &["\"magic\" is unknown", "fixed"]);
    complains(TWO, &["--correction", "magic"], &["\"magic\" is unknown", "benjamini_hochberg"]);
    for alpha in ["0", "0.51", "-0.1", "NaN"] {
        complains(TWO, &[&format!("--alpha={alpha}")], &["between 0 and 0.5"]);
    }
    complains(TWO, &["--metric", "m=mean:u"], &["\"m\" is given twice"]);
    complains(TWO, &["--covariate", "n=u"], &["no metric of that name", "nearest is \"m\""]);
    complains(TWO, &["--scale", "m=0.5"], &["\"0.5\" is not a step"]);
    complains(TWO, &["--scale", "m=0.1", "--scale", "m=0.1"], &["\"m\" is given twice"]);
    complains(TWO, &["--dimension", "u", "--dimension", "u"], &["\"u\" is given twice"]);
    complains(TWO, &["--require", "x=1"], &["COL=V when COL=V"]);
    complains_of_metric("mean:x", &[], "NAME=KIND:COL");
    complains_of_metric("m=median:x", &[], "\"median\" is not a kind of metric");
    let args = ["-", "--unit", "@row", "--variant", "v", "--metric", "m=mean:x", "--rows", "event"];
    assert!(run_with(TWO.as_bytes(), &args).complaint().contains("not @row"));
    let args = ["-", "--unit", "u", "--variant", "v", "--metric", "m=mean:x", "--format", "xml"];
    assert!(run_with(TWO.as_bytes(), &args).complaint().contains("table, json, csv"));
    let run = run_with(TWO.as_bytes(), &["-", "--unit", "u", "--variant", "v"]);
    assert!(run.complaint().contains("--metric"), "{run:?}");
}

#[test]
fn files_that_are_not_there() {
    let args = ["--unit", "u", "--variant", "v", "--metric", "m=mean:x"];
    let run = run_with(b"", &[&["/nowhere/data.csv"], &args[..]].concat());
    assert!(run.complaint().contains("cannot open \"/nowhere/data.csv\""), "{run:?}");
    assert!(run.complaint().contains("No such file"), "{run:?}");
    let (folder, path) = file("data.csv", TWO);
    let run = run_with(b"", &[&[text(folder.path())], &args[..]].concat());
    assert!(run.complaint().contains("directory"), "{run:?}");
    let over = [&[text(&path)], &args[..], &["--rejects", text(&path)]].concat();
    assert!(run_with(b"", &over).complaint().contains("is the input itself"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TWO);
    let nowhere = [&[text(&path)], &args[..], &["--rejects", "/nowhere/rejects.csv"]].concat();
    assert!(run_with(b"", &nowhere).complaint().contains("--rejects: cannot write"));
}

#[test]
fn rejects_are_written_even_if_nobody_is_left() {
    let (_folder, path) = file("rejects.csv", "");
    complains("u,v,x\n1,A,\n", &["--rejects", text(&path)], &["none of the 1 rows"]);
    assert!(std::fs::read_to_string(&path).unwrap().ends_with("2,missing_value,x,1,A,\n"));
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let input = "u,v,x\n1,A\x1b[2J,2\n2,B\u{202e},5\n3,B\u{202e},6\n4,A\x1b[2J,6\n";
    let args = ["-", "--unit", "u", "--variant", "v", "--metric", "m\x07=mean:x", "--dimension", "v"];
    let run = run_with(input.as_bytes(), &args);
    assert_eq!(run.exit, Exit::Fine);
    assert!(run.stdout.contains("A\\u{1b}[2J"), "{}", run.stdout);
    assert!(!run.stdout.contains(['\x1b', '\x07', '\u{202e}']));
    let run = analyze_x(input, &["--control", "\x1b[2J"]);
    assert!(!run.complaint().contains('\x1b'), "{run:?}");
    let run = analyze_x("u,v,\x1b[2J\n1,A,1\n", &[]);
    assert!(!run.complaint().contains('\x1b'), "{run:?}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    for format in ["table", "json", "csv"] {
        let (mut stdin, mut stderr) = (TWO.as_bytes(), Vec::new());
        let console =
            Console { stdin: &mut stdin, stdout: &mut Closed, stderr: &mut stderr, progress: false };
        let args = ["-", "--unit", "u", "--variant", "v", "--metric", "m=mean:x", "--format", format];
        let exit = command::run(["experiment", "analyze"].iter().chain(&args), console);
        assert_eq!((exit, stderr), (Exit::Fine, Vec::new()), "{format}");
    }
}

#[test]
fn help_has_examples() {
    let run = run_with(b"", &["--help"]);
    assert_eq!((run.exit, run.stderr.as_str()), (Exit::Fine, ""));
    assert!(run.stdout.contains("Examples:") && run.stdout.contains("--require"));
}
