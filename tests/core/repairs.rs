//! What is repaired, when, and what is reported.

use std::time::Duration;

use serin_core::{
    Command, Phase,
    command::{ApexTo, Cookies, Routes, Split},
    decision::Rule,
    message::Message,
    observation::{Apex, Drift, Fact, FailureClass, Readiness, Services, Unseen},
    question::{Answer, Question},
    revision::Text,
    spec::Rollout,
    state::Status,
    testing::{Did, Environment, Pods, Simulated, well},
};

use crate::support::rollout;

/// All answers are good, and these commands are refused.
struct Refusing(Option<Command>);

impl Environment for Refusing {
    fn answer(&mut self, question: &Question) -> Answer {
        well(question)
    }
    fn apply(&mut self, command: &Command) -> Result<(), (FailureClass, Text)> {
        match &self.0 {
            Some(refused) if refused == command => Err((FailureClass::Refused, "no".into())),
            Some(_) | None => Ok(()),
        }
    }
}

fn weighted() -> Rollout {
    rollout("{stepWeight: 20, maxWeight: 60, threshold: 3, interval: 1m}")
}

/// One tick: the rules that fired and their commands.
fn tick(world: &mut Simulated, hands: &mut impl Environment) -> Vec<(Rule, Vec<Command>)> {
    world.wakes();
    let mut did = Vec::new();
    loop {
        match world.does(hands) {
            Did::Decided(Some(plan)) if plan.state.is_some() || !plan.commands.is_empty() => {
                did.push((plan.decision.rule, plan.commands));
            }
            Did::Slept(_) => return did,
            Did::Decided(_) | Did::Asked(_) | Did::Applied(_) | Did::Saved | Did::Sent => {}
        }
    }
}

fn routed(routes: Routes) -> Command {
    Command::SetRoutes(Split { routes, cookies: Cookies::default() })
}

#[test]
fn an_edit_of_the_service_is_one_repair_of_services_and_routes_together_and_is_not_reported() {
    let mut world = Simulated::initialized(weighted());
    world.cluster.drift = Fact::Known(Drift { services: true, routes: true, ..Drift::default() });
    let commands = vec![Command::EnsureServices(ApexTo::Primary), routed(Routes::PRIMARY)];
    let before = world.state.seq;
    assert_eq!(tick(&mut world, &mut well), [(Rule::Repaired, commands)]);
    assert_eq!((world.state.seq, &world.sent[..]), (before + 1, &[][..]));
    world.now = world.now + Duration::from_secs(3600);
    assert_eq!(tick(&mut world, &mut well), [], "it is in order");
}

#[test]
fn a_change_of_a_route_by_another_client_is_reported() {
    let mut world = Simulated::initialized(weighted());
    world.cluster.drift = Fact::Known(Drift { routes: true, tampered: true, ..Drift::default() });
    let did = tick(&mut world, &mut well);
    assert_eq!(did[0], (Rule::Repaired, vec![routed(Routes::PRIMARY)]));
    let messages: Vec<_> = world.sent.iter().map(|notice| &notice.message).collect();
    assert_eq!(messages, [&Message::RoutesRepaired]);
    assert_eq!(world.cluster.drift, Fact::Known(Drift::default()));
}

#[test]
fn services_and_routes_are_repaired_during_a_run_and_the_primary_after_it() {
    let mut world = Simulated::deployed(weighted());
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    let all = Drift { workloads: true, services: true, routes: true, tampered: true };
    world.cluster.drift = Fact::Known(all);
    let commands = vec![Command::EnsureServices(ApexTo::Primary), routed(Routes::split(20))];
    assert!(tick(&mut world, &mut well).contains(&(Rule::Repaired, commands)));
    let left = Drift { workloads: true, tampered: true, ..Drift::default() };
    assert_eq!(world.cluster.drift, Fact::Known(left));
    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);
    assert_eq!((world.state.phase, world.state.failed_checks), (Phase::Succeeded, 0));
    world.now = world.now + Duration::from_secs(3600);
    tick(&mut world, &mut well);
    assert_eq!(world.cluster.drift, Fact::Known(Drift::default()));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

