//! Any text can be read as a line of an import; one that is taken is taken again once its JSON is written anew.
#![no_main]

use experiment_server::store::check_export_line;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|line: &str| {
    if check_export_line(line).is_err() {
        return;
    }
    // What stands in a document is looked at by whoever takes the line in; it may hold numbers beyond a double.
    let Ok(value) = serde_json::from_str::<Value>(line) else { return };
    check_export_line(&value.to_string()).expect("the order of fields and spaces say nothing");
});
