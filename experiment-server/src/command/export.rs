//! `experiment export`: facts as text, for another store or for other tools.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use form_urlencoded::Serializer;

use super::place::Place;
use super::progress::bar;
use super::{Console, Exit};
use crate::store::{ExportError, ExportFormat, sync_folder};

const EXAMPLES: &str = "\
Examples:
  # everything, to read in elsewhere with `experiment import`
  experiment export --data ./data --output everything.ndjson
  # one experiment: its definitions, exposures, and what the customers exposed to it did
  experiment export --data ./data --experiment winback_2026 --output winback.ndjson
  # exposures and events as one flat table
  experiment export --data ./data --format csv | gzip > facts.csv.gz

A folder that a server holds is read by that server, which goes on meanwhile; set
EXPERIMENT_ADMIN_KEY if it has keys. A table has no place for definitions, life cycles and lists:
only NDJSON can be imported.";

/// Write facts, definitions and lists as NDJSON or CSV
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// One experiment instead of everything
    #[arg(long, value_name = "KEY")]
    experiment: Option<String>,
    /// How facts are written
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// The file to write instead of stdout; it must not be there
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything, one JSON object a line
    Ndjson,
    /// Exposures and events, one a row
    Csv,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let place = Place::of_existing_folder(&args.data)?;
    let Some(output) = &args.output else {
        write(&place, &args, console.progress, &mut *console.stdout)?;
        return ended(place, &args, console);
    };
    if output.exists() {
        bail!("{} exists already; name another file", output.display());
    }
    let folder = output.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let cannot_write = || format!("cannot write {}", output.display());
    fs::create_dir_all(folder).with_context(cannot_write)?;
    // Under another name until it is whole; gone if it never is.
    let file = tempfile::Builder::new().prefix(".export-").tempfile_in(folder).with_context(cannot_write)?;
    write(&place, &args, console.progress, &mut file.as_file())?;
    file.as_file().sync_all().with_context(cannot_write)?;
    file.persist_noclobber(output).with_context(cannot_write)?;
    sync_folder(folder).with_context(cannot_write)?;
    ended(place, &args, console)
}

fn write(place: &Place, args: &Args, watched: bool, to: &mut dyn Write) -> anyhow::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 16, to);
    match place {
        Place::Live(client) => {
            let mut query = Serializer::new("/v1/export?".to_owned());
            if let Some(key) = &args.experiment {
                query.append_pair("experiment", key);
            }
            query.append_pair("format", if args.format == Format::Csv { "csv" } else { "ndjson" });
            let progress = bar(None, "bytes", watched);
            client.download(&query.finish(), b"", &mut progress.wrap_write(&mut to))?;
            progress.finish_and_clear();
        }
        Place::Opened(store) => {
            let format = if args.format == Format::Csv { ExportFormat::Csv } else { ExportFormat::Ndjson };
            let progress = bar(Some(0), "facts", watched);
            store.export(args.experiment.as_deref(), format, &mut to, &mut |read, of| {
                progress.set_length(of);
                progress.set_position(read);
            })?;
            progress.finish_and_clear();
        }
    }
    Ok(to.flush().map_err(ExportError::Write)?)
}

fn ended(place: Place, args: &Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if let Place::Opened(store) = place {
        store.shutdown()?;
    }
    if args.format == Format::Csv {
        let left_out = "a table has no place for definitions, life cycles, catalog, groups and overrides";
        writeln!(console.stderr, "{left_out}; --format ndjson has them")?;
    }
    Ok(Exit::Fine)
}
