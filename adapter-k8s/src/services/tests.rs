use serde_json::json;
use serin_core::spec::{Service, TargetPort};

use super::*;
use crate::{
    fixtures::{self, Cluster, add, edit, find, yaml},
    kinds::{DAEMON_SET, DEPLOYMENT},
    object::Key,
};

const WEB: &str = include_str!("../fixtures/deployment.yaml");
const AGENT: &str = include_str!("../fixtures/daemon_set.yaml");

fn ensure(subject: &Subject, to: ApexTo, cluster: &mut Cluster) {
    add(cluster, ensured(subject, to, cluster).unwrap());
}

fn edited(subject: &Subject, edit: impl FnOnce(&mut Service)) -> Subject {
    let mut subject = subject.clone();
    edit(&mut Arc::make_mut(&mut subject.setup).service);
    subject
}

/// A Service that people made, with more fields than ours.
fn foreign(name: &str) -> Object {
    let applied = json!({"metadata": {"name": name}, "spec": {"selector": {"app": "web", "tier": "front"}}});
    fixtures::object(json!({
        "kind": "Service",
        "metadata": {
            "name": name, "uid": "theirs", "labels": {"team": "theirs"},
            "annotations": {"note": "theirs", LAST_APPLIED: applied.to_string()},
        },
        "spec": {
            "type": "NodePort", "clusterIP": "10.0.0.1", "selector": {"app": "web", "tier": "front"},
            "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 9898, "nodePort": 30080}],
        },
    }))
}

fn slice(service: &str, pod: &str, ready: bool) -> Object {
    let mut slice = Object::new(&Key::new(ENDPOINT_SLICE, "test", &format!("{service}-x2b1")));
    slice.set_label(SERVICE_NAME, service);
    let endpoint = json!({"addresses": ["10.1.0.1"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}});
    slice.set("/endpoints", vec![endpoint]);
    slice.set("/ports", json!([{"name": "http", "port": 9898, "protocol": "TCP"}]));
    slice
}

#[test]
fn snap_the_services_of_a_deployment() {
    let (subject, cluster) = fixtures::read(WEB);
    insta::assert_snapshot!(yaml(&ensured(&subject, ApexTo::Primary, &cluster).unwrap()));
}

#[test]
fn snap_the_services_of_a_daemon_set_without_addresses() {
    let (subject, cluster) = fixtures::read(AGENT);
    insta::assert_snapshot!(yaml(&ensured(&subject, ApexTo::Primary, &cluster).unwrap()));
}

#[test]
fn existing_services_need_no_write() {
    for text in [WEB, AGENT] {
        let (subject, mut cluster) = fixtures::read(text);
        ensure(&subject, ApexTo::Primary, &mut cluster);
        for service in ensured(&subject, ApexTo::Primary, &cluster).unwrap() {
            assert_eq!(service, *cluster[&service.key()]);
        }
    }
}

#[test]
fn an_apex_first_selects_the_target_and_is_moved_later() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let apex = |cluster: &Cluster| read(&subject, cluster).unwrap().apex;
    assert_eq!(apex(&cluster), Apex::Absent);
    ensure(&subject, ApexTo::Untouched, &mut cluster);
    assert_eq!(apex(&cluster), Apex::Target);
    ensure(&subject, ApexTo::Untouched, &mut cluster);
    assert_eq!(apex(&cluster), Apex::Target);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    assert_eq!(apex(&cluster), Apex::Primary);
    edit(&mut cluster, SERVICE, "web", |web| web.set("/spec/selector", json!({"app": "api"})));
    assert_eq!(apex(&cluster), Apex::Other);
}

#[test]
fn snap_an_existing_apex_is_taken_over_and_given_back() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let subject = edited(&subject, |service| service.port_discovery = false);
    add(&mut cluster, [foreign("web")]);
    assert_eq!(read(&subject, &cluster).unwrap().apex, Apex::Target);
    ensure(&subject, ApexTo::Untouched, &mut cluster);
    assert_eq!(find(&cluster, SERVICE, "web"), foreign("web"));
    ensure(&subject, ApexTo::Primary, &mut cluster);
    insta::assert_snapshot!(yaml(&[find(&cluster, SERVICE, "web")]));
    assert_eq!(reverted(&subject, &cluster).unwrap(), [foreign("web")]);
}

