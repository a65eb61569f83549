//! What holds for every router, strategy and weight.

use serde_json::{Value, json};
use serin_core::{
    command::{Routes, Split},
    provider::{Abilities, ROUTERS},
};

use super::{Case, matched, mirrored, plain, sticky};
use crate::{
    object::{
        Object,
        change::{self, Change},
        owners,
    },
    router::{apisix::APISIX_ROUTE, ingress::INGRESS, of},
};

const SERVICE: &str =
    "{gatewayRefs: [{name: gw}], meshName: mesh, apex: {labels: {team: a}}, headers: {response: {add: {x: y}}},
                       match: [{uri: {prefix: /api}}, {headers: {x-user: {exact: me}}}],
                       mirror: [{backendRef: {name: app-canary, port: 80}}]}";
const WEIGHTED: &str = "{stepWeight: 1, maxWeight: 100}";
const MATCHED: &str = "{stepWeight: 1, match: [{headers: {x-canary: {exact: insider}}}]}";
const AB_TESTING: &str = "{iterations: 3, match: [{headers: {x-canary: {exact: insider}}}]}";
const MIRRORED: &str = "{stepWeight: 1, mirror: true, mirrorWeight: 30}";
const STICKY: &str = "{stepWeight: 1, sessionAffinity: {cookieName: canary-cookie, path: /}}";

