//! The example in `docs/storage-format.md`: its bytes are those on disk.

use std::collections::BTreeMap;

use experiment_core::time::SECOND;
use experiment_server::store::{Proposal, ProposedAssign};
use redb::{AccessGuard, Database, ReadableDatabase, TableDefinition};

use super::super::world::{HOUR, MARCH, World, accepted, attributes, event};

const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");
const CUSTOMERS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("customers");
const AGGREGATES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("aggregates");

const BOOK: &str = include_str!("../../../../docs/storage-format.md");
const HEADING: &str = "\n## An example\n";

/// The blocks of the example: a line that names a row, then lines of bytes with what they mean.
fn blocks() -> BTreeMap<&'static str, Vec<u8>> {
    let (_, example) = BOOK.split_once(HEADING).unwrap();
    let example = example.split("\n## ").next().unwrap();
    let blocks = example.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    let of_bytes = |line: &str| -> Vec<u8> {
        let bytes = line.split("  ").next().unwrap();
        bytes.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    blocks
        .map(|block| {
            let (name, lines) = block.split_once('\n').unwrap();
            (name, lines.lines().flat_map(of_bytes).collect())
        })
        .collect()
}

/// The definition of the example.
fn definition() -> &'static str {
    let (_, example) = BOOK.split_once(HEADING).unwrap();
    example.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap()
}

#[test]
fn the_example_of_the_book_lies_on_disk() {
    let mut world = World::new();
    world.start(definition());
    world.clock.set(MARCH + 10 * HOUR);
    accepted(world.one(Proposal::Assign(ProposedAssign {
        customer: "c-1".to_owned(),
        experiment: "winback".to_owned(),
        variant: "discount".to_owned(),
        attributes: Some(attributes("basic")),
    })));
    world.clock.advance(30 * 60 * SECOND);
    accepted(world.one(event("c-1", "o-1", "order", 12.5, MARCH + 10 * HOUR + 29 * 60 * SECOND)));
    world.settle();
    world.store().shutdown().unwrap();
    world.close();

    let [log, state] =
        ["log.redb", "state.redb"].map(|file| Database::open(world.folder.path().join(file)).unwrap());
    let [log, state] = [&log, &state].map(|file| file.begin_read().unwrap());
    let (facts, audit) = (log.open_table(FACTS).unwrap(), log.open_table(AUDIT).unwrap());
    let customers = state.open_table(CUSTOMERS).unwrap();
    let sums = state.open_table(AGGREGATES).unwrap();
    let mut blocks = blocks();
    let key = blocks.remove("aggregates, key").unwrap();
    let mut on_disk = BTreeMap::new();
    let mut note = |name, row: Option<AccessGuard<'_, &'static [u8]>>| {
        on_disk.insert(name, row.unwrap().value().to_vec());
    };
    note("facts, 2", facts.get(2).unwrap());
    note("facts, 3", facts.get(3).unwrap());
    note("audit, 1", audit.get(1).unwrap());
    note("customers, c-1", customers.get(b"c-1".as_slice()).unwrap());
    note("aggregates, value", sums.get(key.as_slice()).unwrap());
    assert_eq!(blocks, on_disk);
}
