//! A disk that fills up: the sums stop first, then intake, and no commit fails for it; all go on by themselves.

use experiment_core::definition::LifecycleStep;
use experiment_core::report::{VerdictCode, report};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::decision::Decisions;
use experiment_server::store::{
    CatalogError, Disk, Expected, IntakeError, Outcome, Proposal, ProposedExposure, Reading, RoomFor,
    Shortage, StoreError,
};

use super::on_disk::OnDisk;
use super::world::{MARCH, WINBACK, accepted, assign, event, experiment, exposure};

/// What intake leaves free; folding leaves twice as many bytes, a copy three times.
const RESERVE: u64 = 4 << 20;

#[track_caller]
fn shortage<T: std::fmt::Debug>(answer: Result<T, IntakeError>) -> Shortage {
    match answer {
        Err(IntakeError::DiskFull(shortage)) => shortage,
        other => panic!("{other:?} is no want of room"),
    }
}

#[test]
fn folding_stops_first_and_goes_on_by_itself() {
    let filled = OnDisk::running(RESERVE);
    filled.take_in("before", 20);
    filled.verify();
    let before = filled.store().aggregates("winback", None).unwrap();
    filled.disk.leave(Some(2 * RESERVE - 1));
    filled.take_in("meanwhile", 20);
    let behind = filled.store().wait_for_blocking(filled.store().log_position()).unwrap_err();
    let StoreError::DiskFull(told) = behind else { panic!("{behind}") };
    assert_eq!((told.room_for, told.needed), (RoomFor::Folding, 2 * RESERVE));
    assert!(told.free < 2 * RESERVE && told.to_string().contains("mend: make room"), "{told}");
    let ready = filled.store().ready();
    assert!(ready.ready && ready.failed.is_none(), "{ready:?}");
    assert_eq!(filled.store().shortage().unwrap().room_for, RoomFor::Folding);
    assert_eq!(filled.store().aggregates("winback", None).unwrap(), before);
    assert_eq!(filled.store().first_day_behind().unwrap().unwrap().0, (MARCH / DAY) as i32);
    filled.disk.leave(Some(64 << 20));
    filled.verify();
    assert_eq!((filled.store().shortage(), filled.store().first_day_behind().unwrap()), (None, None));
    assert_eq!(filled.store().aggregates("winback", None).unwrap().sequence, 82);
}

#[test]
fn intake_stops_before_the_commit_and_what_needs_none_is_answered() {
    let filled = OnDisk::running(RESERVE);
    filled.take_in("before", 2);
    accepted(filled.store().submit(vec![assign("drawn", "discount")]).wait().unwrap().remove(0));
    let before = (filled.store().log_position(), filled.store().counters());
    let free = RESERVE + 1;
    filled.disk.leave(Some(free));
    let fresh = || vec![event("before-0", "new", "a new name", 2.5, MARCH)];
    let told = shortage(filled.store().submit(fresh()).wait());
    assert_eq!((told.room_for, told.free), (RoomFor::Intake, free));
    assert!(told.needed > free, "{told:?}");
    // A batch of known facts needs no commit, one with a single new fact does.
    let known = || vec![event("before-0", "e", "order", 2.5, MARCH + 9), assign("drawn", "control")];
    let variant = "discount".to_owned();
    assert_eq!(
        filled.store().submit(known()).wait().unwrap(),
        [Outcome::Duplicate, Outcome::Known { variant }]
    );
    shortage(filled.store().submit([known(), fresh()].concat()).wait());
    shortage(filled.store().submit(vec![assign("undrawn", "control")]).wait());
    let full = |error: CatalogError| matches!(error, CatalogError::Intake(IntakeError::DiskFull(_)));
    let other = format!("{WINBACK}\ntraffic: 0.9");
    assert!(full(filled.store().define(experiment(&other), Expected::Any).wait().unwrap_err()));
    assert!(full(filled.store().step("winback", LifecycleStep::Stop).wait().unwrap_err()));
    shortage(filled.store().erase("before-0").wait());
    let ready = filled.store().ready();
    assert!(ready.ready && ready.failed.is_none(), "{ready:?}");
    assert_eq!(filled.store().shortage().unwrap().room_for, RoomFor::Intake);
    let after = (filled.store().log_position(), filled.store().counters());
    assert_eq!((before.0, before.1.commits), (after.0, after.1.commits));

    filled.disk.leave(None);
    accepted(filled.store().submit(fresh()).wait().unwrap().remove(0));
    filled.store().step("winback", LifecycleStep::Stop).wait().unwrap();
    filled.verify();
}

