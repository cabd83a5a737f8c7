//! What somebody who mistyped a name probably meant.

/// Longer names are not compared: nobody mistypes one so long, and comparing costs their product.
const MAX_COMPARED_BYTES: usize = 256;

/// The candidate that `name` is probably meant to be: the one with the fewest slips, case aside, if they
/// are at most half of its letters. Of equally near ones the first.
///
/// ```
/// use experiment_core::spelling::nearest;
/// assert_eq!(nearest("windwo", ["metrics", "window"]), Some("window"));
/// assert_eq!(nearest("weather", ["metrics", "window"]), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_COMPARED_BYTES {
        return None;
    }
    let name = name.to_lowercase();
    let slips = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_lowercase());
    let measured = candidates.into_iter().map(|candidate| (slips(candidate), candidate));
    let near = measured.filter(|(slips, candidate)| *slips <= candidate.chars().count().max(3) / 2);
    near.min_by_key(|(slips, _)| *slips).map(|(_, candidate)| candidate)
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
        assert_eq!(nearest("a", []), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
