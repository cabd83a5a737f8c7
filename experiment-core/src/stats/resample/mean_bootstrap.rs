//! The bootstrap of means, without drawing customers one by one from the whole sample.
//!
//! How many of n draws fall into one half of the values is binomial; so the draws are split, half by half, down to
//! blocks of at most 256 values, in which eight bytes of randomness draw eight customers. The counts have the
//! same multinomial distribution as draws from the whole.

use crate::stats::NotEstimable;
use crate::stats::centred::Centred;
use crate::stats::resample::bootstrap::Influence;
use crate::stats::resample::stream::Stream;
use crate::stats::resample::{Bootstrap, Resampling, check_values};

/// Values that one byte chooses from.
const BLOCK: usize = 256;

/// [`bootstrap`](crate::stats::resample::bootstrap) of the mean, several times as fast.
///
/// The draws differ from those of the general form for the same seed.
///
/// # Errors
/// As [`bootstrap`](crate::stats::resample::bootstrap).
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::{Resampling, bootstrap_mean};
/// let draws = bootstrap_mean(&[1.0, 2.0, 3.0, 4.0], &Resampling { resamples: 10_000, seed: 1 })?;
/// // √(population variance / n) = √(1.25/4)
/// assert!((draws.std_error() - 0.559).abs() < 0.02);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
pub fn bootstrap_mean(values: &[f64], resampling: &Resampling) -> Result<Bootstrap, NotEstimable> {
    check_values(values, 2)?;
    resampling.check(values.len())?;
    let urn = Urn::of(values)?;
    Bootstrap::of(urn.mean, resampling, || (), |(), stream| urn.draw_mean(stream))
}

/// [`bootstrap_difference`](crate::stats::resample::bootstrap_difference) of means, several times as fast.
///
/// # Errors
/// As [`bootstrap`](crate::stats::resample::bootstrap).
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::{Resampling, bootstrap_mean_difference};
/// let resampling = Resampling { resamples: 10_000, seed: 1 };
/// let draws = bootstrap_mean_difference(&[1.0, 2.0, 3.0, 4.0], &[5.0, 9.0], &resampling)?;
/// assert_eq!(draws.estimate, 4.5);
/// // √(1.25/4 + 4/2)
/// assert!((draws.std_error() - 1.521).abs() < 0.04);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), section 8.3.
pub fn bootstrap_mean_difference(
    control: &[f64],
    variant: &[f64],
    resampling: &Resampling,
) -> Result<Bootstrap, NotEstimable> {
    check_values(control, 2)?;
    check_values(variant, 2)?;
    resampling.check(control.len() + variant.len())?;
    let (control, variant) = (Urn::of(control)?, Urn::of(variant)?);
    let resample = |(): &mut (), stream: &mut Stream| {
        let of_control = control.draw_mean(stream);
        variant.draw_mean(stream) - of_control
    };
    Bootstrap::of(variant.mean - control.mean, resampling, || (), resample)
}

/// [`acceleration`](crate::stats::resample::acceleration) of the mean, which has a closed form: no customer is left out.
///
/// # Errors
/// As [`acceleration`](crate::stats::resample::acceleration).
///
/// # Examples
/// ```
/// use experiment_core::stats::resample::mean_acceleration;
/// // Σ(x − x̄)³ / (6 (Σ(x − x̄)²)^1.5) with deviations −1, −1, 2.
/// assert!((mean_acceleration(&[0.0, 0.0, 3.0])? - 6.0 / (6.0 * 6f64.powf(1.5))).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Efron & Tibshirani (1993), eq. 14.15, with the jackknife values of the mean.
pub fn mean_acceleration(values: &[f64]) -> Result<f64, NotEstimable> {
    check_values(values, 2)?;
    let (mean, influence) = influence(values)?;
    influence.acceleration().ok_or(NotEstimable::NoVariation { control: mean, variant: mean })
}

/// [`mean_acceleration`] of the difference between two arms, for [`bootstrap_mean_difference`].
///
/// # Errors
/// As [`mean_acceleration`].
///
/// # References
/// Efron & Tibshirani (1993), eq. 15.36.
pub fn mean_difference_acceleration(control: &[f64], variant: &[f64]) -> Result<f64, NotEstimable> {
    check_values(control, 2)?;
    check_values(variant, 2)?;
    let ((control, of_control), (variant, of_variant)) = (influence(control)?, influence(variant)?);
    let both = Influence {
        squares: of_variant.squares + of_control.squares,
        cubes: of_variant.cubes - of_control.cubes,
    };
    both.acceleration().ok_or(NotEstimable::NoVariation { control, variant })
}

/// The mean, and what it loses without each customer: (x − x̄)/n.
fn influence(values: &[f64]) -> Result<(f64, Influence), NotEstimable> {
    let mean = Centred::of(values)?.mean;
    let n = values.len() as f64;
    let of = |power: fn(f64) -> f64| values.iter().map(|value| power((value - mean) / n)).sum::<f64>();
    Ok((mean, Influence { squares: of(|u| u * u), cubes: of(|u| u * u * u) }))
}

