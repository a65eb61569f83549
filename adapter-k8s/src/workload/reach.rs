//! The labels by which the services of a Canary select pods, and those that its own pods carry.

use std::collections::BTreeSet;

use super::selector::{Label, Selector};
use crate::{
    object::{
        Object,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The labels of one Canary. Two Canaries of a namespace share pods if one selects by a label that the other carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Its services select pods by these.
    pub(crate) selects: BTreeSet<Label>,
    /// Its pods carry these, limited to the labels by which any Canary can select.
    pub(crate) carries: BTreeSet<Label>,
}

/// The reach of a Canary; `None` if it has no target, or one without pods.
///
/// # Errors
/// No label identifies its pods, or it is not known.
pub(crate) fn of(subject: &Subject, seen: &dyn ObjectReader) -> Result<Option<Reach>, BuildError> {
    let Some(kind) = super::with_pods(&subject.topology.kind) else { return Ok(None) };
    let find = |name: &str| seen.find(&subject.key(kind, name));
    let (Some(target), primary) = (find(subject.target())?, find(&subject.primary())?) else {
        return Ok(None);
    };
    let selector = Selector::of(subject, &target, primary.as_deref())?;
    let selects = BTreeSet::from([selector.target.clone(), selector.primary.clone()]);
    // One that does not exist yet would carry the label that selects it.
    let mut carries = selects.clone();
    for workload in [Some(target), primary].into_iter().flatten() {
        carries.extend(carried(subject, &selector, &workload));
    }
    Ok(Some(Reach { selects, carries }))
}

fn carried(subject: &Subject, selector: &Selector, workload: &Object) -> Vec<Label> {
    let label = |key: &String| {
        let value = workload.at("/spec/template/metadata/labels")?.get(key)?.as_str()?;
        Some(Label { key: key.clone(), value: value.into() })
    };
    subject.settings.selector_labels.iter().chain(selector.keys()).filter_map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, settings::Settings};

    #[test]
    fn both_copies_count_as_soon_as_the_target_exists() {
        let selector_labels = ["app", "tier"].map(Into::into).into();
        let settings = Settings { selector_labels, ..Settings::default() };
        let (subject, mut cluster) =
            fixtures::read_with(include_str!("../fixtures/deployment.yaml"), settings);
        let said = |all: &BTreeSet<Label>| {
            let all: Vec<_> = all.iter().map(|label| format!("{}={}", label.key, label.value)).collect();
            all.join(" ")
        };
        let reach = of(&subject, &cluster).unwrap().unwrap();
        assert_eq!(said(&reach.selects), "app=web app=web-primary");
        assert_eq!(said(&reach.carries), "app=web app=web-primary tier=front");
        cluster.remove(&subject.key(crate::kinds::DEPLOYMENT, "web"));
        assert_eq!(of(&subject, &cluster).unwrap(), None);
    }
}
