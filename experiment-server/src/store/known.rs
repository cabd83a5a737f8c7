//! The variants that customers are known to have met: a bounded cache before the table.

use experiment_core::definition::MAX_CUSTOMER_ID_BYTES;
use quick_cache::sync::{Cache, GuardResult};

use super::admit::Learned;
use super::error::StoreError;

/// Most customers × experiments in memory, about 100 bytes each.
const CAPACITY: usize = 500_000;

/// Which variant (by index) a customer met first. Only positive answers are kept.
#[derive(Debug)]
pub(super) struct KnownVariants {
    cache: Cache<Vec<u8>, u16>,
}

/// Experiment number and customer id, on the stack.
struct Key {
    bytes: [u8; KEY_BYTES],
    length: usize,
}

/// Four bytes of the experiment's number and the longest customer id.
const KEY_BYTES: usize = 4 + MAX_CUSTOMER_ID_BYTES;

impl Key {
    /// `None` for an id longer than any customer's.
    fn new(experiment: u32, customer: &str) -> Option<Key> {
        let mut bytes = [0; KEY_BYTES];
        let length = 4 + customer.len();
        bytes[..4].copy_from_slice(&experiment.to_le_bytes());
        bytes.get_mut(4..length)?.copy_from_slice(customer.as_bytes());
        Some(Key { bytes, length })
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl KnownVariants {
    pub(super) fn new() -> KnownVariants {
        KnownVariants { cache: Cache::new(CAPACITY) }
    }

    /// The variant from memory, else from `look_up`. What `look_up` found is not kept if news about this
    /// customer came meanwhile.
    pub(super) fn get_or_look_up(
        &self,
        experiment: u32,
        customer: &str,
        look_up: impl FnOnce() -> Result<Option<u16>, StoreError>,
    ) -> Result<Option<u16>, StoreError> {
        let Some(key) = Key::new(experiment, customer) else { return Ok(None) };
        match self.cache.get_value_or_guard(key.as_slice(), None) {
            GuardResult::Value(variant) => Ok(Some(variant)),
            GuardResult::Guard(guard) => {
                let found = look_up()?;
                if let Some(variant) = found {
                    // Refused when the entry was written or removed meanwhile: that is newer.
                    let _ = guard.insert(variant);
                }
                Ok(found)
            }
            GuardResult::Timeout => look_up(),
        }
    }

    /// Takes in what a commit changed.
    pub(super) fn learn(&self, learned: Learned) {
        let Learned { experiment, customer, variant } = learned;
        match (variant, Key::new(experiment, &customer)) {
            (Some(variant), Some(key)) => self.cache.insert(key.as_slice().to_vec(), variant),
            _ => self.forget(experiment, &customer),
        }
    }

    /// The next answer comes from the table.
    pub(super) fn forget(&self, experiment: u32, customer: &str) {
        if let Some(key) = Key::new(experiment, customer) {
            self.cache.remove(key.as_slice());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let known = KnownVariants::new();
        for customer in 0..CAPACITY + 50_000 {
            known.learn(Learned { experiment: 1, customer: customer.to_string(), variant: Some(1) });
        }
        let kept = known.cache.len();
        // Shares of it fill up unevenly.
        assert!((CAPACITY * 9 / 10..=CAPACITY).contains(&kept), "{kept}");
        // What was forgotten is looked up again.
        assert_eq!(known.get_or_look_up(2, "c", || Ok(Some(4))).unwrap(), Some(4));
    }

    #[test]
    fn news_beat_a_look_up_under_way() {
        let known = KnownVariants::new();
        let news = |variant| Learned { experiment: 1, customer: "c".to_owned(), variant };
        assert_eq!(known.get_or_look_up(1, "c", || Ok(None)).unwrap(), None);
        let found = known.get_or_look_up(1, "c", || {
            known.learn(news(Some(7)));
            Ok(Some(3))
        });
        assert_eq!(found.unwrap(), Some(3));
        assert_eq!(known.get_or_look_up(1, "c", || panic!("cached")).unwrap(), Some(7));
        known.learn(news(None));
        let found = known.get_or_look_up(1, "c", || {
            known.forget(1, "c");
            Ok(Some(3))
        });
        assert_eq!(found.unwrap(), Some(3));
        assert_eq!(known.get_or_look_up(1, "c", || Ok(Some(4))).unwrap(), Some(4));
        assert_eq!(known.get_or_look_up(2, "c", || Ok(None)).unwrap(), None);
    }
}
