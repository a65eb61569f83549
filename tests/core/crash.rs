//! I9: the driver is stopped anywhere and starts again from the saved state. With the same answers the run is the same,
//! save by save; with opposite answers it ends as an intent requires, or as the saved state allows.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    Phase,
    message::Message,
    observation::{Fact, Observation, Unseen},
    question::{Answer, Asked, Question},
    request::RequestKind,
    state::{Intent, Stage},
    testing::{Did, Row, Simulated, badly, well},
};

use crate::support::{request, rollout};

/// The life of a Canary, from its beginning to the end of its first run.
struct Run {
    name: &'static str,
    analysis: &'static str,
    /// Depends only on the question.
    answers: fn(&Question) -> Answer,
    /// What happens once the canary has its first weight.
    happens: Option<fn(&mut Simulated)>,
}

const RUNS: &[Run] = &[
    Run {
        name: "weighted, one check fails",
        analysis: "{stepWeight: 40, threshold: 2, stepWeightPromotion: 60, METRIC}",
        answers: |question| fails_in(question, &[2]),
        happens: None,
    },
    Run {
        name: "weighted, rolled back",
        analysis: "{stepWeight: 40, threshold: 2, METRIC, webhooks: [
            {name: undo, type: rollback, mode: action, url: 'http://u'},
            {name: after, type: post-rollout, url: 'http://a', runOn: [failure]}]}",
        answers: |question| fails_in(question, &[2, 3]),
        happens: None,
    },
    Run {
        name: "A/B with every gate",
        analysis: "{match: [{headers: {x: {exact: y}}}], iterations: 2, threshold: 2, METRIC, webhooks: [
            {name: start, type: confirm-rollout, url: 'http://s'},
            {name: before, type: pre-rollout, url: 'http://b'},
            {name: load, type: rollout, url: 'http://l'},
            {name: promote, type: confirm-promotion, url: 'http://p'},
            {name: after, type: post-rollout, url: 'http://a'}]}",
        answers: closed_at_first,
        happens: None,
    },
    Run {
        name: "blue/green, mirrored",
        analysis: "{iterations: 2, mirror: true, threshold: 2, METRIC}",
        answers: |question| fails_in(question, &[1]),
        happens: None,
    },
    Run {
        name: "mirrored, then weighted behind gates",
        analysis: "{stepWeights: [5, 80], mirror: true, threshold: 2, METRIC,
            webhooks: [{name: more, type: confirm-traffic-increase, url: 'http://m'}]}",
        answers: closed_at_first,
        happens: None,
    },
    Run {
        name: "an operator aborts",
        analysis: "{stepWeight: 40, threshold: 2, METRIC}",
        answers: well,
        happens: Some(|world| world.cluster.requests.push(request(RequestKind::CanaryWeight, "0"))),
    },
    Run {
        name: "an operator promotes",
        analysis: "{stepWeight: 40, threshold: 2, METRIC}",
        answers: well,
        happens: Some(|world| world.cluster.requests.push(request(RequestKind::Promote, "true"))),
    },
    Run {
        name: "deleted in mid-run",
        analysis: "{stepWeight: 40, threshold: 2, METRIC}",
        answers: well,
        happens: Some(|world| world.cluster.deleting = true),
    },
    Run {
        name: "set back in mid-run",
        analysis: "{stepWeight: 40, threshold: 2, METRIC}",
        answers: well,
        happens: Some(|world| world.deploys("a")),
    },
];

fn fails_in(question: &Question, checks: &[u32]) -> Answer {
    if checks.contains(&question.id.check) { badly(question) } else { well(question) }
}

/// Every gate is closed the first time it is asked, and the other hooks fail then, too.
fn closed_at_first(question: &Question) -> Answer {
    match question.id.of {
        Asked::Hook(_) if question.id.check % 2 == 1 => Answer::deny("not yet"),
        Asked::Hook(_) | Asked::Metric(_) => well(question),
    }
}