#[test]
fn our_own_apex_outlives_the_canary() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let objects = reverted(&subject, &cluster).unwrap();
    add(&mut cluster, objects);
    let apex = find(&cluster, SERVICE, "web");
    assert_eq!(read(&subject, &cluster).unwrap().apex, Apex::Target);
    assert_eq!((apex.at("/metadata/ownerReferences"), apex.label(MANAGED_BY.0)), (None, None));
    assert_eq!(reverted(&subject, &cluster).unwrap(), [apex]);
}

#[test]
fn an_apex_is_given_back_by_a_canary_that_lost_its_port() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let subject = edited(&subject, |service| service.port = None);
    assert_eq!(read(&subject, &cluster).unwrap().apex, Apex::Primary);
    assert_eq!(reverted(&subject, &cluster).unwrap().len(), 1);
    insta::assert_snapshot!(ensured(&subject, ApexTo::Primary, &cluster).unwrap_err().to_string(), @"Canary web.test: spec.service.port is missing, expected the port of the services");
}

#[test]
fn without_a_target_there_is_nothing_to_give_back() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    cluster.remove(&subject.key(DEPLOYMENT, "web"));
    assert_eq!(reverted(&subject, &cluster).unwrap(), []);
    insta::assert_snapshot!(read(&subject, &cluster).unwrap_err().to_string(), @"deployment web.test not found, but spec.targetRef of Canary web.test names it: create it, or name another");
}

#[test]
fn metadata_of_our_services_is_the_manifests_except_unmanaged_keys() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    edit(&mut cluster, SERVICE, "web", |web| {
        web.set_label("old", "1");
        web.set_annotation("neg-status", "cloud");
        web.set_annotation("stray", "1");
    });
    let keep = |service: &mut Service| {
        service.unmanaged.annotations = vec!["neg-status".into()];
    };
    ensure(&edited(&subject, keep), ApexTo::Primary, &mut cluster);
    let apex = find(&cluster, SERVICE, "web");
    let keys = |map: &str| text_map(apex.at(map)).into_keys().collect::<Vec<_>>().join(" ");
    assert_eq!(keys("/metadata/labels"), "app app.kubernetes.io/managed-by team");
    assert_eq!(
        keys("/metadata/annotations"),
        "helm.toolkit.fluxcd.io/driftDetection kustomize.toolkit.fluxcd.io/reconcile neg-status note"
    );
}

#[test]
fn node_ports_stay_with_the_names_of_their_ports() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let node_ports = json!([
        {"name": "grpc", "port": 9999, "protocol": "TCP", "targetPort": 9999, "nodePort": 30001},
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 1, "nodePort": 30002},
    ]);
    edit(&mut cluster, SERVICE, "web", |web| web.set("/spec/ports", node_ports));
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let apex = find(&cluster, SERVICE, "web");
    let ports = apex.at("/spec/ports").unwrap().as_array().unwrap();
    let ports: Vec<_> =
        ports.iter().map(|port| (port["name"].as_str().unwrap(), port["nodePort"].as_i64())).collect();
    assert_eq!(ports, [("http", Some(30002)), ("udp-web-2", None), ("grpc", Some(30001))]);
}

#[test]
fn the_apex_serves_once_the_pods_it_selects_are_its_endpoints() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Untouched, &mut cluster);
    let serves = |pod: &str, ready: bool, cluster: &Cluster| {
        let mut cluster = cluster.clone();
        add(&mut cluster, [slice("web", pod, ready)]);
        read(&subject, &cluster).unwrap().serving
    };
    assert!(!read(&subject, &cluster).unwrap().serving);
    assert!(serves("web-5d4f8c7b9-abcde", true, &cluster));
    assert!(!serves("web-5d4f8c7b9-abcde", false, &cluster));
    ensure(&subject, ApexTo::Primary, &mut cluster);
    assert!(!serves("web-5d4f8c7b9-abcde", true, &cluster), "endpoints lag behind");
    assert!(serves("web-primary-7c9d5b8f6-abcde", true, &cluster));
}

