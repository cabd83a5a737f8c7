//! `experiment import FILE…`: facts of another store.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::super::progress::bar;
use super::super::{Console, Exit};
use crate::store::{ImportNews, Imported, Store, StoreError, system_clock};

/// Refused lines of a file that are shown; the others are counted.
const MAX_SHOWN: u64 = 20;

pub(super) const EXAMPLES: &str = "\
Examples:
  # into a new folder: the same facts, and so the same reports
  experiment import everything.ndjson --data ./copy
  # into a folder that has facts: what it has already is left alone
  experiment import winback.ndjson --data ./data
  # definitions from a GrowthBook SDK payload
  experiment import growthbook payload.json --out definitions

No server may hold the folder meanwhile. An import that was cut off is repeated as it was.
Exit code 1 when lines were refused: each is told with its number, all others are in.";

#[derive(Debug, clap::Args)]
pub(super) struct Facts {
    /// What `experiment export` wrote as NDJSON; several are read in their order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The folder to read into; made if it is not there
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
}

pub(super) fn run(args: &Facts, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let Some(data) = &args.data else { bail!("--data is missing; name the folder to read into") };
    // A mistyped name must not leave a new, empty store behind.
    let open = |file: &PathBuf| File::open(file).with_context(|| format!("cannot read {}", file.display()));
    let sources =
        args.files.iter().map(|file| Ok((file, open(file)?))).collect::<anyhow::Result<Vec<_>>>()?;
    let store = match Store::open(data, system_clock()) {
        Ok(store) => store,
        Err(error @ StoreError::InUse { .. }) => {
            return Err(error)
                .context("facts are imported into a folder that no server holds; stop it first");
        }
        Err(error) => return Err(error).with_context(|| format!("cannot open {}", data.display())),
    };
    let mut exit = Exit::Fine;
    for (file, source) in sources {
        let imported = import(&store, file, source, console)
            .with_context(|| format!("{} is not imported to its end", file.display()))?;
        let Imported { new, present, refused, whole } = imported;
        writeln!(
            console.stdout,
            "{}: {new} new, {present} there already, {refused} refused",
            file.display()
        )?;
        if !whole {
            let mend = "export it again, and repeat the import";
            writeln!(
                console.stderr,
                "{}: it is cut off, it has no end record; mend: {mend}",
                file.display()
            )?;
        }
        if refused > 0 || !whole {
            exit = Exit::BadNews;
        }
    }
    store.shutdown()?;
    Ok(exit)
}

fn import(store: &Store, path: &Path, source: File, console: &mut Console<'_>) -> anyhow::Result<Imported> {
    let progress = bar(source.metadata().ok().map(|file| file.len()), "bytes", console.progress);
    let mut shown = 0;
    let imported = store.import(&mut BufReader::with_capacity(1 << 20, source), &mut |news| match news {
        ImportNews::Read(bytes) => progress.set_position(bytes),
        ImportNews::Refused { line, why } => {
            shown += 1;
            if shown <= MAX_SHOWN {
                // Nobody is left to be told if this fails.
                progress.suspend(|| drop(writeln!(console.stderr, "{}:{line}: {why}", path.display())));
            }
        }
    })?;
    progress.finish_and_clear();
    if shown > MAX_SHOWN {
        writeln!(console.stderr, "{}: and {} lines more", path.display(), shown - MAX_SHOWN)?;
    }
    Ok(imported)
}
