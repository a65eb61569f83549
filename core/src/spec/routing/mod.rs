//! What a Canary wants of its routes, for any router.
//!
//! It is parsed once; the controller's routers read nothing else of the manifest. The weights and cookies of a run are
//! not part of it: they are in a [`Split`](crate::command::Split). What a router passes on unchanged has the same type
//! as in the manifest.

mod check;
mod matching;

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use serde_json::Value;

pub(crate) use self::check::is_cookie;
pub use self::matching::{HttpMatch, StringMatch};
pub(super) use self::{check::check_analysis, matching::items};
use super::{
    CookieAttributes, durations,
    parse::{Problems, filled},
    raw::{self, BackendRef, GatewayRef, Headers, Retries},
};
use crate::{
    provider::{Limits, Provider},
    revision::Text,
    strategy::Weight,
};

/// What a Canary wants of its routes.
///
/// An empty list, like `None`, means that the manifest does not say. For a manifest that is refused it contains what
/// could be read, so that users can still be sent to the primary; durations and matched requests that were refused are
/// left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing {
    /// `service.hosts`: host names of the routes.
    pub hosts: Vec<String>,
    /// `service.gateways`: Istio's gateways.
    pub gateways: Vec<String>,
    /// `service.meshName`: App Mesh's mesh, in the first version of its API.
    pub mesh_name: Option<Text>,
    /// `service.backends`: App Mesh's virtual services that the pods call.
    pub backends: Vec<String>,
    /// `service.gatewayRefs`: parents of the Gateway API's routes.
    pub gateway_refs: Vec<GatewayRef>,
    /// `service.delegation`: the route has neither hosts nor gateways, because the route that delegates to it has them.
    pub delegation: bool,
    /// `service.match`: the requests that the routes apply to, any of these; empty: all.
    pub requests: Vec<HttpMatch>,
    /// `analysis.match`: the requests that are divided if [only matched ones](crate::command::Routes::matched) are, any
    /// of these and within `requests`. Empty if the strategy divides all requests.
    pub matched: Vec<HttpMatch>,
    /// `service.timeout`: time for a request, as written in the manifest.
    pub timeout: Option<String>,
    /// `service.backendTimeout`: time for a request to a backend, as written in the manifest.
    pub backend_timeout: Option<String>,
    /// `service.retries`: when a failed request is tried again.
    pub retries: Option<Retries>,
    /// `service.rewrite`: how requests are changed before they are forwarded.
    pub rewrite: Option<Rewrite>,
    /// `service.headers`: headers that are added, set or removed.
    pub headers: Option<Headers>,
    /// `service.corsPolicy`: which pages of other origins may send requests.
    pub cors_policy: Option<CorsPolicy>,
    /// `service.trafficPolicy`: Istio's, for both versions.
    pub traffic_policy: Option<Value>,
    /// `service.mirror`: where copies of all requests are always sent.
    pub mirrors: Vec<BackendRef>,
    /// `analysis.mirrorWeight`, if it is given and above 0. A router can write it even if every request is copied.
    pub mirror_weight: Option<Weight>,
    /// `analysis.sessionAffinity`: how cookies are set.
    pub cookies: CookieAttributes,
    /// Name of `spec.ingressRef`.
    pub ingress: Option<Text>,
    /// Name of `spec.routeRef`.
    pub route: Option<Text>,
    /// `spec.upstreamRef`.
    pub upstream: Option<UpstreamRef>,
}

/// Names an Upstream of Gloo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamRef {
    /// Its name.
    pub name: Text,
    /// Its namespace; `None` if it is the Canary's.
    pub namespace: Option<Text>,
}

/// How requests are changed before they are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The new path, or its prefix.
    pub uri: Option<String>,
    /// The new host.
    pub authority: Option<String>,
    /// What `uri` replaces, for routers that distinguish it (Gateway API).
    pub replaces: Replaces,
}

