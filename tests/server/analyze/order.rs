//! Rows in any order give the same report, and the same report as a plain recount.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{analyze, arms, rejected};

/// unit, variant, value, time; times are distinct, so nothing depends on the file's order.
type Row = (u8, u8, i8, usize);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..12_u8, 0..3_u8, -1..2_i8);
    proptest::collection::vec(row, 1..40).prop_map(|rows| {
        // Three customers, so that no variant is ever missing.
        let fixed = (0..3).map(|i| (100 + i, i, 1));
        fixed
            .chain(rows)
            .enumerate()
            .map(|(time, (unit, variant, value))| (unit, variant, value, time))
            .collect()
    })
}

fn text(rows: &[Row]) -> String {
    let line = |(unit, variant, value, time): &Row| {
        format!("{unit},v{variant},{value},2026-01-01 00:00:{time:02}\n")
    };
    "u,v,x,t\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

proptest! {
    #[test]
    fn customer_rows(rows in rows(), shuffled in any::<proptest::sample::Index>().no_shrink()) {
        let args = ["--metric", "m=mean:x", "--time", "t", "--dimension", "x"];
        let run = analyze(text(&rows), &args);
        let mut other = rows.clone();
        other.rotate_left(shuffled.index(rows.len()));
        other.reverse();
        prop_assert_eq!(&analyze(text(&other), &args).stdout, &run.stdout);

        // The recount: rows by customer and variant.
        let mut customers: BTreeMap<u8, BTreeMap<u8, Vec<Row>>> = BTreeMap::new();
        for row in &rows {
            customers.entry(row.0).or_default().entry(row.1).or_default().push(*row);
        }
        let conflicts = |variants: &BTreeMap<u8, Vec<Row>>| {
            variants.values().any(|rows| rows.iter().any(|row| row.2 != rows[0].2))
        };
        let (left_out, kept): (Vec<_>, Vec<_>) = customers.values().partition(|variants| conflicts(variants));
        let count = |customers: &[&BTreeMap<u8, Vec<Row>>]| -> usize {
            customers.iter().flat_map(|variants| variants.values()).map(Vec::len).sum()
        };
        let report = run.report();
        let expected: Vec<_> = [("conflicting_rows", count(&left_out) as u64)].into_iter().filter(|(_, n)| *n > 0).collect();
        prop_assert_eq!(rejected(&report), expected);
        let versions: usize = kept.iter().map(|variants| variants.len()).sum();
        let input = report.input.clone().unwrap();
        prop_assert_eq!((input.customers, input.duplicates), (kept.len() as u64, (count(&kept) - versions) as u64));
        prop_assert_eq!(report.health.crossed_over, kept.iter().filter(|variants| variants.len() > 1).count() as u64);
        for (variant, (_, n, estimate)) in (0_u8..).zip(arms(&report)) {
            let alone = kept.iter().filter(|variants| variants.len() == 1).filter_map(|v| v.get(&variant));
            let values: Vec<i64> = alone.map(|rows| rows[0].2.into()).collect();
            prop_assert_eq!(n, values.len() as u64);
            let mean = (n > 0).then(|| values.iter().sum::<i64>() as f64 / n as f64);
            prop_assert_eq!(estimate, mean);
            let first = |variants: &&&BTreeMap<u8, Vec<Row>>| {
                variants.values().flatten().min_by_key(|row| row.3).unwrap().1 == variant
            };
            prop_assert_eq!(report.variants[usize::from(variant)].customers, kept.iter().filter(first).count() as u64);
        }
    }

    #[test]
    fn event_rows(rows in rows(), shuffled in any::<proptest::sample::Index>().no_shrink()) {
        let args = ["--metric", "m=mean:x", "--time", "t", "--rows", "event", "--id", "x"];
        let run = analyze(text(&rows), &args);
        let mut other = rows.clone();
        other.rotate_left(shuffled.index(rows.len()));
        other.reverse();
        prop_assert_eq!(&analyze(text(&other), &args).stdout, &run.stdout);

        let mut ids: BTreeMap<(u8, i8), Vec<Row>> = BTreeMap::new();
        for row in &rows {
            ids.entry((row.0, row.2)).or_default().push(*row);
        }
        let conflicting = |rows: &&Vec<Row>| rows.iter().any(|row| row.1 != rows[0].1);
        let report = run.report();
        let left_out: usize = ids.values().filter(conflicting).map(Vec::len).sum();
        prop_assert_eq!(report.input.as_ref().unwrap().rejected.values().sum::<u64>(), left_out as u64);
        let mut customers: BTreeMap<u8, Vec<&Vec<Row>>> = BTreeMap::new();
        for rows in ids.values().filter(|rows| !conflicting(rows)) {
            customers.entry(rows[0].0).or_default().push(rows);
        }
        let crossed = |events: &&Vec<&Vec<Row>>| events.iter().any(|rows| rows[0].1 != events[0][0].1);
        prop_assert_eq!(report.health.crossed_over, customers.values().filter(crossed).count() as u64);
        for (variant, (_, n, estimate)) in (0_u8..).zip(arms(&report)) {
            let alone = customers.values().filter(|events| !crossed(events) && events[0][0].1 == variant);
            let sums: Vec<i64> = alone.map(|events| events.iter().map(|rows| i64::from(rows[0].2)).sum()).collect();
            prop_assert_eq!(n, sums.len() as u64);
            prop_assert_eq!(estimate, (n > 0).then(|| sums.iter().sum::<i64>() as f64 / n as f64));
        }
    }
}
