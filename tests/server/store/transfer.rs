//! Export and import: the same facts elsewhere, to the bit, and what becomes of those that do not fit.

use std::collections::BTreeMap;

use experiment_core::definition::LifecycleStep;
use experiment_core::time::{DAY, Day, Timestamp};
use experiment_server::store::{
    ExportFormat, Exported, ImportError, ImportNews, Imported, Outcome, Proposal, ProposedEvent,
    ProposedExposure, Reading,
};
use proptest::prelude::*;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::Value;

use super::recount::{
    EXPERIMENTS, SHARED, definitions, proposed_assign, proposed_event, proposed_exposure, with_metrics,
};
use super::world::{HOUR, MARCH, WINBACK, World, accepted, assign, attributes, event, exposure};

const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");

fn exported(world: &World, experiment: Option<&str>) -> String {
    let mut out = Vec::new();
    let told = world.store().export(experiment, ExportFormat::Ndjson, &mut out, &mut |_, _| ()).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(told, Exported { records: out.lines().count() as u64 - 2, left_out: 0 });
    out
}

/// Lines that were refused, with the reason.
type Refused = Vec<(u64, String)>;

fn import(world: &World, text: &str) -> (Imported, Refused) {
    let mut refused = Vec::new();
    let imported = world.store().import(&mut text.as_bytes(), &mut |news| {
        if let ImportNews::Refused { line, why } = news {
            refused.push((line, why.to_owned()));
        }
    });
    let imported = imported.unwrap();
    assert_eq!(imported.refused, refused.len() as u64);
    (imported, refused)
}

/// Imports what fits in whole.
fn take_in(world: &World, text: &str) -> (u64, u64) {
    let (imported, refused) = import(world, text);
    assert_eq!(refused, []);
    assert!(imported.whole);
    (imported.new, imported.present)
}

/// An empty store whose clock shows the time of another.
fn elsewhere(now: i64) -> World {
    let world = World::new();
    world.clock.set(now);
    world
}

/// The log, record by record.
fn records(mut world: World) -> Vec<(u64, Vec<u8>)> {
    world.close();
    let database = Database::open(world.folder.path().join("log.redb")).unwrap();
    let facts = database.begin_read().unwrap().open_table(FACTS).unwrap();
    let rows = facts.iter().unwrap().map(|row| {
        let (sequence, record) = row.unwrap();
        (sequence.value(), record.value().to_vec())
    });
    rows.collect()
}

/// What is read of experiments, now and as of the end of each day.
fn readings(world: &World, keys: &[&str], days: i32) -> Vec<Option<Reading>> {
    world.walk_to_the_end();
    let first = Timestamp(MARCH).day().0 - 1;
    let of = |key: &&str| {
        let days = (first..first + days).map(|day| Some(Day(day))).chain([None]).collect::<Vec<_>>();
        days.into_iter().map(|day| world.store().aggregates(key, day).ok()).collect::<Vec<_>>()
    };
    keys.iter().flat_map(of).collect()
}

