//! Reading and writing little-endian bytes with checked lengths.

use super::error::StoreError;

/// Bytes as they are shown: two digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is left to read of a stored value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {$(
        /// The next number.
        #[inline]
        pub(super) fn $name(&mut self) -> Result<$type, StoreError> {
            let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.short())?;
            self.rest = rest;
            Ok(<$type>::from_le_bytes(*head))
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Reads `bytes`; `what` names them in errors.
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Reader<'a> {
        Reader { rest: bytes, what }
    }

    numbers!(u8: u8, u16: u16, u32: u32, u64: u64, i64: i64, i128: i128);

    /// The next `length` bytes.
    #[inline]
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.short())?;
        self.rest = rest;
        Ok(head)
    }

    /// A text after its length in two bytes.
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a str, StoreError> {
        let length = usize::from(self.u16()?);
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt("a text is not UTF-8"))
    }

    /// A text after its length in four bytes.
    pub(super) fn long_text(&mut self) -> Result<&'a str, StoreError> {
        let length = self.u32()? as usize;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt("a text is not UTF-8"))
    }

    /// Everything that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), StoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.corrupt("it is longer than it says")) }
    }

    /// The error for `detail`.
    #[cold]
    pub(super) fn corrupt(&self, detail: &str) -> StoreError {
        StoreError::Corrupt { what: self.what.to_owned(), detail: detail.to_owned() }
    }

    #[cold]
    fn short(&self) -> StoreError {
        self.corrupt("it ends too early")
    }
}

/// Writes a text after its length in two bytes. Whoever calls has checked the length; a longer text is
/// cut so that it can still be read.
#[inline]
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut length = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    // Lossless: bounded by u16::MAX above.
    out.extend_from_slice(&(length as u16).to_le_bytes());
    out.extend_from_slice(&text.as_bytes()[..length]);
}

/// Writes a text after its length in four bytes; documents and attributes are bounded far below that.
pub(super) fn put_long_text(out: &mut Vec<u8>, text: &str) {
    debug_assert!(u32::try_from(text.len()).is_ok());
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
