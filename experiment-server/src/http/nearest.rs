//! What somebody who mistyped a name probably meant.

/// The candidate that `name` is probably meant to be, if one is near enough.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may differ; a longer text is compared by its beginning only.
    const MOST_CHARS: usize = 200;
    let name: String = name.chars().take(MOST_CHARS).flat_map(char::to_lowercase).collect();
    let reach = (name.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_lowercase());
    let measured = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    measured.filter(|(distance, _)| *distance <= reach).min().map(|(_, candidate)| candidate)
}

/// `did you mean "…"?`, or what else to do.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, candidates).map_or_else(otherwise, |near| format!("did you mean \"{near}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_what_is_near() {
        let known = ["customer", "variant", "id"];
        assert_eq!(nearest("custmoer", known), Some("customer"));
        assert_eq!(nearest("Customer", known), Some("customer"));
        assert_eq!(nearest("ID", known), Some("id"));
        assert_eq!(nearest("weather", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
