//! Changes that somebody makes: who is kept in the audit log.

use experiment_core::definition::{self, Experiment, LifecycleStep};

use super::Store;
use super::api_key::{KeyChanged, KeyError, NewKey, Rotation};
use super::api_key_text::{KeyId, KeyText};
use super::api_key_writer::KeyChange;
use super::audit::MAX_WHO_BYTES;
use super::change::{Defined, Expected, Stepped};
use super::command::Command;
use super::erase::Erasure;
use super::erasing::Target;
use super::error::{CatalogError, IntakeError};
use super::pending::Pending;

/// Who acts when nobody is named: a command on the folder itself.
const COMMAND: &str = "command";

/// The store, as somebody changes it.
#[derive(Debug, Clone)]
pub struct Acting<'a> {
    store: &'a Store,
    who: String,
}

impl Store {
    /// The store in the name of `who`: the name of a key, for instance, cut at 256 bytes.
    #[must_use]
    pub fn acting(&self, who: &str) -> Acting<'_> {
        let mut end = who.len().min(MAX_WHO_BYTES);
        while !who.is_char_boundary(end) {
            end -= 1;
        }
        Acting { store: self, who: who[..end].to_owned() }
    }

    /// Creates or replaces a definition together with its overrides, as a command.
    pub fn define(&self, experiment: Experiment, expected: Expected) -> Pending<Defined, CatalogError> {
        self.acting(COMMAND).define(experiment, expected)
    }

    /// Creates or replaces what experiments share, groups included, as a command.
    pub fn share(&self, catalog: definition::Catalog, expected: Expected) -> Pending<Defined, CatalogError> {
        self.acting(COMMAND).share(catalog, expected)
    }

    /// Takes a step of the life cycle, as a command; a step that was taken before changes nothing.
    pub fn step(&self, key: &str, step: LifecycleStep) -> Pending<Stepped, CatalogError> {
        self.acting(COMMAND).step(key, step)
    }

    /// Erases a customer, as a command; see [`Acting::erase`].
    pub fn erase(&self, customer: &str) -> Pending<Erasure, IntakeError> {
        self.acting(COMMAND).erase(customer)
    }

    /// Makes a key, as a command; see [`Acting::create_key`].
    pub fn create_key(&self, key: NewKey) -> Pending<KeyChanged, KeyError> {
        self.acting(COMMAND).create_key(key)
    }

    /// Takes a key back, as a command; see [`Acting::revoke_key`].
    pub fn revoke_key(&self, id: KeyId) -> Pending<KeyChanged, KeyError> {
        self.acting(COMMAND).revoke_key(id)
    }

    /// Makes a key in the place of another, as a command.
    pub fn rotate_key(&self, rotation: Rotation) -> Pending<KeyChanged, KeyError> {
        self.acting(COMMAND).rotate_key(rotation)
    }
}

impl Acting<'_> {
    /// Creates or replaces a definition together with its overrides.
    pub fn define(self, experiment: Experiment, expected: Expected) -> Pending<Defined, CatalogError> {
        let (who, experiment) = (self.who, Box::new(experiment));
        self.store.send(1, |reply| Command::Define { who, experiment, expected, reply })
    }

    /// Creates or replaces what experiments share, groups included.
    pub fn share(self, catalog: definition::Catalog, expected: Expected) -> Pending<Defined, CatalogError> {
        let (who, catalog) = (self.who, Box::new(catalog));
        self.store.send(1, |reply| Command::Share { who, catalog, expected, reply })
    }

    /// Takes a step of the life cycle; a step that was taken before changes nothing.
    pub fn step(self, key: &str, step: LifecycleStep) -> Pending<Stepped, CatalogError> {
        let (who, key) = (self.who, key.to_owned());
        self.store.send(1, |reply| Command::Step { who, key, step, reply })
    }

    /// Erases a customer. Once it is answered, the customer's facts are gone from the log, nothing about the
    /// customer is taken in any more, and the erasure is on disk. Sums and the last bytes follow: see
    /// [`Erasure::erased_at`] and [`Store::wait_for_erasures`]. A customer who was erased before stays so.
    pub fn erase(self, customer: &str) -> Pending<Erasure, IntakeError> {
        self.erase_target(Target::Customer(customer.to_owned()))
    }

    /// Makes a key. Its text is in the answer, and nowhere else. Like all changes of keys, it is taken in while the
    /// state is rebuilt, and is in force when it is answered.
    pub fn create_key(self, key: NewKey) -> Pending<KeyChanged, KeyError> {
        self.with_text(|text| KeyChange::Create(key, text))
    }

    /// Takes a key back. A key that was taken back before stays so.
    pub fn revoke_key(self, id: KeyId) -> Pending<KeyChanged, KeyError> {
        self.change_key(KeyChange::Revoke(id))
    }

    /// Makes a key with the name, the role and the rate of another, which ends after a while.
    pub fn rotate_key(self, rotation: Rotation) -> Pending<KeyChanged, KeyError> {
        self.with_text(|text| KeyChange::Rotate(rotation, text))
    }

    fn with_text(self, change: impl FnOnce(KeyText) -> KeyChange) -> Pending<KeyChanged, KeyError> {
        match KeyText::draw() {
            Ok(text) => self.change_key(change(text)),
            Err(error) => Pending::failed(error),
        }
    }

    fn change_key(self, change: KeyChange) -> Pending<KeyChanged, KeyError> {
        let (who, change) = (self.who, Box::new(change));
        self.store.send_at_once(1, |reply| Command::Keys { who, change, reply })
    }

    pub(super) fn erase_target(self, target: Target) -> Pending<Erasure, IntakeError> {
        let who = self.who;
        self.store.send(1, |reply| Command::Erase { who, target, reply })
    }
}
