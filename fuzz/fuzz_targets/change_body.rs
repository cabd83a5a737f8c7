//! Any body of a change is answered: of definitions, what they share, life cycles and keys that are not there.
#![no_main]

use experiment_fuzz::answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for media in ["application/json", "application/yaml"] {
        // Never what was sent last, so nothing is changed.
        let headers = [("content-type", media), ("if-match", "\"0\"")];
        answered("PUT", "/v1/experiments/winback", &headers, body);
        answered("PUT", "/v1/catalog", &headers, body);
    }
    for path in ["start", "stop", "conclude", "archive"] {
        answered("POST", &format!("/v1/experiments/none/{path}"), &[], body);
    }
    answered("POST", "/v1/keys/000000000000/rotate", &[], body);
});
