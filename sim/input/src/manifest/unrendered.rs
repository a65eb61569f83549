//! Templates that were not rendered: those of Helm, and variables that Flux and `envsubst` replace.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::known::join;
use crate::{RENDER_HELM, helm_sign};

/// A field that contains a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrendered {
    /// Its path.
    pub field: String,
    /// What is wrong with it.
    pub what: String,
}

/// The first field that contains a Helm template: such an object is not checked further.
pub fn helm(json: &Value) -> Option<Unrendered> {
    let mut found = None;
    texts(json, "", &mut |field, text| {
        if found.is_none() && text.lines().any(|line| helm_sign(line).is_some()) {
            found = Some(Unrendered { field: field.into(), what: RENDER_HELM.into() });
        }
    });
    found
}

/// Every field with a variable such as `${NAME}`, except queries, messages and commands of hooks, which may contain
/// them.
pub fn variables(json: &Value) -> Vec<Unrendered> {
    static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\$\{[A-Za-z_]\w*([:=?+-][^}]*)?\}|^\$\([A-Z_]\w*\)$").expect("a pattern")
    });
    let mut found = Vec::new();
    texts(json, "", &mut |field, text| {
        let is_free =
            field.ends_with(".query") || field.ends_with(".messageTemplate") || field.contains("].metadata");
        if !is_free && let Some(variable) = VARIABLE.find(text) {
            let what = format!(
                "`{}` is a variable that was not replaced: lint the output of `flux build` or `envsubst`",
                variable.as_str()
            );
            found.push(Unrendered { field: field.into(), what });
        }
    });
    found
}

/// Calls `look` with every text of an object and its path, except annotations, which may contain anything.
fn texts(json: &Value, at: &str, look: &mut dyn FnMut(&str, &str)) {
    match json {
        Value::String(text) => look(at, text),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                texts(item, &format!("{at}[{i}]"), look);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| at != "metadata" || *name != "annotations")
            {
                texts(value, &join(at, name), look);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(json: &Value) -> Vec<String> {
        variables(json).into_iter().map(|found| found.field).collect()
    }

    #[test]
    fn a_helm_template_is_found_in_any_text() {
        let json = json!({"spec": {"query": "rate({{ target }}[{{ interval }}])", "address": "{{ .Values.address }}"}});
        assert_eq!(helm(&json).map(|found| found.field).as_deref(), Some("spec.address"));
        assert_eq!(
            helm(&json!({"spec": {"query": "{{ target }}", "messageTemplate": "{{ .Status }}"}})),
            None
        );
    }

    #[test]
    fn a_variable_is_found_unless_a_shell_replaces_it() {
        let hook = json!({"url": "http://${HOST}/", "metadata": {"cmd": "echo ${HOME}"}});
        let json = json!({
            "metadata": {"name": "${APP:=shop}", "annotations": {"a": "${B}"}},
            "spec": {"threshold": "$(THRESHOLD)", "query": "up{a=\"${x}\"}", "webhooks": [hook], "price": "$5 {a}"},
        });
        assert_eq!(fields(&json), ["metadata.name", "spec.threshold", "spec.webhooks[0].url"]);
    }
}
