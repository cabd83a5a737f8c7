//! Reading a plan: what each method needs and what it has no use for.

use super::dimension::Dimension;
use super::name;
use super::plan::{BetaShape, Correction, Method, Plan, Prior, Ship, Sides, Spending, Target};
use super::reader::{Field, Fields, Taken};
use crate::decimal::Decimal;

/// Most days that `min_days` may ask for, as many as the longest span.
const MAX_MIN_DAYS: u64 = 3_650;
/// Most customers per arm that a target may ask for, as many as an aggregate can hold.
const MAX_CUSTOMERS_PER_ARM: u64 = 100_000_000;
/// Most planned looks.
const MAX_LOOKS: usize = 100;
/// Most dimensions whose values together are strata.
const MAX_STRATIFY: usize = 5;
/// Most customers that a beta prior may weigh on either side.
const MOST_SHAPE: i128 = 1_000_000_000;

const METHODS: &[(&str, Method)] = &[
    ("fixed", Method::Fixed),
    ("always_valid", Method::AlwaysValid),
    ("group_sequential", Method::GroupSequential),
    ("bayesian", Method::Bayesian),
];

const SIDES: &[(&str, Sides)] = &[("one", Sides::One), ("two", Sides::Two)];

const CORRECTIONS: &[(&str, Correction)] = &[
    ("none", Correction::None),
    ("bonferroni", Correction::Bonferroni),
    ("sidak", Correction::Sidak),
    ("holm", Correction::Holm),
    ("holm_sidak", Correction::HolmSidak),
    ("hochberg", Correction::Hochberg),
    ("hommel", Correction::Hommel),
    ("benjamini_hochberg", Correction::BenjaminiHochberg),
    ("benjamini_yekutieli", Correction::BenjaminiYekutieli),
];

const SPENDINGS: &[(&str, Spending)] =
    &[("obrien_fleming", Spending::ObrienFleming), ("pocock", Spending::Pocock)];

impl Method {
    /// The correction where none is stated.
    fn default_correction(self) -> Correction {
        match self {
            Method::Fixed | Method::AlwaysValid => Correction::Holm,
            Method::GroupSequential => Correction::Bonferroni,
            Method::Bayesian => Correction::None,
        }
    }

    /// Under which corrections the method keeps its promise.
    fn corrections(self) -> &'static [(&'static str, Correction)] {
        match self {
            Method::Fixed => CORRECTIONS,
            Method::AlwaysValid => &[
                ("none", Correction::None),
                ("bonferroni", Correction::Bonferroni),
                ("holm", Correction::Holm),
                ("benjamini_yekutieli", Correction::BenjaminiYekutieli),
            ],
            Method::GroupSequential => &[("bonferroni", Correction::Bonferroni)],
            Method::Bayesian => &[("none", Correction::None)],
        }
    }

    fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

/// Reads a plan; `dimensions` are the experiment's, where they could be read.
pub(super) fn plan(field: &Field<'_>, dimensions: Option<&[Dimension]>) -> Option<Plan> {
    let default = Plan::default();
    field.object(&[], |fields| {
        let method = fields.or("method", default.method, |method| method.choice(METHODS, &[]));
        let alpha = fields.or("alpha", default.alpha, alpha);
        let sides = fields.optional("sides", |sides| sides.choice(SIDES, &[]));
        let correction = fields.optional("correction", |field| correction(field, method));
        let target = fields.optional("target", target);
        let looks = fields.optional("looks", looks);
        let spending = fields.optional("spending", spending);
        let tuning = fields.optional("tuning", |tuning| tuning.whole(1, 2 * MAX_CUSTOMERS_PER_ARM));
        let prior = fields.optional("prior", prior);
        let ship = fields.optional("ship", ship);
        let min_days = fields.or("min_days", default.min_days, |days| days.whole_u32(0, MAX_MIN_DAYS));
        let cuped = fields.or("cuped", default.cuped, Field::flag);
        let stratify = fields.or("stratify", Vec::new(), |list| stratify(list, dimensions));
        let method = method?;
        let stated = [
            ("looks", matches!(looks, Some(Some(_))), Method::GroupSequential),
            ("spending", matches!(spending, Some(Some(_))), Method::GroupSequential),
            ("prior", matches!(prior, Some(Some(_))), Method::Bayesian),
            ("ship", matches!(ship, Some(Some(_))), Method::Bayesian),
        ];
        let mut placed = true;
        for (name, _, of) in stated.iter().filter(|(_, stated, of)| *stated && *of != method) {
            placed = belongs_to(fields, name, *of).is_some();
        }
        let sides = sides_of(fields, method, sides?, alpha)?;
        placed.then_some(())?;
        Some(Plan {
            method,
            alpha: alpha?,
            sides,
            correction: correction?.unwrap_or(method.default_correction()),
            target: target?,
            looks: looks?.unwrap_or_default(),
            spending: spending?.unwrap_or(default.spending),
            tuning: tuning?,
            prior: prior?.unwrap_or_default(),
            ship: ship?,
            min_days: min_days?,
            cuped: cuped?,
            stratify: stratify?,
        })
    })
}

