//! The results of one experiment: what to do, whether to believe it, what it earns, and everything behind that.

mod banner;
mod bar;
mod curve;
mod health;
mod interval;
mod lasting;
mod metric;
mod money;
mod plan;
mod readings;
mod scale;
mod slices;
mod wish;

use askama::Template;
use experiment_core::definition::{Role, Status};
use experiment_core::report::Report;
use experiment_core::time::{DAY, Day, Timestamp};

pub(super) use banner::{class_of, worded};
pub use wish::{Shown, Wish};

use self::banner::Banner;
use self::curve::{Curves, SurvivalCurves};
use self::health::HealthStrip;
use self::lasting::Lasting;
use self::metric::RoleTable;
use self::money::Money;
use self::plan::PlanTable;
use self::slices::Slices;
use super::frame::Frame;
use super::instant;
use super::subject::Subject;
use super::text::{ENGLISH, fill};
use crate::page::number;

/// Customers of a rollout, where neither the reader nor the definition says how many.
pub const DEFAULT_ROLLOUT: u64 = 100_000;

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage<'a> {
    frame: &'a Frame,
    head: Head,
    wish: &'a Wish,
    /// The day that downloads are read at, as a query.
    as_of_query: String,
    /// That the page is of a past day.
    past: Option<String>,
    /// Customers of a rollout.
    rollout: u64,
    ways: Vec<Way>,
    banner: Banner,
    /// Absent while nobody can enter.
    health: Option<HealthStrip>,
    money: Vec<Money>,
    roles: Vec<RoleTable>,
    curves: Vec<Curves>,
    /// Whether curves of two metrics have room beside each other.
    in_pairs: bool,
    survival: Vec<SurvivalCurves>,
    lasting: Option<Lasting>,
    slices: Option<Slices>,
    plan: PlanTable,
    scaled_to: Option<String>,
}

/// What an experiment's pages begin with.
pub(super) struct Head {
    pub(super) key: String,
    pub(super) status: &'static str,
    pub(super) hypothesis: Option<String>,
    /// Terms and what they are.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) winner: Option<String>,
}

/// A way to show effects.
struct Way {
    label: String,
    query: String,
    is_current: bool,
}

/// The page of an experiment's results.
///
/// # Errors
/// The template can't be filled.
pub fn results(
    frame: &Frame,
    subject: &Subject,
    report: &Report,
    wish: &Wish,
) -> Result<String, askama::Error> {
    let subject = &wish.as_of.map_or_else(|| subject.clone(), |day| subject.at(day));
    let experiment = &subject.experiment;
    let arms: Vec<String> = experiment.variants.iter().map(|variant| variant.key.clone()).collect();
    let roles = [Role::Primary, Role::Guardrail, Role::Secondary];
    let roles = roles
        .into_iter()
        .filter_map(|role| metric::role_table(role, &report.metrics, experiment, &arms, wish.shown));
    let curves = report.metrics.iter().filter_map(|metric| {
        let defined = experiment.metrics.iter().find(|defined| defined.key == metric.metric)?;
        curve::curves(metric, &arms, metric::worst_accepted(defined))
    });
    let mut curves: Vec<Curves> = curves.collect();
    // What is folded takes no place between pictures.
    curves.sort_by_key(|curve| !curve.is_open);
    let survival = report.metrics.iter().filter_map(|metric| {
        let defined = experiment.metrics.iter().find(|defined| defined.key == metric.metric)?;
        let horizon = defined.window.to.map(|to| u32::try_from(to.0 / DAY).unwrap_or(u32::MAX));
        curve::survival(metric, &arms, horizon)
    });
    let rollout = match wish.shown {
        Shown::Scaled(customers) => customers,
        _ => experiment.economics.as_ref().and_then(|economics| economics.rollout).unwrap_or(DEFAULT_ROLLOUT),
    };
    let is_draft = subject.status == Status::Draft;
    let page = ResultsPage {
        frame,
        head: Head::of(subject, report),
        wish,
        as_of_query: Wish { as_of: wish.as_of, ..Wish::default() }.query(),
        past: wish.as_of.map(|day| fill(ENGLISH.as_of_past, &[("day", &day)])),
        rollout,
        ways: ways(wish, rollout),
        banner: if is_draft { Banner::of_draft() } else { Banner::of(report) },
        health: (!is_draft).then(|| HealthStrip::of(report)),
        money: report.economics.iter().map(Money::of).collect(),
        roles: roles.collect(),
        in_pairs: arms.len() == 2,
        curves,
        survival: survival.collect(),
        lasting: Lasting::of(report, &arms),
        slices: Slices::of(report, wish, &experiment.metrics, &arms, !frame.is_file),
        plan: PlanTable::of(subject, report),
        scaled_to: matches!(wish.shown, Shown::Scaled(_))
            .then(|| fill(ENGLISH.effects_scaled_to, &[("customers", &number::count(rollout))])),
    };
    page.render()
}

