//! What a store makes of the files it finds.

use experiment_core::time::{DAY, Day, Timestamp};
use experiment_server::store::{IntakeError, Outcome, Store, StoreError};
use redb::{Database, TableDefinition};

use super::world::{MARCH, WINBACK, World, accepted, assign, copy_files, event, exposure};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// A world with some facts on two days.
fn lived() -> World {
    let world = World::running();
    for day in 0..2 {
        for i in 0..20 {
            let customer = format!("c-{i}");
            accepted(world.one(exposure(&customer, &format!("x-{day}"), "control", MARCH + day * DAY)));
            accepted(world.one(event(&customer, &format!("e-{day}"), "order", 2.5, MARCH + day * DAY + 9)));
        }
        world.clock.advance(DAY);
    }
    world
}

fn damage(world: &World, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = world.folder.path().join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
}

/// Changes a row of what a file says of itself.
fn change_meta(world: &World, file: &str, row: &str, change: impl FnOnce(&mut [u8])) {
    let database = Database::create(world.folder.path().join(file)).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        let mut bytes = meta.remove(row).unwrap().unwrap().value().to_vec();
        change(&mut bytes);
        meta.insert(row, bytes.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn a_second_open_is_refused() {
    let world = World::new();
    let error = world.open_error();
    assert!(matches!(&error, StoreError::InUse { path } if path == world.folder.path()), "{error}");
    assert!(error.to_string().contains("mend"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let world = World::new();
    let path = world.folder.path().join("log.redb").join("below");
    let error = Store::open(&path, world.clock()).unwrap_err();
    assert!(matches!(&error, StoreError::Folder { path: named, .. } if *named == path), "{error}");
}

#[test]
fn a_lost_state_is_folded_again() {
    let mut world = lived();
    let before = world.reading("winback");
    world.restart();
    assert_eq!(world.reading("winback"), before);
    for _ in 0..2 {
        world.close();
        std::fs::remove_file(world.folder.path().join("state.redb")).unwrap();
        world.open();
        assert_eq!(world.reading("winback"), before);
        world.verify();
    }
}

#[test]
fn the_state_of_another_log_is_not_taken() {
    let mut world = lived();
    let before = world.reading("winback");
    let mut other = World::running();
    accepted(other.one(exposure("other", "x", "discount", MARCH)));
    other.settle();
    other.store().shutdown().unwrap();
    other.close();
    world.close();
    std::fs::copy(other.folder.path().join("state.redb"), world.folder.path().join("state.redb")).unwrap();
    world.open();
    assert_eq!(world.reading("winback"), before);
    world.verify();
}

#[test]
fn a_state_ahead_of_its_log_is_not_taken() {
    let mut world = World::running();
    accepted(world.one(exposure("c", "x", "control", MARCH)));
    world.restart();
    let earlier = tempfile::tempdir().unwrap();
    world.close();
    copy_files(world.folder.path(), earlier.path());
    world.open();
    accepted(world.one(exposure("c", "y", "discount", MARCH)));
    world.settle();
    world.store().shutdown().unwrap();
    world.close();
    // The log goes back, as after a careless restore, and then another way.
    std::fs::copy(earlier.path().join("log.redb"), world.folder.path().join("log.redb")).unwrap();
    world.open();
    assert_eq!(world.store().position(), 3);
    world.verify();
    accepted(world.one(exposure("d", "z", "discount", MARCH)));
    world.verify();
}

#[test]
fn a_damaged_state_is_folded_again() {
    let mut world = lived();
    let before = world.reading("winback");
    world.close();
    damage(&world, "state.redb", |bytes| bytes.truncate(100));
    world.open();
    assert_eq!(world.reading("winback"), before);
    world.close();
    damage(&world, "state.redb", |bytes| bytes.fill(7));
    world.open();
    assert_eq!(world.reading("winback"), before);
    world.verify();
}

#[test]
fn a_damaged_log_is_said_to_be() {
    for change in [|bytes: &mut Vec<u8>| bytes.truncate(100), |bytes: &mut Vec<u8>| bytes.fill(7)] {
        let mut world = lived();
        world.close();
        damage(&world, "log.redb", change);
        let error = world.open_error();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("log.redb"));
    }
}

/// Lengths to which a file of this length may be cut.
fn shorter(length: usize) -> [usize; 7] {
    [0, 1, 320, 4_096, length / 2, length - 4_096, length - 1]
}

#[test]
fn a_log_cut_short_anywhere_is_said_to_be() {
    let mut world = lived();
    world.close();
    let path = world.folder.path().join("log.redb");
    let whole = std::fs::read(&path).unwrap();
    for length in shorter(whole.len()) {
        damage(&world, "log.redb", |bytes| bytes.truncate(length));
        let error = world.open_error();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{length} bytes: {error}");
        assert!(error.to_string().contains("log.redb"), "{error}");
        std::fs::write(&path, &whole).unwrap();
    }
    world.open();
    world.verify();
}

#[test]
fn a_state_cut_short_anywhere_is_folded_again() {
    let mut world = lived();
    let before = world.reading("winback");
    world.restart();
    world.close();
    let whole = std::fs::read(world.folder.path().join("state.redb")).unwrap();
    for length in shorter(whole.len()) {
        std::fs::write(world.folder.path().join("state.redb"), &whole[..length]).unwrap();
        world.open();
        assert_eq!(world.reading("winback"), before, "{length} bytes");
        world.verify();
        world.close();
    }
}

#[test]
fn a_log_that_is_gone_is_missed() {
    let mut world = lived();
    world.restart();
    world.close();
    std::fs::remove_file(world.folder.path().join("log.redb")).unwrap();
    for _ in 0..2 {
        let error = world.open_error();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("log.redb") && told.contains("delete") && told.contains("restore"), "{told}");
    }
    std::fs::remove_file(world.folder.path().join("state.redb")).unwrap();
    world.open();
    assert_eq!(world.store().log_position(), 0);
}

#[test]
fn an_older_state_is_folded_on() {
    let mut world = lived();
    world.restart();
    world.close();
    let older = std::fs::read(world.folder.path().join("state.redb")).unwrap();
    world.open();
    accepted(world.one(exposure("new", "x", "discount", MARCH)));
    let newer = world.reading("winback");
    world.restart();
    world.close();
    std::fs::write(world.folder.path().join("state.redb"), older).unwrap();
    world.open();
    assert_eq!(world.reading("winback"), newer);
    world.verify();
}

#[test]
fn files_that_changed_places_are_told_apart() {
    let mut world = lived();
    let before = world.reading("winback");
    world.restart();
    world.close();
    let path = |file| world.folder.path().join(file);
    let log = std::fs::read(path("log.redb")).unwrap();
    std::fs::copy(path("state.redb"), path("log.redb")).unwrap();
    let error = world.open_error();
    assert!(matches!(error, StoreError::Corrupt { .. }) && error.to_string().contains("log.redb"), "{error}");
    for file in ["log.redb", "state.redb"] {
        std::fs::write(path(file), &log).unwrap();
    }
    world.open();
    assert_eq!(world.reading("winback"), before);
    world.verify();
}

#[test]
fn a_state_of_another_fold_version_is_folded_again() {
    let mut world = lived();
    let before = world.reading("winback");
    for version in [2, 4] {
        world.restart();
        world.close();
        change_meta(&world, "state.redb", "position", |position| position[0] = version);
        world.open();
        assert_eq!(world.reading("winback"), before);
        world.verify();
    }
}

#[test]
fn a_log_that_was_not_finished_is_made() {
    let world = World::new();
    let whole = std::fs::read(world.folder.path().join("log.redb")).unwrap();
    for leftover in [Vec::new(), vec![0; 4_096], whole[..9_000].to_vec(), whole] {
        let mut world = World::new();
        world.close();
        for file in ["log.redb", "state.redb"] {
            std::fs::remove_file(world.folder.path().join(file)).unwrap();
        }
        std::fs::write(world.folder.path().join("log.redb.new"), &leftover).unwrap();
        world.open();
        world.start(WINBACK);
        accepted(world.one(assign("c", "control")));
        world.restart();
        assert_eq!(world.store().log_position(), 3);
        world.verify();
        let mut files: Vec<_> =
            std::fs::read_dir(world.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["log.redb", "state.redb"]);
    }
}

#[test]
fn another_format_is_refused() {
    let mut world = lived();
    world.close();
    for format in [1, 5] {
        change_meta(&world, "log.redb", "identity", |identity| identity[0] = format);
        let error = world.open_error();
        let other =
            matches!(error, StoreError::OtherFormat { found, known: 4, .. } if found == u32::from(format));
        assert!(other, "{error}");
    }
}

#[test]
fn a_closed_store_takes_nothing_and_still_reads() {
    let world = lived();
    let before = world.reading("winback");
    world.store().shutdown().unwrap();
    let refused = world.store().submit(vec![assign("z", "control")]).wait();
    assert_eq!(refused, Err(IntakeError::Closed));
    assert_eq!(world.store().aggregates("winback", None).unwrap(), before);
    let error = world.store().wait_for_blocking(world.store().log_position() + 1).unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error}");
    world.store().shutdown().unwrap();
}

#[test]
fn what_waits_at_shutdown_is_answered() {
    let world = World::running();
    world.clock.hold();
    let held = world.store().submit(vec![event("c", "e-1", "order", None, MARCH)]);
    world.clock.wait_until_read();
    let waiting = world.store().submit(vec![event("c", "e-2", "order", None, MARCH)]);
    std::thread::scope(|scope| {
        scope.spawn(|| world.store().shutdown().unwrap());
        world.clock.release();
    });
    assert!(matches!(held.wait().unwrap()[..], [Outcome::Accepted(_)]));
    assert!(matches!(waiting.wait().unwrap()[..], [Outcome::Accepted(_)]));
    assert_eq!(world.store().position(), 4);
}

#[test]
fn time_of_receipt_never_goes_back() {
    let mut world = World::running();
    world.clock.advance(DAY);
    accepted(world.one(event("c", "e-1", "order", None, MARCH)));
    world.clock.set(MARCH);
    world.restart();
    // Dated by the clock, it would be before the start of that day's facts.
    accepted(world.one(assign("c", "control")));
    world.settle();
    assert_eq!(world.store().customer("winback", "c").unwrap()[0].at.0, MARCH + DAY);
    world.verify();
}

#[test]
fn a_clock_that_is_set_back_changes_nothing_that_was() {
    let mut world = lived();
    let (before, last) = (world.reading("winback"), MARCH + 2 * DAY);
    accepted(world.one(event("c-1", "late", "order", 4.0, MARCH + 3 * DAY)));
    let day = Timestamp(last).day();
    for back in [0, last - 365 * DAY] {
        world.clock.set(back);
        // Of the day that it was: no earlier one is written to.
        accepted(world.one(event("c-2", &format!("back-{back}"), "order", 4.0, MARCH + 9)));
        assert_eq!(world.one(event("c-2", "e-0", "order", 2.5, MARCH + 9)), Outcome::Duplicate);
        world.settle();
        let earlier = Day(day.0 - 1);
        let then = world.store().aggregates("winback", Some(earlier)).unwrap();
        assert_eq!((then.sequence, then.aggregates), (before.sequence, before.aggregates.clone()));
        world.restart();
    }
    world.verify();
}
