//! Any body of facts is answered, as a batch and line by line.
#![no_main]

use experiment_fuzz::answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let ndjson = ("content-type", "application/x-ndjson");
    for path in ["/v1/exposures", "/v1/conversions"] {
        answered("POST", path, &[], body);
        answered("POST", path, &[ndjson], body);
        answered("POST", path, &[ndjson, ("accept", "application/x-ndjson")], body);
    }
});
