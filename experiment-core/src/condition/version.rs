//! Versions in an order of their own: `1.9.0` before `1.10.0`, and `2.0.0-rc.1` before `2.0.0`.
//!
//! The shared rule: drop a leading `v` and build information behind `+`, split at `.` and `-`, add `~` to
//! exactly three parts (so that a release follows its candidates), pad numbers with spaces to five places,
//! join with `-`, compare as text.

use super::actual::Actual;
use super::number::NumberText;

/// Digits that numbers are padded to.
const PLACES: usize = 5;
/// Behind every letter and digit.
const RELEASE: &str = "~";

/// The comparable form of a version.
pub(super) fn padded(actual: Actual<'_>) -> String {
    with_version(actual, |version| pieces(version).collect())
}

/// How the version of `actual` stands to one that is padded already; allocates nothing.
pub(super) fn compare(actual: Actual<'_>, padded: &str) -> std::cmp::Ordering {
    with_version(actual, |version| pieces(version).flat_map(str::encode_utf16).cmp(padded.encode_utf16()))
}

/// What is no text and no number, and the empty text, is version 0.
fn with_version<T>(actual: Actual<'_>, then: impl FnOnce(&str) -> T) -> T {
    match actual {
        Actual::Number(number) => then(NumberText::new(number).as_str()),
        Actual::Text(text) if !text.is_empty() => then(text),
        _ => then("0"),
    }
}

fn pieces(version: &str) -> impl Iterator<Item = &str> {
    let version = without_build(version);
    let version = version.strip_prefix('v').unwrap_or(version);
    let parts = || version.split(['-', '.']);
    let release = (parts().count() == 3).then_some(RELEASE);
    parts().chain(release).enumerate().flat_map(|(index, part)| {
        let joint = if index == 0 { "" } else { "-" };
        let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let missing = if is_number { PLACES.saturating_sub(part.len()) } else { 0 };
        [joint, &"     "[..missing], part]
    })
}

/// Up to the first `+` of the last line.
fn without_build(version: &str) -> &str {
    let is_line_end = |c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    let line = version.rfind(is_line_end).unwrap_or(0);
    version[line..].find('+').map_or(version, |plus| &version[..line + plus])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_padded_as_the_rule_says() {
        let text = |version| padded(Actual::Text(version));
        assert_eq!(text("v1.2.3"), "    1-    2-    3-~");
        assert_eq!(text("1.2.3-rc.1+build.5"), "    1-    2-    3-rc-    1");
        assert_eq!(text("1.2"), "    1-    2");
        assert_eq!(text("123456.1..x"), "123456-    1--x");
        assert_eq!(text(""), "    0");
        assert_eq!(padded(Actual::Number(2.5)), "    2-    5");
        assert_eq!(padded(Actual::Null), "    0");
        assert_eq!(compare(Actual::Text("1.10.0"), &text("1.9.0")), std::cmp::Ordering::Greater);
        assert_eq!(compare(Actual::Text("2.0.0-rc.1"), &text("2.0.0")), std::cmp::Ordering::Less);
    }
}
