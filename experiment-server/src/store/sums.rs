//! Moments as they are stored, and adding to a stored row.

use experiment_core::measure::{Moments, MomentsOverflow};
use redb::{ReadableTable, Table};

use super::bytes::Reader;
use super::error::StoreError;
use super::tables::Trying;

/// Writes moments after what `out` holds.
pub(super) fn encode(moments: &Moments, out: &mut Vec<u8>) {
    for count in [moments.n(), moments.clamped(), moments.rounded()] {
        out.extend_from_slice(&count.to_le_bytes());
    }
    // Lossless: a contribution has at most MAX_PARTS entries.
    out.push(moments.sums().len() as u8);
    for sum in moments.sums().iter().chain(moments.products()) {
        out.extend_from_slice(&sum.to_le_bytes());
    }
}

/// Reads stored moments.
pub(super) fn decode(bytes: &[u8]) -> Result<Moments, StoreError> {
    let mut reader = Reader::new(bytes, "a row of sums");
    let (n, clamped, rounded) = (reader.i64()?, reader.i64()?, reader.i64()?);
    let k = usize::from(reader.u8()?);
    let mut numbers = |count: usize| (0..count).map(|_| reader.i128()).collect::<Result<Vec<_>, _>>();
    let sums = numbers(k)?;
    let products = numbers(k * (k + 1) / 2)?;
    reader.end()?;
    Moments::from_parts(n, clamped, rounded, sums, products)
        .ok_or_else(|| reader.corrupt("its lengths do not fit"))
}

/// Adds `change` to the row under `key`; a row in which nothing is left goes. Nothing is written on
/// overflow.
pub(super) fn add_to_row(
    table: &mut Table<'_, &'static [u8], &'static [u8]>,
    key: &[u8],
    change: &Moments,
    buffer: &mut Vec<u8>,
) -> Result<Result<(), MomentsOverflow>, StoreError> {
    let stored = table.get(key).trying("reading sums")?.map(|row| decode(row.value())).transpose()?;
    let is_new = stored.is_none();
    let mut sums = stored.unwrap_or_else(|| Moments::new(change.sums().len()));
    if sums.sums().len() != change.sums().len() {
        let detail = "its number of entries is another metric's".to_owned();
        return Err(StoreError::Corrupt { what: "a row of sums".to_owned(), detail });
    }
    if let Err(overflow) = sums.merge(change) {
        return Ok(Err(overflow));
    }
    if !sums.is_zero() {
        buffer.clear();
        encode(&sums, buffer);
        table.insert(key, buffer.as_slice()).trying("writing sums")?;
    } else if !is_new {
        table.remove(key).trying("writing sums")?;
    }
    Ok(Ok(()))
}

/// Adds `change` to the count under `key`; a count of 0 goes.
pub(super) fn add_to_count(
    table: &mut Table<'_, &'static [u8], i64>,
    key: &[u8],
    change: i64,
) -> Result<(), StoreError> {
    let stored = table.get(key).trying("reading counts")?.map(|count| count.value());
    let count = stored.unwrap_or(0) + change;
    if count != 0 {
        table.insert(key, count).trying("writing counts")?;
    } else if stored.is_some() {
        table.remove(key).trying("writing counts")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use experiment_core::measure::Contribution;

    #[test]
    fn round_trips_and_notices_damage() {
        let mut moments = Moments::new(2);
        moments.add(&Contribution::new(&[-3, 7]).with_rounded(2)).unwrap();
        for moments in [moments, Moments::new(0)] {
            let mut bytes = Vec::new();
            encode(&moments, &mut bytes);
            assert_eq!(decode(&bytes).unwrap(), moments);
            assert!(decode(&bytes[1..]).is_err());
        }
    }
}