#[test]
fn a_stop_and_a_start_without_room_lose_nothing() {
    let mut filled = OnDisk::running(RESERVE);
    filled.take_in("before", 20);
    filled.verify();
    filled.disk.leave(Some(2 * RESERVE - 1));
    filled.take_in("meanwhile", 20);
    let position = filled.store().log_position();
    filled.store().shutdown().unwrap();
    filled.open();
    assert_eq!(filled.store().log_position(), position);
    let repeat = filled.store().submit(vec![event("meanwhile-3", "e", "order", 2.5, MARCH + 9)]).wait();
    assert_eq!(repeat.unwrap(), [Outcome::Duplicate]);
    filled.disk.leave(None);
    filled.verify();
}

/// Somebody else fills the disk between the question and the commit.
#[test]
fn a_commit_that_fails_for_want_of_room_loses_nothing() {
    for free in [0, 4_096, 8_192, 16_384, 32_768, 65_536] {
        let mut filled = OnDisk::running(RESERVE);
        filled.take_in("before", 20);
        let position = filled.store().log_position();
        filled.disk.leave_unseen(free);
        let big =
            (0..2_000).map(|i| event(&format!("c-{i}"), &"e".repeat(200), "order", None, MARCH)).collect();
        assert_eq!(filled.store().submit(big).wait(), Err(IntakeError::StoreFailed), "{free} free");
        assert!(filled.store().ready().failed.unwrap().contains("restart"));
        filled.close();
        // As long as there is none, it opens or says why not, and leaves the log as it was.
        match filled.try_open() {
            Ok(store) => assert_eq!(store.log_position(), position),
            Err(error) => assert!(error.to_string().contains("mend"), "{error}"),
        }
        filled.disk.leave(None);
        filled.open();
        assert_eq!(filled.store().log_position(), position, "{free} free");
        let repeat = filled.store().submit(vec![event("before-3", "e", "order", 2.5, MARCH + 9)]).wait();
        assert_eq!(repeat.unwrap(), [Outcome::Duplicate]);
        filled.take_in("after", 20);
        filled.verify();
    }
}

#[test]
fn a_lost_state_is_folded_again_once_there_is_room() {
    let mut filled = OnDisk::running(RESERVE);
    filled.take_in("before", 20);
    filled.close();
    filled.disk.remove("state.redb").unwrap();
    filled.disk.leave(Some(RESERVE + (2 << 20)));
    filled.open();
    // Nobody knows yet who has met what.
    let told = shortage(filled.store().submit(vec![assign("c", "control")]).wait());
    assert_eq!(told.room_for, RoomFor::Folding);
    assert!(!filled.store().ready().ready);
    filled.disk.leave(None);
    filled.verify();
    accepted(filled.store().submit(vec![assign("c", "control")]).wait().unwrap().remove(0));
}

