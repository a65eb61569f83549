//! Services, other than the Canary's own, that select the target's pods.

use serde_json::Value;
use serin_input::manifest::{Remedy, fields::text, known::join};

use super::{Neighbour, Pods, labels::picks, ports};
use crate::{Draft, code::Code, manifests::Object};

pub(super) fn look(service: &Neighbour, canary: &Object, pods: &Pods, target: Option<&Value>) -> Vec<Draft> {
    let selector = service.json.pointer("/spec/selector");
    if !picks(selector, &pods.canary) {
        return Vec::new();
    }
    let apex = match text(&canary.json, "/spec/service/name") {
        "" => text(&canary.json, "/spec/targetRef/name"),
        name => name,
    };
    let mut told = target.map_or_else(Vec::new, |target| ports::of_service(&service.json, target));
    let name = service.name();
    let own = [apex.to_owned(), format!("{apex}-canary"), format!("{apex}-primary")];
    if own.iter().any(|own| own == name) || text(&canary.json, "/spec/targetRef/kind") == "Service" {
        return told;
    }
    let title = canary.title();
    let what = if picks(selector, &pods.primary) {
        format!(
            "selects the pods of both versions of Canary {title}: its requests go to the canary by the number of pods, \
             whatever its weight is"
        )
    } else {
        format!(
            "selects the target's pods of Canary {title}: they exist only during a release, and run the new \
             version; between releases its requests are refused"
        )
    };
    let remedy = match &pods.differ {
        Some((label, value)) => {
            Remedy::new(format!("send its requests to Service {apex}, or select `{}`", pods.primary_label()))
                .setting(join("spec.selector", label), value.as_str())
        }
        None => format!("send its requests to Service {apex}").into(),
    };
    told.push(Draft {
        code: Code::ServiceSelectsTarget,
        field: "spec.selector".into(),
        what,
        remedy,
        offset: None,
    });
    told
}
