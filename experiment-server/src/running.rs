//! `server.json` in the data folder: how commands find the server that holds it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file's name within the data folder.
pub const SERVER_FILE: &str = "server.json";

/// What a running server says about itself. The file can be read by its owner only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Where it answers, such as `http://127.0.0.1:8016`.
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// Proves to the server that the caller can read the data folder.
    pub start_token: String,
}

impl std::fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningServer")
            .field("url", &self.url)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl RunningServer {
    /// What the folder's server says, if one runs there or ended without cleaning up.
    ///
    /// # Errors
    /// The file is there and can't be read.
    pub fn read(data: &Path) -> io::Result<Option<RunningServer>> {
        match fs::read(path(data)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file in one step, so that nobody reads half of it. What is there is of a server that was killed.
    pub(crate) fn write(&self, data: &Path) -> io::Result<()> {
        let temporary = data.join(format!("{SERVER_FILE}.{}", self.pid));
        // A leftover would keep its own mode, and its room may be all there is.
        for file in [&temporary, &path(data)] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let written = self.write_to(&temporary).and_then(|()| fs::rename(&temporary, path(data)));
        if written.is_err() {
            // What is wrong matters more than a file that the next server removes.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn write_to(&self, temporary: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(temporary)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    /// Removes the file if it is still this one.
    pub(crate) fn remove(&self, data: &Path) -> io::Result<()> {
        if RunningServer::read(data)?.as_ref() == Some(self) { fs::remove_file(path(data)) } else { Ok(()) }
    }
}

fn path(data: &Path) -> PathBuf {
    data.join(SERVER_FILE)
}