/// What a new path replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The whole path.
    FullPath,
    /// The prefix that was matched.
    PrefixMatch,
}

/// Which pages of other origins may send requests.
#[derive(Clone, Debug, PartialEq)]
pub struct CorsPolicy {
    /// As written.
    pub written: raw::CorsPolicy,
    /// `maxAge`: how long browsers may cache it.
    pub max_age: Option<Duration>,
}

impl Routing {
    /// What `spec` requests, except the analysis. Adds what is wrong with it, what the provider needs and does not
    /// find, and what the provider cannot do.
    pub(super) fn parse(
        spec: &raw::CanarySpec,
        provider: Option<&Provider>,
        problems: &mut Problems<'_>,
    ) -> Self {
        let none = raw::Service::default();
        let service = spec.service.as_ref().unwrap_or(&none);
        let mut routing = Self::as_written(spec, service);
        routing.requests = matching::requests(service, &mut problems.below("spec.service"));
        let limits = provider.map_or(Limits::NONE, |provider| provider.router().limits);
        if let Some(provider) = provider {
            check::check_references(&routing, provider, problems);
        }
        let problems = &mut problems.below("spec.service");
        (limits.service)(&routing, problems);
        // Both are refused. The hosts are kept, because users depend on them.
        routing.delegation &= routing.hosts.is_empty() && routing.gateways.is_empty();
        durations::parse(service, limits, &mut routing, problems);
        routing
    }

    /// The fields that are copied without parsing.
    fn as_written(spec: &raw::CanarySpec, service: &raw::Service) -> Self {
        let named = |name: &str| filled(Some(name)).map(Text::from);
        Self {
            hosts: service.hosts.clone(),
            gateways: service.gateways.clone(),
            mesh_name: service.mesh_name.as_deref().and_then(named),
            backends: service.backends.clone(),
            gateway_refs: service.gateway_refs.clone(),
            delegation: service.delegation == Some(true),
            rewrite: service.rewrite.as_ref().map(Rewrite::from),
            headers: service.headers.clone(),
            traffic_policy: service.traffic_policy.clone(),
            mirrors: service.mirror.iter().filter_map(|mirror| mirror.backend_ref.clone()).collect(),
            ingress: spec.ingress_ref.as_ref().and_then(|ingress| named(&ingress.name)),
            route: spec.route_ref.as_ref().and_then(|route| named(&route.name)),
            upstream: spec.upstream_ref.as_ref().and_then(|upstream| {
                let namespace = filled(upstream.namespace.as_deref()).map(Text::from);
                Some(UpstreamRef { name: named(&upstream.name)?, namespace })
            }),
            ..Self::default()
        }
    }

    /// Takes the items of `analysis.match` that were not refused.
    pub(super) fn take_matched(&mut self, items: Vec<HttpMatch>, problems: &Problems<'_>) {
        let items = items.into_iter().enumerate();
        let accepted = items.filter(|(i, _)| !problems.has(&matching::at(*i)));
        self.matched = accepted.map(|(_, item)| item).collect();
    }
}

impl From<&raw::Rewrite> for Rewrite {
    fn from(raw: &raw::Rewrite) -> Self {
        let replaces = match raw.r#type.as_deref() {
            Some("ReplacePrefixMatch") => Replaces::PrefixMatch,
            Some(_) | None => Replaces::FullPath,
        };
        Self { uri: raw.uri.clone(), authority: raw.authority.clone(), replaces }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::spec::{Defaults, Rollout, Setup};

