//! Where bytes come from, and what they are.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::analyze::error::AnalyzeError;

/// How far into a text its format is looked for.
const SNIFFED_BYTES: u64 = 4096;
/// Bytes fetched at once.
const BUFFER_BYTES: usize = 1 << 16;
const GZIP: &[u8] = &[0x1f, 0x8b];
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// First bytes of formats that people try.
const STRANGERS: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (b"BZh", "compressed with bzip2"),
];

/// Where bytes come from.
pub enum Source<'a> {
    /// A file, which can be read again.
    File(PathBuf),
    /// A copy of a stream, which can be read again.
    Copy(File),
    /// A stream, which can be read once.
    Stream(&'a mut dyn Read),
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Ndjson,
}

impl<'a> Source<'a> {
    /// A source that can be read twice: a stream (or a pipe behind a path) is copied to a temporary
    /// file, which the operating system removes.
    ///
    /// # Errors
    /// [`AnalyzeError`] when it can't be opened or copied.
    pub fn repeatable(self) -> Result<Source<'a>, AnalyzeError> {
        let copy = |stream: &mut dyn Read| -> io::Result<File> {
            let mut file = tempfile::tempfile()?;
            io::copy(stream, &mut file)?;
            Ok(file)
        };
        let copied = match self {
            Source::Stream(stream) => copy(stream),
            Source::File(path) => {
                let mut file = open_file(&path)?;
                if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                    return Ok(Source::File(path));
                }
                copy(&mut file)
            }
            Source::Copy(file) => Ok(file),
        };
        copied.map(Source::Copy).map_err(|source| AnalyzeError::Read { rows: 0, source })
    }

    /// How many bytes there are to read, where that is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Source::File(path) => std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len()),
            Source::Copy(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Source::Stream(_) => None,
        }
    }

    /// The text from its beginning, decompressed, without a byte order mark.
    pub(super) fn open(&mut self) -> Result<(Box<dyn Read + '_>, Format), AnalyzeError> {
        let bytes: Box<dyn Read + '_> = match self {
            Source::File(path) => Box::new(open_file(path)?),
            Source::Copy(file) => {
                file.seek(SeekFrom::Start(0)).map_err(|source| AnalyzeError::Read { rows: 0, source })?;
                Box::new(file)
            }
            Source::Stream(stream) => Box::new(stream),
        };
        let error = |source| super::read_error(0, 1, source);
        let (head, bytes) = peek(bytes, SNIFFED_BYTES).map_err(error)?;
        let gzipped = head.starts_with(GZIP);
        let (head, text): (Vec<u8>, Box<dyn Read + '_>) = if gzipped {
            let inflated = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, bytes));
            let (head, text) = peek(Box::new(inflated), SNIFFED_BYTES).map_err(error)?;
            (head, text)
        } else {
            (head, bytes)
        };
        let format = sniff(&head)?;
        let mark = if head.starts_with(UTF8_MARK) { UTF8_MARK.len() as u64 } else { 0 };
        let mut text = text;
        io::copy(&mut (&mut text).take(mark), &mut io::sink()).map_err(error)?;
        Ok((text, format))
    }
}

fn open_file(path: &Path) -> Result<File, AnalyzeError> {
    let error = |source| AnalyzeError::Open { path: path.display().to_string(), source };
    let file = File::open(path).map_err(error)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(error(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    Ok(file)
}

type Peeked<'a> = (Vec<u8>, Box<dyn Read + 'a>);

/// The first bytes (fewer at the end of the input) and a reader that still has them.
fn peek<'a>(mut reader: Box<dyn Read + 'a>, count: u64) -> io::Result<Peeked<'a>> {
    let mut head = Vec::new();
    (&mut reader).take(count).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}

fn sniff(head: &[u8]) -> Result<Format, AnalyzeError> {
    if let Some((_, found)) = STRANGERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(AnalyzeError::Format { found });
    }
    let text = head.strip_prefix(UTF8_MARK).unwrap_or(head);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(AnalyzeError::Empty("rows")),
        Some(b'{') => Ok(Format::Ndjson),
        Some(b'[') => Err(AnalyzeError::Format { found: "a JSON array (NDJSON has one object a line)" }),
        Some(0) => Err(AnalyzeError::Format { found: "binary" }),
        Some(_) => Ok(Format::Csv),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_format() {
        assert_eq!(sniff(b"a,b\n").ok(), Some(Format::Csv));
        assert_eq!(sniff(b"\xef\xbb\xbf \r\n {\"a\":1}").ok(), Some(Format::Ndjson));
        for head in [b"PK\x03\x04..".as_slice(), b"[{}]", b"\xff\xfea\0", b"\0\0", b"PAR1"] {
            assert!(matches!(sniff(head), Err(AnalyzeError::Format { .. })), "{head:?}");
        }
        assert!(matches!(sniff(b" \n "), Err(AnalyzeError::Empty(_))));
    }
}
