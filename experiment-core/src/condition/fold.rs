//! Lower case without allocating, the same as JavaScript's `toLowerCase`.
//!
//! # References
//! ECMA-262 (2024) §22.1.3.28; the Unicode Standard, §3.13 Default Case Algorithms (the mapping of every
//! character, and `Final_Sigma`, its one condition that depends on no language).

/// The characters of a text in lower case.
pub(super) fn lower(text: &str) -> impl Iterator<Item = char> + '_ {
    text.char_indices().flat_map(move |(at, c)| {
        // A capital sigma that ends a word is the only character whose mapping depends on its neighbours.
        let c = if c == 'Σ' && ends_word(text, at) { 'ς' } else { c };
        c.to_lowercase()
    })
}

/// Whether the sigma at byte `at` has a letter before it and none behind.
fn ends_word(text: &str, at: usize) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(is_cased);
    let before = text[..at].chars().rev().find(|c| !is_ignorable(*c));
    let behind = text[at..].chars().skip(1).find(|c| !is_ignorable(*c));
    is_letter(before) && !is_letter(behind)
}

fn is_cased(c: char) -> bool {
    // The third: title case letters, such as ǅ, which are neither.
    c.is_lowercase() || c.is_uppercase() || !c.to_lowercase().eq([c])
}

/// What may stand inside a word without ending it: those of the property `Case_Ignorable` that occur in
/// European writing.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\'' | '.' | ':' | '^' | '`' | '\u{a8}' | '\u{ad}' | '\u{af}' | '\u{b4}' | '\u{b7}' | '\u{b8}'
        | '\u{2b9}'..='\u{36f}' | '\u{384}' | '\u{385}' | '\u{387}' | '\u{483}'..='\u{489}'
        | '\u{200b}'..='\u{200f}' | '\u{2018}' | '\u{2019}' | '\u{2024}' | '\u{2027}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{20d0}'..='\u{20f0}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for text in
            ["", "Plain ASCII", "ÄÖÜß", "İstanbul", "ΑΘΗΝΑΣ", "Σ", "ΣΑΣ ΣΑΣ.", "Ο'Σ", "ΑΣ'Α", "ǅΣ", "1Σ"]
        {
            assert_eq!(lower(text).collect::<String>(), text.to_lowercase(), "{text}");
        }
    }

    #[test]
    fn every_character_alone_agrees_with_the_standard_library() {
        for c in (0..=0x1_f000).filter_map(char::from_u32) {
            let text = c.to_string();
            assert!(lower(&text).eq(text.to_lowercase().chars()), "{c:?}");
        }
    }
}
