//! Customer ids, dimension values and the like as small numbers, packed into one piece of memory.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::error::AnalyzeError;

/// Distinct keys, numbered in the order of first use.
#[derive(Default)]
pub(crate) struct Keys {
    numbers: HashTable<u32>,
    bytes: Vec<u8>,
    /// Where each key ends in `bytes`.
    ends: Vec<usize>,
}

impl Keys {
    /// The number of `key` and whether it is new.
    pub(crate) fn intern(&mut self, key: &[u8]) -> Result<(u32, bool), AnalyzeError> {
        let hash = xxh3_64(key);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(number) = self.numbers.find(hash, |number| slice(bytes, ends, *number) == key) {
            return Ok((*number, false));
        }
        let number = u32::try_from(self.ends.len()).map_err(|_| AnalyzeError::TooManyCustomers)?;
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.numbers.insert_unique(hash, number, |number| xxh3_64(slice(bytes, ends, *number)));
        Ok((number, true))
    }

    /// The number of `key`, if it was seen.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        let is_key = |number: &u32| slice(&self.bytes, &self.ends, *number) == key;
        self.numbers.find(xxh3_64(key), is_key).copied()
    }

    /// The key behind a number.
    pub(crate) fn key(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }
}

fn slice<'b>(bytes: &'b [u8], ends: &[usize], number: u32) -> &'b [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn equal_keys_share_a_number() {
        let mut keys = Keys::default();
        for round in 0..2 {
            for i in 0..5000_u32 {
                let key = format!("customer {}", i % 2500);
                assert_eq!(keys.intern(key.as_bytes()).unwrap(), (i % 2500, round == 0 && i < 2500));
            }
        }
        assert_eq!((keys.find(b"customer 7"), keys.find(b"nobody")), (Some(7), None));
        assert_eq!(keys.key(7), b"customer 7");
        assert_eq!(keys.intern(b"").unwrap(), (2500, true));
    }
}