/// A run under way.
#[derive(Clone)]
struct Underway {
    world: Simulated,
    happened: bool,
}

impl Underway {
    fn begin(run: &Run) -> Self {
        let analysis =
            run.analysis.replace("METRIC", "metrics: [{name: m, query: q, thresholdRange: {min: 50}}]");
        Self { world: Simulated::new(rollout(&analysis)), happened: false }
    }

    /// The new revision is deployed as soon as the Canary is initialized, and each event happens at its time.
    fn is_changed_from_outside(&mut self, run: &Run) {
        let state = &self.world.state;
        if state.phase == Phase::Initialized && state.runs == 0 && !self.world.shows("b") {
            self.world.deploys("b");
        } else if let Some(happens) = run.happens.filter(|_| !self.happened && state.canary_weight == 40) {
            happens(&mut self.world);
            self.world.wakes();
            self.happened = true;
        }
    }

    /// Continues to the end; returns the world before each action of the driver.
    fn ends(&mut self, run: &Run, mut answers: fn(&Question) -> Answer) -> Vec<Self> {
        let mut stops = Vec::new();
        while stops.len() < 2_000 {
            self.is_changed_from_outside(run);
            stops.push(self.clone());
            if let Did::Slept(_) = self.world.does(&mut answers) {
                if self.has_ended() {
                    assert_eq!(self.world.violations, [], "{}", run.name);
                    return stops;
                }
                self.world.sleeps();
            }
        }
        panic!("{} does not end: {:#?}", run.name, self.world.rows);
    }

    fn has_ended(&self) -> bool {
        let (state, cluster) = (&self.world.state, &self.world.cluster);
        let over =
            state.runs > 0 && state.phase.is_idle() && state.owed.is_empty() && cluster.requests.is_empty();
        if cluster.deleting { !cluster.finalizer } else { over }
    }

    fn starts_again_after(&self, outage: Duration) -> Self {
        let mut again = self.clone();
        again.world.restarts();
        again.world.now = again.world.now + outage;
        again.world.settles();
        again
    }

    /// As above, but the first observation lacks one fact: facts that are watched arrive one by one.
    fn starts_again_without(&self, outage: Duration, hide: Hide) -> Self {
        let mut again = self.starts_again_after(outage);
        let mut seen = again.world.cluster.clone();
        hide(&mut seen);
        again.world.decides(seen);
        again
    }

    fn rows(&self) -> Vec<Row> {
        self.world.rows.iter().map(|(_, row)| row.clone()).collect()
    }

    /// The messages, each once, however many times it was sent.
    fn sent(&self) -> Vec<Message> {
        let sent: BTreeMap<_, _> =
            self.world.sent.iter().map(|notice| (notice.id, &notice.message)).collect();
        sent.into_values().cloned().collect()
    }

    /// The same without messages that an outage causes: that a workload takes long.
    fn sent_without_delays(&self) -> Vec<Message> {
        let mut sent = self.sent();
        sent.retain(|message| !matches!(message, Message::NotReady { .. }));
        sent
    }
}

/// Makes a fact unknown.
type Hide = fn(&mut Observation);

fn unread<T>() -> Fact<T> {
    Fact::Unknown(Unseen::Stale)
}

/// Asserts that a run that was stopped is the same as one that was not.
fn assert_same(again: &Underway, whole: &Underway, outage: Duration, when: &str) {
    assert_eq!(again.rows(), whole.rows(), "{when}");
    if outage.is_zero() {
        assert_eq!(again.sent(), whole.sent(), "{when}");
    }
    assert_eq!(again.sent_without_delays(), whole.sent_without_delays(), "{when}");
    assert_eq!(again.world.cluster.routes, whole.world.cluster.routes, "{when}");
}

