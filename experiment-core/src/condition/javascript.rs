//! Regular expressions as JavaScript spells them (without flags), in the spelling of `regex-syntax`.
//!
//! `\d`, `\w` and `\b` know ASCII only, `\s` and `.` have a list of their own, and brackets, braces and
//! escapes that stand for themselves in one of the two languages do not in the other. Look-around and
//! references back to a group, which take more than linear time, are refused. Deviation: a character
//! beyond the first plane is one character here and two there.
//!
//! # References
//! ECMA-262 (2024): §22.2.1 Patterns, Annex B.1.2 Regular Expressions Patterns.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str =
    r"\t\n\x0b\x0c\r \xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";
const ANY: &str = r"\x00-\x{10ffff}";
const NOT_LINE_END: &str = r"[^\n\r\x{2028}\x{2029}]";

/// Longest inside of `{n,m}` in characters.
const MAX_COUNTS: usize = 24;

/// The same expression in the other spelling; `Err` says what cannot be said there.
pub(super) fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut translator = Translator { rest: pattern.chars().peekable(), out: String::new() };
    translator.pattern()?;
    Ok(translator.out)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

/// What an escape stands for.
enum Escape {
    /// A class, by what is between its brackets, and whether it is the complement.
    Class(&'static str, bool),
    Char(char),
    /// `\b` and `\B`: something else inside brackets.
    Boundary(bool),
}

impl Translator<'_> {
    fn pattern(&mut self) -> Result<(), &'static str> {
        // Whether there is something that a quantifier could repeat.
        let mut repeatable = false;
        while let Some(c) = self.rest.next() {
            repeatable = match c {
                '*' | '+' | '?' => self.quantifier(c.to_string(), repeatable)?,
                '{' => match self.counts() {
                    Some(counts) => self.quantifier(counts, repeatable)?,
                    None => self.literal('{'),
                },
                '^' | '$' | '|' => {
                    self.out.push(c);
                    false
                }
                '(' => self.group()?,
                ')' => {
                    self.out.push(')');
                    true
                }
                '.' => {
                    self.out.push_str(NOT_LINE_END);
                    true
                }
                '[' => self.class()?,
                '\\' => match self.escape()? {
                    Escape::Class(class, complement) => self.bracketed(class, complement),
                    Escape::Char(c) => self.literal(c),
                    Escape::Boundary(at_word) => {
                        self.out.push_str(if at_word { r"(?-u:\b)" } else { r"(?-u:\B)" });
                        false
                    }
                },
                c => self.literal(c),
            };
        }
        Ok(())
    }

    fn quantifier(&mut self, quantifier: String, repeatable: bool) -> Result<bool, &'static str> {
        if !repeatable {
            return Err("there is nothing to repeat");
        }
        self.out.push_str(&quantifier);
        // Lazy and greedy match the same texts.
        self.rest.next_if_eq(&'?');
        Ok(false)
    }

    /// `n}`, `n,}` or `n,m}` behind a brace; anything else leaves the brace standing for itself.
    fn counts(&mut self) -> Option<String> {
        let inner: String = self.rest.clone().take_while(|c| *c != '}').take(MAX_COUNTS).collect();
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        let is_count = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let is_closed = self.rest.clone().nth(inner.chars().count()) == Some('}');
        if least.is_empty() || !is_count(least) || !is_count(most) || !is_closed {
            return None;
        }
        self.rest.nth(inner.len());
        Some(format!("{{{inner}}}"))
    }

    /// What follows an opening parenthesis; always `false`, since nothing there can be repeated.
    fn group(&mut self) -> Result<bool, &'static str> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(false);
        }
        match (self.rest.next(), self.rest.peek()) {
            (Some(':'), _) => self.out.push_str("?:"),
            (Some('='), _) | (Some('!'), _) | (Some('<'), Some('=' | '!')) => {
                return Err("looking ahead or behind takes more than linear time");
            }
            (Some('<'), _) => {
                self.out.push_str("?<");
                while let Some(c) = self.rest.next_if(|c| *c != '>') {
                    self.out.push(c);
                }
                self.rest.next().ok_or("the name of a group has no end")?;
                self.out.push('>');
            }
            _ => return Err("a group begins with an unknown (? form"),
        }
        Ok(false)
    }

    /// What follows an opening bracket, up to the closing one; always `true`.
    fn class(&mut self) -> Result<bool, &'static str> {
        let complement = self.rest.next_if_eq(&'^').is_some();
        if self.rest.next_if_eq(&']').is_some() {
            // `[]` is nothing and `[^]` everything.
            return Ok(self.bracketed(ANY, !complement));
        }
        self.out.push_str(if complement { "[^" } else { "[" });
        // Whether the last item may begin a range, and whether a range waits for its end.
        let (mut may_begin, mut waits) = (false, false);
        loop {
            let item = match self.rest.next().ok_or("a [ has no ]")? {
                ']' => break,
                '\\' => self.escape()?,
                '-' if may_begin && self.range_follows() => {
                    self.out.push('-');
                    (may_begin, waits) = (false, true);
                    continue;
                }
                c => Escape::Char(c),
            };
            match item {
                Escape::Class(class, complement) => {
                    self.bracketed(class, complement);
                    may_begin = false;
                }
                Escape::Char(c) => may_begin = self.literal(c) && !waits,
                Escape::Boundary(true) => may_begin = self.literal('\u{8}') && !waits,
                Escape::Boundary(false) => may_begin = self.literal('B') && !waits,
            }
            waits = false;
        }
        self.out.push(']');
        Ok(true)
    }

    /// Whether a dash has a single character behind it rather than the end or a class.
    fn range_follows(&self) -> bool {
        let mut ahead = self.rest.clone();
        match ahead.next() {
            None | Some(']') => false,
            Some('\\') => !matches!(ahead.next(), Some('d' | 'D' | 'w' | 'W' | 's' | 'S')),
            Some(_) => true,
        }
    }

    fn escape(&mut self) -> Result<Escape, &'static str> {
        let c = self.rest.next().ok_or("a \\ at the end escapes nothing")?;
        Ok(match c {
            'd' | 'D' => Escape::Class(DIGIT, c == 'D'),
            'w' | 'W' => Escape::Class(WORD, c == 'W'),
            's' | 'S' => Escape::Class(SPACE, c == 'S'),
            'b' | 'B' => Escape::Boundary(c == 'b'),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            't' => Escape::Char('\t'),
            'v' => Escape::Char('\u{b}'),
            'f' => Escape::Char('\u{c}'),
            '0' => Escape::Char('\0'),
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Escape::Char(char::from(letter as u8 & 31)),
                _ => return Err("\\c needs a letter"),
            },
            '1'..='9' => return Err("a reference back to a group takes more than linear time"),
            'x' => Escape::Char(self.hexadecimal(2)?.unwrap_or('x')),
            'u' => Escape::Char(self.hexadecimal(4)?.unwrap_or('u')),
            // Everything else stands for itself, letters too.
            c => Escape::Char(c),
        })
    }

    /// The character with this number in so many digits; `None` if they are not all there.
    fn hexadecimal(&mut self, count: usize) -> Result<Option<char>, &'static str> {
        let digits: String = self.rest.clone().take(count).take_while(char::is_ascii_hexdigit).collect();
        if digits.len() < count {
            return Ok(None);
        }
        self.rest.by_ref().take(count).for_each(drop);
        let number = u32::from_str_radix(&digits, 16).unwrap_or(0);
        char::from_u32(number).map(Some).ok_or("half of a surrogate pair matches no text")
    }

    /// Always `true`: a class can be repeated.
    fn bracketed(&mut self, class: &str, complement: bool) -> bool {
        let open = if complement { "[^" } else { "[" };
        self.out.extend([open, class, "]"]);
        true
    }

    /// A character that stands for itself everywhere; always `true`.
    fn literal(&mut self, c: char) -> bool {
        if c.is_alphanumeric() {
            self.out.push(c);
        } else {
            // Writing to a text cannot fail.
            let _ = write!(self.out, "\\x{{{:x}}}", u32::from(c));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_the_same_in_the_other_language() {
        let cases = [
            ("abc", "abc"),
            (r"^\d+$", "^[0-9]+$"),
            (r"[\w-]", r"[[0-9A-Za-z_]\x{2d}]"),
            ("[a-z-9]", r"[a-z\x{2d}9]"),
            ("[-a]", r"[\x{2d}a]"),
            ("[[&&]", r"[\x{5b}\x{26}\x{26}]"),
            ("a{2,3}?b{,4}", r"a{2,3}b\x{7b}\x{2c}4\x{7d}"),
            ("[]|[^]", r"[^\x00-\x{10ffff}]|[\x00-\x{10ffff}]"),
            (r"a\/b/c", r"a\x{2f}b\x{2f}c"),
            (r"\cJ", r"\x{a}"),
            (r"\bx[\b]", r"(?-u:\b)x[\x{8}]"),
            (r"\x41\u00e9\u{2}", "Aéu{2}"),
            ("(?:a)(?<n>b)", "(?:a)(?<n>b)"),
            (r"\p{L}", r"p\x{7b}L\x{7d}"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(translate(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn refuses_what_has_no_meaning_or_no_bound() {
        for pattern in
            ["*a", "a**", "a|+", "(?=a)", "(?!a)", "(?<=a)b", "(?i)a", r"(a)\1", "[a", "a\\", r"\ud800", "^*"]
        {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
