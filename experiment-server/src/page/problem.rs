//! What people see when something is wrong.

use askama::Template;

use super::frame::{Frame, Section};

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
}

/// A page that says what is wrong and how to mend it.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn problem(title: &str, detail: &str) -> Result<String, askama::Error> {
    ProblemPage { frame: Frame::new(Section::None), title, detail }.render()
}
