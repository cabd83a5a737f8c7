//! Keys in the store: made, revoked and rotated with their audit, and never there in words.

use experiment_core::time::{DAY, Span, Timestamp};
use experiment_server::store::{
    AuditKind, Expires, ExportFormat, KeyError, KeyId, KeyState, MAX_KEYS, NewKey, Role, Rotation, Store,
    back_up_folder, restore,
};
use redb::{Database, ReadableTable, TableDefinition};

use super::world::{HOUR, MARCH, World, accepted, event};

const KEYS: TableDefinition<u64, &[u8]> = TableDefinition::new("keys");

fn new(name: &str, role: Role) -> NewKey {
    NewKey::new(name, role).unwrap()
}

fn lasting(name: &str, span: i64) -> NewKey {
    let mut new = new(name, Role::Client);
    new.expires = Expires::After(Span(span));
    new
}

/// The store's answer to a text: whose key it is and what it is worth.
fn found(store: &Store, text: &str, now: i64) -> Option<(String, Role, KeyState)> {
    let hash = experiment_server::store::KeyHash::of(text.as_bytes());
    let keys = store.api_keys();
    let key = keys.find(text.as_bytes(), &hash)?;
    Some((key.name.clone(), key.role, key.state(Timestamp(now))))
}

/// Makes a key; gives its id and its text.
fn make(world: &World, new: NewKey) -> (KeyId, String) {
    let made = world.store().create_key(new).wait().unwrap();
    (made.key.id, made.text.unwrap().reveal().to_owned())
}

#[test]
fn a_key_lives_until_it_expires_or_is_revoked() {
    let mut world = World::new();
    assert!(world.store().api_keys().is_empty());
    let (shop, shop_text) = make(&world, lasting("shop", DAY));
    let (_, admin_text) = make(&world, new("ops", Role::Admin));
    for _ in 0..2 {
        assert_eq!(
            found(world.store(), &shop_text, MARCH + DAY - 1),
            Some(("shop".to_owned(), Role::Client, KeyState::Active))
        );
        assert_eq!(
            found(world.store(), &shop_text, MARCH + DAY),
            Some(("shop".to_owned(), Role::Client, KeyState::Expired))
        );
        assert_eq!(
            found(world.store(), &admin_text, i64::MAX),
            Some(("ops".to_owned(), Role::Admin, KeyState::Active))
        );
        for wrong in [&shop_text[1..], &shop_text[..shop_text.len() - 1], "", &format!("{shop_text} ")] {
            assert_eq!(found(world.store(), wrong, MARCH), None, "{wrong}");
        }
        // The id of one with the secret of the other.
        let mixed = format!("{}{}", &shop_text[..24], &admin_text[24..]);
        assert_eq!(found(world.store(), &mixed, MARCH), None);
        world.restart();
    }
    world.clock.advance(HOUR);
    let revoked = world.store().revoke_key(shop).wait().unwrap();
    assert_eq!(revoked.key.revoked_at, Some(Timestamp(MARCH + HOUR)));
    assert_eq!(found(world.store(), &shop_text, MARCH).unwrap().2, KeyState::Revoked);
    world.clock.advance(HOUR);
    let again = world.store().revoke_key(shop).wait().unwrap();
    assert_eq!(again.key.revoked_at, revoked.key.revoked_at, "it stays revoked since then");
    world.crash();
    assert_eq!(found(world.store(), &shop_text, MARCH).unwrap().2, KeyState::Revoked);
    let unknown = KeyId::parse("00000000000f").unwrap();
    assert_eq!(
        world.store().revoke_key(unknown).wait().unwrap_err(),
        KeyError::Unknown { id: "00000000000f".to_owned() }
    );
}

