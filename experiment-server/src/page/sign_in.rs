//! The form in which somebody names a key.

use askama::Template;

use super::frame::{Frame, Section};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    next: &'a str,
    refused: Option<&'a str>,
}

/// The form, with why a key was refused; `next` is where it leads.
///
/// # Errors
/// The template can't be filled.
pub(crate) fn sign_in(next: &str, refused: Option<&str>) -> Result<String, askama::Error> {
    SignInPage { frame: Frame::new(Section::SignIn), next, refused }.render()
}
