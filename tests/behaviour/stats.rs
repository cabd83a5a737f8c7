//! What must hold for any input: no `NaN`, p within [0, 1], ends in order, arms interchangeable.

mod bayes;
mod counts;
mod degenerate;
mod designs;
mod functions;
mod inputs;
mod looks;
mod means;
mod planning;
mod proportions;
mod samples;
mod survival;