#[test]
fn a_concern_is_reported_once_and_shown_until_it_is_over_and_blocks_nothing() {
    let mut world = Simulated::deployed(weighted());
    let shown = |world: &Simulated| world.state.condition.as_ref().unwrap().message.to_string();
    let wrong = Text::from("MetricTemplate errors does not exist");
    let times_told = |world: &Simulated| {
        let concern = Message::Concern(wrong.clone());
        world.sent.iter().filter(|notice| notice.message == concern).count()
    };
    world.cluster.concern = Fact::Known(Some(wrong.clone()));
    world.runs_until(&mut well, |state| state.canary_weight == 40);
    assert!(shown(&world).ends_with(&*wrong), "{}", shown(&world));
    world.cluster.concern = Fact::Unknown(Unseen::Stale);
    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);
    assert!(shown(&world).ends_with(&*wrong), "as far as is known it is so still");
    world.cluster.concern = Fact::Known(None);
    tick(&mut world, &mut well);
    assert_eq!(shown(&world), "Canary analysis completed successfully, promotion finished.");
    assert_eq!((times_told(&world), world.state.failed_checks), (1, 0));
}

#[test]
fn services_are_repaired_while_promoting_too() {
    let mut world = Simulated::deployed(weighted());
    world.runs_until(&mut well, |state| state.phase == Phase::Promoting && state.is_promotion_applied());
    world.settles();
    world.cluster.drift = Fact::Known(Drift { services: true, ..Drift::default() });
    let did = tick(&mut world, &mut well);
    assert!(did.contains(&(Rule::Repaired, vec![Command::EnsureServices(ApexTo::Primary)])), "{did:?}");
}

#[test]
fn a_repair_that_is_refused_keeps_no_run_from_being_judged() {
    let mut world = Simulated::deployed(weighted());
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    world.cluster.drift = Fact::Known(Drift { services: true, ..Drift::default() });
    let mut hands = Refusing(Some(Command::EnsureServices(ApexTo::Primary)));
    let since = world.now;
    world.runs_until(&mut hands, |state| state.phase == Phase::Succeeded);
    assert!(world.now.since(since) < Duration::from_secs(600), "{:#?}", world.rows);
}

#[test]
fn users_keep_their_cookie_over_a_takeover() {
    let affinity = "sessionAffinity: {cookieName: version, primaryCookieName: stable}";
    let manifest =
        |more: &str| rollout(&format!("{{stepWeight: 20, maxWeight: 60, interval: 1m, {affinity}{more}}}"));
    let mut world = Simulated::deployed(manifest(""));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    let theirs = Cookies {
        canary: Some("version=aBcDeFgHiJ".into()),
        primary: Some("=kLmNoPqRsT".into()),
        previous: None,
    };
    let left = Status {
        phase: Phase::Progressing,
        canary_weight: 20,
        last_applied_spec: "6c8d9f5b7f".into(),
        cookies: theirs.clone(),
        ..Status::default()
    };
    world.state = left.into();
    world.restarts();
    world.runs_until(&mut well, |state| state.canary_weight == 40);
    let cookies = world.state.cookies.clone();
    assert_eq!(cookies.canary, theirs.canary);
    assert!(cookies.primary.clone().unwrap().starts_with("stable="), "Flagger's had no name");
    world.runs_until(&mut well, |state| state.canary_weight == 60);
    assert_eq!(world.state.cookies, cookies);
    world.runs_until(&mut well, |state| state.phase == Phase::Succeeded);
    let taken_back = Cookies { previous: theirs.canary.clone(), ..Cookies::default() };
    assert_eq!(world.state.cookies, taken_back);
    world.deploys("c");
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    assert_ne!(world.state.cookies.canary, theirs.canary, "another run has another cookie");
}

#[test]
fn a_cookie_of_another_name_is_not_kept() {
    let manifest = |name: &str| {
        rollout(&format!("{{stepWeight: 20, interval: 1m, sessionAffinity: {{cookieName: {name}}}}}"))
    };
    let mut world = Simulated::deployed(manifest("one"));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    world.canary = Ok(manifest("two"));
    world.runs_until(&mut well, |state| state.canary_weight == 40);
    assert!(world.state.cookies.canary.clone().unwrap().starts_with("two="));
}