/// One arm's values less their mean, in parts of a power of two of values.
struct Urn {
    parts: Vec<Part>,
    n: usize,
    mean: f64,
}

/// A power of two of values, in blocks that any byte chooses from: a part smaller than a block is repeated.
struct Part {
    blocks: Vec<[f64; BLOCK]>,
    values: usize,
}

impl Urn {
    fn of(values: &[f64]) -> Result<Self, NotEstimable> {
        let mean = Centred::of(values)?.mean;
        let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let mut parts = Vec::new();
        let mut rest = centred.as_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(1 << rest.len().ilog2());
            let in_blocks =
                part.chunks(BLOCK).map(|chunk| std::array::from_fn(|place| chunk[place % chunk.len()]));
            parts.push(Part { blocks: in_blocks.collect(), values: part.len() });
            rest = after;
        }
        Ok(Self { parts, n: values.len(), mean })
    }

    /// The mean of as many draws as there are values.
    fn draw_mean(&self, stream: &mut Stream) -> f64 {
        let (mut values, mut draws, mut sum) = (self.n, self.n, 0.0);
        for part in &self.parts {
            let all_here = part.values == values;
            let here = if all_here { draws } else { stream.binomial(draws, part.values, values) };
            sum += sum_of_draws(&part.blocks, here, stream);
            values -= part.values;
            draws -= here;
        }
        self.mean + sum / self.n as f64
    }
}

/// The sum of draws from a power of two of blocks.
fn sum_of_draws(blocks: &[[f64; BLOCK]], draws: usize, stream: &mut Stream) -> f64 {
    let [block] = blocks else {
        let (left, right) = blocks.split_at(blocks.len() / 2);
        let to_left = stream.heads(draws);
        return sum_of_draws(left, to_left, stream) + sum_of_draws(right, draws - to_left, stream);
    };
    let mut lanes = [0.0; 8];
    for _ in 0..draws / 8 {
        let word = stream.next();
        for (byte, lane) in lanes.iter_mut().enumerate() {
            *lane += block[usize::from((word >> (8 * byte)) as u8)];
        }
    }
    let last = stream.next();
    for (byte, lane) in lanes.iter_mut().enumerate().take(draws % 8) {
        *lane += block[usize::from((last >> (8 * byte)) as u8)];
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::bootstrap_difference;

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Every value is drawn with the same chance: the count of each of 700 is 1 on average, with variance 699/700.
    #[test]
    fn every_value_is_drawn_alike() {
        let n = 700_usize;
        for place in [0, 255, 256, 511, 512, 639, 640, 699] {
            let mut values = vec![0.0; n];
            values[place] = 1.0;
            let urn = Urn::of(&values).unwrap();
            let counts: Vec<f64> =
                (0..20_000).map(|index| urn.draw_mean(&mut Stream::new(11, index)) * n as f64).collect();
            let squares: Vec<f64> = counts.iter().map(|count| (count - 1.0) * (count - 1.0)).collect();
            // Five standard errors; the fourth moment of a Poisson count of 1 is 4.
            assert!((mean(&counts) - 1.0).abs() < 5.0 / 20_000f64.sqrt(), "{place}: {}", mean(&counts));
            assert!((mean(&squares) - 1.0).abs() < 5.0 * 3f64.sqrt() / 20_000f64.sqrt(), "{place}");
        }
    }

    /// Two values do not come more often together than draws of a multinomial do: covariance −1/n.
    #[test]
    fn counts_of_two_values_have_the_multinomial_covariance() {
        let n = 20_usize;
        let mut values = vec![0.0; n];
        values[3] = 1.0;
        values[17] = 1.0;
        let urn = Urn::of(&values).unwrap();
        let sums: Vec<f64> =
            (0..40_000).map(|index| urn.draw_mean(&mut Stream::new(2, index)) * n as f64 - 2.0).collect();
        let variance = mean(&sums.iter().map(|sum| sum * sum).collect::<Vec<f64>>());
        // Binomial with n = 20, p = 1/10: 1.8; five standard errors of about 1.8 √(2/40,000).
        assert!((variance - 1.8).abs() < 5.0 * 1.8 * (2.2f64 / 40_000.0).sqrt(), "{variance}");
    }

    #[test]
    fn agrees_with_the_general_form() {
        let control: Vec<f64> = (0..300).map(|k| f64::from(k * k % 97)).collect();
        let variant: Vec<f64> = (0..411).map(|k| f64::from(k * k % 89) + 2.0).collect();
        let resampling = Resampling { resamples: 40_000, seed: 5 };
        let fast = bootstrap_mean_difference(&control, &variant, &resampling).unwrap();
        let slow = bootstrap_difference(&control, &variant, mean, &resampling).unwrap();
        assert!((fast.estimate - slow.estimate).abs() < 1e-12);
        // Six standard errors of a ratio of two standard deviations.
        assert!((fast.std_error() / slow.std_error() - 1.0).abs() < 6.0 / 40_000f64.sqrt());
    }
}
