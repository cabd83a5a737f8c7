//! What people see when something is wrong.

use askama::Template;

use super::frame::{Frame, Section};

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
    /// Whether it passes by itself.
    passes: bool,
}

/// A page that says what is wrong and how to mend it. One that says what `passes` by itself asks again.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn problem(title: &str, detail: &str, passes: bool) -> Result<String, askama::Error> {
    ProblemPage { frame: Frame::new(Section::None), title, detail, passes }.render()
}
