//! `experiment restore`: a folder of facts from a backup.

use std::path::PathBuf;

use super::progress::bar;
use super::{Console, Exit};
use crate::store::restore;

const EXAMPLES: &str = "\
Examples:
  experiment restore backups/experiment-2026-03-01T040000Z.backup --data ./restored
  # recount everything, then serve it
  experiment verify --data ./restored && experiment serve --data ./restored

The backup is checked to its end before anything is written, and the log gets its name only once
it is whole. All sums are made again when the folder is opened first. Keys are restored too.";

/// Make a store again from a backup, in an empty or new folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What `experiment backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to make; it may be there, without a store
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let progress = bar(Some(0), "facts", console.progress);
    let restored = restore(&args.file, &args.data, &mut |done, of| {
        progress.set_length(of);
        progress.set_position(done);
    })?;
    progress.finish_and_clear();
    writeln!(console.stdout, "{} facts restored to {}", restored.facts, args.data.display())?;
    writeln!(console.stdout, "as of {}, from log {}", restored.made_at, restored.log_id)?;
    if restored.keys > 0 {
        let (keys, data) = (restored.keys, args.data.display());
        writeln!(
            console.stdout,
            "{keys} keys are as they were then, those revoked since too: see `experiment key list --data {data}`"
        )?;
    }
    Ok(Exit::Fine)
}
