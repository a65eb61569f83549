//! ConfigMaps and Secrets with checksums in place of their contents: all that a look needs, in little memory.

use serde_json::{Value, json};

use super::{PARTS, checksum_of};
use crate::object::{LAST_APPLIED, Object, checksum};

/// The key of the checksum, which cannot be a key of a ConfigMap or Secret: those contain no `/`.
const PLACE: &str = "serin/checksum";

/// The same object without its contents.
#[must_use]
pub(crate) fn condensed(mut object: Object) -> Object {
    let whole = checksum_of(&object);
    object.remove_annotation(LAST_APPLIED);
    for part in PARTS {
        let contents = object.at(part).filter(|part| !is_place(part));
        // An empty map takes no memory, and is not a content.
        if let Some(contents) = contents.filter(|part| part.as_object().is_some_and(|map| !map.is_empty())) {
            let place = json!({PLACE: checksum::of(contents)});
            object.set(part, place);
        }
    }
    object.with_checksum(Some(whole.into()))
}

/// Whether contents are missing from it.
#[must_use]
pub(crate) fn is_condensed(object: &Object) -> bool {
    PARTS.iter().any(|part| object.at(part).is_some_and(is_place))
}

/// Restores the contents that `from` has; checksums of other contents stay.
pub(crate) fn fill_in(object: &mut Object, from: &Object) {
    for part in PARTS {
        let place = object.at(part).filter(|part| is_place(part));
        let contents = from
            .at(part)
            .filter(|contents| place.is_some_and(|place| place[PLACE] == checksum::of(contents)));
        if let Some(contents) = contents.cloned() {
            object.set(part, contents);
        }
    }
}

fn is_place(part: &Value) -> bool {
    part.get(PLACE).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kinds::CONFIG_MAP, object::Key};

    fn config(name: &str, data: &Value, binary: &Value) -> Object {
        let mut object = Object::new(&Key::new(CONFIG_MAP, "test", name));
        object.set("/data", data.clone());
        object.set("/binaryData", binary.clone());
        object
    }

    #[test]
    fn equal_contents_have_equal_checksums() {
        let large = json!({"a": "x".repeat(900_000)});
        let [one, other] = ["a", "b"].map(|name| config(name, &large, &json!({"b": "AA=="})));
        let short = condensed(one.clone());
        assert!(short.to_json().len() < 300 && is_condensed(&short) && !is_condensed(&one));
        assert_eq!(checksum_of(&short), checksum_of(&one));
        assert_eq!(super::super::contents(&short), super::super::contents(&condensed(other)));
        assert_eq!(condensed(short.clone()), short, "once is enough");
        let empty = condensed(config("c", &json!({}), &Value::Null));
        assert!(
            !is_condensed(&empty)
                && checksum_of(&empty) == checksum_of(&config("c", &json!({}), &Value::Null))
        );
    }

    #[test]
    fn contents_are_restored_where_their_checksum_was() {
        let whole = config("a", &json!({"a": "1"}), &json!({"b": "AA=="}));
        let mut short = condensed(whole.clone());
        fill_in(&mut short, &config("a", &json!({"a": "2"}), &json!({"b": "AA=="})));
        assert!(is_condensed(&short) && short.at("/binaryData") == whole.at("/binaryData"));
        fill_in(&mut short, &whole);
        assert_eq!(short.value(), whole.value());
    }
}
