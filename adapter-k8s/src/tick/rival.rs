//! Who else writes what we write: the field manager that changed an object of ours last.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::Value;
use serin_core::revision::Text;
use tokio::time::timeout;

use crate::{clock, cluster::Cluster, object::Key};

/// What our own writes are signed with. They carry no name, since the client sends no user agent.
const OURS: &str = "";
/// How long the repair waits for the name.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two questions while a fight lasts.
const BETWEEN: Duration = Duration::from_secs(1);
/// Objects that are asked after: a rival of all of them is a rival of these.
const MOST_OBJECTS: usize = 3;
/// Characters of a name that are shown.
const LONGEST_NAME: usize = 64;

/// The rival of one Canary.
#[derive(Debug, Default)]
pub struct Rival {
    name: Option<Text>,
    asked: Option<Instant>,
}

impl Rival {
    /// Who has changed these objects, which differ from what would be written; `None` where there are none, or that cannot be
    /// told in time.
    ///
    /// It is asked before they are put right: a repair takes the fields over, and with them the other's name.
    pub async fn name(&mut self, cluster: &Cluster, differing: &[Key]) -> Option<Text> {
        if differing.is_empty() {
            *self = Self::default();
            return None;
        }
        if self.asked.is_none_or(|asked| asked.elapsed() >= BETWEEN) {
            let objects = differing.iter().take(MOST_OBJECTS).map(|key| cluster.managed_fields(key));
            let fields = timeout(PATIENCE, join_all(objects)).await.unwrap_or_default();
            // One that cannot be told now is the one that was told last.
            self.name = of(fields.iter().flatten(), OURS).or_else(|| self.name.take());
            self.asked = Some(clock::monotonic());
        }
        self.name.clone()
    }
}

/// The field manager that wrote last to any of these objects, as their `metadata.managedFields` name it; `None` where nobody
/// but `ours` has.
///
/// Writes of a status are left out: no object of ours differs by its status. The name is what a client says of itself, so
/// it is cut, and nothing but what can be printed is left of it.
#[must_use]
pub fn of<'a>(managed_fields: impl IntoIterator<Item = &'a Value>, ours: &str) -> Option<Text> {
    let entries = managed_fields.into_iter().filter_map(Value::as_array).flatten();
    let foreign = entries.filter_map(Write::read).filter(|write| write.manager != ours);
    let last = foreign.max_by_key(|write| (write.time, write.manager))?;
    Some(printable(last.manager))
}

/// One entry of `managedFields`.
struct Write<'a> {
    manager: &'a str,
    /// RFC 3339 in UTC and whole seconds, as the API server writes it: the later one is the larger text.
    time: &'a str,
}

impl<'a> Write<'a> {
    /// `None` for a write of a status, and for what nobody signed.
    fn read(entry: &'a Value) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let (manager, time) = (text("manager"), text("time"));
        (text("subresource") != "status" && !manager.is_empty()).then_some(Self { manager, time })
    }
}

fn printable(name: &str) -> Text {
    let mut characters = name.chars().map(|c| if c.is_control() { '?' } else { c });
    let mut shown: String = characters.by_ref().take(LONGEST_NAME).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrote(manager: &str, time: &str) -> Value {
        json!({"manager": manager, "operation": "Update", "time": time, "fieldsV1": {}})
    }

    fn said(objects: &[Value]) -> Option<String> {
        of(objects, "serin-controller").map(|name| name.to_string())
    }

    #[test]
    fn the_last_one_who_wrote_any_of_the_objects_is_named_and_that_is_never_us() {
        let apex = json!([
            wrote("serin-controller", "2026-01-01T00:00:09Z"),
            wrote("kubectl-edit", "2026-01-01T00:00:07Z"),
            wrote("argocd-controller", "2026-01-01T00:00:03Z"),
        ]);
        let route = json!([wrote("helm", "2026-01-01T00:00:08Z")]);
        assert_eq!(said(std::slice::from_ref(&apex)).as_deref(), Some("kubectl-edit"));
        assert_eq!(said(&[apex, route]).as_deref(), Some("helm"));
        assert_eq!(said(&[json!([wrote("serin-controller", "2026-01-01T00:00:09Z")])]), None);
    }

    #[test]
    fn a_status_is_nobodys_change_and_what_is_not_there_names_nobody() {
        let mut status = wrote("kube-controller-manager", "2026-01-01T00:00:09Z");
        status["subresource"] = "status".into();
        let nothing = [json!([status, {"time": "2026-01-01T00:00:09Z"}, 7]), Value::Null, json!({})];
        assert_eq!(said(&nothing), None);
    }

    #[test]
    fn a_name_is_cut_and_can_be_printed() {
        let long = format!("a\u{1b}[31m\n{}", "x".repeat(1000));
        let said = said(&[json!([wrote(&long, "")])]).unwrap();
        assert_eq!(said.chars().count(), LONGEST_NAME + 1);
        assert!(said.starts_with("a?[31m?x") && said.ends_with('…'), "{said}");
    }
}
