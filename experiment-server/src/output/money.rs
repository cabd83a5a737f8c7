//! What an offer earns, in sentences a marketer reads: kept, cost, paid, taken, for whom.

use std::io::{self, Write};

use experiment_core::report::{
    Advice, EconomicsReport, Effect, EffectQuotient, RelativeSet, Report, Takers, Whom,
};

use super::number;
use super::table::write_item;
use super::text::{cut, printable};

/// Most segments named for one piece of advice.
const MAX_SEGMENTS: usize = 5;

/// A section an offer.
pub(super) fn write_money(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.economics.iter().try_for_each(|offer| write_offer(offer, out))
}

fn write_offer(offer: &EconomicsReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    let closed: u64 = offer.arms.iter().map(|arm| arm.n).sum();
    let open = offer.immature.filter(|open| *open > 0);
    let open = open.map(|open| format!(", {} open", number::count(open))).unwrap_or_default();
    writeln!(
        out,
        "Money: {} against {} ({} accounts closed{open})",
        cut(&offer.variant, 30),
        cut(&offer.control, 30),
        number::count(closed)
    )?;
    if let Some(reason) = &offer.not_estimable {
        return write_item("  not estimable: ", &reason.detail, out);
    }
    let mut line = |mark: &str, sentence: Option<String>| match sentence {
        Some(sentence) => write_item(&format!("  {mark:<10}"), &sentence, out),
        None => Ok(()),
    };
    line("kept", offer.kept_per_1000.map(|kept| format!("{} of 1,000 customers", shown(&kept))))?;
    line("cost", cost(offer))?;
    line("paid", paid(offer))?;
    line("may cost", may_cost(offer))?;
    line("taken", offer.takers.as_ref().map(taken))?;
    for (advice, word) in
        [(Advice::Give, "give to"), (Advice::Withhold, "not to"), (Advice::Undecided, "unclear")]
    {
        let segments: Vec<&Whom> = offer.whom.iter().filter(|whom| whom.advice == advice).collect();
        line(word, (!segments.is_empty()).then(|| segments_of(&segments)))?;
    }
    Ok(())
}

fn cost(offer: &EconomicsReport) -> Option<String> {
    let mut sentence = format!("{} per customer", shown(&offer.cost_per_customer?));
    match &offer.cost_per_kept {
        Some(each) => {
            sentence.push_str(&format!("; for each customer kept {}", quotient(each, number::plain)));
        }
        None => sentence.push_str("; no more customers are kept for it"),
    }
    Some(sentence)
}

fn paid(offer: &EconomicsReport) -> Option<String> {
    let mut sentence = format!("{} net per customer", shown(&offer.net_value_per_customer?));
    if let Some(chance) = offer.chance_it_pays {
        sentence.push_str(&format!("; chance that it pays {}", number::certain(chance)));
    }
    if let Some(rollout) = offer.rollout {
        let customers = number::count(rollout.customers);
        let (net, kept) = (shown(&rollout.net_value), shown(&rollout.kept));
        sentence.push_str(&format!("; given to {customers} customers {net} net and {kept} kept"));
    }
    Some(sentence)
}

fn may_cost(offer: &EconomicsReport) -> Option<String> {
    let break_even = offer.break_even_cost?;
    let mut sentence = format!("{} per customer before it no longer pays", shown(&break_even.per_customer));
    if let Some(each) = &break_even.per_taker {
        sentence.push_str(&format!("; {} for each who takes it", quotient(each, number::plain)));
    }
    Some(sentence)
}

fn taken(takers: &Takers) -> String {
    let mut sentence = format!(
        "by {} at {} each; {} pp kept because of it",
        number::percent(takers.share),
        number::plain(takers.cost),
        quotient(&takers.kept, |share| number::plain(100.0 * share)),
    );
    if let Some(stayed) = &takers.would_have_stayed {
        sentence.push_str(&format!("; would have stayed without it {}", quotient(stayed, number::percent)));
    }
    if takers.contradicted {
        sentence.push_str("; but being offered it seems to change something for those who don't take it");
    }
    sentence
}

fn segments_of(segments: &[&Whom]) -> String {
    let named = segments.iter().take(MAX_SEGMENTS).map(|whom| {
        let value = if whom.value.is_empty() { "(missing)" } else { &whom.value };
        let net = whom.net_value_per_customer.map_or("(too few)".to_owned(), |net| shown(&net));
        format!("{} = {} {net}", printable(&whom.dimension), cut(value, 40))
    });
    let mut sentence = named.collect::<Vec<_>>().join("; ");
    if let more @ 1.. = segments.len().saturating_sub(MAX_SEGMENTS) {
        sentence.push_str(&format!("; and {more} more"));
    }
    sentence
}

/// An effect with its interval: +1.2 (0.4 to 2).
fn shown(effect: &Effect) -> String {
    let sign = if effect.estimate > 0.0 { "+" } else { "" };
    let ends = effect.lower.zip(effect.upper);
    let ends = ends.filter(|(lower, upper)| lower < upper);
    let ends = ends.map(|(lower, upper)| format!(" ({} to {})", number::plain(lower), number::plain(upper)));
    format!("{sign}{}{}", number::plain(effect.estimate), ends.unwrap_or_default())
}

fn quotient(found: &EffectQuotient, number: impl Fn(f64) -> String) -> String {
    let estimate = number(found.estimate);
    match (found.set, found.lower.zip(found.upper)) {
        (RelativeSet::Interval, Some((lower, upper))) => {
            format!("{estimate} ({} to {})", number(lower), number(upper))
        }
        (RelativeSet::Outside, Some((lower, upper))) => {
            format!("{estimate} (anything but {} to {})", number(lower), number(upper))
        }
        _ => format!("{estimate} (the data allow any number)"),
    }
}
