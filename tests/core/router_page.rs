//! `docs/routers.md`: what each router can do and how that is proved, drawn from the core's table and that of the tests.

use serin_core::provider::{Abilities, ROUTERS, Router};

use crate::{
    proofs::{PROOFS, Proof, Schema},
    provider_tables::{cells, shows, yes},
};

const PAGE: &str = "docs/routers.md";

#[test]
fn the_page_of_routers_shows_what_each_can_do_and_how_that_is_proved() {
    shows(PAGE, "routers", &all());
    for family in families() {
        let routers: Vec<&Router> = ROUTERS.iter().filter(|router| family_of(router) == family).collect();
        shows(PAGE, family, &section(family, &routers));
    }
}

#[test]
fn every_router_that_is_supported_has_a_proof_and_no_other() {
    let supported: Vec<&str> =
        ROUTERS.iter().filter(|router| router.driven).map(|router| router.name).collect();
    assert_eq!(PROOFS.iter().map(|proof| proof.provider).collect::<Vec<_>>(), supported);
}

/// A provider's name without the version of its API: its section, and its file in `deploy/rbac/`.
fn family_of(router: &Router) -> &'static str {
    router.name.split_once(':').map_or(router.name, |(family, _)| family)
}

fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = ROUTERS.iter().map(family_of).collect();
    families.dedup();
    families
}

fn all() -> String {
    let rows = ROUTERS.iter().map(|router| {
        let Abilities { weights, mirror, affinity, .. } = router.can;
        let name = format!("`{}`", router.name);
        let (objects, requests) = proved(router);
        cells(&[&name, yes(weights), matches(router.can), yes(mirror), yes(affinity), &objects, requests])
    });
    let head = [
        "provider",
        "weights",
        "`match`",
        "`mirror`",
        "`sessionAffinity`",
        "objects checked by",
        "real requests through",
    ];
    format!("{}|---|---|---|---|---|---|---|\n{}", cells(&head), rows.collect::<String>())
}

/// The head of a section: a column for each of its providers.
fn section(family: &str, routers: &[&Router]) -> String {
    let row = |head: &str, of: &dyn Fn(&Router) -> String| {
        let of: Vec<String> = routers.iter().map(|router| of(router)).collect();
        let all: Vec<&str> = [head].into_iter().chain(of.iter().map(String::as_str)).collect();
        cells(&all)
    };
    let needs = |router: &Router| {
        let fields = router.needs.iter().map(|reference| format!("`{}`", reference.field()));
        fields.collect::<Vec<_>>().join(", ")
    };
    [
        row("provider", &|router| format!("`{}`", router.name)),
        format!("|---|{}\n", "---|".repeat(routers.len())),
        row("can do", &|router| abilities(router.can)),
        row("needs", &needs),
        row("rights", &|router| rights(family, router)),
        row("objects checked by", &|router| proved(router).0),
        row("real requests through", &|router| proved(router).1.to_owned()),
    ]
    .concat()
}

fn abilities(can: Abilities) -> String {
    let all = [
        (can.weights, "weights".to_owned()),
        (can.matches, if can.weights_of_matches { "`match`".into() } else { "`match`: all or none".into() }),
        (can.mirror, "`mirror`".into()),
        (can.affinity, "`sessionAffinity`".into()),
    ];
    all.into_iter().filter_map(|(can, name)| can.then_some(name)).collect::<Vec<_>>().join(", ")
}

fn matches(can: Abilities) -> &'static str {
    if can.matches && !can.weights_of_matches { "all or none" } else { yes(can.matches) }
}

fn rights(family: &str, router: &Router) -> String {
    let has_objects = PROOFS.iter().any(|proof| proof.provider == router.name && !proof.kinds.is_empty());
    if has_objects { format!("[{family}.yaml](../deploy/rbac/{family}.yaml)") } else { String::new() }
}

/// What its objects are checked by, and the data plane that real requests take.
fn proved(router: &Router) -> (String, &'static str) {
    let Some(proof) = PROOFS.iter().find(|proof| proof.provider == router.name) else {
        return ("not supported".into(), "");
    };
    let Proof { schema, requests, .. } = *proof;
    let objects = match schema {
        Schema::Kubernetes => "Kubernetes".to_owned(),
        Schema::Everywhere(path) | Schema::Module { path, .. } => format!("the CRD in `{path}`"),
        Schema::Nowhere => "no CRD found".to_owned(),
    };
    (objects, requests.unwrap_or_default())
}
