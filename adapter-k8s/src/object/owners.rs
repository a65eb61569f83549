//! The owners of an object: the Canaries among them, and the one that controls it.
//!
//! An object without a namespace cannot have an owner in a namespace: an annotation names its Canary. The garbage
//! collector ignores it, so Serin deletes it when it gives back its objects.

use serde_json::{Value, json};
use serin_core::spec::Identity;

use crate::object::Object;

const OWNERS: &str = "/metadata/ownerReferences";
/// The Canary that controls an object without a namespace, as `namespace/name`.
const CONTROLLED_BY: &str = "serin.flagger.app/canary";

/// Whether this Canary controls an object.
pub(crate) fn is_controlled(object: &Object, by: &Identity) -> bool {
    if !object.kind().namespaced {
        return object.annotation(CONTROLLED_BY) == Some(&qualified(by));
    }
    of(object).any(|owner| owner["controller"] == true && is_canary(owner, by))
}

/// Whether a Canary, this one or another, is among an object's owners.
pub(crate) fn has_canary(object: &Object) -> bool {
    of(object).any(|owner| owner["kind"] == "Canary")
}

/// Makes this Canary the owner that controls an object. Other owners stay, but do not control it any more.
pub(crate) fn take(object: &mut Object, canary: &Identity) {
    if !object.kind().namespaced {
        object.set_annotation(CONTROLLED_BY, &qualified(canary));
        return;
    }
    let mut owners = vec![reference(canary, true)];
    for owner in of(object).filter(|owner| owner["uid"] != *canary.uid) {
        let mut owner = owner.clone();
        if owner["controller"] == true {
            owner["controller"] = false.into();
        }
        owners.push(owner);
    }
    object.set(OWNERS, owners);
}

/// Makes this Canary one of an object's owners; it controls the object if no other owner does.
///
/// Unlike [`take`] it does not take control from another owner, so that two Canaries that share an object both leave it
/// as it is.
pub(crate) fn join(object: &mut Object, canary: &Identity) {
    let mut owners: Vec<Value> = of(object).cloned().collect();
    if owners.iter().any(|owner| owner["uid"] == *canary.uid) {
        return;
    }
    // An earlier Canary of the same name.
    owners.retain(|owner| !is_canary(owner, canary));
    let is_controlled = owners.iter().any(|owner| owner["controller"] == true);
    owners.push(reference(canary, !is_controlled));
    object.set(OWNERS, owners);
}

/// Removes this Canary from an object's owners, so that the object outlives it.
pub(crate) fn leave(object: &mut Object, canary: &Identity) {
    let others: Vec<Value> = of(object).filter(|owner| !is_canary(owner, canary)).cloned().collect();
    let others = (!others.is_empty()).then(|| Value::from(others));
    object.set_or_remove(OWNERS, others);
}

fn qualified(canary: &Identity) -> String {
    format!("{}/{}", canary.namespace, canary.name)
}

fn of(object: &Object) -> impl Iterator<Item = &Value> {
    object.at(OWNERS).and_then(Value::as_array).into_iter().flatten()
}

/// Whether an owner is the Canary of that name, also if it was created again.
fn is_canary(owner: &Value, canary: &Identity) -> bool {
    owner["kind"] == "Canary" && owner["name"] == *canary.name
}

fn reference(canary: &Identity, controls: bool) -> Value {
    json!({
        "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": &*canary.name, "uid": &*canary.uid,
        "controller": controls, "blockOwnerDeletion": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kinds::CONFIG_MAP,
        object::{Key, Kind},
    };

    fn canary(name: &str) -> Identity {
        Identity { namespace: "test".into(), name: name.into(), uid: name.into() }
    }

    fn names(object: &Object) -> Vec<(&str, bool)> {
        of(object).map(|owner| (owner["name"].as_str().unwrap(), owner["controller"] == true)).collect()
    }

    #[test]
    fn a_new_owner_takes_control_from_the_one_before() {
        let mut object = Object::new(&Key::new(CONFIG_MAP, "test", "settings"));
        take(&mut object, &canary("a"));
        take(&mut object, &canary("b"));
        take(&mut object, &canary("b"));
        assert!(is_controlled(&object, &canary("b")) && !is_controlled(&object, &canary("a")));
        assert_eq!(names(&object), [("b", true), ("a", false)]);
    }

    #[test]
    fn an_object_without_a_namespace_names_its_canary() {
        const KIND: Kind =
            Kind::of(&Kind::names_in_cluster("kuma.io", "v1alpha1", "TrafficRoute", "trafficroutes"));
        let mut object = Object::new(&Key::new(KIND, "test", "route"));
        take(&mut object, &canary("a"));
        assert_eq!((object.at(OWNERS), object.annotation(CONTROLLED_BY)), (None, Some("test/a")));
        let elsewhere = Identity { namespace: "other".into(), ..canary("a") };
        assert!(is_controlled(&object, &canary("a")) && !is_controlled(&object, &elsewhere));
    }

    #[test]
    fn joining_does_not_change_who_controls_an_object() {
        let mut object = Object::new(&Key::new(CONFIG_MAP, "test", "settings"));
        join(&mut object, &canary("a"));
        join(&mut object, &canary("b"));
        let again = Identity { uid: "again".into(), ..canary("b") };
        join(&mut object, &again);
        assert_eq!(names(&object), [("a", true), ("b", false)]);
        leave(&mut object, &canary("a"));
        leave(&mut object, &again);
        assert_eq!(object.at(OWNERS), None);
        assert!(!has_canary(&object));
    }
}
