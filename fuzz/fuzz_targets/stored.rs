//! Any bytes can be read at any place of the two files whose bytes are our own, or are damage; what is read is
//! written to the same bytes.
//!
//! The first byte says which place, the others are what stands there.
#![no_main]

use experiment_server::store::Stored;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((place, bytes)) = data.split_first() else { return };
    let place = Stored::ALL[usize::from(*place) % Stored::ALL.len()];
    if let Ok(again) = place.rewrite(bytes) {
        assert_eq!(again, bytes, "{place:?}");
    }
});
