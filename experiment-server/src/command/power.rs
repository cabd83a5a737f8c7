//! `experiment power`: how many customers, what power, or which effect.

use clap::ValueEnum;

use super::{Console, Exit};
use crate::planning::{PlanAnswer, PlanRequest, PlannedMetric, plan};

const EXAMPLES: &str = "\
Examples:
  # customers per arm to see 19 % rise to 20 % four times in five
  experiment power --metric proportion --baseline 0.19 --effect 0.01 --power 0.8
  # the same effect said relative to the baseline
  experiment power --metric proportion --baseline 0.19 --effect 5% --power 0.8
  # the smallest effect on spend that 20,000 customers per arm show
  experiment power --metric mean --baseline 12.5 --variance 900 --customers 20000 --power 0.8
  # the power of what is there, one-sided, with a variant half the control's size
  experiment power --metric proportion --baseline 0.19 --effect 0.01 --customers 8000 --sides 1 --ratio 0.5";

/// Plan a sample: of effect, customers and power, give two and get the third
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What kind of number the metric is
    #[arg(long, value_enum)]
    metric: Metric,
    /// The control's rate, or its mean
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    baseline: f64,
    /// Means: the variance between customers
    #[arg(long, value_name = "NUMBER")]
    variance: Option<f64>,
    /// Variant − control in the metric's unit, or relative to the baseline as in 5%
    #[arg(long, value_name = "NUMBER|PERCENT", allow_hyphen_values = true)]
    effect: Option<String>,
    /// Customers in the control
    #[arg(long, value_name = "N")]
    customers: Option<f64>,
    /// Chance to find the effect if it is there
    #[arg(long, value_name = "CHANCE")]
    power: Option<f64>,
    /// Chance of a false positive
    #[arg(long, value_name = "CHANCE", default_value_t = 0.05)]
    alpha: f64,
    /// One- or two-sided: 1 or 2
    #[arg(long, value_name = "1|2", default_value_t = 2)]
    sides: u8,
    /// Customers in the variant for each one in the control
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    ratio: f64,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Metric {
    /// A share of the customers (pooled z-test)
    Proportion,
    /// A mean over customers (Welch's test)
    Mean,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (effect, relative) = match args.effect.as_deref() {
        None => (None, false),
        Some(text) => {
            let (number, relative) = effect(text)?;
            (Some(number), relative)
        }
    };
    let answer = plan(&PlanRequest {
        metric: match args.metric {
            Metric::Proportion => PlannedMetric::Proportion,
            Metric::Mean => PlannedMetric::Mean,
        },
        baseline: args.baseline,
        variance: args.variance,
        effect,
        relative,
        customers: args.customers,
        power: args.power,
        alpha: args.alpha,
        sides: args.sides,
        ratio: args.ratio,
    })?;
    match args.format {
        Format::Json => writeln!(console.stdout, "{}", serde_json::to_string_pretty(&answer)?)?,
        Format::Table => write!(console.stdout, "{}", table(&answer))?,
    }
    Ok(Exit::Fine)
}

/// `0.01`, or `5%` of the baseline.
fn effect(text: &str) -> anyhow::Result<(f64, bool)> {
    let (number, relative) = match text.strip_suffix('%') {
        Some(percent) => (percent, true),
        None => (text, false),
    };
    let number: f64 = number.trim().parse().map_err(|_| {
        anyhow::anyhow!("--effect: {text:?} is no number; mend: write 0.01, or 5% of the baseline")
    })?;
    Ok((if relative { number / 100.0 } else { number }, relative))
}

/// A number as people read it: six significant digits.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn table(plan: &PlanAnswer) -> String {
    let relative = plan.relative_effect.map(|effect| format!(" ({:+.2} % of the baseline)", effect * 100.0));
    format!(
        "baseline              {}\neffect                {:+}{}\ncustomers, control    {}\ncustomers, variant    {}\n\
         power                 {:.4}\nalpha                 {} ({}-sided)\n",
        plan.baseline,
        six_digits(plan.effect),
        relative.unwrap_or_default(),
        plan.customers_control,
        plan.customers_variant,
        plan.power,
        plan.alpha,
        if plan.sides == 1 { "one" } else { "two" },
    )
}
