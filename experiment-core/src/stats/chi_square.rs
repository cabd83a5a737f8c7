//! Counts against expected counts, and tables of counts: χ², G and the power-divergence family.
//!
//! # References
//! Pearson (1900); Cressie & Read (1984), Journal of the Royal Statistical Society B 46(3), 440–464, eq. 4.3
//! (one family for all); Yates (1934), Supplement to the same journal 1(2), 217–235.

use crate::stats::NotEstimable;
use crate::stats::distribution::chi_square;
use crate::stats::not_estimable::{finite, require_that};

/// How the distance between observed and expected counts is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Divergence {
    /// Σ (O − E)²/E.
    Pearson,
    /// 2 Σ O ln(O/E), the likelihood ratio G.
    LogLikelihood,
    /// Cressie and Read's compromise between the two, λ = ⅔.
    CressieRead,
}

/// A χ² statistic with its p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquareTest {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Degrees of freedom of its distribution under the hypothesis.
    pub degrees_of_freedom: f64,
    /// Probability of a statistic at least as large.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
}

/// Tests whether counts agree with given shares.
///
/// `weights` are proportional to the expected counts and need not add to 1.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] when all counts are 0; [`NotEstimable::ImpossibleInput`] for fewer than
/// two cells, lists of different length, or a weight that is not a number above 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::chi_square::{Divergence, goodness_of_fit};
/// let test = goodness_of_fit(&[5200, 4800], &[1.0, 1.0], Divergence::Pearson)?;
/// assert_eq!(test.statistic, 16.0);
/// assert!((test.p_value / 6.334_248_366_623_985e-5 - 1.0).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn goodness_of_fit(
    observed: &[u64],
    weights: &[f64],
    divergence: Divergence,
) -> Result<ChiSquareTest, NotEstimable> {
    let cells = observed.len();
    require_that(cells >= 2, "the number of cells", cells as f64, "at least 2")?;
    require_that(weights.len() == cells, "the number of weights", weights.len() as f64, "one a cell")?;
    for weight in weights {
        require_that(weight.is_finite() && *weight > 0.0, "a weight", *weight, "a finite number above 0")?;
    }
    let total: f64 = observed.iter().map(|count| *count as f64).sum();
    if total == 0.0 {
        return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
    }
    let sum: f64 = finite("the sum of the weights", weights.iter().sum())?;
    let statistic = observed
        .iter()
        .zip(weights)
        .map(|(count, weight)| distance(*count as f64, total * (weight / sum), divergence))
        .sum();
    judge(statistic, cells as f64 - 1.0)
}

/// Tests whether the rows of a table of counts have the same shares (equally, whether rows and columns are
/// independent).
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two rows or columns or rows of different length;
/// [`NotEstimable::EmptyMargin`] when a row or column is empty, so that nothing is expected there.
///
/// # Examples
/// ```
/// use experiment_core::stats::chi_square::{Divergence, contingency};
/// let table: [&[u64]; 2] = [&[10, 20, 30], &[6, 9, 17]];
/// let test = contingency(&table, Divergence::Pearson)?;
/// assert!((test.statistic - 0.271_574_651_504_035).abs() < 1e-12);
/// assert_eq!(test.degrees_of_freedom, 2.0);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn contingency<Row: AsRef<[u64]>>(
    table: &[Row],
    divergence: Divergence,
) -> Result<ChiSquareTest, NotEstimable> {
    let margins = Margins::of(table)?;
    let statistic = margins.cells(table).map(|(count, expected)| distance(count, expected, divergence)).sum();
    judge(statistic, margins.degrees_of_freedom())
}

/// [`contingency`] for a 2 × 2 table with Yates' continuity correction: each |O − E| is lessened by ½, at
/// most to 0.
///
/// Closer to the exact test than to its own level; here because others report it.
///
/// # Errors
/// As [`contingency`]; [`NotEstimable::ImpossibleInput`] when the table is not 2 × 2.
///
/// # Examples
/// ```
/// use experiment_core::stats::chi_square::yates;
/// let test = yates(&[[100, 900], [150, 850]])?;
/// assert!((test.statistic - 10.976).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn yates(table: &[[u64; 2]; 2]) -> Result<ChiSquareTest, NotEstimable> {
    let margins = Margins::of(table)?;
    let statistic = margins
        .cells(table)
        .map(|(count, expected)| {
            let distance = ((count - expected).abs() - 0.5).max(0.0);
            distance * distance / expected
        })
        .sum();
    judge(statistic, 1.0)
}