/// Names of dimensions, each once.
fn stratify(list: &Field<'_>, dimensions: Option<&[Dimension]>) -> Option<Vec<String>> {
    let mut taken = Taken::new();
    let names = list.list(MAX_STRATIFY, |item| {
        let name = item.text()?;
        let mut known = dimensions.into_iter().flatten().map(Dimension::name);
        // Where the dimensions themselves are wrong, nothing can be said of their names.
        if dimensions.is_some() && !known.any(|known| known == name) {
            let known: Vec<_> = dimensions.into_iter().flatten().map(Dimension::name).collect();
            let nearest = item.suggestion(name, known.iter().map(AsRef::as_ref));
            let mend = || format!("add it to dimensions, or name one of them: {}", known.join(", "));
            let mend = match known[..] {
                [] => "list it under dimensions".to_owned(),
                _ => nearest.unwrap_or_else(mend),
            };
            return item.problem(format!("\"{name}\" is not one of the experiment's dimensions"), mend);
        }
        name::take(item, &mut taken, name)?;
        Some(name.to_owned())
    })?;
    if names.is_empty() {
        return list.problem("names no dimension", "leave it out, or name one: stratify: [plan]");
    }
    Some(names)
}

fn belongs_to(fields: &Fields<'_>, name: &str, method: Method) -> Option<()> {
    let name_of = method.name();
    fields.problem(
        name,
        format!("belongs to method {name_of}"),
        format!("leave it out, or say method: {name_of}"),
    )
}

/// A chance to win has no sides, and a one-sided sequence is none at 50 %.
fn sides_of(fields: &Fields<'_>, method: Method, stated: Option<Sides>, alpha: Option<f64>) -> Option<Sides> {
    let sides = stated.unwrap_or(Sides::Two);
    if method == Method::Bayesian && stated == Some(Sides::One) {
        return fields.problem("sides", "method bayesian has none: it asks who wins", "leave it out");
    }
    if method == Method::AlwaysValid && sides == Sides::One && alpha.is_some_and(|alpha| alpha >= 0.5) {
        let detail = "always_valid with one side needs a chance below 0.5";
        return fields.problem("alpha", detail, "write a chance such as 0.05");
    }
    Some(sides)
}

fn alpha(field: &Field<'_>) -> Option<f64> {
    let alpha = field.amount()?;
    if alpha > Decimal::ZERO && alpha <= Decimal::new(5, 1) {
        return Some(alpha.to_f64());
    }
    field.problem(format!("{alpha} is not in (0, 0.5]"), "write a chance such as 0.05")
}

/// Any known correction is read, so that one which does not suit the method is told apart from a typing error.
fn correction(field: &Field<'_>, method: Option<Method>) -> Option<Correction> {
    let correction = field.choice(CORRECTIONS, &[])?;
    let Some(method) = method else { return Some(correction) };
    let allowed = method.corrections();
    if allowed.iter().any(|(_, allowed)| *allowed == correction) {
        return Some(correction);
    }
    let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    field.problem(
        format!("method {} keeps no promise with it", method.name()),
        format!("use one of {}", names.join(", ")),
    )
}

