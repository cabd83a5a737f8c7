//! Any body of a sample size is answered.
#![no_main]

use experiment_fuzz::answered;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| answered("POST", "/v1/power", &[], body));
