//! The script, the stylesheet and the icon: written by hand, part of the binary.

use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

/// A file that pages load.
pub(crate) struct Asset {
    /// Changes with the content, so that browsers may keep it for ever.
    pub(crate) name: String,
    /// Such as `text/css`.
    pub(crate) media_type: &'static str,
    /// What is in it.
    pub(crate) text: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, text: &'static str) -> Asset {
        Asset { name: format!("{stem}-{:016x}.{extension}", xxh3_64(text.as_bytes())), media_type, text }
    }
}

/// How pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_str!("assets/page.css")));
/// What pages do beyond being read.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page", "js", "text/javascript; charset=utf-8", include_str!("assets/page.js"))
});
/// What browsers show beside the title.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// The file with this name.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    [&STYLE, &SCRIPT, &ICON].into_iter().map(LazyLock::force).find(|asset| asset.name == name)
}
