//! A disk that fails at one thing: nothing is acknowledged that may not be there, what is there can still be read, and
//! the next start knows.

use experiment_server::store::{IntakeError, Outcome, StoreError};

use super::on_disk::OnDisk;
use super::simulated_disk::Operation;
use super::world::{MARCH, accepted, assign, event};

/// A store with facts about 20 customers, all folded.
fn lived() -> OnDisk {
    let lived = OnDisk::running(0);
    lived.take_in("before", 20);
    lived.verify();
    lived
}

/// The log fails at an operation within a commit: intake closes, reading goes on, and after a restart whatever was
/// acknowledged is there, and what was not is there once or not at all.
fn a_commit_fails_at(operation: Operation) {
    let mut lived = lived();
    let before = lived.store().aggregates("winback", None).unwrap();
    lived.disk.fail("log.redb", Some(operation));
    let asked = || vec![event("before-1", "asked", "order", 1.5, MARCH)];
    assert_eq!(lived.store().submit(asked()).wait(), Err(IntakeError::StoreFailed));
    lived.disk.fail("log.redb", None);
    // A retry could be told something that is not so: nothing is taken in any more.
    assert_eq!(lived.store().submit(asked()).wait(), Err(IntakeError::StoreFailed));
    let ready = lived.store().ready();
    assert!(!ready.ready && ready.failed.unwrap().contains("restart"));
    assert_eq!(lived.store().aggregates("winback", None).unwrap(), before);
    assert_eq!(lived.store().known_variant("winback", "before-1").unwrap(), Some(0));
    lived.open();
    let again = lived.store().submit(asked()).wait().unwrap().remove(0);
    assert!(matches!(again, Outcome::Accepted(_) | Outcome::Duplicate), "{again:?}");
    assert_eq!(lived.store().submit(asked()).wait().unwrap(), [Outcome::Duplicate]);
    let repeats = (0..20).map(|i| event(&format!("before-{i}"), "e", "order", 2.5, MARCH + 9)).collect();
    assert_eq!(lived.store().submit(repeats).wait().unwrap(), vec![Outcome::Duplicate; 20]);
    assert_eq!(lived.store().log_position(), 43);
    lived.verify();
}

#[test]
fn a_sync_of_the_log_that_fails_closes_intake_until_a_restart() {
    a_commit_fails_at(Operation::Sync);
}

#[test]
fn a_write_to_the_log_that_fails_closes_intake_until_a_restart() {
    a_commit_fails_at(Operation::Write);
}

#[test]
fn a_state_that_cannot_be_written_stops_the_sums_alone() {
    for operation in [Operation::Write, Operation::Sync] {
        let mut lived = lived();
        let before = lived.store().aggregates("winback", None).unwrap();
        lived.disk.fail("state.redb", Some(operation));
        lived.take_in("meanwhile", 20);
        let error = lived.store().wait_for_blocking(82).unwrap_err();
        assert!(error.to_string().contains("the state failed"), "{error}");
        assert!(lived.store().ready().failed.unwrap().contains("the disk is broken"));
        assert_eq!(lived.store().aggregates("winback", None).unwrap(), before);
        lived.take_in("intake goes on", 20);
        assert!(lived.store().shutdown().is_err());
        lived.disk.fail("state.redb", None);
        lived.open();
        assert_eq!(lived.store().log_position(), 122);
        lived.verify();
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for file in ["log.redb", "state.redb"] {
        let mut lived = lived();
        lived.close();
        lived.disk.fail(file, Some(Operation::Read));
        let error = lived.try_open().unwrap_err();
        assert!(matches!(error, StoreError::Folder { .. }), "{error}");
        let told = error.to_string();
        assert!(
            told.contains(file) && told.contains("the disk is broken") && told.contains("mend"),
            "{told}"
        );
        // It was not taken for a damaged one, and is as it was.
        lived.disk.fail(file, None);
        lived.open();
        assert_eq!(lived.store().log_position(), 42);
        lived.verify();
    }
}

#[test]
fn a_log_that_cannot_be_read_back_decides_nothing() {
    let mut lived = lived();
    lived.take_in("later", 500);
    lived.verify();
    // With nothing in memory but what opening asks for.
    lived.open();
    lived.disk.fail("log.redb", Some(Operation::Read));
    let repeat = || vec![event("before-1", "e", "order", 2.5, MARCH + 9)];
    assert_eq!(lived.store().submit(repeat()).wait(), Err(IntakeError::StoreFailed));
    lived.disk.fail("log.redb", None);
    lived.open();
    assert_eq!(lived.store().submit(repeat()).wait().unwrap(), [Outcome::Duplicate]);
    accepted(lived.store().submit(vec![assign("new", "control")]).wait().unwrap().remove(0));
    lived.verify();
}
