//! Files in which a bit has flipped: a damaged log is told and not touched, a damaged state is folded again, and no
//! wrong answer comes of either.

use std::path::Path;

use experiment_core::time::DAY;
use experiment_server::store::{ExportFormat, Reading, Store, StoreError};
use experiment_tests::random::Random;

use super::world::{MARCH, World, accepted, copy_files, event, exposure};

/// What is read and written in one piece.
const PAGE: usize = 4_096;

/// Files as a stop or a kill leaves them, and what they hold.
struct Lived {
    world: World,
    /// Copies of the files while the store was open.
    killed: tempfile::TempDir,
    facts: Vec<u8>,
    reading: Reading,
}

impl Lived {
    fn new() -> Lived {
        let mut world = World::running();
        for day in 0..2 {
            let at = MARCH + day * DAY;
            let facts = (0..120).flat_map(|i| {
                let (customer, id) = (format!("c-{i}"), format!("{day}-{}", "long".repeat(20)));
                [exposure(&customer, &id, "control", at), event(&customer, &id, "order", 2.5, at + 9)]
            });
            world.submit(facts.collect()).into_iter().for_each(|outcome| drop(accepted(outcome)));
            world.clock.advance(DAY);
            world.restart();
        }
        accepted(world.one(event("last", "e", "order", 2.5, MARCH)));
        let reading = world.reading("winback");
        let facts = exported(world.store());
        let killed = tempfile::tempdir().unwrap();
        copy_files(world.folder.path(), killed.path());
        world.store().shutdown().unwrap();
        world.close();
        Lived { world, killed, facts, reading }
    }

    fn stopped(&self) -> &Path {
        self.world.folder.path()
    }

    /// Opens a copy of `files` in which one file was changed.
    fn open_changed(&self, files: &Path, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> Opened {
        let folder = tempfile::tempdir().unwrap();
        copy_files(files, folder.path());
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let store = Store::open(folder.path(), self.world.clock());
        Opened { store, folder, bytes }
    }

    /// The store has everything, and its sums are those of a recount.
    #[track_caller]
    fn check_whole(&self, store: &Store) {
        store.wait_for_blocking(store.log_position()).unwrap();
        assert!(exported(store) == self.facts, "other facts");
        assert_eq!(store.aggregates("winback", None).unwrap(), self.reading);
        assert_eq!(store.verify().unwrap().differences, Vec::<String>::new());
    }
}

/// What became of a changed copy.
struct Opened {
    store: Result<Store, StoreError>,
    folder: tempfile::TempDir,
    /// The changed file before it was opened.
    bytes: Vec<u8>,
}

impl Opened {
    /// The log was told to be damaged and left as it was.
    #[track_caller]
    fn check_told(&self) {
        let error = self.store.as_ref().unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("log.redb") && told.contains("mend: restore a backup"), "{told}");
        assert!(
            std::fs::read(self.folder.path().join("log.redb")).unwrap() == self.bytes,
            "it was written to"
        );
    }
}

fn exported(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.export(None, ExportFormat::Ndjson, &mut bytes, &mut |_, _| ()).unwrap();
    bytes
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect()
}

/// Flips one bit of a page, of a byte that is not 0 if there is one.
fn flip(bytes: &mut [u8], page: usize, random: &mut Random) {
    let page = &mut bytes[page * PAGE..];
    let length = page.len().min(PAGE);
    let used: Vec<usize> = (0..length).filter(|at| page[*at] != 0).collect();
    let at = if used.is_empty() { random.index(length) } else { used[random.index(used.len())] };
    page[at] ^= 1 << random.below(8);
}

fn pages(folder: &Path, file: &str) -> usize {
    std::fs::metadata(folder.join(file)).unwrap().len() as usize / PAGE
}

#[test]
fn a_flipped_bit_in_any_page_of_the_log_is_told() {
    let lived = Lived::new();
    let mut told = 0;
    for page in 0..pages(lived.stopped(), "log.redb") {
        let mut random = Random::new(page as u64);
        let opened = lived.open_changed(lived.stopped(), "log.redb", |bytes| flip(bytes, page, &mut random));
        match &opened.store {
            // A page that holds nothing any more.
            Ok(store) => lived.check_whole(store),
            Err(_) => {
                opened.check_told();
                told += 1;
            }
        }
    }
    assert!(told > 10, "{told} pages hold everything");
}

/// After a kill a commit that is not whole counts as not made, since it was not acknowledged. Damage to the pages
/// of the last commit alone can't be told from that.
#[test]
fn a_flipped_bit_in_the_log_of_a_killed_server_is_told_or_takes_the_last_commit() {
    let lived = Lived::new();
    let killed = lived.killed.path();
    // The last line says how many there are, the one before it is the last fact.
    let but_the_last = lines(&lived.facts).len() - 2;
    let (mut told, mut taken) = (0, 0);
    for page in 0..pages(killed, "log.redb") {
        let mut random = Random::new(page as u64);
        let opened = lived.open_changed(killed, "log.redb", |bytes| flip(bytes, page, &mut random));
        match &opened.store {
            Ok(store) if store.log_position() == lived.reading.sequence => lived.check_whole(store),
            Ok(store) => {
                assert_eq!(store.log_position(), lived.reading.sequence - 1);
                let facts = exported(store);
                assert_eq!(lines(&facts)[..but_the_last], lines(&lived.facts)[..but_the_last]);
                taken += 1;
            }
            Err(_) => {
                opened.check_told();
                told += 1;
            }
        }
    }
    assert!(told > 10 && taken > 0, "{told} told, {taken} taken for a commit that was cut off");
}

#[test]
fn a_flipped_bit_in_any_page_of_the_state_changes_no_sum() {
    let lived = Lived::new();
    for files in [lived.stopped(), lived.killed.path()] {
        for page in 0..pages(files, "state.redb") {
            let mut random = Random::new(page as u64);
            let opened = lived.open_changed(files, "state.redb", |bytes| flip(bytes, page, &mut random));
            lived.check_whole(&opened.store.unwrap());
        }
    }
}
