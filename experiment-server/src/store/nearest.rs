//! Says what somebody may have meant.

use experiment_core::spelling::nearest;

/// Most names listed.
const MAX_LISTED: usize = 20;
/// Most names compared with the wanted one: this is worked out between commits, for each item of a batch.
const MAX_COMPARED: usize = 100;

/// A mend for a name that is not known: the nearest one, and what there is.
pub(super) fn mend<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    if known.is_empty() {
        return "none is known: define one first".to_owned();
    }
    let listed = known[..known.len().min(MAX_LISTED)].join(", ");
    let unlisted = known.len().saturating_sub(MAX_LISTED);
    let more = if unlisted > 0 { format!(" and {unlisted} more") } else { String::new() };
    match nearest(wanted, known.into_iter().take(MAX_COMPARED)) {
        Some(name) => format!("did you mean {name:?}? known: {listed}{more}"),
        None => format!("known: {listed}{more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_and_lists() {
        assert_eq!(
            mend("contrl", ["control", "b"].into_iter()),
            "did you mean \"control\"? known: b, control"
        );
        assert_eq!(mend("x9-zz", ["control", "b"].into_iter()), "known: b, control");
        assert_eq!(mend("a", std::iter::empty()), "none is known: define one first");
        let many: Vec<String> = (0..30).map(|i| format!("variant-{i}")).collect();
        assert!(mend("q", many.iter().map(String::as_str)).ends_with("and 10 more"));
    }
}