/// A life in which every kind of record comes to be, and something is no more at its end.
fn every_kind() -> World {
    let world = World::new();
    world.share(
        "{segments: {old: {id: {$inGroup: former}}, basic: {id: {$inGroup: chosen}}}, \
         groups: {former: [a, b], chosen: [c-0, 7, 0.5]}, layers: {main: {salt: x}}}",
    );
    world.define(&format!("{}\naudience: {{segment: old}}", WINBACK.replace("key: winback", "key: early")));
    world.step("early", LifecycleStep::Archive);
    world.clock.advance(HOUR);
    world.share("{segments: {basic: {id: {$inGroup: chosen}}}, groups: {chosen: [c-0, 7, 0.5]}, layers: {main: {salt: x}}}");
    let sliced = WINBACK.replace("dimensions: [plan]", "dimensions: [plan, {segment: basic}]");
    let sliced = format!("{sliced}\nlayer: {{key: main, share: 0.5}}\noverrides: {{discount: [qa-1, qa-2]}}");
    world.start(&sliced);
    world.define(&format!("{sliced}\ntraffic: 0.5"));
    world.clock.advance(DAY);
    for customer in ["c-0", "c-1", "7"] {
        accepted(world.one(Proposal::Assign(experiment_server::store::ProposedAssign {
            customer: customer.to_owned(),
            experiment: "winback".to_owned(),
            variant: "discount".to_owned(),
            attributes: Some(attributes("basic")),
        })));
    }
    accepted(world.one(exposure("qa-1", "x", "discount", MARCH + DAY + HOUR)));
    accepted(world.one(exposure("c-2", "x", "control", MARCH + DAY + HOUR + 1)));
    let unnamed = ProposedExposure {
        customer: "c-3, \"quoted\"\nélan".to_owned(),
        experiment: "winback".to_owned(),
        variant: "control".to_owned(),
        id: None,
        at: None,
        attributes: Some(attributes("")),
    };
    let made = accepted(world.one(Proposal::Exposure(unnamed)));
    assert!(made.generated_id.is_some());
    let event_of = |customer: &str, id: Option<&str>, value, at| {
        Proposal::Event(ProposedEvent {
            customer: customer.to_owned(),
            event: "order".to_owned(),
            id: id.map(str::to_owned),
            value,
            at,
            attributes: Some(attributes("pro")),
        })
    };
    accepted(world.one(event_of("c-1", None, Some(-0.0), None)));
    accepted(world.one(event_of("c-1", Some("e"), Some(0.1 + 0.2), Some(Timestamp(MARCH - DAY + 1)))));
    let clamped = accepted(world.one(event_of("c-2", Some("e"), None, Some(Timestamp(MARCH + 9 * DAY)))));
    assert!(clamped.future_clamped);
    accepted(world.one(event("nobody", "e", "login", None, MARCH)));
    world.clock.advance(DAY);
    world.step("winback", LifecycleStep::Stop);
    accepted(world.one(exposure("c-4", "late", "control", MARCH + DAY + 2 * HOUR)));
    world.clock.advance(DAY);
    world.step("winback", LifecycleStep::Conclude { variant: "discount".to_owned() });
    world.settle();
    world
}

