//! Pages for people: who may open them, what they say, and that they run nothing of anybody else's.

mod company;
mod customer;
mod definition;
mod downloads;
mod hostile;
mod moments;
mod refusals;
mod results;
mod session;
mod shared;

use super::under_test::{Answer, Served};

/// What a page may run: scripts and styles of this server, and none within it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The answer is a page of this status.
fn page(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-security-policy"), POLICY);
    &answer.text
}

/// The page at an address, which there must be.
fn open(served: &Served, path: &str) -> String {
    page(&served.get(path), 200).to_owned()
}

/// What a part of a page says: its text between tags, with single spaces.
fn words(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        text.push(' ');
    }
    let text = text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&#38;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The section with this id, in words.
fn section(html: &str, id: &str) -> String {
    let start =
        html.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}: {html}"));
    let end = html[start..].find("</section>").unwrap();
    words(&html[start..start + end])
}
