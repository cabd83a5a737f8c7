//! A real campaign, rebuilt customer by customer from its published counts.
//!
//! Cookie Cats is a mobile game; its makers moved the first gate from level 30 to level 40 and watched who
//! came back one and seven days after installing. Eight counts (variant × came back after 1 day × after
//! 7 days) hold all there is to know about these two metrics.

use std::fmt::Write;

use experiment_core::time::{DAY, Day, SECOND, Timestamp};

use super::{Campaign, mixed};

/// How many players came back after one day or not, and after seven days or not.
type Cells = [(bool, bool, u32); 4];

/// Players by variant and by whether they came back after one day and after seven.
const COUNTS: [(&str, Cells); 2] = [
    ("gate_30", [(false, false, 22_840), (false, true, 1_826), (true, false, 13_358), (true, true, 6_676)]),
    ("gate_40", [(false, false, 23_597), (false, true, 1_773), (true, false, 13_613), (true, true, 6_506)]),
];
/// Players install over this many days…
const INSTALL_DAYS: i64 = 14;
/// …the last of which lies this long before the campaign is played, so that every window has ended.
const LAST_INSTALL_DAYS_AGO: i64 = 14;
const HOUR: i64 = 3_600 * SECOND;

/// A player: when they installed, what they saw, when they came back.
pub(in crate::command) struct CookieCats {
    id: u32,
    variant: &'static str,
    installed: Timestamp,
    after_one_day: bool,
    after_seven_days: bool,
}

impl Campaign for CookieCats {
    const DEFINITION: &'static str = include_str!("cookie_cats.yaml");
    const EXPERIMENT: &'static str = "cookie_cats";
    const CUSTOMER: &'static str = "player-00042";

    fn customers(today: Day) -> Vec<CookieCats> {
        let first = today.start().0 - (LAST_INSTALL_DAYS_AGO + INSTALL_DAYS) * DAY;
        let cells =
            COUNTS.iter().flat_map(|(variant, cells)| cells.iter().map(move |cell| (*variant, *cell)));
        let mut players = Vec::new();
        for (variant, (after_one_day, after_seven_days, count)) in cells {
            for _ in 0..count {
                let id = u32::try_from(players.len()).unwrap_or(u32::MAX);
                let moment =
                    i64::from(mixed(id)) * (INSTALL_DAYS * DAY / SECOND) / i64::from(u32::MAX) * SECOND;
                players.push(CookieCats {
                    id,
                    variant,
                    installed: Timestamp(first + moment),
                    after_one_day,
                    after_seven_days,
                });
            }
        }
        players.sort_unstable_by_key(|player| (player.installed, player.id));
        players
    }

    fn write_exposure(&self, lines: &mut String) {
        let CookieCats { id, variant, installed, .. } = self;
        // Writing to a string can't fail.
        let _ = writeln!(
            lines,
            r#"{{"id":"install","customer":"player-{id:05}","experiment":"cookie_cats","variant":"{variant}","at":"{installed}"}}"#
        );
    }

    /// A session for each time the player came back.
    fn write_events(&self, lines: &mut String) -> usize {
        let returns = [(self.after_one_day, 1), (self.after_seven_days, 7)];
        for (_, day) in returns.iter().filter(|(came, _)| *came) {
            let at = Timestamp(self.installed.0 + day * DAY + 12 * HOUR);
            let id = self.id;
            let _ = writeln!(
                lines,
                r#"{{"id":"day-{day}","customer":"player-{id:05}","event":"session","at":"{at}"}}"#
            );
        }
        returns.iter().filter(|(came, _)| *came).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_the_published_ones() {
        let players = CookieCats::customers(Day(20_000));
        let count = |keep: &dyn Fn(&&CookieCats) -> bool| players.iter().filter(keep).count();
        assert_eq!(players.len(), 90_189);
        assert_eq!(count(&|player| player.variant == "gate_30"), 44_700);
        assert_eq!(count(&|player| player.variant == "gate_40"), 45_489);
        assert_eq!(count(&|player| player.variant == "gate_30" && player.after_one_day), 20_034);
        assert_eq!(count(&|player| player.variant == "gate_40" && player.after_one_day), 20_119);
        assert_eq!(count(&|player| player.variant == "gate_30" && player.after_seven_days), 8_502);
        assert_eq!(count(&|player| player.variant == "gate_40" && player.after_seven_days), 8_279);
    }

    #[test]
    fn every_window_has_ended() {
        let today = Day(20_000);
        let last = CookieCats::customers(today).iter().map(|player| player.installed).max().unwrap();
        assert!(last.day().end().0 + 8 * DAY <= today.start().0);
    }
}
