//! What rows mean: what counts, what counts once, what is left out.

use experiment_core::report::CheckCode;
use experiment_core::report::Level;

use super::{analyze, analyze_x, arms, file, gzipped, rejected, run_with, text};

const TWO: &str = "u,v,x\n1,A,2\n2,B,5\n";

#[test]
fn one_row_a_customer() {
    let report = analyze_x("u,v,x\n1,A,2\n2,B,5\n3,A,4\n4,B,0.5\n", &[]).report();
    assert_eq!(arms(&report), [("A", 2, Some(3.0)), ("B", 2, Some(2.75))]);
    let input = report.input.unwrap();
    assert_eq!((input.rows, input.customers, input.duplicates), (4, 4, 0));
    assert_eq!(report.experiment, "stdin");
    assert_eq!(report.metrics[0].comparisons[0].control, "A");
}

#[test]
fn every_spelling_of_the_same_rows_gives_the_same_report() {
    let expected = analyze_x(TWO, &[]).stdout;
    let ndjson =
        "{\"u\":1,\"v\":\"A\",\"x\":2}\n{\"x\":\"5\",\"v\":\"B\",\"u\":\"2\",\"more\":[1,{\"a\":null}]}\n";
    for input in [
        TWO.replace('\n', "\r\n"),
        TWO.trim_end().to_owned(),
        format!("\u{feff}{TWO}"),
        "x,\"v\",u\n\"2\",\"A\",1\n5,B,2\n".to_owned(),
        "u,note,v,x\n1,\"a \"\"b\"\",\r\nc\",A,2\n2,,B,5\n".to_owned(),
        "u,v,x\n\n1,A,2\n\n\n2,B,5\n".to_owned(),
        "\r\nu,v,\"x\"\r\n\r\n1,A,\"2\"\r\n2,B,\"5\"\r\n\r\n".to_owned(),
        ndjson.to_owned(),
        ndjson.replace('\n', "\r\n"),
        format!("\u{feff}\n  {}", ndjson.trim_end()),
    ] {
        assert_eq!(analyze_x(&input, &[]).stdout, expected, "{input:?}");
        assert_eq!(analyze_x(gzipped(input.as_bytes()), &[]).stdout, expected, "gzipped {input:?}");
    }
    let (head, tail) = TWO.split_at(9);
    let members = [gzipped(head.as_bytes()), gzipped(tail.as_bytes())].concat();
    assert_eq!(analyze_x(members, &[]).stdout, expected, "two gzip members");
}

#[test]
fn a_file_names_the_experiment() {
    let (_folder, path) = file("winback.csv.gz", gzipped(TWO.as_bytes()));
    let args = [text(&path), "--unit", "u", "--variant", "v", "--metric", "m=mean:x", "--format", "json"];
    assert_eq!(run_with(b"", &args).report().experiment, "winback");
}

#[test]
fn proportions_in_all_spellings() {
    let input = "u,v,x\n1,A,1\n2,A,TRUE\n3,A,yes\n4,A,0\n5,A,false\n6,B,No\n7,B,1.0\n8,B,0.0\n";
    let report = analyze(input, &["--metric", "p=proportion:x"]).report();
    assert_eq!(arms(&report), [("A", 5, Some(0.6)), ("B", 3, Some(1.0 / 3.0))]);
}

#[test]
fn ratios_divide_sums() {
    let input = "u,v,n,d/e\n1,A,2,1\n2,A,4,3\n3,B,1,0\n4,B,5,2\n";
    let report = analyze(input, &["--metric", "r=ratio:n/d/e"]);
    // The last slash splits, so the denominator is "e".
    assert!(report.complaint().contains("\"n/d\""), "{report:?}");
    let input = input.replace("d/e", "d");
    let report = analyze(input, &["--metric", "r=ratio:n/d"]).report();
    assert_eq!(arms(&report), [("A", 2, Some(1.5)), ("B", 2, Some(3.0))]);
    let arm = &report.metrics[0].arms[1];
    assert_eq!((arm.numerator, arm.denominator), (Some(3.0), Some(1.0)));
}

