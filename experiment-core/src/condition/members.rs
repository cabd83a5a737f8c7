//! Lists of values to be in, made ready for search.

use serde_json::Value;

use super::actual::Actual;
use super::fold::lower;
use super::short;

/// So many texts are looked through rather than searched.
const FEW_TEXTS: usize = 8;

/// Texts, numbers, flags and null; lists and objects in the list equal nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members {
    /// Sorted; in lower case where case is ignored.
    texts: Box<[Box<str>]>,
    /// Sorted.
    numbers: Box<[f64]>,
    null: bool,
    yes: bool,
    no: bool,
    ignores_case: bool,
}

impl Members {
    pub(super) fn new(values: &[Value], ignores_case: bool) -> Members {
        let mut members = Members { ignores_case, ..Members::default() };
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for value in values {
            match Actual::from(value) {
                Actual::Text(text) if ignores_case => texts.push(lower(text).collect()),
                Actual::Text(text) => texts.push(text.into()),
                Actual::Number(number) => numbers.push(without_sign_of_zero(number)),
                Actual::Null => members.null = true,
                Actual::Flag(true) => members.yes = true,
                Actual::Flag(false) => members.no = true,
                Actual::List(_) | Actual::Object(_) => {}
            }
        }
        texts.sort_unstable();
        texts.dedup();
        numbers.sort_unstable_by(f64::total_cmp);
        members.texts = texts.into();
        members.numbers = numbers.into();
        members
    }

    /// Whether the value is in it; of a list, whether any of its items is.
    pub(super) fn meets(&self, actual: Actual<'_>) -> bool {
        match actual {
            Actual::List(items) => items.iter().any(|item| self.contains(Actual::from(item))),
            _ => self.contains(actual),
        }
    }

    /// Whether a text is in it.
    #[inline]
    pub(super) fn has_text(&self, text: &str) -> bool {
        if self.ignores_case {
            return self.texts.binary_search_by(|member| member.chars().cmp(lower(text))).is_ok();
        }
        if self.texts.len() <= FEW_TEXTS {
            return self.texts.iter().any(|member| short::same(member, text));
        }
        self.texts.binary_search_by(|member| (**member).cmp(text)).is_ok()
    }

    /// Whether the value itself is in it, which no list and no object is.
    pub(super) fn contains(&self, actual: Actual<'_>) -> bool {
        match actual {
            Actual::Null => self.null,
            Actual::Flag(flag) => {
                if flag {
                    self.yes
                } else {
                    self.no
                }
            }
            Actual::Number(number) => {
                let number = without_sign_of_zero(number);
                self.numbers.binary_search_by(|member| member.total_cmp(&number)).is_ok()
            }
            Actual::Text(text) => self.has_text(text),
            Actual::List(_) | Actual::Object(_) => false,
        }
    }
}

/// Zero and minus zero are one number.
fn without_sign_of_zero(number: f64) -> f64 {
    number + 0.0
}
