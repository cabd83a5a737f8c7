//! The lines in which two texts differ.

use std::time::Duration;

use similar::{ChangeTag, DiffOp, TextDiff};

/// Lines beside a change that are shown too.
const CONTEXT: usize = 3;
/// How long the shortest difference is looked for; behind that, one that is right but longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is in both.
    Same,
    /// It is in the first only.
    Removed,
    /// It is in the second only.
    Added,
    /// So many that are in both are left out here.
    LeftOut(usize),
}

/// One line of a difference, without its line break; empty where lines are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) change: Change,
    pub(super) text: String,
}

/// What differs between two texts, with a few lines around it; nothing where they are the same.
pub(super) fn line_diff(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let (mut lines, mut shown) = (Vec::new(), 0);
    let leave_out = |lines: &mut Vec<Line>, count: usize| {
        if count > 0 {
            lines.push(Line { change: Change::LeftOut(count), text: String::new() });
        }
    };
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        leave_out(&mut lines, first.old_range().start - shown);
        shown = last.old_range().end;
        let changes = group.iter().flat_map(|op: &DiffOp| diff.iter_changes(op));
        lines.extend(changes.map(|change| Line {
            change: match change.tag() {
                ChangeTag::Equal => Change::Same,
                ChangeTag::Delete => Change::Removed,
                ChangeTag::Insert => Change::Added,
            },
            text: change.value().trim_end_matches('\n').to_owned(),
        }));
    }
    if !lines.is_empty() {
        leave_out(&mut lines, diff.old_len() - shown);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a unified difference writes it, with the number of lines left out.
    fn told(old: &str, new: &str) -> String {
        let told = line_diff(old, new).into_iter().map(|line| match line.change {
            Change::Same => format!(" {}", line.text),
            Change::Removed => format!("-{}", line.text),
            Change::Added => format!("+{}", line.text),
            Change::LeftOut(count) => format!("@{count}"),
        });
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn shows_what_changed_and_a_little_around_it() {
        assert_eq!(told("a\nb\nc\n", "a\nB\nc\n"), " a\n-b\n+B\n c");
        assert_eq!(told("same\n", "same\n"), "");
        assert_eq!(told("", "a\n"), "+a");
        let numbered = |from: u32| (from..=40).map(|n| format!("{n}\n")).collect::<String>();
        let changed = numbered(1).replace("\n20\n", "\ntwenty\n");
        assert_eq!(told(&numbered(1), &changed), "@16\n 17\n 18\n 19\n-20\n+twenty\n 21\n 22\n 23\n@17");
        assert_eq!(told(&numbered(1), &numbered(2)), "-1\n 2\n 3\n 4\n@36");
    }
}
