//! The tables that people read, each generated from the code that decides by it.

use std::fmt::Display;

use serin_core::{
    message::Message,
    phase::TRANSITIONS,
    provider::ROUTERS,
    request::{Situation, ruling},
    spec::raw,
    state::stage::CHANGES,
};

use crate::{
    examples,
    states::topology,
    support::{manifest, parse},
};

/// Lines, one for each.
fn lines(each: impl IntoIterator<Item = impl Display>) -> String {
    each.into_iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn snap_changes_of_phase() {
    let rows = TRANSITIONS
        .iter()
        .map(|(from, to, why)| format!("{:<17}{:<17}{why}", format!("{from:?}"), format!("{to:?}")));
    insta::assert_snapshot!(lines(rows));
}

/// The diagram as in README.md.
fn diagram() -> String {
    let name = |phase: &serin_core::Phase| if phase.name().is_empty() { "[*]" } else { phase.name() };
    let edges =
        TRANSITIONS.iter().map(|(from, to, why)| format!("    {} --> {}: {why}", name(from), name(to)));
    let edges = lines(edges);
    format!(
        "```mermaid\nstateDiagram-v2\n{edges}    Terminating --> [*]: released (deletion leads here from every phase)\n```\n"
    )
}

#[test]
fn snap_diagram_of_phases() {
    insta::assert_snapshot!(diagram());
}

/// The diagram of stages as in README.md.
fn stages() -> String {
    let edges = CHANGES.iter().map(|(from, to, why)| format!("    {from:?} --> {to:?}: {why}"));
    let edges = lines(edges);
    format!(
        "```mermaid\nstateDiagram-v2\n    [*] --> Start\n{edges}    Start --> Holding: failed promotion (from every stage)\n    Holding --> Start: primary ready again (every run that ends leads back to Start)\n```\n"
    )
}

#[test]
fn the_diagrams_in_the_readme_are_drawn_from_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for (name, drawn) in [("phases", diagram()), ("stages", stages())] {
        let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
        let shown =
            text.split_once(&*begin).and_then(|(_, rest)| rest.split_once(&*end)).map(|(between, _)| between);
        assert!(shown == Some(&*drawn), "README.md has to show this between its markers:\n{drawn}");
    }
}

#[test]
fn every_phase_can_be_reached_and_every_phase_but_the_last_can_be_left() {
    let reached = |phase| TRANSITIONS.iter().any(|(_, to, _)| *to == phase);
    let left = |phase| TRANSITIONS.iter().any(|(from, _, _)| *from == phase);
    let ends: Vec<_> =
        examples::phases().into_iter().filter(|phase| !(reached(*phase) && left(*phase))).collect();
    assert_eq!(ends, [serin_core::Phase::New, serin_core::Phase::Terminating]);
}

/// All combinations of fields of an analysis.
fn analyses() -> impl Iterator<Item = (String, raw::Analysis)> {
    (0..32).map(|bits: u8| {
        let fields = [
            "match: [{headers: {x-canary: {exact: always}}}]",
            "iterations: 5",
            "stepWeight: 20",
            "stepWeights: [10, 50]",
            "mirror: true",
        ];
        let given: Vec<_> = (0..5).filter(|n| bits & (16 >> n) != 0).map(|n| fields[n]).collect();
        let names: Vec<_> = given.iter().filter_map(|field| field.split(':').next()).collect();
        let name = if names.is_empty() { "nothing".to_owned() } else { names.join(" + ") };
        let analysis = format!("{{{}}}", given.join(", "));
        (name, manifest("", &analysis).spec.analysis.unwrap_or_default())
    })
}

#[test]
fn snap_strategy_of_each_analysis() {
    let mut rows = Vec::new();
    for (name, analysis) in analyses() {
        rows.push(name);
        for provider in ["istio", "nginx", "traefik", "kubernetes"] {
            let mut raw = manifest(provider, "{}");
            raw.spec.analysis = Some(analysis.clone());
            let strategy = match parse(&raw) {
                Ok(rollout) => rollout.strategy().to_string(),
                Err(refused) => format!("refused, {refused}"),
            };
            rows.push(format!("    {provider:<12}{strategy}"));
        }
    }
    insta::assert_snapshot!(lines(rows));
}

#[test]
fn snap_ruling_on_each_request() {
    let mut rows = Vec::new();
    for max in [Some(50), None] {
        rows.push(max.map_or("without weights".to_owned(), |max| format!("with weights up to {max}")));
        for order in examples::orders() {
            rows.push(format!("  {order:?}"));
            let standings = Situation::ALL.into_iter();
            rows.extend(
                standings.map(|at| format!("    {:<18}{:?}", format!("{at:?}"), ruling(order, at, max))),
            );
        }
    }
    insta::assert_snapshot!(lines(rows));
}

#[test]
fn snap_standing_of_each_phase() {
    let rows = examples::phases()
        .into_iter()
        .map(|phase| format!("{:<17}{:?}", format!("{phase:?}"), Situation::of(phase)));
    insta::assert_snapshot!(lines(rows));
}

#[test]
fn snap_abilities_of_routers() {
    let rows = ROUTERS.iter().map(|router| {
        let (name, can) = (router.name, router.can);
        let abilities = [
            (can.weights, "weights"),
            (can.matches, "match"),
            (can.mirror, "mirror"),
            (can.affinity, "affinity"),
        ];
        let abilities: Vec<_> = abilities.into_iter().filter(|(can, _)| *can).map(|(_, name)| name).collect();
        format!(
            "{name:<20}{}",
            if abilities.is_empty() { "nothing".to_owned() } else { abilities.join(", ") }
        )
    });
    insta::assert_snapshot!(lines(rows));
}

#[test]
fn snap_names_of_rules() {
    let rows = examples::rules().into_iter().map(|rule| {
        serde_json::to_value(rule).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    });
    insta::assert_snapshot!(lines(rows));
}

#[test]
fn snap_messages() {
    let rows = examples::messages().into_iter().map(|message| row(&message));
    insta::assert_snapshot!(lines(rows));
}

fn row(message: &Message) -> String {
    let alert = message.alert().map_or("-".to_owned(), |severity| format!("{severity:?}").to_lowercase());
    let event = format!("{:?}", message.event_type());
    format!("{event:<8} {alert:<6} {}", message.text("web.shop", &topology("canary")))
}

#[test]
fn snap_why_a_check_failed() {
    insta::assert_snapshot!(lines(examples::findings()));
}

#[test]
fn snap_why_a_run_is_rolled_back() {
    insta::assert_snapshot!(lines(examples::causes()));
}

#[test]
fn snap_obstacles() {
    insta::assert_snapshot!(lines(examples::obstacles()));
}

#[test]
fn snap_why_a_request_is_refused() {
    insta::assert_snapshot!(lines(examples::refusals()));
}
