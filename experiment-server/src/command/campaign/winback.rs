//! An offer campaign that was made up, so that its truth is known: a gift to customers who have gone quiet.
//!
//! Customers are new, at risk or loyal. The gift keeps those who take it and would have left; loyal ones take it
//! most, and would have ordered and stayed anyway, so among them it is money given away.

use std::fmt::Write;

use experiment_core::time::{DAY, Day, SECOND, Timestamp};

use super::{Campaign, mixed};

/// Customers of both arms together.
const CUSTOMERS: u32 = 24_000;
/// Customers come over this many days…
const DAYS: u32 = 21;
/// …the last of which lies this long before the campaign is played, so that every window has ended.
const LAST_DAY_AGO: i64 = 61;
/// A chance in ten thousand.
const WHOLE: u32 = 10_000;
/// Who unsubscribes, whatever they get.
const UNSUBSCRIBE: u32 = 120;

/// What is true of the customers of one segment; chances in ten thousand.
struct Segment {
    name: &'static str,
    /// How many of the customers.
    share: u32,
    /// Who stays without a gift.
    stays: u32,
    /// Who takes a gift.
    takes: u32,
    /// Who stays because of it, of those who take it.
    is_kept: u32,
    /// Who orders soon, without a gift; with one everybody who takes it does.
    orders: u32,
}

const SEGMENTS: [Segment; 3] = [
    Segment { name: "at_risk", share: 6_000, stays: 3_000, takes: 4_500, is_kept: 2_500, orders: 2_000 },
    Segment { name: "loyal", share: 2_000, stays: 8_000, takes: 6_000, is_kept: 0, orders: 9_500 },
    Segment { name: "new", share: 2_000, stays: 4_500, takes: 4_000, is_kept: 500, orders: 6_000 },
];

/// A customer, with what they do.
pub(in crate::command) struct Winback {
    id: u32,
    came: Timestamp,
    variant: &'static str,
    segment: &'static str,
    takes: bool,
    stays: bool,
    orders: bool,
    unsubscribes: bool,
}

impl Winback {
    fn of(id: u32, first: i64) -> Winback {
        let chance = |purpose| chance(id, purpose);
        let variant = if id.is_multiple_of(2) { "control" } else { "gift" };
        let mut place = chance(1);
        let found = SEGMENTS.iter().find(|segment| {
            let here = place < segment.share;
            place = place.saturating_sub(segment.share);
            here
        });
        let segment = found.unwrap_or(&SEGMENTS[0]);
        let takes = variant == "gift" && chance(2) < segment.takes;
        // Who would have left may be kept: of all who take it so many in ten thousand.
        let is_kept = takes && chance(4) < segment.is_kept * WHOLE / (WHOLE - segment.stays);
        let moment = i64::from(mixed(id) % (DAYS * 86_400)) * SECOND;
        Winback {
            id,
            came: Timestamp(first + moment),
            variant,
            segment: segment.name,
            takes,
            stays: chance(3) < segment.stays || is_kept,
            orders: takes || chance(6) < segment.orders,
            unsubscribes: chance(5) < UNSUBSCRIBE,
        }
    }

    fn write_event(&self, lines: &mut String, event: &str, day: i64, value: Option<u32>) {
        let Winback { id, came, .. } = self;
        let at = Timestamp(came.0 + day * DAY);
        let value = value.map(|value| format!(r#","value":{value}"#)).unwrap_or_default();
        // Writing to a string can't fail.
        let _ = writeln!(
            lines,
            r#"{{"id":"{event}-{day}","customer":"customer-{id:05}","event":"{event}","at":"{at}"{value}}}"#
        );
    }
}

impl Campaign for Winback {
    const DEFINITION: &'static str = include_str!("winback.yaml");
    const EXPERIMENT: &'static str = "winback_gift";
    const CUSTOMER: &'static str = "customer-00041";

    fn customers(today: Day) -> Vec<Winback> {
        let first = today.start().0 - (LAST_DAY_AGO + i64::from(DAYS)) * DAY;
        let mut customers: Vec<Winback> = (0..CUSTOMERS).map(|id| Winback::of(id, first)).collect();
        customers.sort_unstable_by_key(|customer| (customer.came, customer.id));
        customers
    }

    fn write_exposure(&self, lines: &mut String) {
        let Winback { id, came, variant, segment, .. } = self;
        // Writing to a string can't fail.
        let _ = writeln!(
            lines,
            r#"{{"id":"mail","customer":"customer-{id:05}","experiment":"winback_gift","variant":"{variant}","at":"{came}","attributes":{{"segment":"{segment}"}}}}"#
        );
    }

    fn write_events(&self, lines: &mut String) -> usize {
        let mut events = 0;
        let mut write = |event: &str, day: i64, value: Option<u32>| {
            self.write_event(lines, event, day, value);
            events += 1;
        };
        if self.takes {
            write("redeemed", 4, None);
        }
        if self.orders {
            write("order", 5, Some(20 + chance(self.id, 7) % 30));
        }
        if self.stays {
            write("order", 32 + i64::from(chance(self.id, 8) % 10), Some(40 + chance(self.id, 9) % 60));
        }
        // Most come back once more.
        if self.stays && chance(self.id, 12) < 8 * WHOLE / 10 {
            write("order", 45 + i64::from(chance(self.id, 10) % 14), Some(40 + chance(self.id, 11) % 60));
        }
        if self.unsubscribes {
            write("unsubscribe", 3, None);
        }
        events
    }
}

/// A number below ten thousand, for one customer and one purpose (SplitMix64's finaliser).
fn chance(id: u32, purpose: u32) -> u32 {
    let mut x = (u64::from(purpose) << 32 | u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // Lossless: it is below ten thousand.
    ((x ^ (x >> 31)) % u64::from(WHOLE)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_campaign_is_as_it_was_made_up() {
        let customers = Winback::customers(Day(20_000));
        let share = |of: &dyn Fn(&&Winback) -> bool, that: &dyn Fn(&Winback) -> bool| {
            let of: Vec<&Winback> = customers.iter().filter(of).collect();
            of.iter().filter(|customer| that(customer)).count() as f64 / of.len() as f64
        };
        for segment in &SEGMENTS {
            let here = |customer: &&Winback| customer.segment == segment.name;
            let truth = |chance: u32| f64::from(chance) / f64::from(WHOLE);
            // Five standard errors of a share among the 2,400 customers of the smallest group are 0.05.
            let close = |found: f64, true_share: f64| assert!((found - true_share).abs() < 0.05, "{found}");
            close(share(&|_| true, &|customer| customer.segment == segment.name), truth(segment.share));
            close(share(&|c| here(c) && c.variant == "control", &|c| c.stays), truth(segment.stays));
            close(share(&|c| here(c) && c.variant == "gift", &|c| c.takes), truth(segment.takes));
            let kept = truth(segment.stays) + truth(segment.takes) * truth(segment.is_kept);
            close(share(&|c| here(c) && c.variant == "gift", &|c| c.stays), kept);
        }
        assert!(customers.iter().all(|customer| customer.variant == "gift" || !customer.takes));
    }

    #[test]
    fn every_window_has_ended() {
        let today = Day(20_000);
        let last = Winback::customers(today).iter().map(|customer| customer.came).max().unwrap();
        assert!(last.day().end().0 + 60 * DAY <= today.start().0);
    }
}