#[test]
fn digits_are_kept_and_lost_ones_counted() {
    // 0.1 + 0.2 is 0.3 here, and 0.7 thousandths of a millionth are rounded unless a scale is stated.
    let input = "u,v,x\n1,A,0.1\n2,A,0.2\n3,B,0.0000000007\n4,B,0\n";
    let report = analyze_x(input, &[]).report();
    assert_eq!(arms(&report), [("A", 2, Some(0.15)), ("B", 2, Some(0.0))]);
    let level = |report: &experiment_core::report::Report| {
        let checks = &report.health.checks;
        checks.iter().find(|check| check.check == CheckCode::RoundedValues).unwrap().clone()
    };
    assert_eq!(level(&report).level, Level::Warn);
    assert!(level(&report).detail.starts_with("1 values of m"), "{}", level(&report).detail);
    let fine = analyze_x(input, &["--scale", "m=0.0000000001"]);
    assert!(fine.complaint().contains("0.0000000001"), "ten digits are too many: {fine:?}");
    let fine = analyze_x(
        input.replace("007,", "07,").replace("0.0000000007", "0.000000007"),
        &["--scale", "m=0.000000001"],
    )
    .report();
    assert_eq!(arms(&fine)[1].2, Some(3.5e-9));
    assert_eq!(level(&fine).level, Level::Ok);
}

#[test]
fn values_at_the_bounds() {
    let report = analyze_x("u,v,x\n1,A,1e9\n2,A,-1e9\n3,B,1000000001\n4,B,1\n5,B,NaN\n6,B,1\n", &[]).report();
    // Totals end at 10^8 units, and that is said.
    assert_eq!(arms(&report), [("A", 2, Some(0.0)), ("B", 2, Some(1.0))]);
    assert_eq!(rejected(&report), [("bad_value", 2)]);
    let clamped = report.health.checks.iter().find(|check| check.check == CheckCode::ClampedValues).unwrap();
    assert_eq!(clamped.level, Level::Warn);
    assert!(clamped.detail.starts_with("2 customers"), "{}", clamped.detail);
}

#[test]
fn rows_are_left_out_for_a_reason() {
    let input = "u,v,x,t\n,A,1,1\n1,,1,1\n2,A,,1\n3,A,abc,1\n4,A,1,soon\n5,A,1\n6,A,1,1,1\n7,A,2,1\n8,B,3,1\n9,B,\"\",1\n";
    let report = analyze_x(input, &["--time", "t"]).report();
    let reasons = [
        ("bad_time", 1),
        ("bad_value", 1),
        ("field_count", 2),
        ("missing_unit", 1),
        ("missing_value", 2),
        ("missing_variant", 1),
    ];
    assert_eq!(rejected(&report), reasons);
    assert_eq!(arms(&report), [("A", 1, Some(2.0)), ("B", 1, Some(3.0))]);
    let check = report.health.checks.iter().find(|check| check.check == CheckCode::RejectedRows).unwrap();
    assert_eq!(check.level, Level::Warn);
    assert!(check.detail.starts_with("8 of 10 rows (80.00 %) were left out"), "{}", check.detail);
}