#[test]
fn an_erasure_stays_pending_while_its_copies_have_no_room() {
    let mut filled = OnDisk::running(RESERVE);
    filled.take_in("before", 200);
    filled.take_in("erased", 1);
    filled.verify();
    filled.disk.leave(Some(3 * RESERVE - 1));
    filled.store().erase("erased-0").wait().unwrap();
    let error = filled.store().wait_for_erasures_blocking().unwrap_err();
    assert!(error.to_string().contains("the erasure is pending"), "{error}");
    assert_eq!(filled.disk.names(), ["log.redb", "state.redb"], "no half copy is left");
    // Everything else goes on.
    filled.take_in("meanwhile", 20);
    filled.store().wait_for_blocking(filled.store().log_position()).unwrap();
    filled.disk.leave(None);
    // It is tried again every half minute, and at the next start.
    filled.open();
    filled.store().wait_for_erasures_blocking().unwrap();
    filled.verify();
    for file in ["log.redb", "state.redb"] {
        let bytes = filled.disk.read(file);
        assert!(!bytes.windows(8).any(|bytes| bytes == b"erased-0"), "{file}");
    }
}

#[test]
fn an_erasure_whose_copies_run_out_of_room_leaves_no_half_copy() {
    let mut filled = OnDisk::running(0);
    filled.take_in("before", 500);
    filled.take_in("erased", 1);
    filled.verify();
    // Enough for the erasure, and not for a state that is folded again.
    filled.disk.leave_unseen(300 << 10);
    filled.store().erase("erased-0").wait().unwrap();
    assert!(filled.store().wait_for_erasures_blocking().is_err());
    assert_eq!(filled.disk.names(), ["log.redb", "state.redb"]);
    assert_eq!(filled.store().ready().failed, None, "everything else goes on");
    filled.disk.leave(None);
    filled.open();
    filled.store().wait_for_erasures_blocking().unwrap();
    assert_eq!(filled.store().erasures().unwrap().erasures.len(), 1);
    filled.verify();
}

/// Days whose facts are not all in the sums decide nothing: what was decided stands for good.
#[test]
fn a_past_day_is_not_decided_by_sums_that_are_behind() {
    let filled = OnDisk::running(RESERVE);
    let quick = "
key: quick
variants: [{key: control}, {key: discount}]
metrics: [{key: ordered, kind: conversion, event: order, window: {to: 1d}, role: primary}]
plan: {method: fixed, target: {customers_per_arm: 100}}
";
    filled.store().define(experiment(quick), Expected::Any).wait().unwrap();
    filled.store().step("quick", LifecycleStep::Start).wait().unwrap();
    let customer = |i: usize| format!("{}-{i}", ["control", "discount"][i % 2]);
    let met = (0..200).map(|i| match exposure(&customer(i), "x", ["control", "discount"][i % 2], MARCH) {
        Proposal::Exposure(met) => {
            Proposal::Exposure(ProposedExposure { experiment: "quick".to_owned(), ..met })
        }
        other => other,
    });
    let ordered = |arm: usize| {
        (0..200)
            .filter(move |i| i % 2 == arm && i % 3 > 0)
            .map(move |i| event(&customer(i), "e", "order", None, MARCH + 9))
    };
    filled.store().submit(met.chain(ordered(1)).collect()).wait().unwrap();
    filled.store().wait_for_blocking(filled.store().log_position()).unwrap();
    // What the controls did that day is known and not in the sums.
    filled.disk.leave(Some(2 * RESERVE - 1));
    filled.store().submit(ordered(0).collect()).wait().unwrap();
    filled.clock.set(MARCH + 4 * DAY);
    let decisions = Decisions::default();
    let verdict = || {
        let Reading { design, aggregates, .. } = filled.store().aggregates("quick", None).unwrap();
        let now = report(&design, &aggregates, Some(Timestamp(MARCH + 4 * DAY))).unwrap();
        let verdict = decisions.settle(filled.store(), now).unwrap().verdict;
        (verdict.verdict, verdict.decided_on.map(|day| day.start().0 - MARCH))
    };
    assert_eq!(verdict().1, None);
    filled.disk.leave(None);
    filled.verify();
    assert_eq!(verdict(), (VerdictCode::Inconclusive, Some(DAY)));
}
