//! Any file can be imported into an empty store: what fits is taken in, the rest is refused line by line, and the
//! store is sound afterwards.
#![no_main]

use std::io::Error;
use std::path::PathBuf;
use std::sync::Arc;

use experiment_core::time::Timestamp;
use experiment_server::store::{Disk, Pace, Space, Store};
use libfuzzer_sys::fuzz_target;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, DatabaseError};

/// A disk on which nothing is there yet.
struct Memory;

impl Disk for Memory {
    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(file)
    }

    fn exists(&self, _: &str) -> Result<bool, Error> {
        Ok(false)
    }

    fn open(&self, _: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        builder.create_with_backend(InMemoryBackend::new())
    }

    fn remove(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn rename(&self, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }

    fn size(&self, _: &str) -> Result<u64, Error> {
        Ok(0)
    }

    fn space(&self) -> Option<Space> {
        None
    }
}

/// 2026-06-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_780_272_000_000_000);

fuzz_target!(|file: &[u8]| {
    let store = Store::open_on(Arc::new(Memory), Arc::new(|| NOW), Pace::default()).expect("it is new");
    // Why a file is not taken in whole is told; what was taken in before stays.
    let _ = store.import(&mut &*file, &mut |_| ());
    store.wait_for_blocking(store.log_position()).expect("what is logged can be folded");
    while store.is_backfilling() {
        store.step_backfill().expect("what is folded can be walked over");
    }
    let found = store.verify().expect("what is logged can be recounted");
    assert_eq!(found.differences, Vec::<String>::new());
    assert_eq!(store.audit().expect("it can be read").broken, None);
    assert!(store.ready().ready);
});
