//! `experiment backup`: a copy of all facts, while a server writes on or without one.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

use super::place::{check_is_store, live};
use super::progress::bar;
use super::{Console, Exit};
use crate::store::{
    Backup, BackupError, StoreError, back_up_folder, check_backup, sync_folder, system_clock,
};

const EXAMPLES: &str = "\
Examples:
  # into a folder, under a name with the time
  experiment backup --data ./data --to ./backups/
  # into a file, which must not be there
  experiment backup --data ./data --to before-upgrade.backup

A folder that a server holds is copied by that server, which goes on meanwhile; set
EXPERIMENT_ADMIN_KEY if it has keys. The copy is read back and checked before it gets its name.
It holds customers' ids, and only its owner may read it.";

/// Copy all facts, definitions and lists, as of one instant, into one file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The file to write, or a folder for it
    #[arg(long, value_name = "FILE|DIR")]
    to: PathBuf,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    check_is_store(&args.data)?;
    let is_folder = args.to.is_dir() || args.to.as_os_str().to_string_lossy().ends_with('/');
    if !is_folder && args.to.exists() {
        bail!("{} exists already; name another file, or a folder", args.to.display());
    }
    let folder = match args.to.parent().filter(|parent| !is_folder && *parent != Path::new("")) {
        Some(parent) => parent,
        None if is_folder => &args.to,
        None => Path::new("."),
    };
    let cannot_write = || format!("cannot write to {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot_write)?;
    // Under another name until it is whole; gone if it never is.
    let mut file =
        tempfile::Builder::new().prefix(".backup-").tempfile_in(folder).with_context(cannot_write)?;
    copy(&args.data, &mut file, console.progress)?;
    file.as_file().sync_all().with_context(cannot_write)?;
    let backup = check_backup(file.path())?;
    let path = if is_folder { folder.join(name(&backup)) } else { args.to.clone() };
    file.persist_noclobber(&path).with_context(|| format!("cannot write {}", path.display()))?;
    sync_folder(folder).with_context(cannot_write)?;
    writeln!(console.stdout, "{} facts backed up to {}", backup.facts, path.display())?;
    writeln!(console.stdout, "log {}, {} rows, {}", backup.log_id, backup.rows, backup.made_at)?;
    Ok(Exit::Fine)
}

fn name(backup: &Backup) -> String {
    let time = backup.made_at.to_string().replace(':', "");
    let seconds = time.split(['.', 'Z']).next().unwrap_or_default();
    format!("experiment-{seconds}Z.backup")
}

fn copy(data: &Path, file: &mut NamedTempFile, watched: bool) -> anyhow::Result<()> {
    let progress = bar(Some(0), "facts", watched);
    let mut to = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    let told = &mut |copied, of| {
        progress.set_length(of);
        progress.set_position(copied);
    };
    match back_up_folder(data, system_clock()(), &mut to, told) {
        Ok(_) => {}
        Err(BackupError::Store(StoreError::InUse { .. })) => {
            let client = live(data)?;
            let progress = bar(None, "bytes", watched);
            client.download("/v1/backup", b"{}", &mut progress.wrap_write(&mut to))?;
            progress.finish_and_clear();
        }
        Err(error) => return Err(error).with_context(|| format!("{} is not backed up", data.display())),
    }
    to.flush().map_err(BackupError::Write)?;
    progress.finish_and_clear();
    Ok(())
}
