//! What the two files of a store lie on.

#[cfg(unix)]
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError};

use super::tables::LOG_FILE;

/// Where files are kept, by name: a [`Directory`], or a disk that a test plays.
pub trait Disk {
    /// What a file is called in messages.
    fn path(&self, file: &str) -> PathBuf;

    /// Whether a file is there.
    ///
    /// # Errors
    /// The disk can't say.
    fn exists(&self, file: &str) -> Result<bool, Error>;

    /// Opens a file as `builder` says, for this process alone; makes it if it is not there.
    ///
    /// # Errors
    /// It is in use, is no database, or the disk fails.
    fn open(&self, file: &str, builder: &Builder) -> Result<Database, DatabaseError>;

    /// Removes a file if it is there.
    ///
    /// # Errors
    /// The disk fails.
    fn remove(&self, file: &str) -> Result<(), Error>;

    /// Gives a file, which may be open, another name. When this returns, a power cut does not take the
    /// new name away again.
    ///
    /// # Errors
    /// The disk fails.
    fn rename(&self, from: &str, to: &str) -> Result<(), Error>;
}

/// Whether a folder holds a store.
#[must_use]
pub fn holds_store(folder: &Path) -> bool {
    folder.join(LOG_FILE).is_file()
}

/// A folder of the machine's own disk.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The folder at `path`, made if it is not there; what it will hold is nobody else's business.
    ///
    /// # Errors
    /// It can't be made.
    pub fn make(path: &Path) -> Result<Directory, Error> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Directory { path: path.to_owned() })
    }
}

impl Disk for Directory {
    fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    fn exists(&self, file: &str) -> Result<bool, Error> {
        self.path(file).try_exists()
    }

    fn open(&self, file: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        builder.create(self.path(file))
    }

    fn remove(&self, file: &str) -> Result<(), Error> {
        match std::fs::remove_file(self.path(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        std::fs::rename(self.path(from), self.path(to))?;
        sync_folder(&self.path)?;
        // The folder itself may be new too. The one above it may be closed to us, and then was there before.
        if let Some(above) = self.path.canonicalize()?.parent() {
            let _ = sync_folder(above);
        }
        Ok(())
    }
}

/// Makes the names in a folder durable.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder can't be opened as a file, and the file system keeps its names by itself.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> Result<(), Error> {
    Ok(())
}