#[test]
fn cookies_that_the_manifest_no_longer_has_are_forgotten_with_the_next_routes() {
    let mut world =
        Simulated::deployed(rollout("{stepWeight: 20, interval: 1m, sessionAffinity: {cookieName: one}}"));
    world.runs_until(&mut well, |state| state.canary_weight == 20);
    world.canary = Ok(rollout("{stepWeight: 20, interval: 1m}"));
    world.runs_until(&mut well, |state| state.canary_weight == 40);
    assert_eq!(world.state.cookies, Cookies::default());
}

#[test]
fn a_change_that_misroutes_users_is_repaired_every_time_and_at_most_once_a_second() {
    let wrong: [fn(&mut Simulated); 3] = [
        |world| world.cluster.routes = Fact::Known(Some(Routes::split(90))),
        |world| world.cluster.routes = Fact::Known(None),
        |world| {
            world.cluster.drift = Fact::Known(Drift { services: true, tampered: true, ..Drift::default() });
            world.cluster.services = Fact::Known(Services { apex: Apex::Target, serving: false });
        },
    ];
    for harm in wrong {
        let mut world = Simulated::deployed(weighted());
        world.runs_until(&mut well, |state| state.canary_weight == 20);
        let since = world.now + Duration::from_secs(1);
        for n in 0..20 {
            harm(&mut world);
            world.now = since + Duration::from_secs(2 * n);
            let did = tick(&mut world, &mut well);
            assert_eq!(did[0].0, Rule::Repaired, "time {n}: {did:?}");
            harm(&mut world);
            world.now = world.now + Duration::from_millis(999);
            assert!(tick(&mut world, &mut well).iter().all(|(rule, _)| *rule != Rule::Repaired), "time {n}");
            world.now = world.now + Duration::from_millis(1);
            assert_eq!(tick(&mut world, &mut well)[0].0, Rule::Repaired, "a second later");
        }
        assert!(world.violations.is_empty(), "{:?}", world.violations);
    }
}

#[test]
fn a_lasting_conflict_is_one_alert_an_event_per_interval_and_a_sentence_in_the_condition() {
    let mut world = Simulated::initialized(weighted());
    let shown = |world: &Simulated| world.state.condition.as_ref().unwrap().message.to_string();
    world.cluster.rival = Some("argocd-controller".into());
    let since = world.now;
    for n in 0..30 {
        world.cluster.routes = Fact::Known(Some(Routes::split(50)));
        world.now = since + Duration::from_secs(10 * n);
        tick(&mut world, &mut well);
    }
    world.cluster.rival = None;
    let alerts: Vec<_> = world.sent.iter().filter_map(|notice| notice.message.alert()).collect();
    assert_eq!(alerts, [serin_core::spec::Severity::Error]);
    let events = world.sent.iter().filter(|notice| matches!(notice.message, Message::Contested { .. }));
    assert_eq!(events.count(), 4, "one for each of the intervals after the first: {:?}", world.sent);
    assert!(shown(&world).contains("by field manager argocd-controller"), "{}", shown(&world));

    world.now = world.now + Duration::from_secs(3_600);
    tick(&mut world, &mut well);
    assert!(!shown(&world).contains("argocd"), "{}", shown(&world));
    assert!(world.violations.is_empty(), "{:?}", world.violations);
}

/// The primary was deleted, and its pods still run: the apex selects those.
#[test]
fn services_keep_selecting_pods_that_serve_until_a_recreated_primary_serves() {
    let mut world = Simulated::initialized(weighted());
    world.primary_pods = Pods::Broken;
    world.cluster.primary = Fact::Known(None);
    world.cluster.services = Fact::Known(Services { apex: Apex::Other, serving: true });
    world.cluster.drift = Fact::Known(Drift { workloads: true, services: true, ..Drift::default() });
    let did = tick(&mut world, &mut well);
    assert_eq!(did, [(Rule::Repaired, vec![Command::EnsureWorkloads])]);
    world.now = world.now + Duration::from_secs(3600);
    assert_eq!(tick(&mut world, &mut well), [], "it does not serve yet");
    let primary = world.cluster.primary.known_mut().and_then(Option::as_mut).expect("it was made again");
    (primary.readiness, primary.serves) = (Readiness::Ready, Fact::Known(true));
    let did = tick(&mut world, &mut well);
    assert_eq!(did, [(Rule::Repaired, vec![Command::EnsureServices(ApexTo::Primary)])]);
}
