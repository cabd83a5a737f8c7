//! The permutation test of a difference in means.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::resample::stream::{BiasedBits, Stream};
use crate::stats::resample::{Resampling, check_values};
use rayon::prelude::*;

/// Splits that are all counted.
const MOST_SPLITS: f64 = 1e7;
/// Sums that differ by less, relative to the sum of all sizes, are one: rounding depends on the order.
const TIE: f64 = 1e-13;

/// How many ways of dealing the customers to the arms are at least as extreme as the one that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PermutationTest {
    /// Variant's mean minus the control's.
    pub effect: f64,
    /// Share of splits with at least this effect.
    pub p_greater: f64,
    /// Share of splits with at most this effect.
    pub p_less: f64,
    /// Share of splits with an effect of at least this size, on either side.
    pub p_absolute: f64,
}

impl PermutationTest {
    /// Twice the smaller side, at most 1: the two-sided p-value that SciPy gives.
    pub fn p_twice_smaller_tail(&self) -> f64 {
        (2.0 * self.p_greater.min(self.p_less)).min(1.0)
    }
}

/// Tests whether two arms have the same distribution, by dealing their customers to the arms at random.
///
/// The observed split counts as one of them, (b + 1)/(m + 1), so p is never 0 and never too small.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for a value that is not
/// finite or for numbers of resamples beyond their bounds, [`NotEstimable::Overflow`] for values near 1e308.
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::{Resampling, permutation_test};
/// let resampling = Resampling { resamples: 9_999, seed: 7 };
/// let test = permutation_test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], &resampling)?;
/// // One split of twenty.
/// assert!((test.p_greater - 0.05).abs() < 0.01);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Phipson & Smyth (2010), Permutation p-values should never be zero, Statistical Applications in Genetics and
/// Molecular Biology 9(1), 39, doi:10.2202/1544-6115.1585.
pub fn permutation_test(
    control: &[f64],
    variant: &[f64],
    resampling: &Resampling,
) -> Result<PermutationTest, NotEstimable> {
    resampling.check(control.len() + variant.len())?;
    let pool = Pool::of(control, variant)?;
    let deal = Deal::of(&pool);
    let dealt = (0..resampling.resamples).into_par_iter().map_init(
        || vec![0; pool.centred.len().div_ceil(64)],
        |chosen, index| deal.sum(chosen, &mut Stream::new(resampling.seed, index)),
    );
    let no_counts = Counts::default;
    let mut counts =
        dealt.fold(no_counts, |counts, sum| counts.with(&pool, sum)).reduce(no_counts, Counts::plus);
    counts.add(&pool, pool.observed);
    Ok(counts.test(&pool))
}

/// [`permutation_test`] with all splits counted, for up to 10⁷ of them (12 customers in each arm).
///
/// # Errors
/// As [`permutation_test`], and [`NotEstimable::ImpossibleInput`] for more splits.
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::exact_permutation_test;
/// let test = exact_permutation_test(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0])?;
/// assert_eq!((test.p_greater, test.p_twice_smaller_tail(), test.p_absolute), (0.05, 0.1, 0.1));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fisher, R. A. (1935), The Design of Experiments, section 21.
pub fn exact_permutation_test(control: &[f64], variant: &[f64]) -> Result<PermutationTest, NotEstimable> {
    let pool = Pool::of(control, variant)?;
    // The arms' sums of centred values add up to 0, so those of the smaller arm tell.
    let all = pool.centred.len();
    let (chosen, sign) = match all - pool.chosen {
        others if others < pool.chosen => (others, -1.0),
        _ => (pool.chosen, 1.0),
    };
    let splits = (0..chosen).fold(1.0, |ways, i| ways * (all - i) as f64 / (i + 1) as f64);
    require_that(splits <= MOST_SPLITS, "the number of splits", splits, "at most 10^7")?;
    let mut counts = Counts::default();
    // The next set of indices: the last that can move goes one up, those after it follow closely.
    let mut indices: Vec<usize> = (0..chosen).collect();
    loop {
        let sum: f64 = indices.iter().map(|index| pool.centred[*index]).sum();
        counts.add(&pool, sign * sum);
        let Some(moving) = (0..chosen).rev().find(|place| indices[*place] < all - chosen + place) else {
            break;
        };
        let start = indices[moving] + 1;
        for (index, value) in indices[moving..].iter_mut().zip(start..) {
            *index = value;
        }
    }
    Ok(counts.test(&pool))
}

/// All values less their mean, of which the effect is a multiple of the variant's sum.
struct Pool {
    centred: Vec<f64>,
    /// Customers of the variant.
    chosen: usize,
    observed: f64,
    slack: f64,
    effect: f64,
}

impl Pool {
    fn of(control: &[f64], variant: &[f64]) -> Result<Self, NotEstimable> {
        check_values(control, 1)?;
        check_values(variant, 1)?;
        let all = || variant.iter().chain(control);
        let n = (control.len() + variant.len()) as f64;
        let mean = finite("the mean", all().map(|value| value / n).sum())?;
        let centred: Vec<f64> = all().map(|value| value - mean).collect();
        let size = finite("the sum of all sizes", centred.iter().map(|value| value.abs()).sum())?;
        let observed: f64 = centred[..variant.len()].iter().sum();
        let of_control: f64 = centred[variant.len()..].iter().sum();
        Ok(Self {
            chosen: variant.len(),
            observed,
            slack: TIE * size,
            effect: observed / variant.len() as f64 - of_control / control.len() as f64,
            centred,
        })
    }
}

/// Deals the variant's customers at random: every set of as many is as likely as any other.
///
/// Each customer is chosen by a coin of about the right weight; then, one by one, customers at random are chosen or
/// put back until there are as many as wanted. Given how many the coins chose, all sets of that size are equally
/// likely, and stay so as the rest is drawn.
struct Deal<'a> {
    pool: &'a Pool,
    coin: BiasedBits,
}

