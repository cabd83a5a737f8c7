//! Choices that a seed makes again.

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from the same seed on every machine.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The numbers of one seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Another sequence, named by `stream`, that shares no numbers with this one.
    pub fn fork(&self, stream: u64) -> Random {
        let mut fork = Random::new(self.state ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        Random::new(fork.bits())
    }

    /// 64 even bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// One of `0..below`, or 0 when that is empty.
    pub fn below(&mut self, below: u64) -> u64 {
        // Uneven by less than below / 2^64.
        ((u128::from(self.bits()) * u128::from(below)) >> 64) as u64
    }

    /// An index of a list of this length, which is not 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Whether something happens that happens in `percent` of all cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A number in `[0, 1)`.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        // The first outputs for the seed 1234567, as listed at rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64.
        let mut random = Random::new(1_234_567);
        let wanted = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423_u64];
        assert_eq!(wanted.map(|_| random.bits()), wanted);
    }
}
