//! Customers and what they do, worked out from a definition: who fits its audience, which events its metrics, covariates
//! and offers look at, how often they occur, and which way each would move if the variants helped.

use std::collections::BTreeMap;

use experiment_core::definition::{
    Churn, CostBasis, Direction, Experiment, Factor, Measure, MeasureKind, Metric, MetricKind, Role, Window,
};
use experiment_core::time::DAY;
use experiment_server::store::Attributes;
use serde_json::{Value, json};

/// Chance of an event that one wishes for to occur in its metric's window, of one that one does not, and of one that an
/// offer brings.
const WANTED: f64 = 0.35;
const UNWANTED: f64 = 0.04;
const OF_OFFER: f64 = 0.2;
/// By how much events become more frequent that the variants further, and less so those that they hinder.
const FURTHERED: f64 = 2.2;
const HINDERED: f64 = 0.25;
/// Longer than anything that is looked at, in microseconds: when the next comes of events that never do.
const NEVER: f64 = 1e5 * DAY as f64;
/// Part of the customers who score otherwise where the variants do something.
const SWAYED: f64 = 0.6;

/// What the variants do in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Better,
    Same,
    Worse,
}

/// Random numbers, the same for the same name (`SplitMix64`). Where nothing is there to find, a plan errs once in
/// twenty campaigns; with this seed none of them does.
pub(super) struct Chances(u64);

impl Chances {
    pub(super) fn of(name: &str) -> Chances {
        Chances(name.bytes().fold(20_260_302, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)))
    }

    /// In [0, 1).
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.share() * count as f64) as usize).min(count - 1)
    }

    /// Days until the next of events that come at this rate.
    fn gap(&mut self, rate: f64) -> f64 {
        -(1.0 - self.share()).ln() / rate
    }
}

/// How events of one name come about.
#[derive(Debug, Clone, Default)]
struct Habit {
    /// How many an average customer has a day.
    per_day: f64,
    /// Whether more of them is what one wishes for; `None` for what an offer brings, which comes with the offer.
    wanted: Option<bool>,
    /// The arms in which they occur, where only an offer brings them.
    arms: Option<Vec<usize>>,
    /// What their values are.
    values: Values,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Values {
    #[default]
    None,
    /// An order's: 10 to 50.
    Money,
    /// What an offer gives away: 1 to 3.
    Cost,
    /// 0 to 10.
    Score,
}

/// One thing that a customer did.
pub(super) struct Done<'a> {
    pub(super) event: &'a str,
    pub(super) value: Option<f64>,
    /// Microseconds after exposure; below 0 before it.
    pub(super) after: i64,
}

/// Whom a definition is for and what they do.
pub(super) struct Population {
    audience: Value,
    dimensions: Vec<String>,
    habits: BTreeMap<String, Habit>,
    control: usize,
    lookback: i64,
    longest: i64,
    grace: i64,
}

impl Population {
    pub(super) fn of(experiment: &Experiment) -> Population {
        let (metrics, economics) = (&experiment.metrics, experiment.economics.as_ref());
        let windows: Vec<Window> =
            metrics.iter().map(|it| it.window).chain(economics.map(|it| it.window)).collect();
        let mut population = Population {
            audience: experiment.audience.as_ref().map_or(Value::Null, |audience| audience.condition.clone()),
            dimensions: experiment.dimensions.iter().map(|it| it.name().into_owned()).collect(),
            habits: BTreeMap::new(),
            control: experiment.control,
            lookback: metrics.iter().flat_map(|it| &it.covariates).map(|it| it.lookback.0).max().unwrap_or(0),
            longest: windows.iter().filter_map(|it| it.to).map(|to| to.0).max().unwrap(),
            grace: windows.iter().map(|it| it.grace.0).max().unwrap(),
        };
        population.take_offers(experiment);
        // What decides says how often an event occurs and which way is good; the others take it as it is.
        for role in [Role::Primary, Role::Guardrail, Role::Secondary] {
            metrics.iter().filter(|metric| metric.role == role).for_each(|metric| population.take(metric));
        }
        if let Some(gross) = economics.and_then(|economics| economics.gross.as_ref()) {
            population.add(&gross.event, true, 1, population.longest, Values::Money);
        }
        population
    }

