//! The file of rejected rows.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::AnalyzeError;

/// A file for the rows that are left out.
#[derive(Debug)]
pub struct RejectsFile {
    path: PathBuf,
}

/// The file, being written.
pub(super) struct Open {
    path: PathBuf,
    file: BufWriter<File>,
}

impl RejectsFile {
    /// A file at `path`, which must not be the `input` itself.
    ///
    /// # Errors
    /// [`AnalyzeError::RejectsOverInput`].
    pub fn new(path: &Path, input: Option<&Path>) -> Result<RejectsFile, AnalyzeError> {
        let same = |input: &Path| match (input.canonicalize(), path.canonicalize()) {
            (Ok(input), Ok(path)) => input == path,
            _ => false,
        };
        if input.is_some_and(same) {
            return Err(AnalyzeError::RejectsOverInput { path: path.display().to_string() });
        }
        Ok(RejectsFile { path: path.to_owned() })
    }

    /// Creates the file and writes its head.
    pub(super) fn begin(self, header: &[u8]) -> Result<Open, AnalyzeError> {
        let file = File::create(&self.path).map_err(|error| failed(&self.path, error))?;
        let mut open = Open { path: self.path, file: BufWriter::new(file) };
        open.write(header)?;
        Ok(open)
    }
}

impl Open {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), AnalyzeError> {
        self.file.write_all(bytes).map_err(|error| failed(&self.path, error))
    }

    pub(super) fn finish(mut self) -> Result<(), AnalyzeError> {
        self.file.flush().map_err(|error| failed(&self.path, error))
    }
}

fn failed(path: &Path, source: io::Error) -> AnalyzeError {
    AnalyzeError::Rejects { path: path.display().to_string(), source }
}
