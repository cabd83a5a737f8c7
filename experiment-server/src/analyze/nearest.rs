//! The nearest known name to a mistyped one.

/// The most similar of `names`, case aside; the first of equally similar ones.
pub(super) fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let distance = |name: &&str| strsim::damerau_levenshtein(&given, &name.to_lowercase());
    names.into_iter().min_by_key(distance)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn prefers_fewest_edits() {
        assert_eq!(nearest("usrid", ["version", "userid", "unit"]), Some("userid"));
        assert_eq!(nearest("USERID", ["userids", "userid"]), Some("userid"));
        assert_eq!(nearest("a", []), None);
    }
}
