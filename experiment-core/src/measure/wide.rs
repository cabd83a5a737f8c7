//! Signed 256-bit numbers, just enough for n·Σxy − Σx·Σy without rounding.

/// Sign and magnitude; `high`·2^128 + `low`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wide {
    negative: bool,
    high: u128,
    low: u128,
}

impl Wide {
    /// `a`·`b`, exactly.
    pub(crate) fn product(a: i128, b: i128) -> Wide {
        let (high, low) = multiply(a.unsigned_abs(), b.unsigned_abs());
        Wide { negative: (a < 0) != (b < 0), high, low }
    }

    /// `self` − `other`; products of two 127-bit numbers leave room for it.
    pub(crate) fn minus(self, other: Wide) -> Wide {
        if self.negative != other.negative {
            let (low, carry) = self.low.overflowing_add(other.low);
            return Wide { negative: self.negative, high: self.high + other.high + u128::from(carry), low };
        }
        let (larger, smaller, negative) = if (self.high, self.low) >= (other.high, other.low) {
            (self, other, self.negative)
        } else {
            (other, self, !self.negative)
        };
        let (low, borrow) = larger.low.overflowing_sub(smaller.low);
        Wide { negative, high: larger.high - smaller.high - u128::from(borrow), low }
    }

    /// The nearest `f64`, ties to even: the only rounding on the way.
    pub(crate) fn to_f64(self) -> f64 {
        let magnitude = if self.high == 0 {
            self.low as f64
        } else {
            // Keep the top 128 bits and fold what falls off into the last one: it only breaks ties.
            let shift = 128 - self.high.leading_zeros();
            let (top, lost) = if shift == 128 {
                (self.high, self.low)
            } else {
                ((self.high << (128 - shift)) | (self.low >> shift), self.low << (128 - shift))
            };
            let sticky = top | u128::from(lost != 0);
            sticky as f64 * two_to(shift)
        };
        if self.negative { -magnitude } else { magnitude }
    }
}

/// 2^`exponent` for 0..=128, made from its bits.
fn two_to(exponent: u32) -> f64 {
    f64::from_bits(u64::from(1023 + exponent) << 52)
}

fn multiply(a: u128, b: u128) -> (u128, u128) {
    const MASK: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & MASK, b >> 64, b & MASK);
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 64);
    let crossed = a0 * b1 + (middle & MASK);
    (a1 * b1 + (middle >> 64) + (crossed >> 64), (crossed << 64) | (low & MASK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn large_products_round_once() {
        let wide = Wide::product(i128::MAX, i128::MAX);
        assert_eq!(wide.to_f64(), 2f64.powi(254));
        assert_eq!(Wide::product(i128::MIN, 1).to_f64(), -(2f64.powi(127)));
        let difference = Wide::product(i128::MAX, i128::MAX).minus(Wide::product(i128::MAX, i128::MAX - 3));
        assert_eq!(difference.to_f64(), 3.0 * 2f64.powi(127));
        // 2^53 + 1 and a bit far below: a tie that the lost bit breaks upwards.
        let tie = Wide::product((1 << 53) + 1, 1 << 120).minus(Wide::product(-1, 1));
        assert_eq!(tie.to_f64(), (2f64.powi(53) + 2.0) * 2f64.powi(120));
    }

    proptest! {
        #[test]
        fn agrees_with_plain_integers(a in any::<i64>(), b in any::<i64>(), c in any::<i64>(), d in any::<i64>()) {
            let (a, b, c, d) = (i128::from(a), i128::from(b), i128::from(c), i128::from(d));
            let plain = (a * b).checked_sub(c * d);
            prop_assume!(plain.is_some());
            prop_assert_eq!(Wide::product(a, b).minus(Wide::product(c, d)).to_f64(), plain.unwrap() as f64);
        }

        #[test]
        fn difference_of_products_is_exact(a in any::<i128>(), b in any::<i128>(), small in any::<i64>()) {
            // a·b − (a·b − small·1) = small
            let product = Wide::product(a / 2, b / 2);
            let less = product.minus(Wide::product(i128::from(small), 1));
            prop_assert_eq!(product.minus(less).to_f64(), small as f64);
        }
    }
}