#[test]
fn a_copy_has_an_endpoint_once_a_ready_one_with_a_port_is_published() {
    let (subject, cluster) = fixtures::read(WEB);
    let has = |slice: Object| {
        let mut cluster = cluster.clone();
        add(&mut cluster, [slice]);
        let published = are_endpoints_published(&subject, &cluster).unwrap();
        (published, has_endpoint(&subject, Workload::Canary, &cluster).unwrap())
    };
    let pod = "web-5d4f8c7b9-abcde";
    let mut without_ports = slice("web-canary", pod, true);
    without_ports.set("/ports", Value::Null);
    let mut no_port = slice("web-canary", pod, true);
    no_port.set("/ports", json!([]));
    assert_eq!(has(slice("web-canary", pod, true)), (true, Some(true)));
    assert_eq!(has(slice("web-canary", pod, false)), (true, Some(false)));
    assert_eq!(has(slice("web-primary", pod, true)), (true, Some(false)), "of another service");
    assert_eq!([has(without_ports), has(no_port)], [(true, Some(false)); 2]);
    assert!(!are_endpoints_published(&subject, &cluster).unwrap());
}

#[test]
fn a_port_that_no_container_names_is_refused_until_the_apex_points_at_the_primary() {
    let (subject, mut cluster) = fixtures::read(WEB);
    let named = |name: &str| {
        edited(&subject, |service| {
            service.target_port = Some(TargetPort::Name(name.into()));
        })
    };
    let containers = json!([
        {"name": "web", "ports": [{"name": "http", "containerPort": 9898}, {"name": "admin", "containerPort": 9797}]},
        {"name": "dns", "ports": [{"name": "udp-dns", "containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]},
    ]);
    edit(&mut cluster, DEPLOYMENT, "web", |web| {
        web.set("/spec/template/spec/containers", containers);
        let ports = json!([{"name": "mesh", "containerPort": 15000}]);
        let sidecar = json!({"name": "proxy", "restartPolicy": "Always", "ports": ports});
        let first = json!({"name": "migrate", "ports": [{"name": "early", "containerPort": 1}]});
        web.set("/spec/template/spec/initContainers", json!([sidecar, first]));
    });
    let said = |name: &str, to| match ensured(&named(name), to, &cluster) {
        Ok(_) => "accepted".into(),
        Err(refused) => refused.to_string(),
    };
    for known in ["http", "admin", "mesh"] {
        assert_eq!(said(known, ApexTo::Untouched), "accepted", "{known}");
    }
    let refused = "Canary web.test: spec.service.targetPort `htpp` is not a port of the target: the containers name http, admin, mesh";
    assert_eq!(said("htpp", ApexTo::Untouched), refused);
    assert!(said("udp-dns", ApexTo::Untouched).contains("`udp-dns`"));
    assert!(said("early", ApexTo::Untouched).contains("`early`"));
    // A running service is still repaired: the revision in a run may name other ports.
    assert_eq!(said("htpp", ApexTo::Primary), "accepted");
    edit(&mut cluster, DEPLOYMENT, "web", |web| {
        web.remove("/spec/template/spec/initContainers");
        web.set("/spec/template/spec/containers", json!([{"name": "web"}]));
    });
    let refused = ensured(&named("http"), ApexTo::Untouched, &cluster).unwrap_err().to_string();
    assert!(refused.contains("no container names a TCP port"), "{refused}");
}

#[test]
fn ports_of_a_service_are_unique() {
    let (subject, mut cluster) = fixtures::read(AGENT);
    let subject = edited(&subject, |service| {
        service.port_discovery = true;
        service.port = Some(80);
        service.target_port = Some(TargetPort::Name("main".into()));
    });
    let ports = json!([
        {"name": "main", "containerPort": 8080}, {"name": "http", "containerPort": 9090}, {"containerPort": 80},
        {"name": "dns", "containerPort": 53, "protocol": "UDP"}, {"name": "dns-tcp", "containerPort": 53},
    ]);
    edit(&mut cluster, DAEMON_SET, "agent", |agent| {
        agent.set("/spec/template/spec/containers", json!([{"name": "agent", "ports": ports}]));
    });
    let services = ensured(&subject, ApexTo::Primary, &cluster).unwrap();
    let ports = services[0].at("/spec/ports").unwrap().as_array().unwrap().iter();
    let ports: Vec<_> = ports
        .map(|port| {
            format!("{} {} {} {}", port["name"], port["port"], port["protocol"], port["targetPort"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(
        ports,
        ["http 80 TCP main", "dns-tcp 53 TCP 53", "dns 53 UDP 53", "tcp-agent-1 9090 TCP 9090"]
    );
}

/// A primary that was made when the flags named another label: `app`.
fn older_primary(subject: &Subject, cluster: &mut Cluster) {
    let primary = workload::of(&subject.setup.target_api_version, &subject.topology.kind).unwrap();
    let objects = primary.ensured(subject, cluster).unwrap();
    add(cluster, objects);
}

#[test]
fn services_select_what_the_live_primarys_pods_have_until_another_primary_serves() {
    let (subject, mut cluster) = fixtures::read(WEB);
    older_primary(&subject, &mut cluster);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let selects = |cluster: &Cluster| {
        ["web", "web-primary", "web-canary"]
            .map(|name| find(cluster, SERVICE, name).at("/spec/selector").unwrap().to_string())
    };
    let before = selects(&cluster);
    assert_eq!(before, [r#"{"app":"web-primary"}"#, r#"{"app":"web-primary"}"#, r#"{"app":"web"}"#]);
    // The flag names another label of the same pods.
    let selector_labels = vec!["tier".into()];
    let settings = crate::settings::Settings { selector_labels, ..crate::settings::Settings::default() };
    let subject = Subject { settings: settings.into(), ..subject };
    ensure(&subject, ApexTo::Primary, &mut cluster);
    assert_eq!(selects(&cluster), before);
    assert_eq!(read(&subject, &cluster).unwrap().apex, Apex::Primary);
    assert!(outdated_label(&subject, &cluster).unwrap().contains("selected by app=web-primary"));
    // The target is created again without the label.
    edit(&mut cluster, DEPLOYMENT, "web", |web| {
        web.set("/spec/selector/matchLabels", json!({"tier": "back"}));
        web.set("/spec/template/metadata/labels", json!({"tier": "back"}));
    });
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let now = [r#"{"app":"web-primary"}"#, r#"{"app":"web-primary"}"#, r#"{"tier":"back"}"#];
    assert_eq!(selects(&cluster), now);
    // The primary is deleted and created again: now its label is the new one.
    cluster.remove(&subject.key(DEPLOYMENT, "web-primary"));
    assert_eq!(read(&subject, &cluster).unwrap().apex, Apex::Other, "the pods that it has left behind");
    older_primary(&subject, &mut cluster);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    let new = [r#"{"tier":"back-primary"}"#, r#"{"tier":"back-primary"}"#, r#"{"tier":"back"}"#];
    assert_eq!(selects(&cluster), new);
    assert_eq!(outdated_label(&subject, &cluster), None);
}

#[test]
fn endpoints_of_an_earlier_primarys_pods_do_not_count() {
    let (subject, mut cluster) = fixtures::read(WEB);
    older_primary(&subject, &mut cluster);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    add(&mut cluster, [slice("web-primary", "web-primary-7c9d5b8f6-abcde", true)]);
    let has = |cluster: &Cluster| has_endpoint(&subject, Workload::Primary, cluster).unwrap();
    assert_eq!(has(&cluster), Some(true));
    edit(&mut cluster, DEPLOYMENT, "web-primary", |primary| {
        primary.set("/spec/template/metadata/labels", json!({"tier": "front-primary"}));
    });
    assert_eq!(has(&cluster), None);
    add(&mut cluster, [slice("web-primary", "web-primary-7c9d5b8f6-abcde", false)]);
    assert_eq!(has(&cluster), Some(false));
}

#[test]
fn changeable_fields_of_a_service_are_written_and_others_are_named() {
    let (subject, mut cluster) = fixtures::read(WEB);
    ensure(&subject, ApexTo::Primary, &mut cluster);
    assert_eq!(unchangeable(&subject, &cluster), None);
    let subject = edited(&subject, |service| {
        service.headless = true;
        service.traffic_distribution = Some("PreferClose".into());
    });
    edit(&mut cluster, SERVICE, "web", |web| web.set("/spec/clusterIP", "10.0.0.1"));
    ensure(&subject, ApexTo::Primary, &mut cluster);
    assert_eq!(find(&cluster, SERVICE, "web").text("/spec/trafficDistribution"), "PreferClose");
    assert_eq!(find(&cluster, SERVICE, "web").text("/spec/clusterIP"), "10.0.0.1");
    insta::assert_snapshot!(unchangeable(&subject, &cluster).unwrap(), @"spec.service.headless is true, but these services have an address: web-canary, web-primary, web. Kubernetes never changes that; delete them to have them made again, which is an outage for those who call them, or set it to false.");
}
