//! What the two files of a store lie on.

#[cfg(unix)]
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError};

use super::error::StoreError;
use super::space::Space;
use super::tables::LOG_FILE;

/// The part of a disk that is the [reserve](Space::reserve) unless told otherwise: one in so many bytes.
pub const DEFAULT_RESERVE_SHARE: u64 = 50;
/// The least such reserve in bytes.
pub const LEAST_DEFAULT_RESERVE: u64 = 4 << 20;
/// The largest such reserve in bytes.
pub const MOST_DEFAULT_RESERVE: u64 = 1 << 30;

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

    /// Bytes that a file takes; 0 if it is not there.
    ///
    /// # Errors
    /// The disk can't say.
    fn size(&self, file: &str) -> Result<u64, Error>;

    /// What is left of the disk; `None` where it can't tell.
    fn space(&self) -> Option<Space>;
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
    reserve: Option<u64>,
}

impl Directory {
    /// The folder at `path`, made if it is not there; what it will hold is nobody else's business.
    ///
    /// # Errors
    /// [`StoreError::Folder`]: it can't be made.
    pub fn make(path: &Path) -> Result<Directory, StoreError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let path = path.to_owned();
        match builder.create(&path) {
            Ok(()) => Ok(Directory { path, reserve: None }),
            Err(error) => Err(StoreError::Folder { path, detail: error.to_string() }),
        }
    }

    /// The same, with so many bytes of its disk as [reserve](Space::reserve) instead of the
    /// [share](DEFAULT_RESERVE_SHARE) of it that is the default.
    #[must_use]
    pub fn with_reserve(self, reserve: Option<u64>) -> Directory {
        Directory { reserve, ..self }
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

    fn size(&self, file: &str) -> Result<u64, Error> {
        match std::fs::metadata(self.path(file)) {
            Ok(metadata) => Ok(taken(&metadata)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn space(&self) -> Option<Space> {
        let found = fs4::statvfs(&self.path).ok()?;
        let share = || {
            let share = found.total_space() / DEFAULT_RESERVE_SHARE;
            share.clamp(LEAST_DEFAULT_RESERVE, MOST_DEFAULT_RESERVE)
        };
        Some(Space { free: found.available_space(), reserve: self.reserve.unwrap_or_else(share) })
    }
}

/// A file that grows by doubling has room that it never wrote to, which takes none of the disk's.
#[cfg(unix)]
fn taken(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn taken(metadata: &std::fs::Metadata) -> u64 {
    metadata.len()
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
