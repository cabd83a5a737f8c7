//! How much room the disk has, and what is still done with how much of it.
//!
//! What can wait longest gives way first: copies for erasures, then folding, then intake. Each leaves room for what
//! comes after it, so that a full disk stops the sums before it stops facts, and facts before a commit fails. All
//! go on by themselves once there is room.

use std::fmt;

const MEBIBYTE: u128 = 1 << 20;

/// What a disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes of them that intake leaves free. Folding leaves twice as many, a copy of a file three times.
    pub reserve: u64,
}

/// What takes room on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomFor {
    /// Writing facts to the log.
    Intake,
    /// Keeping the sums behind it.
    Folding,
    /// The copies of both files that follow an erasure.
    Copying,
}

impl RoomFor {
    /// How many reserves are left free by it.
    fn reserves(self) -> u64 {
        match self {
            RoomFor::Intake => 1,
            RoomFor::Folding => 2,
            RoomFor::Copying => 3,
        }
    }
}

/// The disk has too little room for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct Shortage {
    /// For what.
    pub room_for: RoomFor,
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes that must be free for it.
    pub needed: u64,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.room_for {
            RoomFor::Intake => "taking facts in",
            RoomFor::Folding => "folding facts into the sums",
            RoomFor::Copying => "copying the files after an erasure",
        };
        // Rounded up and down, so that the two never look equal.
        let needed = u128::from(self.needed).saturating_mul(10).div_ceil(MEBIBYTE);
        let free = u128::from(self.free).saturating_mul(10) / MEBIBYTE;
        write!(f, "the disk is nearly full: {what} needs {}.{} MiB free, ", needed / 10, needed % 10)?;
        write!(f, "and there are {}.{} MiB; ", free / 10, free % 10)?;
        write!(f, "mend: make room on it, and this goes on by itself")
    }
}

impl Space {
    /// Bytes that may be written for something, beyond `least`.
    ///
    /// # Errors
    /// There are fewer than `least`.
    pub(super) fn room(self, room_for: RoomFor, least: u64) -> Result<u64, Shortage> {
        let Space { free, reserve } = self;
        let needed = reserve.saturating_mul(room_for.reserves()).saturating_add(least);
        free.checked_sub(needed).ok_or(Shortage { room_for, free, needed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_names_what_is_free_what_is_needed_and_the_mend() {
        let shortage = Shortage { room_for: RoomFor::Intake, free: (3 << 20) + 1, needed: (3 << 20) + 2 };
        assert_eq!(
            shortage.to_string(),
            "the disk is nearly full: taking facts in needs 3.1 MiB free, and there are 3.0 MiB; mend: make room on it, and this goes on by itself"
        );
    }
}