fn case(provider: &str, analysis: &str) -> Case {
    let mut case = Case::new(provider, SERVICE, analysis);
    let backend = json!({"service": {"name": "app", "port": {"number": 80}}});
    let paths = json!({"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]});
    let backend = json!({"serviceName": "app", "servicePort": 80});
    let rule = json!({"name": "app", "match": {"paths": ["/*"]}, "backends": [backend]});
    case.add(APISIX_ROUTE, "way", json!({"spec": {"http": [rule]}}));
    case.add(INGRESS, "front", json!({"spec": {"rules": [{"http": paths}]}}));
    case
}

/// Every division that a strategy makes, for every provider there is a router of.
fn divisions() -> Vec<(Case, Vec<Split>)> {
    let driven = ROUTERS.iter().filter(|router| of(router.name).is_some());
    driven.flat_map(|router| divisions_of(router.name, router.can)).collect()
}

fn divisions_of(provider: &str, can: Abilities) -> Vec<(Case, Vec<Split>)> {
    let weights = || (0..=100).map(|canary| plain(Routes::split(canary)));
    if !can.weights {
        return vec![(case(provider, "{iterations: 3}"), vec![plain(Routes::PRIMARY)])];
    }
    let mut all = vec![(case(provider, WEIGHTED), weights().collect())];
    if can.matches {
        // A copy that alone is ready serves everyone, matched or not.
        let everyone = [0, 50, 100].map(|canary| plain(Routes::split(canary)));
        all.push((case(provider, AB_TESTING), everyone.into_iter().chain([matched(100)]).collect()));
        // Of a router that cannot split them, or of one whose canary alone serves.
        all.push((case(provider, MATCHED), weights().collect()));
    }
    if can.weights_of_matches {
        all.push((case(provider, MATCHED), (1..=100).map(matched).chain(weights()).collect()));
    }
    if can.mirror {
        let both = Split { routes: Routes { mirror: Some(7), ..Routes::split(20) }, ..mirrored(1) };
        all.push((
            case(provider, MIRRORED),
            (1..=100).map(mirrored).chain(weights()).chain([both]).collect(),
        ));
    }
    if can.affinity {
        let kept = (0..=100).map(|canary| sticky(Routes::split(canary)));
        all.push((case(provider, STICKY), kept.chain(weights()).collect()));
        let some = (1..=100).map(|canary| sticky(matched(canary).routes));
        all.push((case(provider, MATCHED), some.chain([sticky(Routes::PRIMARY)]).collect()));
    }
    all
}

#[test]
fn what_is_written_is_read_back() {
    for (mut case, splits) in divisions() {
        for split in splits {
            case.write(&split);
            assert_eq!(case.read(), Some(split.routes), "{}", case.subject.topology.provider);
        }
    }
}

#[test]
fn what_is_seen_again_needs_no_write() {
    for (mut case, splits) in divisions() {
        for split in splits {
            case.write(&split);
            for object in case.render(&split).unwrap() {
                let seen = case.seen.get(&object.key()).map(|seen| &**seen);
                assert_eq!(
                    change::to(object, seen),
                    None,
                    "{}: {}",
                    case.subject.topology.provider,
                    split.routes
                );
            }
        }
    }
}

#[test]
fn a_division_leaves_nothing_of_the_one_before() {
    for (mut case, splits) in divisions() {
        for split in splits {
            let fresh: Vec<Value> = spec_of_all(&case_like(&case), &split);
            case.write(&split);
            assert_eq!(spec_of_all(&case, &split), fresh, "{}", split.routes);
        }
    }
}

/// The same Canary before anything was written.
fn case_like(case: &Case) -> Case {
    let there = case.seen.iter().filter(|(_, object)| !owners::is_controlled(object, &case.subject.identity));
    let seen = there.map(|(key, object)| (key.clone(), object.clone())).collect();
    Case { subject: case.subject.clone(), router: case.router, seen }
}

fn spec_of_all(case: &Case, split: &Split) -> Vec<Value> {
    let objects = case.render(split).unwrap().into_iter();
    let annotations = "/metadata/annotations";
    objects.map(|object| json!([object.at("/spec"), object.at(annotations)])).collect()
}

/// Routers whose object is a copy of one that the user wrote. A change of its spec by others does not stay.
const COPIES: [&str; 3] = ["apisix", "nginx", "skipper"];

/// Lists of rules, and of services, and the list in each of their items. Others can have rules of their own.
const LISTS: [(&str, &str); 6] = [
    ("/spec/backends", ""),
    ("/spec/conf/split", ""),
    ("/spec/weighted/services", ""),
    ("/spec/routes", "services"),
    ("/spec/http", ""),
    ("/spec/rules", ""),
];

const RULES: [&str; 3] = ["/spec/routes", "/spec/http", "/spec/rules"];

/// The object with what another writer could put on it.
fn by_others(mut object: Object, is_copy: bool) -> Object {
    object.set_label("others", "label");
    object.set_annotation("others", "annotation");
    if is_copy {
        return object;
    }
    object.set("/spec/others", "field");
    for (list, inner) in LISTS {
        let mut items = object.at(list).cloned().unwrap_or_default();
        for item in items.as_array_mut().into_iter().flatten() {
            item["others"] = true.into();
            for one in item.get_mut(inner).and_then(Value::as_array_mut).into_iter().flatten() {
                one["others"] = true.into();
            }
        }
        if let Value::Array(items) = &mut items
            && RULES.contains(&list)
        {
            let theirs = |name: &str| json!({"name": name, "others": true});
            if items.first().is_none_or(|first| first["name"] != "before") {
                items.insert(0, theirs("before"));
            }
            if items.last().is_none_or(|last| last["name"] != "after") {
                items.push(theirs("after"));
            }
        }
        if !items.is_null() {
            object.set(list, items);
        }
    }
    object
}

#[test]
fn what_others_put_on_a_route_stays_whatever_is_written() {
    for (mut case, splits) in divisions() {
        let provider = case.subject.topology.provider.clone();
        let is_copy = COPIES.contains(&&*provider);
        for object in case.write(&splits[0]) {
            let marked = by_others(object, is_copy);
            case.store(vec![marked]);
        }
        for split in splits {
            for object in case.write(&split) {
                let marked = by_others(object.clone(), is_copy);
                assert_eq!(object.value(), marked.value(), "{provider}: {}", split.routes);
            }
            assert_eq!(case.read(), Some(split.routes), "{provider}");
        }
    }
}

#[test]
fn weights_make_100_in_every_rule() {
    let mut rules = 0;
    for (case, splits) in divisions() {
        for split in splits {
            for object in case.render(&split).unwrap() {
                for list in ["/spec/http", "/spec/rules"] {
                    for rule in object.at(list).and_then(Value::as_array).into_iter().flatten() {
                        let Some(to) = rule.get("route").or_else(|| rule.get("backendRefs")) else {
                            continue;
                        };
                        let weights =
                            to.as_array().unwrap().iter().map(|one| one["weight"].as_u64().unwrap());
                        assert_eq!(weights.sum::<u64>(), 100, "{}: {rule}", split.routes);
                        rules += 1;
                    }
                }
            }
        }
    }
    assert!(rules > 3_000, "{rules} rules were looked at");
}

#[test]
fn everything_goes_back_to_the_apex_service_at_the_end() {
    for (mut case, _) in divisions() {
        case.write(&plain(Routes::split(100)));
        for change in case.revert() {
            match change {
                Change::Create(object) | Change::Replace(object) => case.store(vec![object]),
                Change::Delete(object) => drop(case.seen.remove(&object.key())),
                Change::Adjust(_) | Change::Recreate(_) => panic!("{change:?}"),
            }
        }
        let topology = case.subject.topology.provider.clone();
        let left = case.read().filter(|routes| routes.canary > 0);
        assert_eq!(left, None, "{topology}");
        assert_eq!(case.revert(), Vec::new(), "{topology}");
    }
}
