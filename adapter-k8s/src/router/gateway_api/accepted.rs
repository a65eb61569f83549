//! Whether the gateways take the route as it was written last.

use serde_json::Value;
use serin_core::observation::Unseen;

use super::{super::parts::items, GROUP};
use crate::object::{Object, reader::BuildError};

/// A gateway that says nothing of the route is not asked: some never do.
///
/// # Errors
/// A gateway has not looked at the newest version yet, or refuses it.
pub(super) fn check(route: &Object) -> Result<(), BuildError> {
    let generation = route.number("/metadata/generation").unwrap_or(0);
    for parent in items(route.at("/spec/parentRefs")) {
        let told = items(route.at("/status/parents")).filter(|told| is_same(told.get("parentRef"), parent));
        for told in told {
            let mut conditions = items(told.get("conditions"));
            let accepted = conditions.find(|condition| condition["type"] == "Accepted");
            verdict(route, parent, accepted, generation)?;
        }
    }
    Ok(())
}

fn verdict(
    route: &Object,
    parent: &Value,
    accepted: Option<&Value>,
    generation: i64,
) -> Result<(), BuildError> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let gateway = text(parent.get("name"));
    let version = |condition: &&Value| condition["observedGeneration"].as_i64().unwrap_or(0) >= generation;
    let Some(accepted) = accepted.filter(version) else {
        let why =
            format!("{}: {gateway} has not said yet whether it accepts version {generation}", route.key());
        return Err(BuildError::Unseen(Unseen::Unreadable(why.into())));
    };
    if accepted["status"] == "True" {
        return Ok(());
    }
    let (reason, message) = (text(accepted.get("reason")), text(accepted.get("message")));
    let why = [reason, message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    Err(BuildError::refused(format!("{}: {gateway} does not accept it: {why}", route.key())))
}

/// Whether both name the same parent; what is left out has the same meaning in both.
fn is_same(told: Option<&Value>, parent: &Value) -> bool {
    let Some(told) = told else { return false };
    let fields =
        [("group", GROUP), ("kind", "Gateway"), ("name", ""), ("namespace", ""), ("sectionName", "")];
    let same = |(field, default): (&str, &str)| {
        let text = |of: &Value| of.get(field).and_then(Value::as_str).unwrap_or(default).to_owned();
        text(told) == text(parent)
    };
    fields.into_iter().all(same) && told.get("port") == parent.get("port")
}