fn ways(wish: &Wish, rollout: u64) -> Vec<Way> {
    let text = &ENGLISH;
    let way = |shown: Shown, label: String| Way {
        label,
        query: wish.with_shown(shown).query(),
        is_current: wish.shown == shown,
    };
    vec![
        way(Shown::Absolute, text.effects_absolute.to_owned()),
        way(Shown::Relative, text.effects_relative.to_owned()),
        way(Shown::Scaled(rollout), text.effects_scaled.to_owned()),
    ]
}

impl Head {
    fn of(subject: &Subject, report: &Report) -> Head {
        let text = &ENGLISH;
        let customers: u64 = report.variants.iter().map(|arm| arm.customers).sum();
        let mut facts = times(subject, Some(report));
        facts.push((text.customers, number::count(customers)));
        facts.push((text.version, subject.version.to_string()));
        facts.extend(report.as_of.map(|as_of| (text.as_of, instant::minute(as_of))));
        Head { facts, ..Head::without_report(subject) }
    }

    /// Without anything that a report says.
    pub(super) fn without_report(subject: &Subject) -> Head {
        Head {
            key: subject.experiment.key.clone(),
            status: ENGLISH.status(subject.status),
            hypothesis: subject.experiment.hypothesis.clone(),
            facts: times(subject, None),
            winner: subject.winner.as_ref().map(|winner| fill(ENGLISH.winner_is, &[("variant", winner)])),
        }
    }
}

fn times(subject: &Subject, report: Option<&Report>) -> Vec<(&'static str, String)> {
    let text = &ENGLISH;
    let Some(started) = subject.started_at else { return vec![(text.started, text.not_started.to_owned())] };
    let mut facts = vec![(text.started, started.day().to_string())];
    let entered = report.and_then(first_entry).filter(|day| *day < started.day());
    facts.extend(entered.map(|day| (text.first_entry, day.to_string())));
    facts.extend(subject.stopped_at.map(|stopped| (text.stopped, stopped.day().to_string())));
    facts.extend(report.and_then(|report| days(subject, report)).map(|days| (text.day_of, days.to_string())));
    facts
}

/// Which day of its life an experiment is on, from 1; the last one once it is stopped. Days count from the first on
/// which a customer entered, which may be before the start where arms are drawn elsewhere.
pub(super) fn days(subject: &Subject, report: &Report) -> Option<i32> {
    let end = subject.stopped_at.into_iter().chain(report.as_of).min()?.day();
    let first = first_entry(report).into_iter().chain(subject.started_at.map(Timestamp::day)).min()?;
    Some((end.0 - first.0).max(0) + 1)
}

/// The first day on which a customer entered who is mature by now.
fn first_entry(report: &Report) -> Option<Day> {
    report.metrics.iter().filter_map(|metric| metric.daily.first()).map(|day| day.day).min()
}
