//! What one writer sent, and what it was told.

use std::collections::BTreeMap;

use super::fact::{Fact, Resource};

/// What is known of a fact.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// Sent and never answered: there once, or not at all.
    Unanswered,
    /// There once, under this id if the server made it.
    Acknowledged { made_id: Option<String> },
    /// Nowhere.
    Refused,
}

/// A fact and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) fact: Fact,
    pub(crate) standing: Standing,
}

/// The books of one writer.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// The upper bits of its marks.
    writer: u64,
    /// By the lower bits of their marks.
    entries: Vec<Entry>,
    /// By resource: acknowledged facts with an id of their own, which may be sent again.
    repeatable: [Vec<u64>; 2],
    /// By resource: facts with an id that were never answered.
    open: [Vec<u64>; 2],
    /// Customer → the variant that an assign was answered with.
    pub(crate) variants: BTreeMap<String, String>,
}

/// Bits of a mark that count the facts of a writer.
const COUNT_BITS: u32 = 40;

impl Ledger {
    pub(crate) fn new(writer: u64) -> Ledger {
        let (repeatable, open) = Default::default();
        Ledger { writer, entries: Vec::new(), repeatable, open, variants: BTreeMap::new() }
    }

    /// Which writer's fact has this mark.
    pub(crate) fn writer_of(mark: u64) -> usize {
        (mark >> COUNT_BITS) as usize
    }

    /// The mark of the next fact.
    pub(crate) fn next_mark(&self) -> u64 {
        self.writer << COUNT_BITS | self.entries.len() as u64
    }

    /// Books a fact that carries the next mark.
    pub(crate) fn add(&mut self, fact: Fact, standing: Standing) {
        self.entries.push(Entry { fact, standing });
    }

    pub(crate) fn get(&self, mark: u64) -> Option<&Entry> {
        self.entries.get((mark & ((1 << COUNT_BITS) - 1)) as usize)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Facts of a resource that may be sent again and are known to be there.
    pub(crate) fn repeatable(&self, resource: Resource) -> &[u64] {
        &self.repeatable[resource as usize]
    }

    /// Takes facts that were never answered, to ask again. Some stay as they are for good.
    pub(crate) fn take_open(&mut self, resource: Resource) -> Vec<u64> {
        std::mem::take(&mut self.open[resource as usize])
    }

    /// Facts of a batch that got no answer.
    pub(crate) fn leave_open(&mut self, marks: impl Iterator<Item = u64>) {
        for mark in marks {
            let Some(entry) = self.get(mark) else { continue };
            if entry.fact.id.is_some() && entry.standing == Standing::Unanswered {
                let resource = entry.fact.resource();
                self.open[resource as usize].push(mark);
            }
        }
    }

    /// A fact that was acknowledged.
    pub(crate) fn acknowledge(&mut self, mark: u64, made_id: Option<String>) {
        let index = (mark & ((1 << COUNT_BITS) - 1)) as usize;
        let Some(entry) = self.entries.get_mut(index) else { return };
        entry.standing = Standing::Acknowledged { made_id };
        if entry.fact.id.is_some() {
            self.repeatable[entry.fact.resource() as usize].push(mark);
        }
    }

    /// How much was acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        let known = |entry: &&Entry| matches!(entry.standing, Standing::Acknowledged { .. });
        self.entries.iter().filter(known).count()
    }
}
