//! Receivers of alerts.

use serin_input::{
    manifest::{
        Remedy,
        fields::{list, text},
    },
    nearest,
};

use super::{Case, Code, Findings, duplicates, in_another_namespace};
use crate::manifests::ManifestKind;

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    duplicates(case, "alerts", told);
    for (i, item) in list(case.json, "/spec/analysis/alerts").iter().enumerate() {
        let at = format!("spec.analysis.alerts[{i}]");
        if text(item, "/severity").is_empty() {
            told.add(
                Code::AlertWithoutSeverity,
                at.clone(),
                format!(
                    "`{}` has no `severity`: all alerts are sent; Flagger sends it none",
                    text(item, "/name")
                ),
                Remedy::new("write `severity: info`").setting(format!("{at}.severity"), "info"),
            );
        }
        let (name, namespace) = (text(item, "/providerRef/name"), text(item, "/providerRef/namespace"));
        let namespace = if namespace.is_empty() { case.namespace() } else { namespace };
        let providers = || case.files.of(ManifestKind::AlertProvider);
        if providers().any(|provider| provider.is(ManifestKind::AlertProvider, namespace, name)) {
            continue;
        }
        let is_at = format!("{at}.providerRef.namespace");
        if let Some((what, remedy)) = in_another_namespace(name, namespace, providers(), &is_at) {
            let is_written = !text(item, "/providerRef/namespace").is_empty();
            let field = if is_written { "namespace" } else { "name" };
            told.add(Code::AlertProviderNotGiven, format!("{at}.providerRef.{field}"), what, remedy);
            continue;
        }
        let near = nearest(name, providers().map(|provider| provider.name()));
        told.add(
            Code::AlertProviderNotGiven,
            format!("{at}.providerRef.name"),
            format!("the files contain no AlertProvider {name}.{namespace}"),
            match near {
                Some(near) => Remedy::new(format!("did you mean `{near}`?"))
                    .setting(format!("{at}.providerRef.name"), near),
                None => "pass its file as well, or make sure that it is in the cluster".into(),
            },
        );
    }
}
