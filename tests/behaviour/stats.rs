//! What must hold for any input: no `NaN`, p within [0, 1], ends in order, arms interchangeable.

mod degenerate;
mod planning;
mod properties;
mod samples;
