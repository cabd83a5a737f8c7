//! Regular expressions that match without allocating, locking or going back.

use std::sync::Arc;

use regex_automata::dfa::dense::{BuildError, Builder, Config, DFA};
use regex_automata::dfa::{Automaton, StartKind};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

use super::actual::Actual;
use super::javascript::translate;

/// Longest regular expression in bytes.
const MAX_PATTERN_BYTES: usize = 1_024;
/// Largest automaton before its states are worked out, in bytes.
const MAX_NFA_BYTES: usize = 512 * 1_024;
/// Largest automaton that is kept, in bytes.
const MAX_DFA_BYTES: usize = 1_024 * 1_024;
/// Most memory for working out its states, in bytes.
const MAX_BUILD_BYTES: usize = 4 * 1_024 * 1_024;

/// Why a text is no regular expression.
pub(super) struct PatternError {
    pub(super) detail: String,
    pub(super) mend: &'static str,
    /// Working that out took as long as may be, so that no further one should be tried.
    pub(super) is_too_large: bool,
}

/// A regular expression with all its states worked out: a match is a table look-up a byte. The ordinary
/// engine needs scratch memory from a pool behind a lock, and `assign` neither locks nor allocates.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    states: Arc<DFA<Vec<u32>>>,
}

impl Pattern {
    pub(super) fn new(pattern: &str, ignores_case: bool) -> Result<Pattern, PatternError> {
        if pattern.len() > MAX_PATTERN_BYTES {
            let detail = format!("{} bytes are too long for a regular expression", pattern.len());
            return Err(PatternError { detail, mend: "keep to 1024 bytes", is_too_large: false });
        }
        let translated = translate(pattern).map_err(|reason| PatternError {
            detail: format!("is no regular expression that can be used: {reason}"),
            mend: "mend the expression, or say it with other operators",
            is_too_large: false,
        })?;
        let states = build(&translated, ignores_case)?;
        Ok(Pattern { states: Arc::new(states) })
    }

    /// Whether it matches anywhere in the text of the value.
    pub(super) fn matches(&self, actual: Actual<'_>) -> bool {
        let states = &*self.states;
        // There is a state to start in: it was asked for when the automaton was built.
        let Ok(mut state) = states.start_state(&start::Config::new().anchored(Anchored::No)) else {
            return false;
        };
        let is_decided = |state| states.is_match_state(state) || states.is_dead_state(state);
        actual.write_text(&mut |piece| {
            for byte in piece.bytes() {
                if states.is_special_state(state) && is_decided(state) {
                    return;
                }
                state = states.next_state(state, byte);
            }
        });
        // A match shows a byte late, and the end of the text counts as one.
        states.is_match_state(state) || states.is_match_state(states.next_eoi_state(state))
    }
}

fn build(pattern: &str, ignores_case: bool) -> Result<DFA<Vec<u32>>, PatternError> {
    // Only whether there is a match is asked, so where one would end need not be between characters.
    let spelling = syntax::Config::new().case_insensitive(ignores_case).utf8(false);
    let nfa = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MAX_NFA_BYTES));
    let dfa = Config::new()
        .start_kind(StartKind::Unanchored)
        .match_kind(MatchKind::LeftmostFirst)
        .dfa_size_limit(Some(MAX_DFA_BYTES))
        .determinize_size_limit(Some(MAX_BUILD_BYTES));
    Builder::new()
        .syntax(spelling)
        .thompson(nfa)
        .configure(dfa)
        .build(pattern)
        .map_err(|error| in_words(&error))
}

fn in_words(error: &BuildError) -> PatternError {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let words = innermost.to_string();
    if words.contains("limit") {
        let detail = "the regular expression needs too many states".to_owned();
        let mend = "use smaller counts, or say it with other operators";
        return PatternError { detail, mend, is_too_large: true };
    }
    // The last line says what is wrong; those before it draw where.
    let reason = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let detail = format!("is no regular expression: {reason}");
    PatternError { detail, mend: "mend the expression", is_too_large: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, false)
            .unwrap_or_else(|e| panic!("{pattern}: {}", e.detail))
            .matches(Actual::Text(text))
    }

    #[test]
    fn matches_as_javascript_does() {
        let yes = [
            ("", ""),
            ("b", "abc"),
            ("^$", ""),
            (r"^\d{2,3}$", "123"),
            (r"@(example|test)\.com$", "anna@test.com"),
            (r"^\s$", "\u{feff}"),
            (r"\bcat\b", "a cat."),
            (r"\bé", "xé"), // é is no letter of \b, so a boundary is before it
            ("^.$", "é"),
            (r"[^@]+@", "Zoë@x"),
            ("a|", "zzz"),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        let no = [
            ("^b", "abc"),
            ("b$", "abc\n"),
            (r"\d", "٣"),
            (r"\w", "é"),
            (r"\s", "\u{85}"),
            (".", "\u{2028}"),
            ("[]", "a"),
            (r"\bcat\b", "concat"),
            ("abc", "ab"),
        ];
        for (pattern, text) in no {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn reads_lists_and_numbers_as_texts() {
        let matches =
            |pattern, value| Pattern::new(pattern, true).is_ok_and(|p| p.matches(Actual::from(&value)));
        assert!(matches("^A,1,,TRUE$", json!(["a", 1, null, true])));
        assert!(matches(r"^1\.5$", json!(1.5)));
        assert!(matches("^null$", json!(null)));
        assert!(!matches("a,b,c", json!(["a", "b"])));
    }

    #[test]
    fn says_what_is_wrong() {
        let detail = |pattern: &str| Pattern::new(pattern, false).err().unwrap().detail;
        assert!(detail("(a").contains("unclosed group"), "{}", detail("(a"));
        assert!(detail("[b-a]").contains("range"), "{}", detail("[b-a]"));
        assert!(detail("(?=a)").contains("ahead"));
        assert!(detail("(a|b)*a(a|b){40}").contains("too many states"), "{}", detail("(a|b)*a(a|b){40}"));
        assert!(detail("((a{100}){100}){100}").contains("too many states"));
        assert!(detail(&"a".repeat(2_000)).contains("too long"));
    }
}