/// Several independent tests as one: their statistics and their degrees of freedom add up.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] without tests.
///
/// # Examples
/// ```
/// use experiment_core::stats::chi_square::{Divergence, added_up, goodness_of_fit};
/// let halves = goodness_of_fit(&[520, 480], &[1.0, 1.0], Divergence::Pearson)?;
/// let thirds = goodness_of_fit(&[310, 320, 270], &[1.0, 1.0, 1.0], Divergence::Pearson)?;
/// let both = added_up(&[halves, thirds])?;
/// // 1.6 with one degree of freedom and 14/3 with two.
/// assert!((both.statistic - (1.6 + 14.0 / 3.0)).abs() < 1e-12);
/// assert_eq!(both.degrees_of_freedom, 3.0);
/// assert!((both.p_value - 0.099_333_037_951_875_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fisher (1925), Statistical Methods for Research Workers, section 20: sums of independent χ² are χ².
pub fn added_up(tests: &[ChiSquareTest]) -> Result<ChiSquareTest, NotEstimable> {
    require_that(!tests.is_empty(), "the number of tests", 0.0, "at least 1")?;
    let sum = |part: fn(&ChiSquareTest) -> f64| tests.iter().map(part).sum::<f64>();
    judge(sum(|test| test.statistic), sum(|test| test.degrees_of_freedom))
}

/// One cell's part of the statistic.
fn distance(observed: f64, expected: f64, divergence: Divergence) -> f64 {
    let excess = observed - expected;
    match divergence {
        Divergence::Pearson => excess * excess / expected,
        // Written with the deviation, Σ(O − E) = 0 being added, so that large equal counts lose no digits.
        Divergence::LogLikelihood if observed == 0.0 => 2.0 * expected,
        Divergence::LogLikelihood => 2.0 * (observed * libm::log1p(excess / expected) - excess),
        // 2/(λ(λ+1)) · [O ((O/E)^λ − 1) − λ(O − E)] with λ = ⅔
        Divergence::CressieRead => {
            let growth =
                if observed == 0.0 { -1.0 } else { libm::expm1(libm::log1p(excess / expected) * 2.0 / 3.0) };
            1.8 * (observed * growth - excess * 2.0 / 3.0)
        }
    }
}

fn judge(statistic: f64, degrees_of_freedom: f64) -> Result<ChiSquareTest, NotEstimable> {
    // Rounding may leave a likelihood ratio a little below 0.
    let statistic = finite("the statistic", statistic)?.max(0.0);
    Ok(ChiSquareTest {
        statistic,
        degrees_of_freedom,
        p_value: chi_square::sf(statistic, degrees_of_freedom),
        log10_p_value: chi_square::log10_sf(statistic, degrees_of_freedom),
    })
}

struct Margins {
    rows: Vec<f64>,
    columns: Vec<f64>,
    total: f64,
}

impl Margins {
    fn of<Row: AsRef<[u64]>>(table: &[Row]) -> Result<Self, NotEstimable> {
        let width = table.first().map_or(0, |row| row.as_ref().len());
        require_that(table.len() >= 2, "the number of rows", table.len() as f64, "at least 2")?;
        require_that(width >= 2, "the number of columns", width as f64, "at least 2")?;
        let mut columns = vec![0.0; width];
        let mut rows = Vec::with_capacity(table.len());
        for row in table {
            let row = row.as_ref();
            require_that(row.len() == width, "the length of a row", row.len() as f64, "that of the first")?;
            for (column, count) in columns.iter_mut().zip(row) {
                *column += *count as f64;
            }
            rows.push(row.iter().map(|count| *count as f64).sum());
        }
        let total = rows.iter().sum();
        let margins = Self { rows, columns, total };
        for (margin, totals) in [("row", &margins.rows), ("column", &margins.columns)] {
            if let Some(index) = totals.iter().position(|total| *total == 0.0) {
                return Err(NotEstimable::EmptyMargin { margin, index });
            }
        }
        Ok(margins)
    }

    fn degrees_of_freedom(&self) -> f64 {
        (self.rows.len() as f64 - 1.0) * (self.columns.len() as f64 - 1.0)
    }

    /// Each cell's count and the count that independence expects.
    fn cells<'a, Row: AsRef<[u64]>>(&'a self, table: &'a [Row]) -> impl Iterator<Item = (f64, f64)> + 'a {
        table.iter().zip(&self.rows).flat_map(move |(row, of_row)| {
            let cells = row.as_ref().iter().zip(&self.columns);
            cells.map(move |(count, of_column)| (*count as f64, of_row * (of_column / self.total)))
        })
    }
}