#[test]
fn a_run_that_was_stopped_anywhere_is_the_same_with_the_same_answers() {
    for run in RUNS {
        let mut whole = Underway::begin(run);
        let stops = whole.ends(run, run.answers);
        for stop in &stops {
            for outage in [Duration::ZERO, Duration::from_secs(3_600)] {
                let mut again = stop.starts_again_after(outage);
                again.ends(run, run.answers);
                let saved = stop.world.state.seq;
                assert_same(
                    &again,
                    &whole,
                    outage,
                    &format!("{}, stopped after save {saved} for {outage:?}", run.name),
                );
            }
        }
    }
}

#[test]
fn a_run_that_was_stopped_anywhere_is_the_same_if_a_fact_is_unknown_at_first() {
    let hides: [(&str, Hide); 5] = [
        ("target", |seen| seen.target = unread()),
        ("primary", |seen| seen.primary = unread()),
        ("services", |seen| seen.services = unread()),
        ("routes", |seen| seen.routes = unread()),
        ("drift", |seen| seen.drift = unread()),
    ];
    for run in RUNS {
        let mut whole = Underway::begin(run);
        let stops = whole.ends(run, run.answers);
        for stop in &stops {
            for (hidden, hide) in hides {
                let mut again = stop.starts_again_without(Duration::ZERO, hide);
                again.ends(run, run.answers);
                let saved = stop.world.state.seq;
                let when = format!("{}, stopped after save {saved}, {hidden} not seen at first", run.name);
                assert_same(&again, &whole, Duration::ZERO, &when);
            }
        }
    }
}

#[test]
fn a_run_that_was_stopped_anywhere_gains_nothing_from_bad_answers() {
    for run in RUNS {
        let mut whole = Underway::begin(run);
        let stops = whole.ends(run, run.answers);
        for stop in &stops {
            let mut again = stop.starts_again_after(Duration::ZERO);
            again.ends(run, badly);

            let saved = &stop.world.state;
            let ends = end_after(stop, ordered(run, &whole).unwrap_or(Phase::Failed));
            assert_eq!(again.world.state.phase, ends, "{}, from {:?}", run.name, saved.run.intent);
            let begins = matches!(saved.run.stage, Stage::Start) && saved.run.intent.is_none();
            let later = &again.rows()[stop.rows().len()..];
            for row in later.iter().filter(|row| row.phase == Phase::Progressing && !begins) {
                assert!(row.weight <= saved.canary_weight, "{}: {row} after {}", run.name, Row::of(saved));
                assert!(row.iterations <= saved.iterations, "{}: {row} after {}", run.name, Row::of(saved));
            }
        }
    }
}

#[test]
fn a_run_that_was_stopped_anywhere_counts_no_failure_with_good_answers() {
    for run in RUNS {
        let mut whole = Underway::begin(run);
        let stops = whole.ends(run, run.answers);
        for stop in &stops {
            let mut again = stop.starts_again_after(Duration::ZERO);
            again.ends(run, well);

            let saved = &stop.world.state;
            let ends = end_after(stop, ordered(run, &whole).unwrap_or(Phase::Succeeded));
            assert_eq!(again.world.state.phase, ends, "{}, from {:?}", run.name, saved.run.intent);
            let later = &again.rows()[stop.rows().len()..];
            let counted = later.iter().find(|row| row.failed > saved.failed_checks);
            assert_eq!(counted, None, "{} after {}", run.name, Row::of(saved));
        }
    }
}

/// The end of a run that is ended by an order rather than by its checks.
fn ordered(run: &Run, whole: &Underway) -> Option<Phase> {
    run.happens.is_some().then_some(whole.world.state.phase)
}

/// The end of a run that follows from the saved state, if all later answers lead to `otherwise`.
fn end_after(stop: &Underway, otherwise: Phase) -> Phase {
    let saved = &stop.world.state;
    match &saved.run.intent {
        Some(Intent::Promote { .. }) => Phase::Succeeded,
        Some(Intent::Rollback { .. }) => Phase::Failed,
        Some(Intent::Delete { .. }) => Phase::Terminating,
        None if saved.runs > 0 && saved.phase.is_idle() => saved.phase,
        None => otherwise,
    }
}
