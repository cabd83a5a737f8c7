//! Compares two retention rates and corrects for looking at two metrics:
//! `cargo run --example read_a_retention_test`.

use experiment_core::stats::TestOptions;
use experiment_core::stats::multiplicity::holm;
use experiment_core::stats::proportion::{ProportionSummary, miettinen_nurminen_interval, pooled_z_test};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cookie Cats: players who came back one and seven days after installing, of 44,700 and 45,489.
    let metrics = [("day 1", 20_034, 20_119), ("day 7", 8_502, 8_279)];
    let options = TestOptions::two_sided(0.95);
    let mut p_values = Vec::new();
    for (name, control, variant) in metrics {
        let control = ProportionSummary { successes: control, n: 44_700 };
        let variant = ProportionSummary { successes: variant, n: 45_489 };
        let test = pooled_z_test(&control, &variant, &options)?;
        let interval = miettinen_nurminen_interval(&control, &variant, &options)?;
        println!(
            "{name}: {:+.4} ({:+.4} to {:+.4}), p {:.5}",
            test.effect, interval.lower, interval.upper, test.p_value
        );
        p_values.push(test.p_value);
    }
    println!("adjusted by Holm: {:.5?}", holm(&p_values)?);
    Ok(())
}
