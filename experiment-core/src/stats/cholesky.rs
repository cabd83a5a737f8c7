//! Cholesky's factors of a small symmetric matrix, with dependent rows left out.
//!
//! # References
//! Golub & Van Loan (2013), Matrix Computations, 4th ed., section 4.2.

/// A pivot below this share of its diagonal is rounding: the row depends on those before it.
const DEPENDENT: f64 = 1e-12;

/// L with A = L Lᵀ over the rows that do not depend on earlier ones.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    factor: Vec<Vec<f64>>,
    kept: Vec<bool>,
}

impl Cholesky {
    /// Factors a positive semidefinite matrix of which the lower half is read.
    pub(crate) fn of(mut matrix: Vec<Vec<f64>>) -> Self {
        let size = matrix.len();
        let mut kept = vec![true; size];
        for column in 0..size {
            let diagonal = matrix[column][column];
            let known: f64 = matrix[column][..column].iter().map(|value| value * value).sum();
            let pivot = diagonal - known;
            // Written so that NaN is left out too.
            kept[column] = pivot > DEPENDENT * diagonal;
            let root = if kept[column] { pivot.sqrt() } else { 1.0 };
            matrix[column][column] = root;
            for row in column + 1..size {
                let known: f64 = (0..column).map(|k| matrix[row][k] * matrix[column][k]).sum();
                let value = if kept[column] { (matrix[row][column] - known) / root } else { 0.0 };
                matrix[row][column] = value;
            }
            if !kept[column] {
                matrix[column][..column].fill(0.0);
            }
        }
        Self { factor: matrix, kept }
    }

    /// The first row that depends on those before it.
    pub(crate) fn dependent(&self) -> Option<usize> {
        self.kept.iter().position(|kept| !kept)
    }

    /// x with A x = b over the rows that are kept, 0 elsewhere.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solved = self.forward(right);
        for row in (0..solved.len()).rev() {
            let known: f64 = (row + 1..solved.len()).map(|k| self.factor[k][row] * solved[k]).sum();
            solved[row] = if self.kept[row] { (solved[row] - known) / self.factor[row][row] } else { 0.0 };
        }
        solved
    }

    /// bᵀ A⁻¹ b.
    pub(crate) fn quadratic_form(&self, right: &[f64]) -> f64 {
        self.forward(right).iter().map(|value| value * value).sum()
    }

    /// One entry of the diagonal of A⁻¹.
    pub(crate) fn inverse_diagonal(&self, index: usize) -> f64 {
        let mut unit = vec![0.0; self.kept.len()];
        unit[index] = 1.0;
        self.quadratic_form(&unit)
    }

    /// y with L y = b.
    fn forward(&self, right: &[f64]) -> Vec<f64> {
        let mut solved = vec![0.0; right.len()];
        for row in 0..right.len() {
            let known: f64 = (0..row).map(|k| self.factor[row][k] * solved[k]).sum();
            solved[row] = if self.kept[row] { (right[row] - known) / self.factor[row][row] } else { 0.0 };
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts() {
        let factors = Cholesky::of(vec![vec![4.0, 2.0, 0.0], vec![2.0, 5.0, 3.0], vec![0.0, 3.0, 6.0]]);
        assert_eq!(factors.dependent(), None);
        let solved = factors.solve(&[8.0, 21.0, 24.0]);
        for (got, want) in solved.iter().zip([1.0, 2.0, 3.0]) {
            assert!((got - want).abs() < 1e-14, "{solved:?}");
        }
        // det 60; the cofactor of the first entry is 21.
        assert!((factors.inverse_diagonal(0) - 21.0 / 60.0).abs() < 1e-15);
        assert!((factors.quadratic_form(&[8.0, 21.0, 24.0]) - 122.0).abs() < 1e-12);
    }

    #[test]
    fn dependent_rows_are_left_out() {
        let factors = Cholesky::of(vec![vec![1.0, 2.0, 1.0], vec![2.0, 4.0, 2.0], vec![1.0, 2.0, 5.0]]);
        assert_eq!(factors.dependent(), Some(1));
        assert_eq!(factors.solve(&[2.0, 4.0, 6.0]), [1.0, 0.0, 1.0]);
        assert_eq!(Cholesky::of(vec![vec![0.0]]).solve(&[3.0]), [0.0]);
        assert_eq!(Cholesky::of(vec![vec![f64::NAN]]).dependent(), Some(0));
    }
}
