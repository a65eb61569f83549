use std::sync::Arc;

use serin_core::command::Routes;

use super::{Case, plain};
use crate::object::change::Change;

#[test]
fn a_route_divides_by_weight() {
    let case = Case::new("kuma", "{apex: {labels: {team: a}}}", "{stepWeight: 20}");
    insta::assert_snapshot!(case.shown(&plain(Routes::split(20))));
}

#[test]
fn the_mesh_is_that_of_the_canary_and_stays_as_it_was_created() {
    let mut case = Case::new("kuma", "{}", "{stepWeight: 20}");
    let mesh = |case: &mut Case, name: &str| {
        let annotations = &mut Arc::make_mut(&mut case.subject.metadata).annotations;
        annotations.insert("kuma.io/mesh".into(), name.into());
        case.write(&plain(Routes::PRIMARY)).remove(0).text("/mesh").to_owned()
    };
    assert_eq!([mesh(&mut case, "inner"), mesh(&mut case, "other")], ["inner", "inner"]);
}

#[test]
fn canaries_of_one_name_in_two_namespaces_never_meet() {
    let mut one = Case::new("kuma", "{}", "{stepWeight: 20}");
    one.write(&plain(Routes::split(20)));
    let mut other = Case::new("kuma", "{}", "{stepWeight: 20}");
    other.subject.identity.namespace = "other".into();
    other.seen.extend(one.seen.clone());
    other.write(&plain(Routes::split(50)));
    one.seen.extend(other.seen);
    assert_eq!(one.read(), Some(Routes::split(20)));
    assert!(matches!(&one.revert()[..], [Change::Delete(route)] if route.name() == "app.test"));
}
