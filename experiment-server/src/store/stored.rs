//! Everything in the two files whose bytes are our own, to be read and written again: the fuzzer's way in.
//!
//! What opening and folding read goes through the same functions. Bytes that can't be read are damage, which is
//! an error and nothing worse; bytes that can be read are spelled in one way.

use std::path::Path;

use super::api_key::ApiKey;
use super::audit::{AuditEntry, Tail};
use super::backfill::Walk;
use super::erase::CustomerHash;
use super::error::StoreError;
use super::key::{CellKey, PlaceKey};
use super::position::Position;
use super::record::Record;
use super::recover::Identity;
use super::row::Row;
use super::sums;
use super::tables::{LOG_FILE, STATE_FILE};

/// A place in the two files whose bytes are our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// `log.redb`: what `facts` and `catalog` hold.
    Record,
    /// `log.redb`: what `audit` holds.
    AuditEntry,
    /// `log.redb`: the end of the audit log.
    AuditTail,
    /// `log.redb`: which log it is.
    Identity,
    /// `log.redb`: a key of `erasures`.
    Erasure,
    /// `log.redb`: what `keys` holds.
    Key,
    /// `state.redb`: how far it is.
    Position,
    /// `state.redb`: the walk under way.
    Walk,
    /// `state.redb`: what `customers` holds.
    Row,
    /// `state.redb`: a key of `aggregates`.
    SumsKey,
    /// `state.redb`: a key of `deltas`.
    DailySumsKey,
    /// `state.redb`: what `aggregates` and `deltas` hold.
    Sums,
    /// `state.redb`: a key of `counts`.
    CountKey,
    /// `state.redb`: a key of `count_deltas`.
    DailyCountKey,
}

impl Stored {
    /// All of them.
    pub const ALL: [Stored; 14] = [
        Stored::Record,
        Stored::AuditEntry,
        Stored::AuditTail,
        Stored::Identity,
        Stored::Erasure,
        Stored::Key,
        Stored::Position,
        Stored::Walk,
        Stored::Row,
        Stored::SumsKey,
        Stored::DailySumsKey,
        Stored::Sums,
        Stored::CountKey,
        Stored::DailyCountKey,
    ];

    /// Reads `bytes` as what stands there, and writes that again: to the same bytes, or something is wrong.
    ///
    /// # Errors
    /// [`StoreError`]: what stands there never has such bytes, or they are another version's.
    pub fn rewrite(self, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut out = Vec::new();
        match self {
            Stored::Record => Record::decode(bytes)?.encode(&mut out),
            Stored::AuditEntry => {
                let entry = AuditEntry::decode(0, bytes)?;
                out = entry.encode();
                out.extend_from_slice(&entry.hash);
            }
            Stored::AuditTail => out = Tail::decode(bytes)?.encode(),
            Stored::Identity => out = Identity::decode(Path::new(LOG_FILE), bytes)?.encode(),
            Stored::Erasure => out.extend_from_slice(&CustomerHash::decode(bytes)?.0),
            Stored::Key => out = ApiKey::decode(0, bytes)?.encode(),
            Stored::Position => {
                let position = Position::decode(bytes)?;
                let other = || StoreError::Corrupt {
                    what: STATE_FILE.to_owned(),
                    detail: "it is another version's".to_owned(),
                };
                out = position.ok_or_else(other)?.encode();
            }
            Stored::Walk => out = Walk::decode(bytes)?.encode(),
            Stored::Row => {
                let row = Row::decode(bytes)?;
                let mut exposures = Vec::new();
                row.read_exposures(&mut exposures)?;
                Row::EMPTY.extend(&exposures, row.events(), &mut out);
            }
            Stored::SumsKey => CellKey::decode(bytes)?.encode(&mut out),
            Stored::DailySumsKey => {
                let (received, key) = CellKey::decode_delta(bytes)?;
                key.encode_delta(received, &mut out);
            }
            Stored::Sums => sums::encode(&sums::decode(bytes)?, &mut out),
            Stored::CountKey => PlaceKey::decode(bytes)?.encode(&mut out),
            Stored::DailyCountKey => {
                let (received, key) = PlaceKey::decode_delta(bytes)?;
                key.encode_delta(received, &mut out);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The fuzz targets `record` and `stored` ask more of it.
        #[test]
        fn what_can_be_read_is_written_again(place in 0..Stored::ALL.len(), bytes in proptest::collection::vec(0..8_u8, 0..120)) {
            if let Ok(again) = Stored::ALL[place].rewrite(&bytes) {
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_damage() {
        // A row with 2^32 - 1 bytes of exposures, sums of 255 entries, an exposure with a customer of 64 KiB.
        let sums = [[0; 24].as_slice(), &[255]].concat();
        for (place, bytes) in [
            (Stored::Row, [1, 255, 255, 255, 255, 255, 255].as_slice()),
            (Stored::Sums, &sums),
            (Stored::Record, &[[1, 3].as_slice(), &[0; 17], &[255, 255]].concat()),
        ] {
            let error = place.rewrite(bytes).unwrap_err();
            assert!(error.to_string().contains("it ends too early"), "{place:?}: {error}");
        }
    }
}
