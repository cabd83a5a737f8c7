//! Comparing short texts: names of attributes and their values mostly have a few bytes, for which a call to
//! compare memory costs more than comparing.

use serde_json::{Map, Value};

/// Objects of so many members are looked through rather than searched.
const FEW_MEMBERS: usize = 16;

/// Whether both texts are the same.
#[inline]
pub(super) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    // Two chunks that overlap cover every length between one and two of them.
    match one.len() {
        0..4 => one.iter().zip(other).all(|(one, other)| one == other),
        4..8 => one.first_chunk::<4>() == other.first_chunk() && one.last_chunk::<4>() == other.last_chunk(),
        8..=16 => {
            one.first_chunk::<8>() == other.first_chunk() && one.last_chunk::<8>() == other.last_chunk()
        }
        _ => one == other,
    }
}

/// The member of an object.
#[inline]
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if object.len() > FEW_MEMBERS {
        return object.get(name);
    }
    object.iter().find(|(known, _)| same(known, name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_texts_are_compared_as_texts() {
        let text = "abcdefghijklmnopqrstuvwxyz";
        for length in 0..=text.len() {
            let one = &text[..length];
            assert!(same(one, &String::from(one)));
            assert!(!same(one, &text[..(length + 1) % 27]), "another length");
            for changed in 0..length {
                let mut other = one.as_bytes().to_vec();
                other[changed] = b'-';
                assert!(!same(one, std::str::from_utf8(&other).unwrap()), "{length} {changed}");
            }
        }
    }

    #[test]
    fn members_are_found_in_small_and_large_objects() {
        for count in [0, 1, FEW_MEMBERS, FEW_MEMBERS + 1, 100] {
            let object: Map<String, Value> = (0..count).map(|n| (format!("name-{n}"), json!(n))).collect();
            for n in 0..count {
                assert_eq!(member(&object, &format!("name-{n}")), Some(&json!(n)));
            }
            assert_eq!(member(&object, "name"), None);
        }
    }
}
