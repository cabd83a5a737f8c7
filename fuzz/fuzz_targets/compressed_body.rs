//! Any bytes that are said to be compressed are answered.
#![no_main]

use experiment_fuzz::answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let ndjson = ("content-type", "application/x-ndjson");
    for encoding in ["gzip", "zstd"] {
        let encoding = ("content-encoding", encoding);
        answered("POST", "/v1/conversions", &[encoding], body);
        answered("POST", "/v1/conversions", &[ndjson, encoding, ("accept", "application/x-ndjson")], body);
    }
});
