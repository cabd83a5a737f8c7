//! The methods that are tried, and what each promises.

use std::fmt;

use super::calibration::Promise;
use super::scenario::{Scenario, World};

/// A way to read an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Two proportions: pooled z, Miettinen and Nurminen's interval.
    PooledZ,
    /// Two means: Welch.
    Welch,
    /// Two ratios: delta method.
    RatioDelta,
    /// The effect over the control, as the report gives it; rejects when its interval leaves out 0.
    Relative,
    /// Welch on means adjusted by a covariate.
    Cuped,
    /// Post-stratified difference in means.
    Stratified,
    /// The same on means adjusted by a covariate within each stratum.
    StratifiedCuped,
    /// The difference in ninth deciles.
    Quantile,
    /// Mann and Whitney's test.
    MannWhitney,
    /// Brunner and Munzel's test.
    BrunnerMunzel,
    /// The difference in means, percentile interval of resamples.
    BootstrapPercentile,
    /// The same, bias-corrected and accelerated.
    BootstrapBca,
    /// The log-rank test.
    LogRank,
    /// The difference in restricted mean time.
    RestrictedMean,
    /// Not worse by a margin as large as the scenario's effect, fewer being better: the different world is
    /// where a pass is wrong.
    Guardrail,
    /// The asymptotic confidence sequence on the reading that decides.
    AlwaysValid,
    /// The mixture sequential probability ratio test on the same reading.
    Msprt,
    /// Group-sequential with O'Brien and Fleming's spending, a look a day; repeated confidence intervals.
    ObrienFleming,
    /// The same with Pocock's spending.
    Pocock,
    /// The alarm "worse than the control": a one-sided sequence at 0.01.
    Harm,
    /// Credible interval; ships when the chance to win is 95 % and the expected loss small.
    Bayes,
    /// χ² on customer counts, at 0.001.
    SrmChiSquare,
    /// The sequential test on customer counts, at 0.001.
    SrmSequential,
    /// Several variants, each at α.
    Unadjusted,
    /// Several variants by Bonferroni.
    Bonferroni,
    /// Several variants by Holm.
    Holm,
    /// Several variants by Benjamini and Hochberg: the false discovery rate.
    BenjaminiHochberg,
    /// Several variants by Benjamini and Yekutieli: the false discovery rate under any dependence.
    BenjaminiYekutieli,
    /// Several variants by Dunnett.
    Dunnett,
    /// Several variants, always-valid p-values by Holm.
    AlwaysValidHolm,
    /// Several variants, O'Brien and Fleming's boundaries at α over their number.
    GroupSequentialBonferroni,
    /// Welch on the last day of entry, when most windows are open: what not to do.
    OpenWindows,
    /// Welch on all customers under their first variant, crossed ones too.
    AsAssigned,
}

/// How often an experiment is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// Once, when all windows have ended.
    One,
    /// On each of the fourteen days on which a cohort day becomes mature; the first rejection ends it.
    Daily,
}

impl Looks {
    /// Both.
    pub const ALL: [Looks; 2] = [Looks::One, Looks::Daily];

    /// As it is written: one, daily.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Looks::One => "one",
            Looks::Daily => "daily",
        }
    }
}

/// Level of the alarm for harm.
const HARM_ALPHA: f64 = 0.01;
/// Level of the checks of customer counts.
const SRM_ALPHA: f64 = 0.001;
/// Level of all else.
const ALPHA: f64 = 0.05;
/// Resampling takes a hundred times the rest, so fewer runs must do.
const EVERY_RESAMPLED: u32 = 10;
/// So do the integrals behind Dunnett's test and behind two beta posteriors.
const EVERY_INTEGRATED: u32 = 20;

impl Method {
    /// Every method.
    pub const ALL: [Method; 33] = [
        Method::PooledZ,
        Method::Welch,
        Method::RatioDelta,
        Method::Relative,
        Method::Cuped,
        Method::Stratified,
        Method::StratifiedCuped,
        Method::Quantile,
        Method::MannWhitney,
        Method::BrunnerMunzel,
        Method::BootstrapPercentile,
        Method::BootstrapBca,
        Method::LogRank,
        Method::RestrictedMean,
        Method::Guardrail,
        Method::AlwaysValid,
        Method::Msprt,
        Method::ObrienFleming,
        Method::Pocock,
        Method::Harm,
        Method::Bayes,
        Method::SrmChiSquare,
        Method::SrmSequential,
        Method::Unadjusted,
        Method::Bonferroni,
        Method::Holm,
        Method::BenjaminiHochberg,
        Method::BenjaminiYekutieli,
        Method::Dunnett,
        Method::AlwaysValidHolm,
        Method::GroupSequentialBonferroni,
        Method::OpenWindows,
        Method::AsAssigned,
    ];

