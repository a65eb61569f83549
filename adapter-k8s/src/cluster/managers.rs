//! The programs that wrote an object: its field managers, as in `metadata.managedFields`. No cache keeps them.

use http::Method;
use serde_json::Value;
use serin_core::{Timestamp, revision::Text};

use super::{Cluster, request};
use crate::object::Key;

/// Maximum length of a name that is shown, in characters.
const LONGEST_NAME: usize = 64;

/// A program that wrote fields of an object, and when it did so last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The field manager, a name that the program itself chooses.
    pub name: Text,
    /// When it wrote last, by the server's clock; the beginning of time if that is not recorded.
    pub at: Timestamp,
    /// Whether it wrote the status.
    pub of_status: bool,
}

impl Manager {
    /// The managers in these `managedFields`. Entries without a name are left out.
    #[must_use]
    pub fn all(managed_fields: &Value) -> Vec<Self> {
        managed_fields.as_array().into_iter().flatten().filter_map(Self::read).collect()
    }

    fn read(entry: &Value) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = text("manager");
        let at = text("time").parse().unwrap_or_default();
        let of_status = text("subresource") == "status";
        (!name.is_empty()).then(|| Self { name: name.into(), at, of_status })
    }

    /// The name, cut, with only its printable characters.
    #[must_use]
    pub fn shown(&self) -> Text {
        let mut characters = self.name.chars().map(|c| if c.is_control() { '?' } else { c });
        let mut shown: String = characters.by_ref().take(LONGEST_NAME).collect();
        if characters.next().is_some() {
            shown.push('…');
        }
        shown.into()
    }
}

impl Cluster {
    /// The field managers of an object; empty if it does not exist.
    ///
    /// # Errors
    /// It cannot be read now.
    pub async fn managers(&self, key: &Key) -> Result<Vec<Manager>, String> {
        let list = request::send_for::<Value>(&self.client, Method::GET, &request::listed(key), None).await;
        let list = list.map_err(|error| request::words(&error))?;
        Ok(list.pointer("/items/0/metadata/managedFields").map(Manager::all).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_manager_is_named_with_its_time_and_what_it_wrote() {
        let fields = json!([
            {"manager": "helm", "operation": "Update", "time": "1970-01-01T00:00:09Z", "fieldsV1": {}},
            {"manager": "serin_a", "subresource": "status", "time": "1970-01-01T00:00:07Z"},
            {"manager": "kubectl"},
            {"time": "1970-01-01T00:00:09Z"},
            7,
        ]);
        let manager = |name: &str, seconds: u64, of_status| Manager {
            name: name.into(),
            at: Timestamp::from_millis(seconds * 1000),
            of_status,
        };
        let all = [manager("helm", 9, false), manager("serin_a", 7, true), manager("kubectl", 0, false)];
        assert_eq!(Manager::all(&fields), all);
        assert_eq!((Manager::all(&Value::Null), Manager::all(&json!({}))), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_name_is_cut_and_can_be_printed() {
        let name = format!("a\u{1b}[31m\n{}", "x".repeat(1000));
        let said = Manager { name: name.into(), at: Timestamp::default(), of_status: false }.shown();
        assert_eq!(said.chars().count(), LONGEST_NAME + 1);
        assert!(said.starts_with("a?[31m?x") && said.ends_with('…'), "{said}");
    }
}