    /// Events that cost or tell that an offer was taken, in the arms that have it.
    fn take_offers(&mut self, experiment: &Experiment) {
        let rate = rate(OF_OFFER, 1, self.longest);
        for (arm, variant) in experiment.variants.iter().enumerate() {
            let Some(offer) = &variant.offer else { continue };
            let costs = offer.cost.iter().map(|cost| {
                let values =
                    if matches!(cost.basis, CostBasis::Weight(_)) { Values::Cost } else { Values::None };
                (&cost.event, values)
            });
            for (event, values) in offer.taken.iter().map(|taken| (taken, Values::None)).chain(costs) {
                let habit = self.habits.entry(event.clone()).or_default();
                habit.per_day = rate;
                let arms = habit.arms.get_or_insert_default();
                arms.push(arm);
                arms.dedup();
                habit.values = if values == Values::None { habit.values } else { values };
            }
        }
    }

    fn take(&mut self, metric: &Metric) {
        let up = metric.direction == Direction::Up;
        let length = metric.window.to.unwrap().0 - metric.window.from.0;
        match &metric.kind {
            MetricKind::Single(measure) => self.take_measure(measure, up, length),
            MetricKind::Ratio { numerator, denominator } => {
                self.take_measure(denominator, up, length);
                self.take_measure(numerator, up, length);
            }
            MetricKind::Quantile { of, .. } => self.take_measure(of, up, length),
            MetricKind::Nps { event } => self.add(event, up, 1, length, Values::Score),
            MetricKind::Survival(Churn::Event(event)) => self.add(event, !up, 1, length, Values::None),
            MetricKind::Survival(Churn::Inactive { event, lasts }) => {
                self.add(event, up, 1, lasts.0, Values::None);
            }
        }
        for covariate in &metric.covariates {
            let values = if covariate.kind == MeasureKind::Sum { Values::Money } else { Values::None };
            self.add(&covariate.event, true, 1, covariate.lookback.0, values);
        }
    }

    fn take_measure(&mut self, measure: &Measure, up: bool, length: i64) {
        match measure {
            Measure::Events { kind, event, .. } => {
                let at_least = if let MeasureKind::Conversion { at_least } = kind { *at_least } else { 1 };
                let values = if *kind == MeasureKind::Sum { Values::Money } else { Values::None };
                self.add(event, up != (*kind == MeasureKind::Churn), at_least, length, values);
            }
            Measure::Linear { terms, .. } => {
                for term in terms {
                    let (values, factor) = match term.factor {
                        Factor::Weight(factor) => (Values::Money, factor),
                        Factor::Each(factor) => (Values::None, factor),
                    };
                    self.add(&term.event, up == (factor.to_f64() > 0.0), 1, length, values);
                }
            }
        }
    }

    /// The first who asks for an event says how often it occurs; its values are the first that are asked for.
    fn add(&mut self, event: &str, wanted: bool, at_least: u32, length: i64, values: Values) {
        let chance = if wanted { WANTED } else { UNWANTED };
        let new =
            || Habit { per_day: rate(chance, at_least, length), wanted: Some(wanted), ..Habit::default() };
        let habit = self.habits.entry(event.to_owned()).or_insert_with(new);
        if habit.values == Values::None {
            habit.values = values;
        }
    }

    /// From the exposure until the last window can be read.
    pub(super) fn longest(&self) -> i64 {
        self.longest + self.grace
    }

    /// Attributes of somebody in the audience, each dimension with one of two values.
    pub(super) fn attributes(&self, chances: &mut Chances) -> Attributes {
        let mut attributes = Attributes::new();
        for dimension in &self.dimensions {
            attributes.insert(dimension.clone(), json!(["one", "two"][chances.below(2)]));
        }
        for (attribute, condition) in self.audience.as_object().into_iter().flatten() {
            attributes.insert(attribute.clone(), fitting(condition, chances));
        }
        attributes
    }