#[test]
fn a_rotation_makes_a_key_alike_and_ends_the_old_one_after_the_overlap() {
    let world = World::new();
    let mut shop = lasting("shop", 90 * DAY);
    shop.rate = "500/s".parse().ok();
    let (old, old_text) = make(&world, shop);
    world.clock.advance(80 * DAY);
    let now = MARCH + 80 * DAY;
    let rotate = |old, overlap, expires| {
        world.store().rotate_key(Rotation { old, overlap: Span(overlap), expires }).wait()
    };
    let rotated = rotate(old, 7 * DAY, None).unwrap();
    let (key, replaces) = (&rotated.key, rotated.replaces.unwrap());
    assert_eq!((key.name.as_str(), key.role, key.rate), ("shop", Role::Client, "500/s".parse().ok()));
    assert_eq!(key.expires_at, Some(Timestamp(now + 90 * DAY)), "as long as the old one was to last");
    assert_eq!((replaces.id, replaces.expires_at), (old, Some(Timestamp(now + 7 * DAY))));
    assert_eq!(found(world.store(), &old_text, now + 7 * DAY - 1).unwrap().2, KeyState::Active);
    assert_eq!(found(world.store(), &old_text, now + 7 * DAY).unwrap().2, KeyState::Expired);

    // The overlap lengthens no life.
    let longer = rotate(old, 30 * DAY, Some(Expires::Never)).unwrap();
    assert_eq!(longer.replaces.unwrap().expires_at, Some(Timestamp(now + 7 * DAY)));
    assert_eq!(longer.key.expires_at, None);
    let at_once = rotate(longer.key.id, 0, None).unwrap();
    assert_eq!(at_once.replaces.unwrap().state(Timestamp(now)), KeyState::Expired);
    assert_eq!(at_once.key.expires_at, None);

    let ended = longer.key.id;
    assert_eq!(rotate(ended, DAY, None).unwrap_err(), KeyError::Ended { id: ended });
    let past = rotate(key.id, DAY, Some(Expires::At(Timestamp(now)))).unwrap_err();
    assert_eq!(past, KeyError::AlreadyOver { at: Timestamp(now), now: Timestamp(now) });
    assert_eq!(found(world.store(), &old_text, now).unwrap().2, KeyState::Active, "nothing was done");
    let revoked = rotated.key.id;
    world.store().revoke_key(revoked).wait().unwrap();
    assert_eq!(rotate(revoked, DAY, None).unwrap_err(), KeyError::Ended { id: revoked });
    assert_eq!(world.store().audit().unwrap().broken, None);
}

#[test]
fn changes_of_keys_are_audited_without_their_secrets() {
    let mut world = World::new();
    let acting = world.store().acting("ops (00000000000a)");
    let made = acting.clone().create_key(new("shop", Role::Client)).wait().unwrap();
    let rotation = Rotation { old: made.key.id, overlap: Span(DAY), expires: None };
    let rotated = world.store().rotate_key(rotation).wait().unwrap();
    acting.revoke_key(made.key.id).wait().unwrap();
    let told = world.store().audit().unwrap();
    assert_eq!(told.broken, None);
    let (old, young) = (made.key.id, rotated.key.id);
    let lines: Vec<_> =
        told.entries.iter().map(|entry| (entry.who.as_str(), entry.kind, entry.step.clone())).collect();
    assert_eq!(
        lines,
        [
            ("ops (00000000000a)", AuditKind::KeyCreated, format!("{old} client shop")),
            ("command", AuditKind::KeyCreated, format!("{young} client shop")),
            ("command", AuditKind::KeyExpiry, format!("{old} client shop")),
            ("ops (00000000000a)", AuditKind::KeyRevoked, format!("{old} client shop")),
        ]
    );
    assert!(told.entries.iter().all(|entry| entry.sequence.is_none() && entry.experiment.is_empty()));
    world.restart();
    assert_eq!(world.store().audit().unwrap(), told);
    let texts = [made.text.unwrap(), rotated.text.unwrap()];
    world.store().shutdown().unwrap();
    world.close();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for text in &texts {
            // Not even a part of the secret stands anywhere.
            let part = &text.reveal().as_bytes()[24..40];
            assert!(!bytes.windows(part.len()).any(|window| window == part));
        }
    }
}

/// Writes into the table of keys of the closed log.
fn tamper(world: &mut World, change: impl FnOnce(&mut redb::Table<'_, u64, &'static [u8]>)) {
    world.store().shutdown().unwrap();
    world.close();
    let log = Database::open(world.folder.path().join("log.redb")).unwrap();
    let transaction = log.begin_write().unwrap();
    change(&mut transaction.open_table(KEYS).unwrap());
    transaction.commit().unwrap();
    drop(log);
    world.open();
}

