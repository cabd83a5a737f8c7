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

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// How many of `coins` fair coins fall heads.
    ///
    /// Eight words are added digit by digit (carries kept aside) before the ones of their eights are counted.
    pub(super) fn heads(&mut self, coins: usize) -> usize {
        let (mut ones, mut twos, mut fours, mut eights) = (0, 0, 0, 0);
        for _ in 0..coins / 512 {
            let [a, b, c, d, e, f, g, h] = std::array::from_fn(|_| self.next());
            let (sum, first) = carry(ones, a, b);
            let (sum, second) = carry(sum, c, d);
            let (sum, third) = carry(sum, e, f);
            let (sum, fourth) = carry(sum, g, h);
            let (sum_of_twos, one) = carry(twos, first, second);
            let (sum_of_twos, other) = carry(sum_of_twos, third, fourth);
            let (sum_of_fours, full) = carry(fours, one, other);
            (ones, twos, fours) = (sum, sum_of_twos, sum_of_fours);
            eights += full.count_ones() as usize;
        }
        let [ones, twos, fours] = [ones, twos, fours].map(|word: u64| word.count_ones() as usize);
        let rest: usize = (0..coins % 512 / 64).map(|_| self.next().count_ones() as usize).sum();
        let last = (self.next() & ((1 << (coins % 64)) - 1)).count_ones() as usize;
        8 * eights + 4 * fours + 2 * twos + ones + rest + last
    }

    /// How many of `trials` succeed, each with probability `part`/`whole` rounded down to a multiple of 2⁻⁶⁴.
    ///
    /// A trial succeeds when a uniform number is below the probability. Digit by digit, a fair coin decides for each
    /// trial that is still open; half of them then differ from the probability's digit and are settled.
    pub(super) fn binomial(&mut self, trials: usize, part: usize, whole: usize) -> usize {
        let (mut digits, mut open, mut successes) = (BiasedBits::new(part, whole).digits, trials, 0);
        // Once the rest of the digits is 0, nothing open can succeed.
        while digits != 0 && open > 0 {
            let zeros = self.heads(open);
            if digits >> 63 == 1 {
                successes += zeros;
                open -= zeros;
            } else {
                open = zeros;
            }
            digits <<= 1;
        }
        successes
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

/// Three bits of one weight, in each of 64 places: their sum's digit of that weight, and of the next.
fn carry(a: u64, b: u64, c: u64) -> (u64, u64) {
    (a ^ b ^ c, (a & b) | ((a ^ b) & c))
}

/// 64 independent bits at a time, each 1 with one probability.
///
/// A lane is 1 when a uniform number is below the probability. The two are compared digit by digit, all 64 lanes at
/// once, until every lane has met a digit that differs: about eight words, whatever the probability.
pub(super) struct BiasedBits {
    /// The probability's binary digits after the point, most significant first.
    digits: u64,
}

impl BiasedBits {
    /// With probability `part`/`whole`, rounded down to a multiple of 2⁻⁶⁴; `part` is below `whole`.
    pub(super) fn new(part: usize, whole: usize) -> Self {
        Self { digits: (((part as u128) << 64) / (whole as u128).max(1)) as u64 }
    }

    /// With a probability of as few digits, at most eight, as come within 1/128 of `part`/`whole`.
    pub(super) fn near(part: usize, whole: usize) -> Self {
        let exact = Self::new(part, whole).digits;
        let rounded = |length: u32| {
            let unit = 1_u64 << (64 - length);
            exact.saturating_add(unit / 2) & unit.wrapping_neg()
        };
        let close = |digits: &u64| digits.abs_diff(exact) <= 1 << 57;
        Self { digits: (1..8).map(rounded).find(close).unwrap_or_else(|| rounded(8)) }
    }

    pub(super) fn next(&self, stream: &mut Stream) -> u64 {
        let (mut digits, mut undecided, mut below) = (self.digits, u64::MAX, 0);
        // Once the rest of the digits is 0, no undecided lane can fall below it.
        while digits != 0 && undecided != 0 {
            let random = stream.next();
            if digits >> 63 == 1 {
                below |= undecided & !random;
                undecided &= random;
            } else {
                undecided &= !random;
            }
            digits <<= 1;
        }
        below
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
    #[test]
    fn biased_bits_have_their_probability() {
        for (part, whole) in [(1, 2), (1, 3), (44_700, 90_189), (1, 1_000), (255, 256)] {
            for bits in [BiasedBits::new(part, whole), BiasedBits::near(part, whole)] {
                let p = bits.digits as f64 / 2f64.powi(64);
                assert!((p - part as f64 / whole as f64).abs() <= 1.0 / 128.0, "{p}");
                let mut stream = Stream::new(9, 0);
                let count: u32 = (0..15_000).map(|_| bits.next(&mut stream).count_ones()).sum();
                let (mean, error) = (960_000.0 * p, (960_000.0 * p * (1.0 - p)).sqrt());
                assert!((f64::from(count) - mean).abs() <= 5.0 * error, "{count} of {mean}");
            }
        }
        let exact = BiasedBits::new(1, 3).digits as f64 / 2f64.powi(64);
        assert!((exact - 1.0 / 3.0).abs() < 1e-16);
        assert_eq!(BiasedBits::new(0, 3).next(&mut Stream::new(1, 1)), 0);
    }

    /// Heads are the ones of the words that were drawn.
    #[test]
    fn heads_count_every_bit_once() {
        for coins in [0, 1, 63, 64, 511, 512, 700, 5_000] {
            let (mut stream, mut again) = (Stream::new(6, 1), Stream::new(6, 1));
            let whole: u32 = (0..coins / 64).map(|_| again.next().count_ones()).sum();
            let last = again.next() & ((1 << (coins % 64)) - 1);
            assert_eq!(stream.heads(coins), (whole + last.count_ones()) as usize, "{coins}");
            assert_eq!(stream.state, again.state);
        }
    }

    #[test]
    fn binomial_counts_have_their_mean_and_variance() {
        for (trials, part, whole) in [(1_000, 1, 3), (1_000, 1, 2), (333, 255, 256), (5, 3, 7)] {
            let p = part as f64 / whole as f64;
            let counts: Vec<f64> =
                (0..20_000).map(|index| Stream::new(8, index).binomial(trials, part, whole) as f64).collect();
            let (mean, variance) = (trials as f64 * p, trials as f64 * p * (1.0 - p));
            let got = counts.iter().sum::<f64>() / 20_000.0;
            let spread = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 20_000.0;
            assert!((got - mean).abs() < 5.0 * (variance / 20_000.0).sqrt(), "{got} of {mean}");
            // Var of a squared deviation is at most 2 variance² + variance.
            let error = ((2.0 * variance * variance + variance) / 20_000.0).sqrt();
            assert!((spread - variance).abs() < 5.0 * error, "{spread} of {variance}");
        }
    }

    /// Lanes do not depend on each other: pairs are both 1 as often as p².
    #[test]
    fn biased_bits_are_independent() {
        let bits = BiasedBits::new(1, 3);
        let mut stream = Stream::new(4, 4);
        let pairs: u32 = (0..20_000)
            .map(|_| {
                let word = bits.next(&mut stream);
                (word & (word >> 1) & (u64::MAX >> 1)).count_ones()
            })
            .sum();
        let mean = 20_000.0 * 63.0 / 9.0;
        assert!((f64::from(pairs) - mean).abs() < 6.0 * mean.sqrt() * 1.3, "{pairs} of {mean}");
    }
}
