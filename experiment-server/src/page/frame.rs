//! What stands around every page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::asset::{ICON, SCRIPT, STYLE};
use super::chart;
use super::text::{ENGLISH, Text, fill};
use crate::page::number;

/// Where a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Experiments and what belongs to one.
    Experiments,
    /// Figures of the whole company.
    Company,
    /// Segments.
    Segments,
    /// Layers.
    Layers,
    /// Where somebody signs in first.
    SignIn,
    /// None of them.
    None,
}

/// What stands around a page: the way to others, and who reads it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Every text.
    pub(super) text: &'static Text,
    /// Where the page belongs.
    pub(super) section: Section,
    /// Who is signed in.
    pub(crate) reader: Option<String>,
    /// What the server calls the page as it is now; it says nothing again to whoever has that.
    pub(crate) moment: Option<String>,
    /// How far the sums are behind, while they are rebuilt.
    pub(crate) catching: Option<Catching>,
    /// Whether the page is one file that stands alone, without a server.
    pub(super) is_file: bool,
}

/// Sums that are not up to date.
#[derive(Debug, Clone)]
pub(crate) struct Catching {
    /// In words.
    pub(super) progress: String,
    /// As a picture.
    pub(super) bar: String,
}

impl Frame {
    /// The frame of a page that a server sends.
    pub(crate) fn new(section: Section) -> Frame {
        Frame { text: &ENGLISH, section, reader: None, moment: None, catching: None, is_file: false }
    }

    /// The frame of a page that is kept as a file.
    #[must_use]
    pub fn of_file() -> Frame {
        Frame { is_file: true, ..Frame::new(Section::Experiments) }
    }

    /// Whether the page belongs to a section.
    fn is_in(&self, section: Section) -> bool {
        self.section == section
    }

    /// Whether there is no way on from here.
    pub(super) fn is_bare(&self) -> bool {
        self.section == Section::SignIn
    }

    pub(super) fn links(&self) -> [Link; 4] {
        let text = self.text;
        let link = |section, href, label| Link { href, label, is_current: self.is_in(section) };
        [
            link(Section::Experiments, "/", text.experiments),
            link(Section::Company, "/company", text.company),
            link(Section::Segments, "/segments", text.segments),
            link(Section::Layers, "/layers", text.layers),
        ]
    }

    pub(super) fn style(&self) -> &'static str {
        &STYLE.name
    }

    pub(super) fn style_text(&self) -> &'static str {
        STYLE.text
    }

    pub(super) fn script(&self) -> &'static str {
        &SCRIPT.name
    }

    pub(super) fn script_text(&self) -> &'static str {
        SCRIPT.text
    }

    /// What a page that stands alone may run: the style and the script that are written in it.
    pub(super) fn file_policy(&self) -> String {
        let of = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
        format!("default-src 'none'; style-src {}; script-src {}", of(STYLE.text), of(SCRIPT.text))
    }

    pub(super) fn icon(&self) -> &'static str {
        &ICON.name
    }
}

impl Catching {
    /// Sums that are made again, so many facts of so many.
    pub(crate) fn rebuilt(folded: u64, of: u64) -> Catching {
        let progress =
            fill(ENGLISH.catching_up, &[("done", &number::count(folded)), ("of", &number::count(of))]);
        Catching { bar: chart::progress_bar(&progress, folded as f64, of as f64), progress }
    }

    /// Sums that lack so many facts, as while many come at once.
    pub(crate) fn behind(facts: u64) -> Catching {
        let progress = fill(ENGLISH.behind, &[("facts", &number::count(facts))]);
        Catching { progress, bar: String::new() }
    }
}

/// A way to another page.
pub(super) struct Link {
    pub(super) href: &'static str,
    pub(super) label: &'static str,
    pub(super) is_current: bool,
}
