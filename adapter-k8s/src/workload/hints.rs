//! Properties of a target that make its releases harder, reported early.

use serde_json::Value;
use serin_core::revision::Text;

use crate::{
    kinds::{DAEMON_SET, DEPLOYMENT},
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// Hints for the target of a Canary, each a sentence.
///
/// # Errors
/// It is not known.
pub(crate) fn of(subject: &Subject, seen: &dyn ObjectReader) -> Result<Vec<Text>, BuildError> {
    let kinds = [DEPLOYMENT, DAEMON_SET];
    let Some(kind) = kinds.into_iter().find(|kind| kind.kind == &*subject.topology.kind) else {
        return Ok(Vec::new());
    };
    let target = seen.find(&subject.key(kind, subject.target()))?;
    Ok(target.map(|target| of_target(&target)).unwrap_or_default())
}

fn of_target(target: &Object) -> Vec<Text> {
    let name = target.key();
    let mut hints = Vec::new();
    if target.at("/spec/paused") == Some(&Value::Bool(true)) {
        hints
            .push(format!("{name} is paused (spec.paused): a new version gets no pods until it is resumed."));
    }
    if let Some(port) = host_port(target) {
        hints.push(format!(
            "{name} uses hostPort {port}: a pod of the primary and one of the canary cannot share a node."
        ));
    }
    hints.extend(claims(target).map(|claim| {
        format!(
            "{name} mounts the volume claim {claim}: pods of the primary and of the canary share it, so it has to be \
             ReadWriteMany, and both versions have to get along with what is in it."
        )
    }));
    hints.into_iter().map(Text::from).collect()
}

fn host_port(target: &Object) -> Option<u64> {
    let containers = list(target.at("/spec/template/spec/containers"));
    let mut ports = containers.flat_map(|container| list(container.get("ports")));
    ports.find_map(|port| port["hostPort"].as_u64())
}

fn claims(target: &Object) -> impl Iterator<Item = &str> {
    let volumes = list(target.at("/spec/template/spec/volumes"));
    volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str())
}

fn list(items: Option<&Value>) -> impl Iterator<Item = &Value> {
    items.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{fixtures, kinds::DEPLOYMENT};

    const WEB: &str = include_str!("../fixtures/deployment.yaml");

    #[test]
    fn a_paused_target_a_host_port_and_a_shared_volume_each_get_a_hint() {
        let (subject, mut cluster) = fixtures::read(WEB);
        assert_eq!(of(&subject, &cluster).unwrap(), []);
        fixtures::edit(&mut cluster, DEPLOYMENT, "web", |web| {
            web.set("/spec/paused", true);
            let ports = json!([{"containerPort": 80, "hostPort": 8080}]);
            web.set("/spec/template/spec/containers", json!([{"name": "web", "ports": ports}]));
            let claim = json!({"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}});
            web.set("/spec/template/spec/volumes", json!([claim, {"name": "tmp", "emptyDir": {}}]));
        });
        let hints = of(&subject, &cluster).unwrap();
        let named = |hint: usize, words: &str| assert!(hints[hint].contains(words), "{hints:?}");
        assert_eq!(hints.len(), 3, "{hints:?}");
        named(0, "is paused (spec.paused)");
        named(1, "hostPort 8080");
        named(2, "volume claim web-data");
    }
}
