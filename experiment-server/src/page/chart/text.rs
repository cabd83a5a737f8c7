//! Text inside a picture: escaped, measured, cut.

/// Size of all text in units of the viewBox. The estimates of widths are made for it.
pub(super) const FONT_SIZE: f64 = 12.0;

/// `text` for an attribute or as content: markup is escaped, line ends and tabs are spaces, and what XML refuses
/// (other control characters, two noncharacters) is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if c.is_control() => {}
            _ => safe.push(c),
        }
    }
    safe
}

/// About how wide `text` is at [`FONT_SIZE`], rather too wide than too narrow, in a sans-serif font.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(em).sum::<f64>() * FONT_SIZE
}

/// Width of a character in parts of the font's size, after the wider ones of the usual fonts.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.33,
        'f' | 'r' | 't' | '(' | ')' | '/' | '-' => 0.42,
        '+' | '−' | '<' | '=' | '>' => 0.84,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 0.98,
        'A'..='Z' | '&' => 0.77,
        '\0'..='\u{7f}' => 0.64,
        // Scripts whose characters are about as wide as high.
        '\u{1100}'.. => 1.0,
        _ => 0.7,
    }
}

/// `text` if it is at most `limit` units wide, else as much of it as fits before an ellipsis.
pub(super) fn fitted(text: &str, limit: f64) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut room = limit - width("…");
    let fits = |c: &char| {
        room -= em(*c) * FONT_SIZE;
        room >= 0.0
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_what_xml_refuses_is_left_out() {
        assert_eq!(escaped("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(escaped("a\0b\x1bc\u{85}d\u{fffe}e\u{ffff}f\ng\th"), "abcdef g h");
        assert_eq!(escaped("Größe 数 🙂"), "Größe 数 🙂");
    }

    #[test]
    fn text_is_cut_where_it_does_not_fit() {
        assert_eq!(fitted("abc", width("abc")), "abc");
        assert_eq!(fitted("abcdef", width("abc…")), "abc…");
        assert_eq!(fitted("abcdef", 0.0), "…");
    }
}
