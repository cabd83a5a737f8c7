//! Erasures as callers see them: how far they are, and those of one log applied to another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use redb::{Database, ReadableDatabase, ReadableTable};
use serde_json::Value;

use super::Store;
use super::audit::Audit;
use super::audit_check;
use super::erase::{self, CustomerHash, Erasure, Erasures};
use super::erasing::Target;
use super::error::{ReapplyError, StoreError};
use super::pending;
use super::record::Record;
use super::tables::{CATALOG, CUSTOMERS, Trying};

impl Store {
    /// The erasure of a customer, if there was one.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn erasure(&self, customer: &str) -> Result<Option<Erasure>, StoreError> {
        erase::erasure(&self.shared.log(), customer)
    }

    /// Every erasure.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn erasures(&self) -> Result<Erasures, StoreError> {
        erase::erasures(&self.shared.log())
    }

    /// Waits until no erasure is pending.
    ///
    /// # Errors
    /// As [`Store::wait_for`], or the files could not be written: the erasures stay pending then and are tried
    /// again, by this process in half a minute and by the next one at its start.
    pub async fn wait_for_erasures(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let has_failed = || shared.erasures.have_failed() || shared.commit_failed.load(Ordering::Acquire);
        self.wait_until(|| shared.erasures.pending() == 0 || has_failed()).await?;
        if shared.erasures.pending() == 0 {
            return Ok(());
        }
        let detail = "the files could not be copied, see the log; the erasure is pending".to_owned();
        Err(StoreError::Io { what: "removing the last bytes of an erased customer", detail })
    }

    /// [`Store::wait_for_erasures`] for threads outside a runtime.
    ///
    /// # Errors
    /// Likewise.
    pub fn wait_for_erasures_blocking(&self) -> Result<(), StoreError> {
        pending::block_on(self.wait_for_erasures())
    }

    /// The audit log, checked against itself and the facts.
    ///
    /// # Errors
    /// The log can't be read. A broken chain is no error: see [`Audit::broken`].
    pub fn audit(&self) -> Result<Audit, StoreError> {
        audit_check::read(&self.shared.log())
    }

    /// Versions of definitions and of the catalog whose text names this id, in a condition for instance. They are
    /// never changed, so ids belong on override lists and in groups.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn documents_naming(&self, customer: &str) -> Result<Vec<String>, StoreError> {
        let log = self.shared.log();
        let reading = log.begin_read().trying("reading the catalog")?;
        let catalog = reading.open_table(CATALOG).trying("reading the catalog")?;
        let quoted = Value::from(customer).to_string();
        let mut naming = Vec::new();
        for row in catalog.iter().trying("reading the catalog")? {
            let (_, record) = row.trying("reading the catalog")?;
            match Record::decode(record.value())? {
                Record::Definition(record) if record.document.contains(&quoted) => {
                    naming.push(format!("version {} of the definition {:?}", record.version, record.key));
                }
                Record::Catalog(record) if record.document.contains(&quoted) => {
                    naming.push(format!("version {} of the catalog", record.version));
                }
                _ => {}
            }
        }
        Ok(naming)
    }

    /// Erases whoever was erased in the log that this one is an older backup of; says how many erasures are new
    /// here. Everything must be folded: see [`Store::wait_for`].
    ///
    /// # Errors
    /// [`ReapplyError`]; nobody is erased by a log with another key.
    pub fn reapply(&self, from: &Erasures) -> Result<usize, ReapplyError> {
        let here = self.erasures()?;
        if here.key_id != from.key_id {
            return Err(ReapplyError::OtherKey);
        }
        let known: BTreeSet<CustomerHash> = here.erasures.iter().map(|erasure| erasure.customer).collect();
        let new = from.erasures.iter().map(|erasure| erasure.customer).filter(|hash| !known.contains(hash));
        let new: BTreeSet<CustomerHash> = new.collect();
        let mut found = self.find_customers(&new)?;
        let mut answers = Vec::new();
        for hash in &new {
            let target = found.remove(hash).map_or(Target::Unknown(*hash), Target::Customer);
            answers.push(self.acting("reapply").erase_target(target));
        }
        answers.into_iter().try_for_each(|answer| answer.wait().map(|_| ()))?;
        Ok(new.len())
    }

    /// The ids behind hashes, wherever an id may stand.
    fn find_customers(
        &self,
        wanted: &BTreeSet<CustomerHash>,
    ) -> Result<BTreeMap<CustomerHash, String>, StoreError> {
        let mut found = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let key = erase::key(&self.shared.log())?;
        let mut try_id = |id: &str| {
            let hash = key.hash(id);
            if wanted.contains(&hash) {
                found.insert(hash, id.to_owned());
            }
        };
        let catalog = self.catalog();
        for entry in catalog.iter() {
            entry.overrides.keys().for_each(|id| try_id(id));
        }
        for value in catalog.shared().catalog.groups.values().flatten() {
            match value {
                Value::String(text) => try_id(text),
                Value::Number(number) => try_id(&number.to_string()),
                _ => {}
            }
        }
        each_customer(&self.shared.state(), try_id)?;
        Ok(found)
    }
}

fn each_customer(state: &Database, mut visit: impl FnMut(&str)) -> Result<(), StoreError> {
    let reading = state.begin_read().trying("reading the state")?;
    let customers = reading.open_table(CUSTOMERS).trying("reading customers")?;
    for row in customers.iter().trying("reading customers")? {
        let (customer, _) = row.trying("reading customers")?;
        visit(&String::from_utf8_lossy(customer.value()));
    }
    Ok(())
}
