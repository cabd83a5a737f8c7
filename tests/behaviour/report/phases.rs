//! Customers of each phase are held against the weights that the phase had.

use experiment_core::report::{PhaseDesign, Srm};
use experiment_core::stats::sequential::srm::sequential_srm;

use super::*;

/// Entrants of one phase on one day, an entry an arm.
fn enter(sums: &mut Aggregates, phase: u32, day: i32, customers: &[i64]) {
    for (arm, n) in customers.iter().enumerate() {
        let (slice, place) = cell(arm as u16, Population::Analysed, day);
        sums.exposed.insert((slice, Cell { phase, ..place }), counted(*n));
    }
}

/// Halves in phase 1, and three in four for the variant since phase 2.
fn raised() -> Design {
    let mut design = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    design.variants[1].weight = 3.0;
    design.phases = vec![
        PhaseDesign { phase: 1, weights: vec![1.0, 1.0] },
        PhaseDesign { phase: 2, weights: vec![1.0, 3.0] },
    ];
    design
}

fn srm(design: &Design, sums: &Aggregates) -> (Srm, Level) {
    let report = report(design, sums, None).unwrap();
    (report.health.srm.clone().unwrap(), level(&report, CheckCode::Srm))
}

#[test]
fn each_phase_has_its_weights() {
    let mut sums = Aggregates::default();
    enter(&mut sums, 1, 0, &[1_000, 1_000]);
    enter(&mut sums, 2, 1, &[500, 1_500]);
    let (fine, level) = srm(&raised(), &sums);
    assert_eq!((fine.statistic, fine.degrees_of_freedom, fine.p_value, level), (0.0, 2.0, 1.0, Level::Ok));
    assert_eq!((fine.expected["control"], fine.expected["discount"]), (1_500.0, 2_500.0));
    assert_eq!(fine.observed["discount"], 2_500);

    // 5 in one phase, 1600/500 + 1600/1500 in the other; χ² with two degrees of freedom is exp(−x/2).
    let mut sums = Aggregates::default();
    enter(&mut sums, 1, 0, &[1_050, 950]);
    enter(&mut sums, 2, 0, &[540, 1_460]);
    let (off, level) = srm(&raised(), &sums);
    let statistic = 5.0 + 3.2 + 16.0 / 15.0;
    assert!((off.statistic - statistic).abs() < 1e-12);
    assert!((off.p_value - (-statistic / 2.0_f64).exp()).abs() < 1e-14);
    assert_eq!(level, Level::Ok);

    // Two mismatches that cancel over both phases: 1,500 and 2,500 as promised.
    let mut sums = Aggregates::default();
    enter(&mut sums, 1, 0, &[1_100, 900]);
    enter(&mut sums, 2, 0, &[400, 1_600]);
    let (hidden, level) = srm(&raised(), &sums);
    assert_eq!((hidden.observed["control"] as f64, level), (hidden.expected["control"], Level::Fail));
}

#[test]
fn an_arm_counts_in_the_phases_that_had_it() {
    let mut three = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    three.variants.push(VariantDesign { key: "bonus".to_owned(), weight: 1.0, changes: Vec::new() });
    three.phases = vec![PhaseDesign { phase: 1, weights: vec![1.0, 1.0, 0.0] }];
    let mut sums = Aggregates::default();
    enter(&mut sums, 1, 0, &[1_000, 1_000]);
    // Phase 2 is not listed: the weights in force.
    enter(&mut sums, 2, 1, &[1_000, 1_000, 1_000]);
    let (fine, level) = srm(&three, &sums);
    assert_eq!((fine.statistic, fine.degrees_of_freedom, level), (0.0, 3.0, Level::Ok));
    assert_eq!(fine.expected["bonus"], 1_000.0);
    enter(&mut sums, 1, 0, &[1_000, 1_000, 1]);
    let report = report(&three, &sums, None).unwrap();
    let check = report.health.checks.iter().find(|check| check.check == CheckCode::Srm).unwrap();
    assert!(check.detail.starts_with("bonus has weight 0 and yet 1 customers"), "{}", check.detail);
    assert_eq!((check.level, report.verdict.verdict), (Level::Fail, VerdictCode::Invalid));
}

#[test]
fn sequential_evidence_is_the_product_over_phases() {
    let days: [(u32, [u64; 2]); 4] = [(1, [290, 210]), (1, [285, 215]), (2, [170, 330]), (2, [175, 325])];
    let mut sums = Aggregates::default();
    for (day, (phase, customers)) in days.iter().enumerate() {
        enter(&mut sums, *phase, day as i32, &customers.map(|n| n as i64));
    }
    let mut design = raised();
    design.stage = Stage::Running;
    let evidence = |phase: u32, weights: [f64; 2]| {
        let here = days.iter().filter(|(of, _)| *of == phase).map(|(_, customers)| customers.to_vec());
        sequential_srm(&here.collect::<Vec<_>>(), &weights, 10_000.0).unwrap()
    };
    let (first, second) = (evidence(1, [1.0, 1.0]), evidence(2, [1.0, 3.0]));
    let looks = [
        first[0].log_e_value,
        first[1].log_e_value,
        first[1].log_e_value + second[0].log_e_value,
        first[1].log_e_value + second[1].log_e_value,
    ];
    let expected = looks.iter().map(|evidence| (-evidence).exp()).fold(1.0, f64::min);
    let got = srm(&design, &sums).0.sequential_p_value.unwrap();
    assert!(expected < 0.5 && (got - expected).abs() < 1e-15, "{got} is not {expected}");
    // In one phase all days are held against the weights in force.
    let together: Vec<Vec<u64>> = days.iter().map(|(_, customers)| customers.to_vec()).collect();
    let together = sequential_srm(&together, &[1.0, 3.0], 10_000.0).unwrap();
    sums.exposed = sums
        .exposed
        .into_iter()
        .map(|((slice, place), n)| ((slice, Cell { phase: 2, ..place }), n))
        .collect();
    assert_eq!(srm(&design, &sums).0.sequential_p_value, Some(together[3].always_valid_p_value));
}

#[test]
fn dimensions_are_tested_by_phase_too() {
    let mut sums = Aggregates::default();
    for (phase, customers) in [(1, [1_000, 1_000]), (2, [500, 1_500])] {
        for (arm, n) in customers.into_iter().enumerate() {
            for slice in [Slice::All, Slice::Value { dimension: 0, value: "basic".to_owned() }] {
                let place = Cell { phase, ..cell(arm as u16, Population::Analysed, 0).1 };
                sums.exposed.insert((slice, place), counted(n));
            }
        }
    }
    let found = report(&raised(), &sums, None).unwrap();
    assert_eq!(level(&found, CheckCode::SrmDimensions), Level::Ok);
    let mut one = raised();
    one.phases.clear();
    assert_eq!(level(&report(&one, &sums, None).unwrap(), CheckCode::SrmDimensions), Level::Fail);
}
