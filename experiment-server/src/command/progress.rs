//! Bars on stderr for long work.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of so many `things`, hidden where nobody watches; without a number, what there is so far.
pub(super) fn bar(of: Option<u64>, things: &'static str, watched: bool) -> ProgressBar {
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = match (of, things) {
        (Some(_), "bytes") => "{bar:40} {bytes} of {total_bytes}, {eta} left",
        (Some(_), _) => "{bar:40} {pos} of {len} {msg}, {eta} left",
        (None, "bytes") => "{bytes} so far, {elapsed}",
        (None, _) => "{pos} {msg} so far, {elapsed}",
    };
    let style = ProgressStyle::with_template(template);
    let bar = ProgressBar::with_draw_target(of, target).with_message(things);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
