//! The objects in a document: the document itself, or the items of a list.

use serde_json::{Map, Value};

/// Every object in a document, with its path; the path of the document itself is empty. In a list of one kind, such as
/// a `CanaryList`, the items may omit kind and version.
pub fn objects(document: Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    collect(document, String::new(), &mut found);
    found
}

fn collect(mut json: Value, at: String, found: &mut Vec<(String, Value)>) {
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, version) = (text("kind"), text("apiVersion"));
    let Some(of) = kind.strip_suffix("List").filter(|of| of.is_empty() || json.get("items").is_some()) else {
        found.push((at, json));
        return;
    };
    let Some(Value::Array(items)) = json.get_mut("items").map(Value::take) else { return };
    for (i, mut item) in items.into_iter().enumerate() {
        if let (Value::Object(fields), false) = (&mut item, of.is_empty()) {
            default(fields, "kind", of);
            default(fields, "apiVersion", &version);
        }
        let gap = if at.is_empty() { "" } else { "." };
        collect(item, format!("{at}{gap}items[{i}]"), found);
    }
}

fn default(fields: &mut Map<String, Value>, name: &str, value: &str) {
    fields.entry(name).or_insert_with(|| value.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_searched_at_any_depth() {
        let (a, b, c) = (json!({"kind": "A"}), json!({"kind": "B"}), json!({"kind": "C"}));
        let inner = json!({"kind": "List", "items": [b, c]});
        let found = objects(json!({"kind": "List", "apiVersion": "v1", "items": [a, inner]}));
        assert_eq!(
            found,
            [("items[0]".into(), a), ("items[1].items[0]".into(), b), ("items[1].items[1]".into(), c)]
        );
        assert_eq!(objects(json!({"kind": "List"})), []);
    }

    #[test]
    fn items_of_a_list_of_one_kind_may_omit_it() {
        let list = json!({"kind": "CanaryList", "apiVersion": "flagger.app/v1beta1", "items": [{"spec": 1}]});
        let item = json!({"kind": "Canary", "apiVersion": "flagger.app/v1beta1", "spec": 1});
        assert_eq!(objects(list), [("items[0]".into(), item)]);
    }

    #[test]
    fn an_object_with_a_similar_name_is_not_a_list() {
        let object = json!({"kind": "PriceList", "spec": {}});
        assert_eq!(objects(object.clone()), [(String::new(), object)]);
    }
}
