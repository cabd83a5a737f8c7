//! What a store makes of the files it finds.

use experiment_core::time::DAY;
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
        let database = Database::create(world.folder.path().join("log.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(META).unwrap();
            let mut identity = meta.remove("identity").unwrap().unwrap().value().to_vec();
            identity[0] = format;
            meta.insert("identity", identity.as_slice()).unwrap();
        }
        transaction.commit().unwrap();
        drop(database);
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
