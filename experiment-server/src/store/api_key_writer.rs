//! The part of the writer that makes, revokes and rotates keys, each with its entry in the audit log.

use std::sync::Arc;

use experiment_core::time::Span;
use redb::WriteTransaction;

use super::api_key::{ApiKey, Expires, KeyChanged, KeyError, KeyState, MAX_KEYS, NewKey, Rotation};
use super::api_key_text::{KeyHash, KeyId, KeyText};
use super::audit::AuditKind;
use super::error::StoreError;
use super::tables::{KEYS, Trying};
use super::writer::{Work, Writer};

/// What is to be done about keys. Texts are drawn by whoever asks: the writer waits for nothing.
#[derive(Debug)]
pub(super) enum KeyChange {
    /// Make one.
    Create(NewKey, KeyText),
    /// Take one back.
    Revoke(KeyId),
    /// Make one in the place of another.
    Rotate(Rotation, KeyText),
}

impl Writer {
    pub(super) fn change_key(
        &mut self,
        change: KeyChange,
        work: &mut Work,
        transaction: &WriteTransaction,
    ) -> Result<Result<KeyChanged, KeyError>, StoreError> {
        match change {
            KeyChange::Create(key, text) => self.create_key(&key, text, work, transaction),
            KeyChange::Revoke(id) => self.revoke_key(id, work, transaction),
            KeyChange::Rotate(rotation, text) => self.rotate_key(&rotation, text, work, transaction),
        }
    }

    fn create_key(
        &mut self,
        new: &NewKey,
        text: KeyText,
        work: &mut Work,
        transaction: &WriteTransaction,
    ) -> Result<Result<KeyChanged, KeyError>, StoreError> {
        let (now, id) = (work.received_at, text.id());
        if work.keys.get(id).is_some() {
            return Ok(Err(KeyError::IdTaken));
        }
        let expires_at = match new.expires.from(now) {
            Ok(expires_at) => expires_at,
            Err(refused) => return Ok(Err(refused)),
        };
        if work.keys.len() >= MAX_KEYS {
            let Some(ended) = Arc::make_mut(&mut work.keys).remove_ended(now) else {
                return Ok(Err(KeyError::TooMany { most: MAX_KEYS }));
            };
            let mut table = transaction.open_table(KEYS).trying("writing keys")?;
            table.remove(ended.0).trying("writing keys")?;
        }
        let key = ApiKey {
            id,
            name: new.name.clone(),
            role: new.role,
            rate: new.rate,
            created_at: now,
            expires_at,
            revoked_at: None,
            hash: KeyHash::of(text.reveal().as_bytes()),
        };
        let key = self.write_key(key, AuditKind::KeyCreated, work, transaction)?;
        Ok(Ok(KeyChanged { key, text: Some(text), replaces: None }))
    }

    fn revoke_key(
        &mut self,
        id: KeyId,
        work: &mut Work,
        transaction: &WriteTransaction,
    ) -> Result<Result<KeyChanged, KeyError>, StoreError> {
        let Some(key) = work.keys.get(id) else {
            return Ok(Err(KeyError::Unknown { id: id.to_string() }));
        };
        let mut key = Arc::clone(key);
        if key.revoked_at.is_none() {
            let revoked = ApiKey { revoked_at: Some(work.received_at), ..ApiKey::clone(&key) };
            key = self.write_key(revoked, AuditKind::KeyRevoked, work, transaction)?;
        }
        Ok(Ok(KeyChanged { key, text: None, replaces: None }))
    }

    fn rotate_key(
        &mut self,
        rotation: &Rotation,
        text: KeyText,
        work: &mut Work,
        transaction: &WriteTransaction,
    ) -> Result<Result<KeyChanged, KeyError>, StoreError> {
        let now = work.received_at;
        let Some(old) = work.keys.get(rotation.old).map(Arc::clone) else {
            return Ok(Err(KeyError::Unknown { id: rotation.old.to_string() }));
        };
        if old.state(now) != KeyState::Active {
            return Ok(Err(KeyError::Ended { id: old.id }));
        }
        // As long as the old one was to last, unless something else is said.
        let lasts = old.expires_at.map(|end| Span(end.0.saturating_sub(old.created_at.0)));
        let expires = rotation.expires.unwrap_or(lasts.map_or(Expires::Never, Expires::After));
        let new = NewKey { name: old.name.clone(), role: old.role, expires, rate: old.rate };
        let made = match self.create_key(&new, text, work, transaction)? {
            Ok(made) => made,
            Err(refused) => return Ok(Err(refused)),
        };
        let end = now.after(rotation.overlap);
        let end = old.expires_at.map_or(end, |before| before.min(end));
        let ending = ApiKey { expires_at: Some(end), ..ApiKey::clone(&old) };
        let replaces = self.write_key(ending, AuditKind::KeyExpiry, work, transaction)?;
        Ok(Ok(KeyChanged { replaces: Some(replaces), ..made }))
    }

    fn write_key(
        &mut self,
        key: ApiKey,
        kind: AuditKind,
        work: &mut Work,
        transaction: &WriteTransaction,
    ) -> Result<Arc<ApiKey>, StoreError> {
        let row = key.encode();
        let mut table = transaction.open_table(KEYS).trying("writing keys")?;
        table.insert(key.id.0, row.as_slice()).trying("writing keys")?;
        drop(table);
        self.audit.append_key(transaction, work.received_at, kind, &key, &row, &work.who)?;
        work.changed_beside_facts = true;
        Ok(Arc::make_mut(&mut work.keys).insert(key))
    }
}
