//! What to believe and what to do.
