//! The order in which verdicts are tried, over plain truths.

use super::VerdictCode;
use crate::definition::Method;

/// All that the verdict depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Situation {
    /// The arms cannot be compared: their sizes do not fit the weights.
    pub(crate) invalid: bool,
    /// No check fails.
    pub(crate) checks_passed: bool,
    /// The plan's method may decide on what is there.
    pub(crate) may_decide: bool,
    /// The planned sample is there and mature.
    pub(crate) complete: bool,
    /// What speaks for and against each variant, in the order of the definition.
    pub(crate) standings: Vec<Standing>,
}

/// What speaks for and against one variant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    /// A guardrail is shown to be beyond its margin, or a primary to be worse, at the alarm's level, while
    /// customers still enter.
    pub(crate) harmful: bool,
    /// A primary is better.
    pub(crate) better: bool,
    /// A primary is worse.
    pub(crate) worse: bool,
    /// Every guardrail is shown not to be worse by its margin.
    pub(crate) guarded: bool,
    /// Every primary's upper bound lies below the smallest effect worth acting on.
    pub(crate) too_small: bool,
    /// The lower bound on the first primary in its good direction: what ranks winners.
    pub(crate) lower_bound: f64,
}

/// The first rule that fits: its verdict, and the variant it speaks of by its place in the standings.
pub(crate) fn rule(situation: &Situation) -> (VerdictCode, Option<usize>) {
    let standings = &situation.standings;
    if situation.invalid {
        return (VerdictCode::Invalid, None);
    }
    if let Some(harmful) = standings.iter().position(|standing| standing.harmful) {
        return (VerdictCode::StopForHarm, Some(harmful));
    }
    if situation.may_decide {
        if situation.checks_passed
            && let Some(best) = best(standings)
        {
            return (VerdictCode::Ship, Some(best));
        }
        if !standings.is_empty() && standings.iter().all(|standing| standing.worse || standing.too_small) {
            return (VerdictCode::KeepControl, None);
        }
        if situation.complete {
            return (VerdictCode::Inconclusive, None);
        }
    }
    (VerdictCode::Continue, None)
}

fn best(standings: &[Standing]) -> Option<usize> {
    let wins = |standing: &Standing| standing.better && !standing.worse && standing.guarded;
    let winners = standings.iter().enumerate().filter(|(_, standing)| wins(standing));
    // Of equal winners the first in the definition: `max_by` would take the last.
    let surest = winners.rev().max_by(|(_, a), (_, b)| a.lower_bound.total_cmp(&b.lower_bound));
    surest.map(|(index, _)| index)
}

impl VerdictCode {
    /// Whether a verdict of a past day stands, whatever later days say: under every plan harm that was found, and
    /// what was decided. A fixed or group-sequential plan is over when its sample is complete, so its
    /// `inconclusive` stands as well; a plan that bears looking may still find an effect later.
    #[must_use]
    pub fn stands(self, method: Method) -> bool {
        match self {
            VerdictCode::StopForHarm | VerdictCode::Ship | VerdictCode::KeepControl => true,
            VerdictCode::Inconclusive => matches!(method, Method::Fixed | Method::GroupSequential),
            VerdictCode::Invalid | VerdictCode::Continue => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A variant of which nothing is shown.
    const OPEN: Standing = Standing {
        harmful: false,
        better: false,
        worse: false,
        guarded: true,
        too_small: false,
        lower_bound: 0.0,
    };

    fn situation(standings: &[Standing]) -> Situation {
        Situation {
            invalid: false,
            checks_passed: true,
            may_decide: true,
            complete: true,
            standings: standings.to_vec(),
        }
    }

    /// All 2⁹ situations of one variant against the rules written out as one says them.
    #[test]
    fn truth_table_of_one_variant() {
        for bits in 0..512_u32 {
            let is = |bit: u32| bits >> bit & 1 == 1;
            let [invalid, checks_passed, may_decide, complete] = [is(0), is(1), is(2), is(3)];
            let [harmful, better, worse, guarded, too_small] = [is(4), is(5), is(6), is(7), is(8)];
            let standing = Standing { harmful, better, worse, guarded, too_small, lower_bound: 0.0 };
            let standings = vec![standing];
            let situation = Situation { invalid, checks_passed, may_decide, complete, standings };
            let expected = if invalid {
                (VerdictCode::Invalid, None)
            } else if harmful {
                (VerdictCode::StopForHarm, Some(0))
            } else if may_decide && better && !worse && guarded && checks_passed {
                (VerdictCode::Ship, Some(0))
            } else if may_decide && (worse || too_small) {
                (VerdictCode::KeepControl, None)
            } else if may_decide && complete {
                (VerdictCode::Inconclusive, None)
            } else {
                (VerdictCode::Continue, None)
            };
            assert_eq!(rule(&situation), expected, "{situation:?}");
        }
    }

    #[test]
    fn of_several_winners_the_surest_and_of_equals_the_first() {
        let wins = |lower_bound| Standing { better: true, lower_bound, ..OPEN };
        let of = |standings: &[Standing]| rule(&situation(standings));
        assert_eq!(of(&[wins(0.1), wins(0.3), wins(0.2)]), (VerdictCode::Ship, Some(1)));
        assert_eq!(of(&[OPEN, wins(0.2), wins(0.2)]), (VerdictCode::Ship, Some(1)));
        let unguarded = Standing { guarded: false, ..wins(0.9) };
        assert_eq!(of(&[unguarded, wins(-0.1)]), (VerdictCode::Ship, Some(1)));
    }

    #[test]
    fn the_control_is_kept_when_every_variant_is_ruled_out() {
        let worse = Standing { worse: true, ..OPEN };
        let too_small = Standing { too_small: true, ..OPEN };
        assert_eq!(rule(&situation(&[worse.clone(), too_small])).0, VerdictCode::KeepControl);
        assert_eq!(rule(&situation(&[worse, OPEN])).0, VerdictCode::Inconclusive);
        assert_eq!(rule(&situation(&[])).0, VerdictCode::Inconclusive);
        let harmful = Standing { harmful: true, ..OPEN };
        assert_eq!(rule(&situation(&[OPEN, harmful])), (VerdictCode::StopForHarm, Some(1)));
    }

    #[test]
    fn what_stands() {
        use VerdictCode::{Continue, Inconclusive, Invalid, KeepControl, Ship, StopForHarm};
        for method in [Method::Fixed, Method::GroupSequential, Method::AlwaysValid, Method::Bayesian] {
            let once = matches!(method, Method::Fixed | Method::GroupSequential);
            for (code, stands) in [
                (Invalid, false),
                (StopForHarm, true),
                (Ship, true),
                (KeepControl, true),
                (Inconclusive, once),
                (Continue, false),
            ] {
                assert_eq!(code.stands(method), stands, "{code:?} under {method:?}");
            }
        }
    }
}
