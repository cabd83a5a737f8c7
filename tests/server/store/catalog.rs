//! Definitions, versions, life cycles.

use experiment_core::assignment::{Customer, NoMemory, assign as decide};
use experiment_core::definition::{LifecycleStep, Status};
use experiment_server::store::{CatalogError, Change, Expected};

use super::world::{HOUR, MARCH, WINBACK, World, experiment};

#[test]
fn definitions_have_versions_and_preconditions() {
    let mut world = World::new();
    let first = experiment(WINBACK);
    let define =
        |world: &World, document: &str, expected| world.store().define(experiment(document), expected).wait();
    let missing = CatalogError::PreconditionFailed { key: "winback".to_owned(), hash: None };
    assert_eq!(define(&world, WINBACK, Expected::Hash(7)), Err(missing));
    let created = define(&world, WINBACK, Expected::New).unwrap();
    assert_eq!((created.version, created.change, created.sequence), (1, Change::Created, 1));
    assert_eq!(created.hash, first.version_hash());
    assert_eq!(define(&world, WINBACK, Expected::New).unwrap().change, Change::Unchanged);

    let second = format!("{WINBACK}\ntraffic: 0.5");
    let exists = CatalogError::Exists { key: "winback".to_owned(), hash: created.hash };
    assert_eq!(define(&world, &second, Expected::New), Err(exists));
    let stale = CatalogError::PreconditionFailed { key: "winback".to_owned(), hash: Some(created.hash) };
    assert_eq!(define(&world, &second, Expected::Hash(created.hash ^ 1)), Err(stale));
    let updated = define(&world, &second, Expected::Hash(created.hash)).unwrap();
    assert_eq!((updated.version, updated.change, updated.sequence), (2, Change::Updated, 2));

    // Lists of customers are no part of the version.
    let listed = format!("{second}\noverrides: {{discount: [qa-1]}}");
    let outcome = define(&world, &listed, Expected::Hash(updated.hash)).unwrap();
    assert_eq!((outcome.version, outcome.change, outcome.sequence), (2, Change::Updated, 2));
    // Whoever read the definition before the lists changed is told so.
    let late = define(&world, &second, Expected::Hash(updated.hash));
    assert!(
        matches!(late, Err(CatalogError::PreconditionFailed { hash: Some(hash), .. }) if hash == outcome.hash)
    );
    world.restart();
    let catalog = world.store().catalog();
    let entry = catalog.get("winback").unwrap();
    assert_eq!(entry.versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(entry.overrides.get("qa-1"), Some(&1));
    assert!(!entry.current().experiment.document.to_string().contains("qa-1"));
    // A document without lists, such as the stored one sent back, leaves them alone; an empty one clears them.
    let outcome = define(&world, &second, Expected::Any).unwrap();
    assert_eq!((outcome.version, outcome.change), (2, Change::Unchanged));
    let faster = define(&world, &format!("{WINBACK}\ntraffic: 0.75"), Expected::Any).unwrap();
    assert_eq!((faster.version, faster.change), (3, Change::Updated));
    world.restart();
    assert_eq!(world.store().catalog().get("winback").unwrap().overrides.get("qa-1"), Some(&1));
    let outcome =
        define(&world, &format!("{WINBACK}\ntraffic: 0.75\noverrides: {{}}"), Expected::Any).unwrap();
    assert_eq!((outcome.version, outcome.change), (3, Change::Updated));
    world.restart();
    assert!(world.store().catalog().get("winback").unwrap().overrides.is_empty());
}

#[test]
fn a_running_experiment_changes_only_where_it_may() {
    let world = World::running();
    let changed = experiment(&WINBACK.replace("from: 1d, to: 3d", "from: 1d, to: 4d"));
    let refused = world.store().define(changed, Expected::Any).wait().unwrap_err();
    let CatalogError::NotAllowed { problems } = refused else { panic!("{refused}") };
    assert_eq!(
        problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
        ["metrics[0].window"]
    );
    assert_eq!(world.define(&format!("{WINBACK}\ntraffic: 0.25")), 2);
    world.step("winback", LifecycleStep::Stop);
    world.step("winback", LifecycleStep::Archive);
    let refused = world.store().define(experiment(WINBACK), Expected::Any).wait();
    assert!(matches!(refused, Err(CatalogError::NotAllowed { .. })));
}

#[test]
fn a_life_is_lived_in_order() {
    let mut world = World::new();
    let step = |world: &World, step| world.store().step("winback", step).wait();
    let unknown = CatalogError::UnknownExperiment { key: "winback".to_owned() };
    assert_eq!(step(&world, LifecycleStep::Start), Err(unknown));
    world.define("key: winback\nvariants: [{key: control}, {key: discount}]");
    assert!(matches!(step(&world, LifecycleStep::Start), Err(CatalogError::NotReady { .. })));
    assert!(matches!(step(&world, LifecycleStep::Stop), Err(CatalogError::Lifecycle(_))));
    world.define(WINBACK);
    let conclude = |variant: &str| LifecycleStep::Conclude { variant: variant.to_owned() };
    for (taken, status) in [
        (LifecycleStep::Start, Status::Running),
        (LifecycleStep::Stop, Status::Stopped),
        (conclude("discount"), Status::Concluded),
    ] {
        world.clock.advance(HOUR);
        let before = world.store().log_position();
        let stepped = step(&world, taken.clone()).unwrap();
        assert_eq!((stepped.status, stepped.change, stepped.sequence), (status, Change::Updated, before + 1));
        let again = step(&world, taken).unwrap();
        assert_eq!((again.status, again.change, again.sequence), (status, Change::Unchanged, before + 1));
    }
    assert!(matches!(step(&world, conclude("control")), Err(CatalogError::OtherWinner { .. })));
    assert!(matches!(step(&world, conclude("bonus")), Err(CatalogError::UnknownVariant { .. })));
    world.restart();
    let catalog = world.store().catalog();
    let entry = catalog.get("winback").unwrap();
    assert_eq!((entry.status, entry.winner), (Status::Concluded, Some(1)));
    assert_eq!(entry.started_at.map(|at| at.0), Some(MARCH + HOUR));
    assert_eq!(entry.stopped_at.map(|at| at.0), Some(MARCH + 2 * HOUR));
    let steps: Vec<&str> = entry.steps.iter().map(|step| step.step.name()).collect();
    assert_eq!(steps, ["start", "stop", "conclude"]);
    world.verify();
}

#[test]
fn the_snapshot_follows_every_commit() {
    let mut world = World::new();
    world.define(&format!("{WINBACK}\noverrides: {{discount: [qa-1]}}"));
    let decision = |world: &World, customer: &str| {
        let catalog = world.store().catalog();
        decide(catalog.snapshot().get("winback").unwrap(), Customer::new(customer), &NoMemory)
    };
    assert_eq!(decision(&world, "qa-1").reason(), "draft");
    world.step("winback", LifecycleStep::Start);
    for _ in 0..2 {
        assert_eq!(
            (decision(&world, "qa-1").reason(), decision(&world, "qa-1").variant()),
            ("override", Some(1))
        );
        assert_eq!(decision(&world, "c").reason(), "assigned");
        world.restart();
    }
    world.define(&format!("{WINBACK}\ntraffic: 0\noverrides: {{}}"));
    assert_eq!(decision(&world, "c").reason(), "traffic");
    assert_eq!(decision(&world, "qa-1").reason(), "traffic");
    world.step("winback", LifecycleStep::Stop);
    world.step("winback", LifecycleStep::Conclude { variant: "discount".to_owned() });
    assert_eq!((decision(&world, "c").reason(), decision(&world, "c").variant()), ("concluded", Some(1)));
}