    /// As it is written, e.g. `always_valid`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::PooledZ => "pooled_z",
            Method::Welch => "welch",
            Method::RatioDelta => "ratio_delta",
            Method::Relative => "relative",
            Method::Cuped => "cuped",
            Method::Stratified => "stratified",
            Method::StratifiedCuped => "stratified_cuped",
            Method::Quantile => "quantile",
            Method::MannWhitney => "mann_whitney",
            Method::BrunnerMunzel => "brunner_munzel",
            Method::BootstrapPercentile => "bootstrap_percentile",
            Method::BootstrapBca => "bootstrap_bca",
            Method::LogRank => "log_rank",
            Method::RestrictedMean => "restricted_mean",
            Method::Guardrail => "guardrail",
            Method::AlwaysValid => "always_valid",
            Method::Msprt => "msprt",
            Method::ObrienFleming => "obrien_fleming",
            Method::Pocock => "pocock",
            Method::Harm => "harm",
            Method::Bayes => "bayes",
            Method::SrmChiSquare => "srm_chi_square",
            Method::SrmSequential => "srm_sequential",
            Method::Unadjusted => "unadjusted",
            Method::Bonferroni => "bonferroni",
            Method::Holm => "holm",
            Method::BenjaminiHochberg => "benjamini_hochberg",
            Method::BenjaminiYekutieli => "benjamini_yekutieli",
            Method::Dunnett => "dunnett",
            Method::AlwaysValidHolm => "always_valid_holm",
            Method::GroupSequentialBonferroni => "group_sequential_bonferroni",
            Method::OpenWindows => "open_windows",
            Method::AsAssigned => "as_assigned",
        }
    }

    /// The rate of false rejections that it promises.
    #[must_use]
    pub fn alpha(self) -> f64 {
        match self {
            Method::Harm => HARM_ALPHA,
            Method::SrmChiSquare | Method::SrmSequential => SRM_ALPHA,
            _ => ALPHA,
        }
    }

    /// Whether it is tried with these looks.
    #[must_use]
    pub fn reads(self, looks: Looks) -> bool {
        match self {
            Method::AlwaysValid
            | Method::Msprt
            | Method::ObrienFleming
            | Method::Pocock
            | Method::Harm
            | Method::SrmSequential
            | Method::AlwaysValidHolm
            | Method::GroupSequentialBonferroni => looks == Looks::Daily,
            Method::PooledZ
            | Method::Welch
            | Method::RatioDelta
            | Method::Cuped
            | Method::LogRank
            | Method::Bayes
            | Method::SrmChiSquare => true,
            _ => looks == Looks::One,
        }
    }

    /// What its rejections promise with these looks.
    pub(super) fn promise(self, looks: Looks) -> Promise {
        match self {
            Method::Bayes | Method::Unadjusted | Method::OpenWindows => Promise::Nothing,
            // Its alarm is so much stricter while customers enter that all looks together keep to the level.
            Method::SrmChiSquare if looks == Looks::Daily => Promise::AtMost,
            _ if self.is_fixed() && looks == Looks::Daily => Promise::Nothing,
            _ if self.is_fixed() => Promise::Equal,
            _ => Promise::AtMost,
        }
    }

    /// Whether it is meant for one look and, in large samples, rejects at just its level.
    fn is_fixed(self) -> bool {
        match self {
            Method::PooledZ
            | Method::Welch
            | Method::RatioDelta
            | Method::Relative
            | Method::Cuped
            | Method::Stratified
            | Method::StratifiedCuped
            | Method::Quantile
            | Method::MannWhitney
            | Method::BrunnerMunzel
            | Method::BootstrapPercentile
            | Method::BootstrapBca
            | Method::LogRank
            | Method::RestrictedMean
            | Method::Guardrail
            | Method::SrmChiSquare
            | Method::AsAssigned => true,
            Method::AlwaysValid
            | Method::Msprt
            | Method::ObrienFleming
            | Method::Pocock
            | Method::Harm
            | Method::Bayes
            | Method::SrmSequential
            | Method::Unadjusted
            | Method::Bonferroni
            | Method::Holm
            | Method::BenjaminiHochberg
            | Method::BenjaminiYekutieli
            | Method::Dunnett
            | Method::AlwaysValidHolm
            | Method::GroupSequentialBonferroni
            | Method::OpenWindows => false,
        }
    }

    /// Whether what it rejects is true in this world, so that every rejection is a false one.
    pub(super) fn is_null(self, scenario: Scenario, world: World) -> bool {
        match (self, world) {
            // The margin is the effect: without one, passing is right.
            (Method::Guardrail, world) => world == World::Different,
            // A better variant is not worse either.
            (Method::Harm, World::Alike | World::Different) => true,
            (Method::SrmChiSquare | Method::SrmSequential, World::Different) => {
                scenario != Scenario::LostExposures
            }
            (_, World::Different) => scenario == Scenario::PulledForward,
            (_, world) => world == World::Alike,
        }
    }

    /// Whether it is tried in this world: drawn effects are for the methods that are told the prior.
    pub(super) fn applies(self, world: World) -> bool {
        world != World::Drawn || self == Method::Bayes
    }

    /// It takes part in every so many replicates.
    pub(super) fn every(self, scenario: Scenario) -> u32 {
        match (self, scenario) {
            (Method::BootstrapPercentile | Method::BootstrapBca, _) => EVERY_RESAMPLED,
            (Method::Bayes, Scenario::Binary) | (Method::Dunnett, _) => EVERY_INTEGRATED,
            _ => 1,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
