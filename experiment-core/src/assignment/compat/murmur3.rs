//! MurmurHash3 in its 32-bit form for x86.
//!
//! # References
//! Appleby, A., `MurmurHash3_x86_32`, <https://github.com/aappleby/smhasher> (public domain).

/// The hash of all parts one after the other, in UTF-8.
pub(super) fn murmur3_x86_32(parts: &[&str], seed: u32) -> u32 {
    let mut hash = seed;
    // Up to three bytes that wait for the fourth.
    let (mut waiting, mut count, mut length) = (0_u32, 0_u32, 0_u32);
    for byte in parts.iter().flat_map(|part| part.bytes()) {
        waiting |= u32::from(byte) << (8 * count);
        count += 1;
        length = length.wrapping_add(1);
        if count == 4 {
            hash = (hash ^ scrambled(waiting)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
            (waiting, count) = (0, 0);
        }
    }
    hash ^= scrambled(waiting);
    hash ^= length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn scrambled(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_hashes_of_the_reference() {
        // SMHasher's own verification values for short texts.
        let cases = [
            ("", 0, 0),
            ("", 1, 0x514e_28b7),
            ("", 0xffff_ffff, 0x81f1_6f39),
            ("test", 0x9747_b28c, 0x704b_81dc),
            ("Hello, world!", 0x9747_b28c, 0x2488_4cba),
            ("aaa", 0x9747_b28c, 0x283e_0130),
        ];
        for (text, seed, hash) in cases {
            assert_eq!(murmur3_x86_32(&[text], seed), hash, "{text}");
        }
        assert_eq!(murmur3_x86_32(&["Hell", "", "o, w", "orld!"], 0x9747_b28c), 0x2488_4cba);
    }
}