#[test]
fn lines_that_are_no_objects_are_left_out() {
    let input = "{\"u\":1,\"v\":\"A\",\"x\":1}\n[1]\n17\n{\"u\":2,\n{\"u\":3,\"v\":\"B\",\"x\":{}}\n{\"u\":4,\"u\":5,\"v\":\"B\",\"x\":1}\n{\"u\":6,\"v\":\"B\",\"x\":null}\n{\"u\":7,\"v\":\"B\",\"x\":true}\n{\"u\":8,\"v\":\"B\",\"x\":4}\n";
    let report = analyze_x(input, &[]).report();
    let reasons =
        [("bad_json", 1), ("bad_value", 2), ("duplicate_key", 1), ("missing_value", 1), ("not_an_object", 2)];
    assert_eq!(rejected(&report), reasons);
    assert_eq!(report.input.unwrap().rows, 9);
    assert_eq!(report.variants.iter().map(|arm| arm.customers).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn other_encodings_in_a_row_cost_the_row_only_where_they_matter() {
    let input = b"u,v,x,note\n1,A,1,caf\xe9\n2,B,2,ok\n3,B\xff,2,ok\n";
    let report = analyze_x(input, &[]).report();
    assert_eq!(rejected(&report), [("invalid_utf8", 1)]);
    assert_eq!(report.input.unwrap().customers, 2);
    let report =
        analyze_x(b"{\"u\":1,\"v\":\"A\",\"x\":1}\n{\"u\":2,\"v\":\"B\",\"x\":1}\n{\"u\":\"\xff\"}\n", &[])
            .report();
    assert_eq!(rejected(&report), [("invalid_utf8", 1)]);
}

#[test]
fn ndjson_numbers_keep_their_digits() {
    let input = "{\"u\":1,\"v\":\"A\",\"x\":90071992.54740993}\n{\"u\":2,\"v\":\"B\",\"x\":1}\n";
    let report = analyze_x(input, &["--scale", "m=0.01"]).report();
    assert_eq!(arms(&report)[0].2, Some(90_071_992.55));
    let big = "{\"u\":9007199254740993,\"v\":\"A\",\"x\":1}\n{\"u\":9007199254740992,\"v\":\"B\",\"x\":1}\n";
    assert_eq!(analyze_x(big, &[]).report().health.crossed_over, 0, "two ids that are one double");
}

#[test]
fn requirements_come_before_everything_else() {
    let input = "u,v,page,x\n1,A,old,1\n1,B,old,1\n2,B,new,2\n3,A,new,3\n4,C,new,4\n";
    let args = ["--require", "page=new when v=B", "--require", "page=old when v=A"];
    let report = analyze_x(input, &args).report();
    assert_eq!(rejected(&report), [("require", 2)]);
    // Customer 1 is no crossover: the row in B did not count.
    assert_eq!(report.health.crossed_over, 0);
    assert_eq!(arms(&report), [("A", 1, Some(1.0)), ("B", 1, Some(2.0)), ("C", 1, Some(4.0))]);
    // A variant that only rows against the rules name is none.
    let report = analyze_x(input, &[&args[..], &["--require", "page=old when v=C"]].concat()).report();
    assert_eq!(report.variants.len(), 2);
}

#[test]
fn equal_rows_count_once_and_unequal_ones_not_at_all() {
    let input = "u,v,x,s,t\n1,A,1,web,5\n1,A,1.0,web,3\n2,A,1,web,5\n2,A,2,web,6\n2,A,1,web,7\n3,B,1,web,1\n3,B,1,app,2\n4,B,7,web,1\n";
    let report = analyze_x(input, &["--time", "t"]).report();
    assert_eq!(rejected(&report), [("conflicting_rows", 3)]);
    let counts = |report: &experiment_core::report::Report| {
        let input = report.input.clone().unwrap();
        (input.rows, input.customers, input.duplicates)
    };
    // Customer 3's rows differ in `s` only, which nothing names: they repeat each other.
    assert_eq!(counts(&report), (8, 3, 2));
    let report = analyze_x(input, &["--dimension", "s"]).report();
    assert_eq!(rejected(&report), [("conflicting_rows", 5)]);
    assert_eq!(counts(&report), (8, 2, 1));
}

#[test]
fn digits_beyond_the_scale_still_tell_rows_apart() {
    let report = analyze_x("u,v,x\n1,A,0.0000001\n1,A,0.0000002\n2,A,1\n3,B,1\n", &[]).report();
    assert_eq!(rejected(&report), [("conflicting_rows", 2)]);
}

#[test]
fn a_customer_in_two_variants_stands_aside_under_the_first() {
    let input = "u,v,x,t\n1,A,1,2026-01-02\n1,B,9,2026-01-01T23:00:00Z\n2,A,3,2026-01-01\n3,B,4,2026-01-01\n";
    let report = analyze_x(input, &["--time", "t"]).report();
    assert_eq!(report.health.crossed_over, 1);
    assert_eq!(arms(&report), [("A", 1, Some(3.0)), ("B", 1, Some(4.0))]);
    let customers = |report: &experiment_core::report::Report| {
        report.variants.iter().map(|arm| arm.customers).collect::<Vec<_>>()
    };
    assert_eq!(customers(&report), [1, 2], "B came first");
    assert_eq!(customers(&analyze_x(input, &[]).report()), [2, 1], "A stands first");
    assert_eq!(report.input.unwrap().duplicates, 0);
}

#[test]
fn each_row_a_customer() {
    let input = "u,v,x\n1,A,1\n1,A,1\n1,B,2\n,B,4\n";
    let args = ["-", "--unit", "@row", "--variant", "v", "--metric", "m=mean:x", "--format", "json"];
    let report = run_with(input.as_bytes(), &args).report();
    assert_eq!(arms(&report), [("A", 2, Some(1.0)), ("B", 2, Some(3.0))]);
    assert_eq!(report.input.unwrap().customers, 4);
}

#[test]
fn weights_make_the_expectation() {
    let input = "u,v,x\n1,A,1\n2,B,1\n3,B,1\n4,B,2\n";
    let report = analyze_x(input, &["--weights", "A=0.25,B=0.75"]).report();
    let srm = report.health.srm.unwrap();
    assert_eq!((srm.expected["A"], srm.expected["B"], srm.p_value), (1.0, 3.0, 1.0));
    let report = analyze_x(input, &["--weights", "A=1,B=2,C=1"]).report();
    assert_eq!(report.variants[2].customers, 0, "a weight without data counts nobody");
    assert_eq!(report.metrics[0].arms[2].estimate, None);
}

#[test]
fn the_control_is_named_or_found() {
    let control = |input: &str, args: &[&str]| {
        analyze_x(input, args).report().metrics[0].comparisons[0].control.clone()
    };
    let input = "u,v,x\n1,b,1\n2,Control,1\n3,a,1\n";
    assert_eq!(control(input, &[]), "Control");
    assert_eq!(control(input, &["--control", "b"]), "b");
    assert_eq!(control(&input.replace("Control", "c"), &[]), "a");
    let order: Vec<String> =
        analyze_x(input, &["--control", "b"]).report().variants.into_iter().map(|arm| arm.variant).collect();
    assert_eq!(order, ["b", "Control", "a"]);
}

#[test]
fn dimensions_split_and_large_ones_are_dropped() {
    let mut input = "u,v,x,plan,id\n".to_owned();
    for i in 0..402 {
        let (variant, plan) = (["A", "B"][i % 2], ["", "pro"][i / 2 % 2]);
        input.push_str(&format!("{i},{variant},1,{plan},{}\n", i % 201));
    }
    let report = analyze_x(&input, &["--dimension", "plan", "--dimension", "id"]).report();
    let values: Vec<_> =
        report.dimensions.iter().map(|slice| (slice.dimension.as_str(), slice.value.as_str())).collect();
    assert_eq!(values, [("plan", ""), ("plan", "pro")]);
    let check = report.health.checks.iter().find(|check| check.check == CheckCode::DimensionValues).unwrap();
    assert!(check.detail.starts_with("id has more than 200 values"), "{}", check.detail);
}

#[test]
fn events_are_added_up() {
    let input = "u,v,e,paid,orders,t,plan,before\n\
        1,A,a,10,1,3,pro,\n1,A,b,5.5,1,2,free,2\n1,A,,,,1,base,1\n2,A,a,,,1,free,\n3,B,a,1,1,1,free,\n3,B,a,1,1,9,free,\n";
    let metrics =
        ["--metric", "m=mean:paid", "--metric", "r=ratio:paid/orders", "--metric", "p=proportion:orders"];
    let events = ["--rows", "event", "--time", "t", "--dimension", "plan", "--covariate", "m=before"];
    let args = [&metrics[..], &events].concat();
    let report = analyze(input, &args).report();
    // Without an id the same row twice is two events.
    assert_eq!(arms(&report), [("A", 2, Some(7.75)), ("B", 1, Some(2.0))]);
    assert_eq!(report.metrics[1].arms[0].estimate, Some(7.75));
    assert_eq!(report.metrics[2].arms[0].estimate, Some(0.5));
    let values: Vec<_> = report.dimensions.iter().map(|slice| slice.value.as_str()).collect();
    assert_eq!(values, ["base", "free"], "the values of a customer's earliest row");
    assert_eq!(report.input.as_ref().unwrap().duplicates, 0);

    let report = analyze(input, &[&args[..], &["--id", "e"]].concat()).report();
    assert_eq!(arms(&report)[1], ("B", 1, Some(1.0)));
    assert_eq!(report.input.unwrap().duplicates, 1);
}

#[test]
fn events_of_one_id_that_differ_are_left_out() {
    let input = "u,v,e,x\n1,A,a,1\n1,A,a,2\n1,A,b,4\n2,A,a,8\n3,B,a,1\n3,B,a,\n4,B,b,3\n";
    let report = analyze_x(input, &["--rows", "event", "--id", "e"]).report();
    assert_eq!(rejected(&report), [("conflicting_ids", 4)]);
    assert_eq!(arms(&report), [("A", 2, Some(6.0)), ("B", 1, Some(3.0))], "ids belong to their customer");
}

#[test]
fn an_event_without_an_id_is_its_own() {
    let input = "u,v,e,x\n1,A,,1\n1,A,,1\n1,A,a,2\n1,A,a,2\n2,B,,3\n";
    let report = analyze_x(input, &["--rows", "event", "--id", "e"]).report();
    assert_eq!(arms(&report), [("A", 1, Some(4.0)), ("B", 1, Some(3.0))]);
    assert_eq!(report.input.unwrap().duplicates, 1);
}

#[test]
fn events_in_two_variants_cross_over_under_the_earliest() {
    let input = "u,v,x,t\n1,A,1,5\n1,B,2,3\n2,A,3,1\n3,B,4,1\n";
    let report = analyze_x(input, &["--rows", "event", "--time", "t"]).report();
    assert_eq!(report.health.crossed_over, 1);
    assert_eq!(report.variants.iter().map(|arm| arm.customers).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(arms(&report), [("A", 1, Some(3.0)), ("B", 1, Some(4.0))]);
}

#[test]
fn a_customers_many_events_may_pass_the_bound() {
    let mut input = "u,v,x\n2,B,1\n".to_owned();
    input.push_str(&"1,A,900000000\n".repeat(20));
    let report = analyze_x(input, &["--rows", "event"]).report();
    assert_eq!(arms(&report)[0].2, Some(1e8), "clamped at 10^8 units");
}

#[test]
fn quantiles_are_of_customers() {
    let input = "u,v,x\n1,A,1\n1,A,2\n2,A,10\n3,A,7\n4,B,0\n5,B,2.5\n6,B,\n";
    let report = analyze(input, &["--metric", "m=quantile@0.5:x", "--rows", "event"]).report();
    assert_eq!(arms(&report), [("A", 3, Some(7.0)), ("B", 3, Some(0.0))]);
    let reason = report.metrics[0].comparisons[0].not_estimable.as_ref().unwrap();
    assert_eq!(reason.code, "too_few_customers");
}

#[test]
fn scores_are_of_those_who_gave_one() {
    let customers = "u,v,x\n1,A,10\n2,A,9\n3,A,\n4,A,6\n5,B,7\n6,B,0\n7,B,11\n";
    let report = analyze(customers, &["--metric", "m=nps:x"]).report();
    assert_eq!(arms(&report), [("A", 3, Some(100.0 / 3.0)), ("B", 2, Some(-50.0))]);
    let rates: Vec<_> = report.metrics[0].arms.iter().map(|arm| arm.response_rate).collect();
    assert_eq!(rates, [Some(0.75), Some(1.0)]);
    let args = ["-", "--unit", "u", "--variant", "v", "--metric", "m=nps:x"];
    let table = run_with(customers.as_bytes(), &args).stdout;
    assert!(table.contains("      answered: A 75.00 %, B 100.00 %\n"), "{table}");
    assert_eq!(rejected(&report), [("bad_value", 1)]);

    // Of events the last one counts, whatever order they stand in.
    let events = ["1,A,10,3", "1,A,2,5", "1,A,,9", "2,B,8,1", "3,B,,1", "3,B,10,0"];
    let shown = |order: &[usize]| {
        let rows: Vec<&str> = order.iter().map(|row| events[*row]).collect();
        let input = format!("u,v,x,t\n{}\n", rows.join("\n"));
        let flags = ["--metric", "m=nps:x", "--rows", "event", "--time", "t"];
        let report = analyze(input, &flags).report();
        arms(&report).iter().map(|(_, n, estimate)| (*n, *estimate)).collect::<Vec<_>>()
    };
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 1, 0, 4, 3, 5]] {
        assert_eq!(shown(&order), [(1, Some(-100.0)), (2, Some(50.0))]);
    }
}

#[test]
fn survival_is_a_duration_and_an_end() {
    // The arms of the report's own test, where lifelines says the same.
    let mut input = "u,v,time,lost\n".to_owned();
    let control = [(1, 1), (3, 1), (5, 0), (5, 0), (2, 1), (3, 0), (3, 0)];
    let variant = [(4, 1), (5, 0), (5, 0), (5, 0), (3, 0), (3, 0), (3, 0)];
    for (name, customers) in [("A", control), ("B", variant)] {
        for (number, (time, lost)) in customers.into_iter().enumerate() {
            input.push_str(&format!("{name}{number},{name},{time},{lost}\n"));
        }
    }
    let report = analyze(input, &["--metric", "m=survival@4:time/lost"]).report();
    assert_eq!(arms(&report)[1], ("B", 7, Some(4.0)));
    let comparison = &report.metrics[0].comparisons[0];
    assert!((comparison.p_value.unwrap() - 0.189_372_858_740_752_27).abs() < 1e-12);
    assert!((comparison.effect.unwrap().estimate - 6.0 / 7.0).abs() < 1e-12);
}

#[test]
fn covariates_explain_a_metric() {
    let mut input = "u,v,x,before\n".to_owned();
    for i in 0..400_u32 {
        let (variant, before) = (["A", "B"][i as usize % 2], i / 2 % 17);
        input.push_str(&format!("{i},{variant},{},{before}\n", 3 * before + i % 2 + i % 5));
    }
    let report = analyze_x(input, &["--covariate", "m=before"]).report();
    let cuped = report.metrics[0].comparisons[0].cuped.as_ref().unwrap();
    assert!((cuped.theta - 3.0).abs() < 0.1 && cuped.variance_reduction > 0.9, "{cuped:?}");
}

#[test]
fn rejected_rows_can_be_looked_at() {
    let input = "u,v,x,note\r\n1,A,1,\"a,\"\"b\"\r\n1,A,2,c\r\n2,A,oops,d\r\n3,A,1\r\n4,A,1,e\r\n5,B,2,f\r\n";
    let (_folder, path) = file("rejects.csv", "");
    let args = ["--rejects", text(&path)];
    let expected = "line,reason,column,u,v,x,note\n\
        2,conflicting_rows,,1,A,1,\"a,\"\"b\"\n3,conflicting_rows,,1,A,2,c\n\
        4,bad_value,x,2,A,oops,d\n5,field_count,,3,A,1\n";
    let report = analyze_x(input, &args).report();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(rejected(&report), [("bad_value", 1), ("conflicting_rows", 2), ("field_count", 1)]);

    let (_folder, source) = file("rows.csv.gz", gzipped(input.as_bytes()));
    let start = [text(&source), "--unit", "u", "--variant", "v", "--metric", "m=mean:x"];
    run_with(b"", &[&start[..], &args].concat());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "from a file as from a stream");

    let ndjson = "{\"u\":1,\"v\":\"A\",\"x\":1.50}\nnot json\n{\"u\":2,\"v\":\"A\",\"x\":\"?\"}\n{\"u\":3,\"v\":\"B\",\"x\":1}\n";
    analyze_x(ndjson, &args).report();
    let expected = "{\"line\":2,\"reason\":\"bad_json\",\"column\":\"\",\"row\":\"not json\"}\n\
        {\"line\":3,\"reason\":\"bad_value\",\"column\":\"x\",\"row\":{\"u\":2,\"v\":\"A\",\"x\":\"?\"}}\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn rejected_events_can_be_looked_at() {
    let (_folder, path) = file("rejects.csv", "");
    let input = "u,v,e,x\n1,A,a,1\n1,A,a,2\n1,A,b,4\n3,B,a,1\n";
    analyze_x(input, &["--rows", "event", "--id", "e", "--rejects", text(&path)]).report();
    let expected = "line,reason,column,u,v,e,x\n2,conflicting_ids,,1,A,a,1\n3,conflicting_ids,,1,A,a,2\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
}
