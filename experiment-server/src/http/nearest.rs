//! What somebody who mistyped a name probably meant.

use experiment_core::spelling::nearest;

/// `did you mean "…"?`, or what else to do.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, candidates).map_or_else(otherwise, |near| format!("did you mean \"{near}\"?"))
}