#[test]
fn every_kind_of_record_comes_back_to_the_bit() {
    let world = every_kind();
    let text = exported(&world, None);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    lines.iter().for_each(|line| *kinds.entry(line["record"].as_str().unwrap()).or_default() += 1);
    let expected = [
        ("catalog", 2),
        ("definition", 3),
        ("end", 1),
        ("event", 4),
        ("export", 1),
        ("exposure", 7),
        ("group", 2),
        ("lifecycle", 4),
        ("override", 2),
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    let facts = world.store().log_position();
    let copy = elsewhere(MARCH + 5 * DAY);
    assert_eq!(take_in(&copy, &text), (facts, 0));
    assert_eq!(exported(&copy, None), text);
    copy.verify();
    assert_eq!(readings(&copy, &["winback", "early"], 8), readings(&world, &["winback", "early"], 8));
    assert_eq!(copy.store().catalog().shared().tag(), world.store().catalog().shared().tag());
    for key in ["winback", "early"] {
        let [one, other] = [&copy, &world].map(|world| world.store().catalog().get(key).cloned().unwrap());
        assert_eq!((one.tag(), one.status, &one.steps), (other.tag(), other.status, &other.steps));
    }
    // Once more: nothing new.
    assert_eq!(take_in(&copy, &text), (0, facts));
    assert_eq!(exported(&copy, None), text);
    // A log that goes on from there.
    accepted(copy.one(event("nobody", "e2", "login", None, MARCH)));
    assert_eq!(take_in(&copy, &text), (0, facts));
    let mut copy = copy;
    copy.restart();
    copy.verify();
    assert_eq!(copy.store().log_position(), facts + 1);
}

#[test]
fn an_import_that_was_cut_off_is_repeated_as_it_was() {
    let world = every_kind();
    let text = exported(&world, None);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for cut in 1..lines.len() {
        let mut copy = elsewhere(MARCH + 5 * DAY);
        let (imported, refused) = import(&copy, &lines[..cut].concat());
        assert_eq!((imported.whole, refused), (false, vec![]), "{cut}");
        // What there is opens, whichever definitions and lists are not there yet.
        copy.restart();
        copy.verify();
        let (new, present) = take_in(&copy, &text);
        assert_eq!((new + present, present), (world.store().log_position(), imported.new));
        assert_eq!(exported(&copy, None), text, "{cut}");
    }
}

#[test]
fn one_experiment_comes_with_its_customers_and_what_it_names() {
    let world = every_kind();
    world.clock.advance(DAY);
    world.start(
        &WINBACK.replace("key: winback", "key: other").replace("variants", "assignment: external\nvariants"),
    );
    let mut elsewhere_exposed = ProposedExposure {
        customer: "o".to_owned(),
        experiment: "other".to_owned(),
        variant: "control".to_owned(),
        id: Some("x".to_owned()),
        at: Some(Timestamp(MARCH)),
        attributes: None,
    };
    accepted(world.one(Proposal::Exposure(elsewhere_exposed.clone())));
    elsewhere_exposed.customer = "c-1".to_owned();
    accepted(world.one(Proposal::Exposure(elsewhere_exposed)));
    accepted(world.one(event("o", "e", "order", 3.0, MARCH + HOUR)));
    accepted(world.one(event("c-1", "e3", "order", 3.0, MARCH + DAY + 3 * HOUR)));

    let text = exported(&world, Some("winback"));
    assert!(!text.contains(r#""customer":"o""#) && !text.contains(r#""experiment":"other""#));
    assert!(
        !text.contains("nobody") && text.contains(r#""id":"e3""#) && text.contains(r#""group":"chosen""#)
    );
    assert_eq!(text.matches(r#""record":"exposure""#).count(), 7);
    assert_eq!(text.matches(r#""record":"event""#).count(), 4);
    let copy = elsewhere(MARCH + 5 * DAY);
    take_in(&copy, &text);
    assert_eq!(exported(&copy, Some("winback")), text);
    copy.verify();
    let sums = |world: &World| -> Vec<_> {
        let readings = readings(world, &["winback"], 8).into_iter().flatten();
        readings.map(|reading| reading.aggregates).collect()
    };
    assert_eq!(sums(&copy), sums(&world));
    // What it does not name stays away.
    let plain = exported(&world, Some("other"));
    assert!(!plain.contains(r#""record":"catalog""#) && !plain.contains(r#""record":"group""#));
    assert_eq!(plain.lines().count(), 2 + 2 + 2 + 4, "{plain}");
    // Both together, in a store that has facts of a later day: its customers are in the sums as they were.
    let full = elsewhere(MARCH + 30 * DAY);
    accepted(full.one(event("later", "e", "order", 3.0, MARCH)));
    take_in(&full, &plain);
    take_in(&full, &text);
    full.verify();
    for key in ["winback", "other"] {
        let [found, known] = [&full, &world].map(|world| world.reading(key).aggregates);
        assert_eq!((found.exposed, found.metrics), (known.exposed, known.metrics));
    }
    // That traffic changed while it ran is known there only since it came there.
    let off = |world: &World| world.reading("winback").aggregates.off_assignment;
    assert_eq!((off(&full), off(&world)), (1, 2));
}

#[test]
fn what_contradicts_is_told_by_line_and_the_rest_is_in() {
    let world = World::running();
    accepted(world.one(assign("a", "control")));
    accepted(world.one(exposure("b", "x", "control", MARCH)));
    accepted(world.one(event("a", "e", "order", 1.0, MARCH)));
    accepted(world.one(event("a", "f", "order", 1.0, MARCH)));
    let text = exported(&world, None);
    let there = World::running();
    accepted(there.one(assign("a", "discount")));
    accepted(there.one(exposure("b", "x", "discount", MARCH)));
    accepted(there.one(event("a", "e", "order", 2.0, MARCH)));
    let (imported, refused) = import(&there, &text);
    assert_eq!(imported, Imported { new: 1, present: 2, refused: 3, whole: true });
    let mend = "mend: send a repeat exactly as before, and another fact under another id";
    let expected = [
        (4, format!("id: the customer has an exposure \"assign:winback\" with other content; {mend}")),
        (5, format!("id: the customer has an exposure \"x\" with other content; {mend}")),
        (6, format!("id: the customer has an event \"e\" with other content; {mend}")),
    ];
    assert_eq!(refused, expected);
    there.verify();

    // A definition that went another way, and all that rests on it.
    let other = World::new();
    other.define(&format!("{WINBACK}\ntraffic: 0.5"));
    let (imported, refused) = import(&other, &text);
    assert_eq!((imported.new, imported.present), (5, 0), "the life cycle is the same");
    assert_eq!(refused.len(), 1);
    assert!(refused[0].1.starts_with("version 1 of \"winback\" is there with other content; mend: "));
    // Life cycles and catalogs likewise.
    let concluded = |variant: &str| {
        let world = World::running();
        world.share("{segments: {s: {a: 1}}}".replace('1', &variant.len().to_string()).as_str());
        world.step("winback", LifecycleStep::Stop);
        world.step("winback", LifecycleStep::Conclude { variant: variant.to_owned() });
        world
    };
    let (imported, refused) = import(&concluded("control"), &exported(&concluded("discount"), None));
    assert_eq!((imported.new, imported.present, refused.len()), (0, 3, 2));
    assert!(refused[0].1.starts_with("version 1 of the catalog is there with other content"), "{refused:?}");
    assert!(refused[1].1.starts_with("\"winback\" is concluded with \"control\""), "{refused:?}");
    // Lists have no versions: which is later is for somebody to say.
    let listed = |list: &str| {
        let world = World::new();
        world.define(&format!("{WINBACK}\noverrides: {{discount: [{list}]}}"));
        world.share(&format!("{{groups: {{g: [{list}]}}}}"));
        world
    };
    let (imported, refused) = import(&listed("a"), &exported(&listed("b"), None));
    assert_eq!((imported.present, refused.len()), (0, 2));
    assert!(refused[0].1.starts_with("the override lists of \"winback\" there are others; mend: apply"));
    assert!(refused[1].1.starts_with("the groups there are others; mend: apply"), "{refused:?}");
}

#[test]
fn lines_that_say_nothing_are_told_and_none_is_taken_for_another() {
    let world = World::running();
    accepted(world.one(event("a", "e", "order", 1.0, MARCH)));
    let text = exported(&world, None);
    let lines: Vec<&str> = text.lines().collect();
    let changed = |line: usize, by: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = by;
        import(&World::new(), &lines.join("\n"))
    };
    let (imported, refused) = changed(4, "{\"record\":\"event\"");
    assert_eq!((imported.new, imported.refused, imported.whole), (2, 1, true));
    assert!(refused[0].0 == 4 && refused[0].1.contains("EOF while parsing"), "{refused:?}");
    // A definition that is gone takes what rests on it along.
    let (imported, refused) = changed(2, "{}");
    assert_eq!(imported.new, 1);
    assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
    let (_, refused) = changed(5, r#"{"record":"end","records":4}"#);
    assert_eq!(refused[0], (5, "the export had 4 records, and 3 are here; mend: export it again".to_owned()));
    let future = lines[3].replace("\"received_at\":\"2026-03-01T", "\"received_at\":\"2026-03-02T");
    let (imported, refused) = changed(4, &future);
    assert_eq!(imported.new, 2);
    assert!(refused[0].1.starts_with("received_at: 2026-03-02T00:00:00Z is ahead of this machine's clock"));
    let none = |text: &str| World::new().store().import(&mut text.as_bytes(), &mut |_| ()).unwrap_err();
    assert!(matches!(none("a,b\n1,2\n"), ImportError::NotAnExport { .. }));
    assert!(matches!(none(lines[3]), ImportError::NotAnExport { .. }));
    let later = none(r#"{"record":"export","format":2,"catalog":0}"#).to_string();
    assert!(later.starts_with("the export has format 2, this version reads 1; mend: "), "{later}");
    let (imported, _) = import(&World::new(), "");
    assert_eq!(imported, Imported { whole: false, ..Imported::default() });
}

#[test]
fn a_table_has_exposures_and_events() {
    let world = every_kind();
    let mut out = Vec::new();
    let told = world.store().export(None, ExportFormat::Csv, &mut out, &mut |_, _| ()).unwrap();
    assert_eq!(told, Exported { records: 11, left_out: 13 });
    let mut reader = csv::Reader::from_reader(out.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        header.join(","),
        "record,received_at,at,sent_at,undated,customer,id,id_made,experiment,variant,event,value,assigned,override,\
         attributes,segments"
    );
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 11);
    let column = |row: &[String], name: &str| row[header.iter().position(|it| it == name).unwrap()].clone();
    let first = &rows[0];
    let named = |names: &[&str]| names.iter().map(|name| column(first, name)).collect::<Vec<_>>().join("|");
    assert_eq!(
        named(&[
            "record",
            "received_at",
            "at",
            "undated",
            "customer",
            "id",
            "experiment",
            "variant",
            "assigned"
        ]),
        "exposure|2026-03-02T01:00:00Z|2026-03-02T01:00:00Z|true|c-0|assign:winback|winback|discount|true"
    );
    assert_eq!(column(first, "segments"), r#"{"basic":true}"#);
    assert_eq!(column(first, "attributes"), r#"{"plan":"basic"}"#);
    assert_eq!(column(&rows[3], "override"), "true");
    assert_eq!(column(&rows[5], "customer"), "c-3, \"quoted\"\nélan");
    assert_eq!(
        (column(&rows[6], "value"), column(&rows[6], "id_made")),
        ("-0".to_owned(), "true".to_owned())
    );
    assert_eq!(column(&rows[7], "value"), "0.30000000000000004");
    assert_eq!(column(&rows[8], "sent_at"), "2026-03-10T00:00:00Z");
}

#[derive(Debug, Clone)]
enum Act {
    Propose(Vec<Proposal>),
    Advance(i64),
    Metrics(usize, u16),
    Overrides(u8),
    Share(u8),
    Stop,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let proposal = prop_oneof![5 => proposed_event(), 3 => proposed_exposure(), 2 => proposed_assign()];
    let act = prop_oneof![
        10 => proptest::collection::vec(proposal, 1..12).prop_map(Act::Propose),
        4 => (1..30 * HOUR).prop_map(Act::Advance),
        2 => (0..3_usize, any::<u16>()).prop_map(|(experiment, kept)| Act::Metrics(experiment, kept)),
        1 => (0..3_u8).prop_map(Act::Overrides),
        1 => (0..3_u8).prop_map(Act::Share),
        1 => Just(Act::Stop),
    ];
    proptest::collection::vec(act, 1..30)
}

fn live(acts: Vec<Act>) -> (World, i64) {
    let world = World::new();
    world.share(SHARED);
    definitions().iter().for_each(|definition| world.start(definition));
    let mut now = MARCH;
    for act in acts {
        match act {
            Act::Propose(proposals) => drop(world.submit(proposals)),
            Act::Advance(by) => {
                now += by;
                world.clock.set(now);
            }
            Act::Metrics(experiment, kept) => {
                world.define(&with_metrics(&definitions()[experiment], kept));
            }
            Act::Overrides(customer) => {
                let lists = format!("overrides: {{control: [c-{customer}], discount: [qa]}}");
                let [first, ..] = definitions();
                world.define(&first.replace("overrides: {discount: [c-0]}", &lists));
            }
            Act::Share(chosen) => {
                world.share(&SHARED.replace("[c-0]", &format!("[c-{chosen}, c-4]")));
            }
            Act::Stop => world.step("exact", LifecycleStep::Stop),
        }
    }
    (world, now)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn any_store_comes_back_to_the_bit(acts in acts(), cut in any::<prop::sample::Index>(), key in 0..3_usize) {
        let (world, now) = live(acts);
        let text = exported(&world, None);
        let copy = elsewhere(now);
        // Cut off once, and then in whole.
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (_, refused) = import(&copy, &lines[..1 + cut.index(lines.len())].concat());
        prop_assert_eq!(refused, vec![]);
        take_in(&copy, &text);
        prop_assert_eq!(exported(&copy, None), text);
        copy.verify();
        let days = Timestamp(now).day().0 - Timestamp(MARCH).day().0 + 2;
        prop_assert_eq!(readings(&copy, &EXPERIMENTS, days), readings(&world, &EXPERIMENTS, days));

        let one = exported(&world, Some(EXPERIMENTS[key]));
        let part = elsewhere(now);
        take_in(&part, &one);
        prop_assert_eq!(exported(&part, Some(EXPERIMENTS[key])), one);
        part.verify();
        part.walk_to_the_end();
        prop_assert_eq!(part.reading(EXPERIMENTS[key]).aggregates, world.reading(EXPERIMENTS[key]).aggregates);
        prop_assert_eq!(records(copy), records(world));
    }
}

/// Repeats of what is known are duplicates in the copy as they are where it came from.
#[test]
fn what_was_sent_is_known_in_the_copy() {
    let world = every_kind();
    let copy = elsewhere(MARCH + 5 * DAY);
    take_in(&copy, &exported(&world, None));
    let repeat = event("nobody", "e", "login", None, MARCH);
    assert_eq!(copy.one(repeat), Outcome::Duplicate);
    copy.settle();
    assert_eq!(copy.store().known_variant("winback", "c-0").unwrap(), Some(1));
    assert_eq!(copy.store().known_variant("winback", "qa-1").unwrap(), None);
}

fn erase(world: &World, customers: &[&str]) {
    for customer in customers {
        world.store().erase(customer).wait().unwrap();
    }
    world.store().wait_for_erasures_blocking().unwrap();
}

/// The sums of both experiments on every day.
fn sums(world: &World) -> Vec<Option<experiment_core::report::Aggregates>> {
    let readings = readings(world, &["early", "winback"], 8);
    readings.into_iter().map(|reading| Some(reading?.aggregates)).collect()
}

#[test]
fn erased_customers_are_not_exported_and_not_taken_in() {
    // In facts, on override lists, in a group.
    let erased = ["c-1", "qa-1", "7"];
    let world = every_kind();
    let before = exported(&world, None);
    erase(&world, &erased);
    let after = exported(&world, None);
    assert!(before.contains("\"qa-1\"") && before.contains(r#"["c-0",7,0.5]"#));
    assert!(!after.contains("\"qa-1\"") && !after.contains("\"c-1\"") && after.contains(r#"["c-0",0.5]"#));

    let copy = elsewhere(MARCH + 9 * DAY);
    take_in(&copy, &after);
    assert_eq!(exported(&copy, None), after);
    assert_eq!(sums(&copy), sums(&world));
    let audit = copy.store().audit().unwrap();
    assert_eq!(audit.broken, None);
    assert!(!audit.entries.is_empty() && audit.entries.iter().all(|entry| entry.who == "import"));
    copy.verify();

    // An export from before the erasure: where they were erased after it, and where they were erased first.
    let first = elsewhere(MARCH);
    erase(&first, &erased);
    first.clock.advance(9 * DAY);
    for (world, is_new) in [(&world, false), (&first, true)] {
        let (imported, refused) = import(world, &before);
        assert!(refused.iter().all(|(_, why)| why.contains("this customer was erased")), "{refused:?}");
        assert_eq!((refused.len(), imported.new > 0), (5, is_new));
        assert_eq!(exported(world, None), after);
        assert_eq!(world.store().audit().unwrap().broken, None);
        world.verify();
    }
    assert_eq!(sums(&first), sums(&world));
}
