//! What is in the log but not folded yet, as far as admission asks for it.

use std::collections::{HashMap, VecDeque};

use experiment_core::time::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::fast_hash::BuildMixing;

/// Facts after which a new segment is begun; segments are forgotten whole.
const SEGMENT_FACTS: usize = 50_000;
/// The end of a chain.
const NONE: u32 = u32::MAX;

/// Facts in the order of the log, forgotten from the front as the folder comes along.
#[derive(Debug)]
pub(super) struct Overlay {
    /// Random, so that nobody can choose customers who collide.
    seed: u64,
    segments: VecDeque<Segment>,
}

#[derive(Debug, Default)]
struct Segment {
    /// One past the last sequence in it.
    end: u64,
    facts: usize,
    events: Vec<ChainedEvent>,
    /// Hash of the customer → the customer's latest event in `events`.
    heads: HashMap<u64, u32, BuildMixing>,
    exposures: HashMap<Box<str>, Vec<PendingExposure>>,
}

#[derive(Debug, Clone, Copy)]
struct ChainedEvent {
    id_hash: u64,
    sequence: u64,
    /// The customer's event before this one.
    next: u32,
}

/// An exposure that is not folded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PendingExposure {
    /// The experiment's number.
    pub(super) experiment: u32,
    /// The variant's index.
    pub(super) variant: u16,
    /// The customer was on an override list.
    pub(super) is_override: bool,
    /// When.
    pub(super) at: Timestamp,
    /// Its place in the log.
    pub(super) sequence: u64,
    /// Its id.
    pub(super) id: Box<str>,
}

impl Overlay {
    /// Remembers nothing yet.
    pub(super) fn new(seed: u64) -> Overlay {
        Overlay { seed, segments: VecDeque::new() }
    }

    /// Forgets what is folded, a whole segment at a time.
    pub(super) fn forget(&mut self, folded: u64) {
        while self.segments.front().is_some_and(|segment| segment.end <= folded) {
            self.segments.pop_front();
        }
    }

    /// Remembers an event.
    pub(super) fn push_event(&mut self, customer: &str, id_hash: u64, sequence: u64) {
        let customer = self.hash(customer);
        let segment = self.segment_for(sequence);
        // Lossless: a segment holds at most SEGMENT_FACTS.
        let index = segment.events.len() as u32;
        let next = segment.heads.insert(customer, index).unwrap_or(NONE);
        segment.events.push(ChainedEvent { id_hash, sequence, next });
    }

    /// Remembers an exposure.
    pub(super) fn push_exposure(&mut self, customer: &str, exposure: PendingExposure) {
        let segment = self.segment_for(exposure.sequence);
        match segment.exposures.get_mut(customer) {
            Some(exposures) => exposures.push(exposure),
            None => {
                segment.exposures.insert(customer.into(), vec![exposure]);
            }
        }
    }

    /// The sequences of the customer's events whose id has this hash. Another customer's may be among
    /// them: the log tells.
    pub(super) fn events_with_hash(
        &self,
        customer: &str,
        id_hash: u64,
    ) -> impl Iterator<Item = u64> + use<'_> {
        let same = move |event: &&ChainedEvent| event.id_hash == id_hash;
        self.events(customer).filter(same).map(|event| event.sequence)
    }

    /// How many events of the customer are at `from` or later.
    pub(super) fn event_count(&self, customer: &str, from: u64) -> usize {
        self.events(customer).filter(|event| event.sequence >= from).count()
    }

    /// The customer's exposures at `from` or later.
    pub(super) fn exposures<'a>(
        &'a self,
        customer: &'a str,
        from: u64,
    ) -> impl Iterator<Item = &'a PendingExposure> {
        let all = self.segments.iter().filter_map(move |segment| segment.exposures.get(customer)).flatten();
        all.filter(move |exposure| exposure.sequence >= from)
    }

    /// The sequences of everything that is remembered of the customer. Another customer's may be among them:
    /// the log tells.
    pub(super) fn sequences<'a>(&'a self, customer: &'a str) -> impl Iterator<Item = u64> + 'a {
        let exposures = self.exposures(customer, 0).map(|exposure| exposure.sequence);
        self.events(customer).map(|event| event.sequence).chain(exposures)
    }

    /// Forgets the customer's exposures. Of events no more is remembered than where they were.
    pub(super) fn forget_customer(&mut self, customer: &str) {
        for segment in &mut self.segments {
            segment.exposures.remove(customer);
        }
    }

    fn events(&self, customer: &str) -> impl Iterator<Item = &ChainedEvent> + use<'_> {
        let customer = self.hash(customer);
        self.segments.iter().flat_map(move |segment| {
            let mut next = segment.heads.get(&customer).copied().unwrap_or(NONE);
            std::iter::from_fn(move || {
                let event = segment.events.get(next as usize)?;
                next = event.next;
                Some(event)
            })
        })
    }

    fn hash(&self, customer: &str) -> u64 {
        xxh3_64_with_seed(customer.as_bytes(), self.seed)
    }

    fn segment_for(&mut self, sequence: u64) -> &mut Segment {
        if self.segments.back().is_none_or(|segment| segment.facts >= SEGMENT_FACTS) {
            self.segments.push_back(Segment::default());
        }
        let last = self.segments.len() - 1;
        let segment = &mut self.segments[last];
        segment.facts += 1;
        segment.end = sequence + 1;
        segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(sequence: u64) -> PendingExposure {
        let id = format!("x-{sequence}").into();
        PendingExposure { experiment: 0, variant: 1, is_override: false, at: Timestamp(0), sequence, id }
    }

    #[test]
    fn remembers_until_folded() {
        let mut overlay = Overlay::new(7);
        let facts = 2 * SEGMENT_FACTS as u64 + 10;
        for sequence in 0..facts {
            let customer = if sequence % 2 == 0 { "even" } else { "odd" };
            overlay.push_event(customer, sequence / 2 % 100, sequence);
        }
        overlay.push_exposure("even", exposure(facts));
        assert_eq!(overlay.segments.len(), 3);
        assert_eq!(overlay.event_count("even", 0), facts as usize / 2);
        assert_eq!(overlay.event_count("even", facts - 4), 2);
        let same_hash = (0..facts / 2).filter(|index| index % 100 == 3).count();
        assert_eq!(overlay.events_with_hash("odd", 3).count(), same_hash);
        assert_eq!(overlay.event_count("other", 0), 0);
        overlay.forget(SEGMENT_FACTS as u64 - 1);
        assert_eq!(overlay.segments.len(), 3);
        overlay.forget(SEGMENT_FACTS as u64);
        assert_eq!(overlay.event_count("even", 0), (facts as usize - SEGMENT_FACTS) / 2);
        assert_eq!(overlay.exposures("even", 0).collect::<Vec<_>>(), [&exposure(facts)]);
        assert_eq!(overlay.exposures("even", facts + 1).count(), 0);
        assert_eq!(overlay.exposures("odd", 0).count(), 0);
        overlay.forget(facts + 1);
        assert_eq!(overlay.event_count("even", 0) + overlay.exposures("even", 0).count(), 0);
    }
}
