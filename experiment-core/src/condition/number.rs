//! Numbers as JavaScript reads and writes them, without allocating.
//!
//! # References
//! ECMA-262 (2024): §7.1.4.1 ToNumber applied to the String type, §6.1.6.1.20 Number::toString.

use std::fmt::{self, Write};

/// Longest text of a number: a sign, 21 digits or 17 with a point and leading zeros, an exponent.
const LONGEST: usize = 40;

/// The number that a text stands for where a number is needed: blank is 0, nonsense is NaN.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            return parse_whole(digits, radix);
        }
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust reads "inf" and "nan" too, which are no numbers here.
        _ if text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

fn parse_whole(digits: &str, radix: u32) -> f64 {
    let add = |sum: f64, digit: char| {
        digit.to_digit(radix).map_or(f64::NAN, |digit| sum * f64::from(radix) + f64::from(digit))
    };
    if digits.is_empty() { f64::NAN } else { digits.chars().fold(0.0, add) }
}

/// White space and line ends of JavaScript.
pub(super) fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// The text of a finite number, on the stack.
pub(super) struct NumberText {
    bytes: [u8; LONGEST],
    length: usize,
}

impl NumberText {
    pub(super) fn new(number: f64) -> NumberText {
        let mut text = NumberText { bytes: [0; LONGEST], length: 0 };
        // No number is longer than the buffer; if one were, its end would be missing.
        let _ = text.write(number);
        text
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn write(&mut self, number: f64) -> fmt::Result {
        if number == 0.0 {
            return self.write_char('0'); // minus zero too
        }
        // The shortest digits that give the number back, which is what JavaScript writes as well.
        let mut shortest = NumberText { bytes: [0; LONGEST], length: 0 };
        write!(shortest, "{:e}", number.abs())?;
        let (mantissa, exponent) = shortest.as_str().split_once('e').ok_or(fmt::Error)?;
        let exponent: i32 = exponent.parse().map_err(|_| fmt::Error)?;
        let (first, others) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if number < 0.0 {
            self.write_char('-')?;
        }
        // Digits before the point.
        let whole = exponent + 1;
        let count = first.len() + others.len();
        match usize::try_from(whole) {
            Ok(whole @ 1..=21) => {
                for place in 0..count.max(whole) {
                    if place == whole {
                        self.write_char('.')?;
                    }
                    let index = place.checked_sub(1);
                    let digit = index.map_or(first, |index| others.get(index..=index).unwrap_or("0"));
                    self.write_str(digit)?;
                }
                Ok(())
            }
            _ if (-5..=0).contains(&whole) => {
                self.write_str("0.")?;
                (whole..0).try_for_each(|_| self.write_char('0'))?;
                self.write_str(first)?;
                self.write_str(others)
            }
            _ => {
                let point = if others.is_empty() { "" } else { "." };
                write!(self, "{first}{point}{others}e{exponent:+}")
            }
        }
    }
}

impl Write for NumberText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let free = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_as_javascript_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (5.0, "5"),
            (-12.5, "-12.5"),
            (0.1, "0.1"),
            (100.0, "100"),
            (1e21, "1e+21"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1.5e300, "1.5e+300"),
            (0.000_001, "0.000001"),
            (0.000_001_25, "0.00000125"),
            (1e-7, "1e-7"),
            (-1.25e-9, "-1.25e-9"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-f64::MIN_POSITIVE, "-2.2250738585072014e-308"),
        ];
        for (number, text) in cases {
            assert_eq!(NumberText::new(number).as_str(), text);
        }
    }

    #[test]
    fn reads_as_javascript_does() {
        let cases = [
            ("", 0.0),
            (" \n\u{feff}", 0.0),
            (" 12 ", 12.0),
            ("-1.5e3", -1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+7", 7.0),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0o17", 15.0),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text), number, "{text:?}");
        }
        for text in ["abc", "1,5", "1 2", "inf", "nan", "infinity", "-0x1", "0x", "0b2", "1e", ".", "\u{85}"]
        {
            assert!(parse(text).is_nan(), "{text:?}");
        }
    }
}
