//! Random numbers of one resample: xoshiro256++, seeded by SplitMix64.
//!
//! # References
//! Blackman & Vigna (2021), Scrambled linear pseudorandom number generators, ACM Transactions on Mathematical
//! Software 47(4), 36, doi:10.1145/3460772. Steele, Lea & Flood (2014), OOPSLA, 453–472 (SplitMix64). Lemire
//! (2019), ACM Transactions on Modeling and Computer Simulation 29(1), 3, doi:10.1145/3230636 (bounds).

/// SplitMix64's increment.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of its own for each seed and index.
pub(crate) struct Stream {
    state: [u64; 4],
}

impl Stream {
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        // Mixed before the index is added, so that neighbouring seeds and indices share no states.
        let mut counter =
            mixed(seed.wrapping_add(GOLDEN)) ^ mixed(u64::from(index).wrapping_mul(GOLDEN) ^ !seed);
        let state = std::array::from_fn(|_| {
            counter = counter.wrapping_add(GOLDEN);
            mixed(counter)
        });
        Self { state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A whole number from 0 to `bound` − 1, each as likely as the others; `bound` is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            if product as u64 >= rejected {
                return (product >> 64) as usize;
            }
        }
    }
}

/// SplitMix64's output function.
fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs for the state 1, 2, 3, 4, as published with the reference implementations.
    #[test]
    fn is_xoshiro256_plus_plus() {
        let mut stream = Stream { state: [1, 2, 3, 4] };
        let got: Vec<u64> = (0..4).map(|_| stream.next()).collect();
        assert_eq!(got, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn streams_differ_and_cover_their_range_evenly() {
        let mut counts = [0_u32; 7];
        for index in 0..10_000 {
            counts[Stream::new(1, index).below(7)] += 1;
        }
        // Six standard errors around 10,000/7.
        assert!(counts.iter().all(|count| count.abs_diff(1_429) < 210), "{counts:?}");
        assert_ne!(Stream::new(1, 2).state, Stream::new(2, 1).state);
        assert_ne!(Stream::new(0, 0).state, Stream::new(0, 1).state);
    }
}
