//! Says what somebody may have meant.

/// Most names listed.
const MAX_LISTED: usize = 20;

/// A mend for a name that is not known: the nearest one, and what there is.
pub(super) fn mend<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<(usize, &str)> =
        known.map(|name| (strsim::damerau_levenshtein(wanted, name), name)).collect();
    known.sort_unstable();
    let Some((distance, nearest)) = known.first().copied() else {
        return "none is known: define one first".to_owned();
    };
    let is_near = distance <= 1 + wanted.chars().count() / 4;
    let count = known.len();
    known.truncate(MAX_LISTED);
    known.sort_unstable_by_key(|(_, name)| *name);
    let listed: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
    let listed = listed.join(", ");
    let more = if count > MAX_LISTED { format!(" and {} more", count - MAX_LISTED) } else { String::new() };
    if is_near {
        format!("did you mean {nearest:?}? known: {listed}{more}")
    } else {
        format!("known: {listed}{more}")
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
