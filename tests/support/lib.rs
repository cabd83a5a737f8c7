//! What the test binaries share: reference records, data sets, tolerances.
