//! The places in a pod template that name ConfigMaps and Secrets.

use serde_json::Value;

use crate::{
    kinds::{CONFIG_MAP, SECRET},
    object::Kind,
};

/// One place in a pod template that names a ConfigMap or Secret.
pub(crate) struct Reference {
    /// The kind.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) name: String,
    /// Whether pods start without it.
    pub(crate) optional: bool,
    /// The JSON pointer to the name in the template.
    pub(crate) at: String,
}

/// All of them: volumes, including projected ones, and the environment of all containers.
pub(crate) fn of(template: &Value) -> Vec<Reference> {
    let mut found = ConfigReferences { template, references: Vec::new() };
    found.volumes();
    for list in ["/spec/containers", "/spec/initContainers"] {
        found.containers(list);
    }
    found.references
}

struct ConfigReferences<'a> {
    template: &'a Value,
    references: Vec<Reference>,
}

impl ConfigReferences<'_> {
    fn volumes(&mut self) {
        for volume in self.items("/spec/volumes") {
            self.add(CONFIG_MAP, &format!("{volume}/configMap"), "name");
            self.add(SECRET, &format!("{volume}/secret"), "secretName");
            for source in self.items(&format!("{volume}/projected/sources")) {
                self.add(CONFIG_MAP, &format!("{source}/configMap"), "name");
                self.add(SECRET, &format!("{source}/secret"), "name");
            }
        }
    }

    fn containers(&mut self, list: &str) {
        for container in self.items(list) {
            for variable in self.items(&format!("{container}/env")) {
                self.add(CONFIG_MAP, &format!("{variable}/valueFrom/configMapKeyRef"), "name");
                self.add(SECRET, &format!("{variable}/valueFrom/secretKeyRef"), "name");
            }
            for source in self.items(&format!("{container}/envFrom")) {
                self.add(CONFIG_MAP, &format!("{source}/configMapRef"), "name");
                self.add(SECRET, &format!("{source}/secretRef"), "name");
            }
        }
    }

    /// Pointers to the items of a list; none where there is no list.
    fn items(&self, list: &str) -> Vec<String> {
        let count = self.template.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(|at| format!("{list}/{at}")).collect()
    }

    fn add(&mut self, kind: Kind, place: &str, field: &str) {
        let Some(reference) = self.template.pointer(place) else { return };
        let Some(name) = reference[field].as_str().filter(|name| !name.is_empty()) else { return };
        let optional = reference["optional"] == true;
        self.references.push(Reference { kind, name: name.into(), optional, at: format!("{place}/{field}") });
    }
}
