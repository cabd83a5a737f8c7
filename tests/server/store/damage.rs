//! What a store makes of files that something has damaged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use experiment_core::time::DAY;
use experiment_server::store::{ExportFormat, Store};
use experiment_tests::random::Random;

use super::world::{MARCH, World, accepted, copy_files, event, exposure};

fn lived() -> World {
    let world = World::running();
    for day in 0..2 {
        for i in 0..200 {
            let customer = format!("c-{i}");
            accepted(world.one(exposure(&customer, &format!("x-{day}"), "control", MARCH + day * DAY)));
            accepted(world.one(event(&customer, &format!("e-{day}"), "order", 2.5, MARCH + day * DAY + 9)));
        }
        world.clock.advance(DAY);
    }
    world
}

fn export(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.export(None, ExportFormat::Ndjson, &mut bytes, &mut |_, _| ()).unwrap();
    bytes
}

#[test]
fn explore() {
    let mut world = lived();
    world.settle();
    let crashed = tempfile::tempdir().unwrap();
    copy_files(world.folder.path(), crashed.path());
    let whole = export(world.store());
    let reading = world.reading("winback");
    world.store().shutdown().unwrap();
    world.close();
    for (name, folder) in [("clean", world.folder.path()), ("crashed", crashed.path())] {
        for file in ["log.redb", "state.redb"] {
            let mut tally = std::collections::BTreeMap::<String, (usize, u64)>::new();
            let seeds: u64 = std::env::var("SEEDS").map_or(200, |s| s.parse().unwrap());
            for seed in 0..seeds {
                let what = flip(folder, file, seed, &world, &whole, &reading);
                let entry = tally.entry(what).or_insert((0, seed));
                entry.0 += 1;
            }
            for (what, (count, seed)) in tally {
                eprintln!("{name} {file} {count} (seed {seed}): {what}");
            }
        }
    }
}

fn flip(
    folder: &Path,
    file: &str,
    seed: u64,
    world: &World,
    whole: &[u8],
    reading: &experiment_server::store::Reading,
) -> String {
    let mut random = Random::new(seed);
    let copy = tempfile::tempdir().unwrap();
    copy_files(folder, copy.path());
    let path = copy.path().join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    let mut at = random.index(bytes.len());
    if random.chance(30) {
        at = random.index(400);
    } else {
        while bytes[at] == 0 {
            at = random.index(bytes.len());
        }
    }
    bytes[at] ^= 1 << random.below(8);
    std::fs::write(&path, bytes).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| match Store::open(copy.path(), world.clock()) {
        Err(error) => format!("error {}", error.to_string().replace(copy.path().to_str().unwrap(), "")),
        Ok(store) => {
            let positions = store.log_position();
            if let Err(error) = store.wait_for_blocking(store.log_position()) {
                return format!("wait {error}");
            }
            let exported = catch_unwind(AssertUnwindSafe(|| export(&store)));
            let Ok(exported) = exported else { return "export panic".to_owned() };
            let same = exported == whole;
            let read = match store.aggregates("winback", None) {
                Ok(found) => {
                    if found == *reading {
                        "reading same".to_owned()
                    } else {
                        "READING DIFFERS".to_owned()
                    }
                }
                Err(e) => format!("reading error {e}"),
            };
            let verify = match store.verify() {
                Ok(v) => format!("verify {}", v.differences.len()),
                Err(e) => format!("verify error {e}"),
            };
            format!("opened; log same {same} (position {positions}); {read}; {verify}")
        }
    }));
    result.unwrap_or_else(|_| "PANIC".to_owned())
}
