//! Gauss–Legendre integration of smooth functions, in panels of sixteen nodes.

/// Positive nodes of the 16-point rule on (−1, 1) and their weights (the rule is symmetric).
const NODES: [(f64, f64); 8] = [
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_893),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
];

/// ∫ `f` over `[lower, upper]`, cut into `panels` equal panels.
pub(crate) fn integrate(f: impl Fn(f64) -> f64, lower: f64, upper: f64, panels: u32) -> f64 {
    let half_width = (upper - lower) / (2.0 * f64::from(panels));
    let mut sum = 0.0;
    for panel in 0..panels {
        let middle = lower + half_width * (2.0 * f64::from(panel) + 1.0);
        for (node, weight) in NODES {
            sum += weight * (f(middle - half_width * node) + f(middle + half_width * node));
        }
    }
    sum * half_width
}

/// The points at which [`integrate`] reads its function, ascending, with their weights.
pub(crate) fn nodes(lower: f64, upper: f64, panels: u32) -> Vec<(f64, f64)> {
    let half_width = (upper - lower) / (2.0 * f64::from(panels));
    let panel_nodes = |panel: u32| {
        let middle = lower + half_width * (2.0 * f64::from(panel) + 1.0);
        let below = NODES.iter().map(move |(node, weight)| (middle - half_width * node, weight * half_width));
        let above =
            NODES.iter().rev().map(move |(node, weight)| (middle + half_width * node, weight * half_width));
        below.chain(above)
    };
    (0..panels).flat_map(panel_nodes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_for_polynomials_of_degree_31() {
        let got = integrate(|x| 32.0 * libm::pow(x, 31.0), 0.0, 1.0, 1);
        assert!((got - 1.0).abs() < 1e-14, "{got}");
        let got = integrate(|x| x.abs() * 0.0 + 1.0, -3.0, 4.0, 3);
        assert!((got - 7.0).abs() < 1e-13, "{got}");
    }
}