fn target(field: &Field<'_>) -> Option<Target> {
    field.object(&[], |fields| {
        let customers =
            fields.optional("customers_per_arm", |customers| customers.whole(1, MAX_CUSTOMERS_PER_ARM));
        let end = fields.optional("end", Field::day);
        match (customers?, end?) {
            (Some(customers), None) => Some(Target::CustomersPerArm(customers)),
            (None, Some(end)) => Some(Target::End(end)),
            (Some(_), Some(_)) => one_target(fields, "stands beside customers_per_arm"),
            (None, None) => one_target(fields, "is missing, and so is customers_per_arm"),
        }
    })
}

fn one_target<T>(fields: &Fields<'_>, detail: &str) -> Option<T> {
    fields.problem("end", detail, "give customers_per_arm: 20000 or end: 2026-12-31")
}

fn looks(field: &Field<'_>) -> Option<Vec<f64>> {
    let looks: Vec<f64> = field.list(MAX_LOOKS, |look| Some(look.share()?.to_f64()))?;
    let rises = looks.windows(2).all(|pair| pair[0] < pair[1]);
    if rises && looks.first().is_some_and(|first| *first > 0.0) && looks.last() == Some(&1.0) {
        return Some(looks);
    }
    field
        .problem("does not rise from above 0 to 1", "write shares of the target such as [0.25, 0.5, 0.75, 1]")
}

fn spending(field: &Field<'_>) -> Option<Spending> {
    if field.value().is_object() {
        return field.object(&[], |fields| {
            let power = fields.required("power", "name the exponent, such as {power: 3}", |power| {
                within(power, Decimal::new(1, 1), Decimal::new(20, 0), "write an exponent such as 3")
            });
            Some(Spending::Power(power?))
        });
    }
    field.choice(SPENDINGS, &[])
}

fn prior(field: &Field<'_>) -> Option<Prior> {
    const SHAPE: &str = "write as many customers as it should weigh, such as {alpha: 20, beta: 80}";
    field.object(&[], |fields| {
        let relative_sd = fields.optional("relative_sd", |field| {
            let mend = "write a share of the control's level, such as 0.3";
            within(field, Decimal::new(1, 6), Decimal::new(1_000, 0), mend)
        });
        let mut shape = |name| {
            fields
                .optional(name, |field| within(field, Decimal::new(1, 1), Decimal::new(MOST_SHAPE, 0), SHAPE))
        };
        let (alpha, beta) = (shape("alpha"), shape("beta"));
        let rate = match (alpha?, beta?) {
            (Some(alpha), Some(beta)) => Some(BetaShape { alpha, beta }),
            (None, None) => None,
            (Some(_), None) => return fields.problem("beta", "is missing beside alpha", SHAPE),
            (None, Some(_)) => return fields.problem("alpha", "is missing beside beta", SHAPE),
        };
        Some(Prior { relative_sd: relative_sd?, rate })
    })
}

fn ship(field: &Field<'_>) -> Option<Ship> {
    field.object(&[], |fields| {
        let chance = fields.required("chance", "name the least chance to win, such as 0.95", |field| {
            let chance = field.amount()?;
            if chance > Decimal::new(5, 1) && chance < Decimal::ONE {
                return Some(chance.to_f64());
            }
            field.problem(format!("{chance} is not between 0.5 and 1"), "write a chance such as 0.95")
        });
        let mend = "name the largest expected loss on the metric's scale, such as 0.001";
        let max_loss = fields.required("max_loss", mend, |field| {
            let loss = field.amount()?;
            if loss > Decimal::ZERO {
                return Some(loss.to_f64());
            }
            field.problem(format!("{loss} is not above 0"), mend)
        });
        Some(Ship { chance: chance?, max_loss: max_loss? })
    })
}

fn within(field: &Field<'_>, least: Decimal, most: Decimal, mend: &str) -> Option<f64> {
    let amount = field.amount()?;
    if amount >= least && amount <= most {
        return Some(amount.to_f64());
    }
    field.problem(format!("{amount} is not between {least} and {most}"), mend)
}
