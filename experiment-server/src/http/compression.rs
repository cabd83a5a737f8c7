//! Compressed bodies, read as they come: how much they hold is bounded like that of any other.

use std::io::{self, Write};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::write::MultiGzDecoder;
use zstd::stream::write::Decoder as ZstdDecoder;

use super::limits::ZSTD_WINDOW_LOG;
use super::problem::{FieldError, Kind, Problem};

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// Of the `Content-Encoding` header.
    ///
    /// # Errors
    /// 415 for one that nothing here reads, several at once too.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Encoding, Problem> {
        let mut sent = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = sent.next() else { return Ok(Encoding::Identity) };
        let name = value.to_str().unwrap_or("not a text").trim().to_ascii_lowercase();
        match (name.as_str(), sent.next()) {
            ("" | "identity", None) => Ok(Encoding::Identity),
            ("gzip" | "x-gzip", None) => Ok(Encoding::Gzip),
            ("zstd", None) => Ok(Encoding::Zstd),
            _ => {
                let shown: String = name.chars().take(60).collect();
                let detail = format!("{shown:?} is not read here");
                let mend = "send Content-Encoding: gzip or zstd, or the body uncompressed";
                let error = FieldError::new("Content-Encoding", detail, mend);
                Err(Problem::of_field(Kind::UnsupportedMediaType, error))
            }
        }
    }
}

/// Takes compressed bytes and writes what is in them to a sink.
pub(crate) enum Decoder<W: Write> {
    /// As they are.
    Identity(W),
    /// One member after another.
    Gzip(MultiGzDecoder<W>),
    /// One frame after another.
    Zstd(ZstdDecoder<'static, W>),
}

impl<W: Write> Decoder<W> {
    /// A decoder that writes to `sink`.
    ///
    /// # Errors
    /// There is no memory for one.
    pub(crate) fn new(encoding: Encoding, sink: W) -> io::Result<Decoder<W>> {
        Ok(match encoding {
            Encoding::Identity => Decoder::Identity(sink),
            Encoding::Gzip => Decoder::Gzip(MultiGzDecoder::new(sink)),
            Encoding::Zstd => {
                let mut decoder = ZstdDecoder::new(sink)?;
                decoder.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
                Decoder::Zstd(decoder)
            }
        })
    }

    /// Takes the next bytes, wherever they were cut.
    ///
    /// # Errors
    /// They are not what they are said to be, or the sink fails.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Decoder::Identity(sink) => sink.write_all(bytes),
            Decoder::Gzip(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()
            }
            Decoder::Zstd(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()
            }
        }
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// They ended too early or their checksum is wrong, or the sink fails.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self {
            Decoder::Identity(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Zstd(decoder) => decoder.do_finish(),
        }
    }

    /// Where it writes to.
    pub(crate) fn sink(&mut self) -> &mut W {
        match self {
            Decoder::Identity(sink) => sink,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Keeps what is written to it, up to a limit.
#[derive(Debug)]
pub(crate) struct Bounded {
    /// What was written.
    pub(crate) bytes: Vec<u8>,
    limit: usize,
    /// There was more.
    pub(crate) is_over: bool,
}

impl Bounded {
    /// Empty.
    pub(crate) fn new(limit: usize) -> Bounded {
        Bounded { bytes: Vec::new(), limit, is_over: false }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            self.is_over = true;
            return Err(io::Error::other("more than the limit"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(encoding: Encoding, pieces: &[&[u8]], limit: usize) -> Result<Vec<u8>, bool> {
        let mut decoder = Decoder::new(encoding, Bounded::new(limit)).unwrap();
        for piece in pieces {
            if decoder.take(piece).is_err() {
                return Err(decoder.sink().is_over);
            }
        }
        decoder.finish().map_err(|_| false)?;
        Ok(std::mem::take(&mut decoder.sink().bytes))
    }

    #[test]
    fn what_was_compressed_comes_back_however_it_is_cut() {
        let text = b"{\"customer\": \"anna\"}\n".repeat(1_000);
        let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        zstd.include_checksum(true).unwrap();
        zstd.write_all(&text).unwrap();
        let zstd = zstd.finish().unwrap();
        for (encoding, packed) in [(Encoding::Gzip, gzip(&text)), (Encoding::Zstd, zstd)] {
            for size in [1, 7, packed.len()] {
                let pieces: Vec<&[u8]> = packed.chunks(size).collect();
                assert_eq!(decode(encoding, &pieces, text.len()).as_ref(), Ok(&text), "{encoding:?} {size}");
            }
            let twice = [packed.as_slice(), packed.as_slice()].concat();
            assert_eq!(decode(encoding, &[&twice], 2 * text.len()).unwrap().len(), 2 * text.len());
            assert_eq!(decode(encoding, &[&packed], text.len() - 1), Err(true), "{encoding:?}");
            assert_eq!(
                decode(encoding, &[&packed[..packed.len() - 1]], text.len()),
                Err(false),
                "{encoding:?}"
            );
            let mut damaged = packed.clone();
            damaged[packed.len() / 2] ^= 0x55;
            assert!(decode(encoding, &[&damaged], text.len()).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn little_that_holds_much_is_bounded() {
        let zeros = vec![0; 64 << 20];
        let zstd = zstd::encode_all(zeros.as_slice(), 3).unwrap();
        for (encoding, packed) in [(Encoding::Gzip, gzip(&zeros)), (Encoding::Zstd, zstd)] {
            assert!(packed.len() < 100_000);
            assert_eq!(decode(encoding, &[&packed], 1 << 20), Err(true), "{encoding:?}");
        }
    }

    #[test]
    fn a_window_that_would_take_too_much_memory_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(ZSTD_WINDOW_LOG + 1).unwrap();
        encoder.write_all(b"{}").unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(decode(Encoding::Zstd, &[&packed], 1 << 20), Err(false));
    }
}