    /// What is parsed from a Canary with these parts, and the fields that are refused.
    fn read(provider: &str, service: Value, analysis: Value) -> (Arc<Setup>, Vec<String>) {
        let manifest = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"},
            "spec": {
                "provider": provider, "targetRef": {"kind": "Deployment", "name": "web"},
                "ingressRef": {"name": "front"}, "routeRef": {"name": ""}, "service": service, "analysis": analysis,
            },
        });
        match Rollout::parse(&serde_json::from_value(manifest).unwrap(), &Defaults::default()) {
            Ok(rollout) => (rollout.setup().clone(), Vec::new()),
            Err(invalid) => {
                (invalid.setup, invalid.problems.into_iter().map(|problem| problem.path).collect())
            }
        }
    }

    #[test]
    fn an_empty_list_means_the_same_as_one_left_out() {
        let service = json!({"port": 80, "timeout": "", "hosts": [], "corsPolicy": {"maxAge": ""}});
        let (setup, refused) = read("istio", service, json!({"mirrorWeight": 0, "match": []}));
        assert_eq!(refused, Vec::<String>::new());
        let cors_policy = setup.routing.cors_policy.clone();
        assert_eq!(cors_policy.as_ref().map(|policy| policy.max_age), Some(None));
        let cookies = CookieAttributes { primary_max_age: Duration::from_secs(60), ..Default::default() };
        let expected = Routing { ingress: Some("front".into()), cors_policy, cookies, ..Routing::default() };
        assert_eq!(setup.routing, expected);
    }

    #[test]
    fn cookies_last_until_the_next_step_or_for_the_given_time() {
        let affinity = json!({"cookieName": "a", "maxAge": 5, "domain": "", "path": "/", "secure": true});
        let analysis = json!({"interval": "5s", "sessionAffinity": affinity});
        let (setup, _) = read("istio", json!({"port": 80}), analysis);
        let expected = CookieAttributes {
            max_age: 5,
            primary_max_age: Duration::from_secs(10),
            path: Some("/".into()),
            secure: true,
            ..CookieAttributes::default()
        };
        assert_eq!(setup.routing.cookies, expected);
    }

    #[test]
    fn the_valid_fields_of_a_refused_manifest_are_read() {
        let service = json!({
            "port": 70_000, "targetPort": "web", "hosts": ["a.test"], "timeout": "15", "backendTimeout": "1s",
            "retries": {"attempts": 3, "perTryTimeout": "2"}, "corsPolicy": {"allowMethods": ["GET"], "maxAge": "1"},
        });
        let items = json!([{"headers": {"x-a": {"exact": "a"}}}, {"cookies": {"b": {}}}, {}]);
        let (setup, refused) = read("contour", service, json!({"match": items}));
        let expected = [
            "spec.service.port",
            "spec.service.timeout",
            "spec.service.retries.perTryTimeout",
            "spec.service.corsPolicy.maxAge",
            "spec.analysis.match[2]",
            "spec.analysis.match[1].cookies",
        ];
        assert_eq!(refused, expected);
        let Setup { service, routing, .. } = &*setup;
        assert_eq!(
            (service.port, &service.target_port),
            (None, &Some(crate::spec::TargetPort::Name("web".into())))
        );
        assert_eq!((&routing.timeout, routing.backend_timeout.as_deref()), (&None, Some("1s")));
        assert_eq!((&routing.hosts, routing.matched.len()), (&alloc::vec!["a.test".to_string()], 1));
        let retries = routing.retries.as_ref().unwrap();
        assert_eq!((retries.attempts, &retries.per_try_timeout), (Some(3), &None));
        let policy = routing.cors_policy.as_ref().unwrap();
        assert_eq!((policy.written.allow_methods.len(), &policy.written.max_age), (1, &None));
    }

    #[test]
    fn a_route_with_hosts_is_never_delegated_to() {
        let service = json!({"port": 80, "delegation": true, "gateways": ["mesh"]});
        for (provider, refusals) in [("istio", 1), ("contour", 0)] {
            let (setup, refused) = read(provider, service.clone(), json!({}));
            assert_eq!((setup.routing.delegation, refused.len()), (false, refusals), "{provider}");
        }
        assert!(read("istio", json!({"port": 80, "delegation": true}), json!({})).0.routing.delegation);
    }
}