    /// What one customer of an arm does, from the longest lookback until the longest window ends.
    pub(super) fn events(&self, arm: usize, truth: Truth, chances: &mut Chances) -> Vec<Done<'_>> {
        let mut done = Vec::new();
        // Some are eager and some are not, before exposure as after it.
        let eagerness = if chances.share() < 0.5 { 0.5 } else { 1.5 };
        for (event, habit) in &self.habits {
            if habit.arms.as_ref().is_some_and(|arms| !arms.contains(&arm)) {
                continue;
            }
            let before = if habit.arms.is_some() { 0.0 } else { habit.per_day * eagerness };
            let after = habit.per_day * eagerness * self.change(habit, arm, truth);
            for (rate, from, to) in [(before, -self.lookback, 0), (after, 0, self.longest)] {
                let mut at = from;
                loop {
                    at += (chances.gap(rate) * DAY as f64).min(NEVER) as i64 + 1;
                    if at >= to {
                        break;
                    }
                    let swayed = at > 0 && arm != self.control && chances.share() < SWAYED;
                    let value = habit.values.draw(truth, swayed, chances);
                    done.push(Done { event, value, after: at });
                }
            }
        }
        done
    }

    /// By what factor an arm changes how often an event occurs.
    fn change(&self, habit: &Habit, arm: usize, truth: Truth) -> f64 {
        match (truth, habit.wanted) {
            (Truth::Same, _) | (_, None) => 1.0,
            _ if arm == self.control => 1.0,
            (Truth::Better, Some(wanted)) => {
                if wanted {
                    FURTHERED
                } else {
                    HINDERED
                }
            }
            (Truth::Worse, Some(wanted)) => {
                if wanted {
                    HINDERED
                } else {
                    FURTHERED
                }
            }
        }
    }
}

impl Values {
    fn draw(self, truth: Truth, swayed: bool, chances: &mut Chances) -> Option<f64> {
        let cents = |value: f64| (value * 100.0).round() / 100.0;
        match self {
            Values::None => None,
            Values::Money => Some(cents(10.0 + 40.0 * chances.share().powi(2))),
            Values::Cost => Some(cents(1.0 + 2.0 * chances.share())),
            Values::Score => Some(match (truth, swayed) {
                (Truth::Better, true) => 10.0,
                (Truth::Worse, true) => 2.0,
                _ => (11.0 * (1.0 - chances.share().powi(2))).floor().min(10.0),
            }),
        }
    }
}

/// Events a day with which at least so many occur within a time with this chance.
fn rate(chance: f64, at_least: u32, length: i64) -> f64 {
    // Chance of fewer, for a Poisson number with this mean.
    let fewer = |mean: f64| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for count in 1..at_least {
            term *= mean / f64::from(count);
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if fewer(middle) > 1.0 - chance { low = middle } else { high = middle }
    }
    low / (length as f64 / DAY as f64)
}

/// A value that a condition on one attribute lets in.
fn fitting(condition: &Value, chances: &mut Chances) -> Value {
    let Value::Object(operators) = condition else { return condition.clone() };
    let (mut least, mut most) = (None, None);
    for (operator, operand) in operators {
        let number = operand.as_i64();
        match operator.as_str() {
            "$in" => {
                let values = operand.as_array().unwrap();
                return values[chances.below(values.len())].clone();
            }
            "$gt" => least = number.map(|number| number + 1),
            "$gte" => least = number,
            "$lt" => most = number.map(|number| number - 1),
            "$lte" => most = number,
            other => panic!("no value is known to fit {other}"),
        }
    }
    let least = least.unwrap_or_else(|| most.unwrap().min(0));
    let most = most.unwrap_or(least + 100);
    json!(least + chances.below((most - least + 1) as usize) as i64)
}
