//! Any bytes can be read as a record of the log or are damage; what is read is written to the same bytes.
#![no_main]

use experiment_server::store::Stored;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(again) = Stored::Record.rewrite(bytes) {
        assert_eq!(again, bytes);
    }
});
