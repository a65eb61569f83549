//! The three CRDs, generated from the types that parse manifests.
//!
//! Their names are Flagger's, so that they replace Flagger's own. `cargo run -p serin-k8s --example crds` writes them
//! to `deploy/crds.yaml`.

use serde_json::{Value, json};
use serin_core::spec::raw::{AlertProvider, Canary, MetricTemplate, schema};

use crate::{
    kinds::{ALERT_PROVIDER, CANARY, METRIC_TEMPLATE},
    object::Kind,
};

/// The CustomResourceDefinitions, ready to be applied.
#[must_use]
pub fn all() -> [Value; 3] {
    [
        definition(CANARY, &canary_columns(), schema::of::<Canary>().as_value()),
        definition(
            METRIC_TEMPLATE,
            &[Column::new("Provider", "string", ".spec.provider.type")],
            schema::of::<MetricTemplate>().as_value(),
        ),
        definition(
            ALERT_PROVIDER,
            &[Column::new("Type", "string", ".spec.type")],
            schema::of::<AlertProvider>().as_value(),
        ),
    ]
}

/// A column of `kubectl get`.
struct Column {
    name: &'static str,
    r#type: &'static str,
    path: &'static str,
    is_wide: bool,
}

impl Column {
    const fn new(name: &'static str, r#type: &'static str, path: &'static str) -> Self {
        Self { name, r#type, path, is_wide: false }
    }

    /// Shown only with `-o wide`.
    const fn wide(name: &'static str, r#type: &'static str, path: &'static str) -> Self {
        Self { name, r#type, path, is_wide: true }
    }

    fn to_value(&self) -> Value {
        let mut column = json!({"name": self.name, "type": self.r#type, "jsonPath": self.path});
        if self.is_wide {
            column["priority"] = 1.into();
        }
        column
    }
}

fn canary_columns() -> [Column; 10] {
    [
        Column::new("Status", "string", ".status.phase"),
        Column::new("Weight", "string", ".status.canaryWeight"),
        Column::wide("Suspended", "boolean", ".spec.suspend"),
        Column::wide("FailedChecks", "string", ".status.failedChecks"),
        Column::wide("Interval", "string", ".spec.analysis.interval"),
        Column::wide("Mirror", "boolean", ".spec.analysis.mirror"),
        Column::wide("StepWeight", "string", ".spec.analysis.stepWeight"),
        Column::wide("StepWeights", "string", ".spec.analysis.stepWeights"),
        Column::wide("MaxWeight", "string", ".spec.analysis.maxWeight"),
        // The age, as for every other kind; Flagger's is a text.
        Column::new("LastTransitionTime", "date", ".status.lastTransitionTime"),
    ]
}

fn definition(kind: Kind, columns: &[Column], schema: &Value) -> Value {
    let columns: Vec<Value> = columns.iter().map(Column::to_value).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{}", kind.plural, kind.group),
            // Helm keeps it, and with it every Canary, when the chart is removed.
            "annotations": {"helm.sh/resource-policy": "keep"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": format!("{}List", kind.kind),
                "plural": kind.plural,
                "singular": kind.kind.to_lowercase(),
                "categories": ["all"],
            },
            "versions": [{
                "name": kind.version,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": object(schema)},
            }],
        },
    })
}

/// The schema of the object. The API server itself checks all fields except `spec` and `status`.
fn object(schema: &Value) -> Value {
    let mut properties = json!({
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    });
    for part in ["spec", "status"] {
        if let Some(schema) = schema["properties"].get(part) {
            properties[part] = schema.clone();
        }
    }
    json!({
        "description": schema["description"],
        "type": "object",
        "properties": properties,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_small_enough_for_kubectl_apply() {
        // `kubectl apply` copies the object into an annotation, which can hold at most 256 KiB.
        for definition in all() {
            let size = definition.to_string().len();
            assert!(size < 200_000, "{} bytes: {}", size, definition["metadata"]["name"]);
        }
    }

    #[test]
    fn columns_show_fields_that_are_in_the_schema() {
        for definition in all() {
            let version = &definition["spec"]["versions"][0];
            for column in version["additionalPrinterColumns"].as_array().unwrap() {
                let path = column["jsonPath"].as_str().unwrap().replace('.', "/properties/");
                assert!(version["schema"]["openAPIV3Schema"].pointer(&path).is_some(), "{path}");
            }
        }
    }

    #[test]
    fn snap_names_and_columns_of_the_kinds() {
        let names = all().map(|mut definition| {
            for version in definition["spec"]["versions"].as_array_mut().unwrap() {
                version.as_object_mut().unwrap().remove("schema");
            }
            definition
        });
        insta::assert_yaml_snapshot!(names);
    }
}