#[test]
fn a_changed_key_is_found_by_the_audit() {
    let lived = || {
        let world = World::new();
        let (id, _) = make(&world, lasting("shop", DAY));
        make(&world, new("ops", Role::Admin));
        world.store().revoke_key(id).wait().unwrap();
        (world, id, u64::from_str_radix(&id.to_string(), 16).unwrap())
    };
    // The role, the times of making, expiry and revocation, the rate, the hash.
    for at in [1, 2, 10, 18, 26, 40] {
        let (mut world, id, number) = lived();
        tamper(&mut world, |keys| {
            let mut row = keys.get(number).unwrap().unwrap().value().to_vec();
            match at {
                26 => row[26..34].copy_from_slice(&[9, 0, 0, 0, 1, 0, 0, 0]),
                // A client becomes an admin.
                at => row[at] ^= 2,
            }
            keys.insert(number, row.as_slice()).unwrap();
        });
        let broken = world.store().audit().unwrap().broken.unwrap();
        assert_eq!(broken, format!("the key {id} is not what the last entry about it says"), "{at}");
    }
    // One that was slipped in.
    let (mut world, _, number) = lived();
    tamper(&mut world, |keys| {
        let row = keys.get(number).unwrap().unwrap().value().to_vec();
        keys.insert(7, row.as_slice()).unwrap();
    });
    let broken = world.store().audit().unwrap().broken.unwrap();
    assert_eq!(broken, "the key 000000000007 is not what the last entry about it says");
    // Without keys the server would be open.
    let (mut world, ..) = lived();
    tamper(&mut world, |keys| keys.retain(|_, _| false).unwrap());
    assert_eq!(world.store().audit().unwrap().broken.unwrap(), "every key was removed");
}

#[test]
fn keys_are_in_backups_outlast_erasures_and_are_in_no_export() {
    let mut world = World::running();
    let (_, text) = make(&world, new("shop", Role::Client));
    accepted(world.one(event("zq-1", "e", "order", 1.0, MARCH)));
    world.store().erase("zq-1").wait().unwrap();
    world.store().wait_for_erasures_blocking().unwrap();
    assert!(found(world.store(), &text, MARCH).is_some());
    let mut export = Vec::new();
    world.store().export(None, ExportFormat::Ndjson, &mut export, &mut |_, _| ()).unwrap();
    assert!(!String::from_utf8(export).unwrap().contains("shop"));
    world.restart();
    assert!(found(world.store(), &text, MARCH).is_some());
    world.store().shutdown().unwrap();
    world.close();

    let folder = tempfile::tempdir().unwrap();
    let (file, restored) = (folder.path().join("copy.backup"), folder.path().join("restored"));
    let mut copy = std::fs::File::create(&file).unwrap();
    back_up_folder(world.folder.path(), Timestamp(MARCH), &mut copy, &mut |_, _| ()).unwrap();
    restore(&file, &restored, &mut |_, _| ()).unwrap();
    let store = Store::open(&restored, world.clock()).unwrap();
    assert_eq!(found(&store, &text, MARCH), Some(("shop".to_owned(), Role::Client, KeyState::Active)));
    assert_eq!(store.audit().unwrap().broken, None);
}

#[test]
fn there_are_so_many_keys_and_ended_ones_make_room() {
    let mut world = World::new();
    let create = |name: &str| world.store().create_key(new(name, Role::Client));
    // Sent together, they share commits.
    let made: Vec<_> = (0..MAX_KEYS).map(|n| create(&n.to_string())).collect();
    let ids: Vec<KeyId> = made.into_iter().map(|made| made.wait().unwrap().key.id).collect();
    assert_eq!(create("one more").wait().unwrap_err(), KeyError::TooMany { most: MAX_KEYS });
    let rotation = Rotation { old: ids[0], overlap: Span(DAY), expires: None };
    assert_eq!(world.store().rotate_key(rotation).wait().unwrap_err(), KeyError::TooMany { most: MAX_KEYS });
    world.store().revoke_key(ids[7]).wait().unwrap();
    world.clock.advance(HOUR);
    world.store().revoke_key(ids[3]).wait().unwrap();
    let one_more = create("one more").wait().unwrap().key.id;
    let has = |world: &World, id| world.store().api_keys().get(id).is_some();
    assert_eq!((has(&world, ids[7]), has(&world, ids[3]), has(&world, one_more)), (false, true, true));
    world.restart();
    assert_eq!((has(&world, ids[7]), has(&world, ids[3]), has(&world, one_more)), (false, true, true));
    assert_eq!(world.store().api_keys().len(), MAX_KEYS);
    assert_eq!(world.store().audit().unwrap().broken, None);
}

#[test]
fn keys_are_revoked_while_the_state_is_rebuilt() {
    let mut world = World::running();
    let (id, text) = make(&world, new("shop", Role::Client));
    accepted(world.one(event("c", "e", "order", 1.0, MARCH)));
    world.store().shutdown().unwrap();
    world.close();
    std::fs::remove_file(world.folder.path().join("state.redb")).unwrap();
    let store = Store::open(world.folder.path(), world.clock()).unwrap();
    // Facts are refused until the rebuild is done; this is not, however far that is.
    store.revoke_key(id).wait().unwrap();
    assert_eq!(found(&store, &text, MARCH).unwrap().2, KeyState::Revoked);
    store.wait_for_blocking(store.log_position()).unwrap();
    assert_eq!(store.verify().unwrap().differences, Vec::<String>::new());
}
