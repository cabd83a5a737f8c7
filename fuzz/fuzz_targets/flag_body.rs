//! Any body of an evaluation is answered, whatever flag it is for.
#![no_main]

use experiment_fuzz::answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    answered("POST", "/ofrep/v1/evaluate/flags/winback", &[], body);
    answered("POST", "/ofrep/v1/evaluate/flags", &[], body);
});
