//! Whether the values of a dimension differ, for reading above them.

use std::io::{self, Write};

use experiment_core::report::{Interaction, Report};

use super::number;
use super::table::write_item;
use super::text::cut;

/// The tests of one dimension; nothing where no two of its values could be compared.
pub(super) fn write_interactions(report: &Report, dimension: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut tests = report.interactions.iter().filter(|test| test.dimension == dimension).peekable();
    if tests.peek().is_none() {
        return Ok(());
    }
    writeln!(out)?;
    let title = "do the effects differ between values? (believe that they do only where a * stands)";
    write_item("", &format!("{}: {title}", cut(dimension, 40)), out)?;
    tests.try_for_each(|test| write_item("  ", &sentence(test), out))
}

fn sentence(test: &Interaction) -> String {
    let p = |p| number::p_value(p, None);
    format!(
        "{}, {}: p {}, adj. p {}{} over {} values, I2 {}",
        cut(&test.metric, 40),
        cut(&test.variant, 40),
        p(test.p_value),
        p(test.adjusted_p_value),
        if test.significant { " *" } else { "" },
        number::count(test.values),
        number::percent(test.i_squared),
    )
}