impl<'a> Deal<'a> {
    fn of(pool: &'a Pool) -> Self {
        Self { pool, coin: BiasedBits::near(pool.chosen, pool.centred.len()) }
    }

    /// The sum of those chosen, whose bits are left in `chosen`.
    fn sum(&self, chosen: &mut [u64], stream: &mut Stream) -> f64 {
        let values = &self.pool.centred;
        for word in &mut *chosen {
            *word = self.coin.next(stream);
        }
        if let Some(last) = chosen.last_mut().filter(|_| !values.len().is_multiple_of(64)) {
            *last &= (1 << (values.len() % 64)) - 1;
        }
        let mut count: usize = chosen.iter().map(|word| word.count_ones() as usize).sum();
        while count != self.pool.chosen {
            let place = stream.below(values.len());
            let (word, bit) = (&mut chosen[place / 64], 1 << (place % 64));
            let too_many = count > self.pool.chosen;
            // Whoever already is on the side that grows is drawn in vain.
            if (*word & bit != 0) == too_many {
                *word ^= bit;
                count = if too_many { count - 1 } else { count + 1 };
            }
        }
        masked_sum(values, chosen)
    }
}

/// For each four bits, all ones where a bit is set: a value stays or becomes 0.
const MASKS: [[u64; 4]; 16] = {
    let mut masks = [[0; 4]; 16];
    let mut index = 0;
    while index < 64 {
        if (index / 4) >> (index % 4) & 1 == 1 {
            masks[index / 4][index % 4] = u64::MAX;
        }
        index += 1;
    }
    masks
};

/// Σ of the values whose bits are set; the order of addition is fixed.
fn masked_sum(values: &[f64], chosen: &[u64]) -> f64 {
    let mut lanes = [0.0; 8];
    for (values, word) in values.chunks(64).zip(chosen) {
        let (eights, rest) = values.as_chunks::<8>();
        let mut word = *word;
        for eight in eights {
            let (low, high) = (&MASKS[(word & 15) as usize], &MASKS[(word >> 4 & 15) as usize]);
            for place in 0..4 {
                lanes[place] += f64::from_bits(eight[place].to_bits() & low[place]);
                lanes[place + 4] += f64::from_bits(eight[place + 4].to_bits() & high[place]);
            }
            word >>= 8;
        }
        for (place, value) in rest.iter().enumerate() {
            lanes[place] += if word >> place & 1 == 1 { *value } else { 0.0 };
        }
    }
    lanes.iter().sum()
}

#[derive(Default)]
struct Counts {
    all: u32,
    greater: u32,
    less: u32,
    absolute: u32,
}

impl Counts {
    fn add(&mut self, pool: &Pool, sum: f64) {
        self.all += 1;
        self.greater += u32::from(sum >= pool.observed - pool.slack);
        self.less += u32::from(sum <= pool.observed + pool.slack);
        self.absolute += u32::from(sum.abs() >= pool.observed.abs() - pool.slack);
    }

    fn with(mut self, pool: &Pool, sum: f64) -> Self {
        self.add(pool, sum);
        self
    }

    fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            greater: self.greater + other.greater,
            less: self.less + other.less,
            absolute: self.absolute + other.absolute,
        }
    }

    fn test(&self, pool: &Pool) -> PermutationTest {
        let share = |count: u32| f64::from(count) / f64::from(self.all);
        PermutationTest {
            effect: pool.effect,
            p_greater: share(self.greater),
            p_less: share(self.less),
            p_absolute: share(self.absolute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// All twenty ways to choose three of six come up equally often.
    #[test]
    fn every_deal_is_as_likely() {
        let pool = Pool::of(&[0.0, 1.0, 2.0], &[3.0, 4.0, 5.0]).unwrap();
        let deal = Deal::of(&pool);
        let mut ways: BTreeMap<u64, u32> = BTreeMap::new();
        let mut chosen = vec![0];
        for index in 0..20_000 {
            deal.sum(&mut chosen, &mut Stream::new(3, index));
            *ways.entry(chosen[0]).or_default() += 1;
        }
        assert_eq!(ways.len(), 20);
        // Six standard errors around 1,000.
        assert!(ways.values().all(|count| count.abs_diff(1_000) < 190), "{ways:?}");
    }

    /// So do all fifteen ways to choose one pair, where the coin is far from fair.
    #[test]
    fn uneven_deals_are_as_likely() {
        let pool = Pool::of(&[0.0, 1.0, 2.0, 3.0], &[4.0, 5.0]).unwrap();
        let deal = Deal::of(&pool);
        let mut ways: BTreeMap<u64, u32> = BTreeMap::new();
        let mut chosen = vec![0];
        for index in 0..15_000 {
            let sum = deal.sum(&mut chosen, &mut Stream::new(5, index));
            let by_hand: f64 = (0..6).filter(|k| chosen[0] >> k & 1 == 1).map(|k| pool.centred[k]).sum();
            assert!((sum - by_hand).abs() < 1e-12);
            *ways.entry(chosen[0]).or_default() += 1;
        }
        assert_eq!(ways.len(), 15);
        assert!(ways.values().all(|count| count.abs_diff(1_000) < 190), "{ways:?}");
    }

    #[test]
    fn either_arm_may_be_the_small_one() {
        let many: Vec<f64> = (0..2_000).map(|n| f64::from(n * n % 997)).collect();
        let one = [500.5];
        let (first, second) =
            (exact_permutation_test(&one, &many).unwrap(), exact_permutation_test(&many, &one).unwrap());
        assert_eq!((first.p_greater, first.p_absolute), (second.p_less, second.p_absolute));
    }
}
