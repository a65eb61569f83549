//! Hand-made stories for the snapshots of this folder.

use std::time::Duration;

use serin_core::{
    Command, Phase, State, Timestamp,
    command::{ApexTo, Cookies, Routes, Split},
    decision::{Cause, Decision, Finding, Measured, Reading, Rule, Standing, Verdict},
    message::{Advance, Message, Notice, NoticeId},
    observation::FailureClass,
    question::{Answer, Asked as Of, Question, QuestionId},
    revision::Revision,
    spec::{MetricUnit, Topology},
    step::{Wake, Why},
};
use serin_simulator::record::{Asked, Effect, Moment, Story};

/// A release whose second check fails, and so does its third.
pub(super) fn bad_release() -> Story {
    let started = [Message::NewRevision(Revision::of("v2"))];
    let (metric, unit) = (SUCCESS.into(), MetricUnit::Number);
    let below = Finding::Below { metric, value: 50.0, series: None, min: 99.0, unit };
    let failed =
        |failed| Message::CheckFailed { finding: below.clone(), failed, threshold: 2, first: failed == 1 };
    let cause = Cause::Checks { failed: 2, threshold: 2, last: Some(below.clone()) };
    story(vec![
        at(0, Rule::Initializing)
            .does([Command::EnsureWorkloads, Command::EnsureServices(ApexTo::Untouched)])
            .saves(Phase::Initializing, 0, 0),
        at(0, Rule::Initialized)
            .does([Command::EnsureServices(ApexTo::Primary), route(Routes::PRIMARY)])
            .saves(Phase::Initialized, 0, 0)
            .sends([Message::Initialized]),
        at(0, Rule::NoticesDropped).saves(Phase::Initialized, 0, 0),
        at(300, Rule::RunStarted)
            .after("v2 deployed")
            .does([Command::ResumeScaler, Command::ScaleUp])
            .saves(Phase::Progressing, 0, 0)
            .sends(started),
        at(300, Rule::NotDue).is(Phase::Progressing, 0, 0),
        at(360, Rule::Advanced)
            .does([route(Routes::split(10))])
            .saves(Phase::Progressing, 10, 0)
            .sends([Message::Started, Message::Advanced(Advance::Weight(10))]),
        at(420, Rule::Advanced)
            .measures(SUCCESS, 99.9, Verdict::Passed)
            .does([route(Routes::split(20))])
            .saves(Phase::Progressing, 20, 0)
            .sends([Message::Advanced(Advance::Weight(20))]),
        at(480, Rule::CheckFailed)
            .measures(SUCCESS, 50.0, Verdict::Failed)
            .saves(Phase::Progressing, 20, 1)
            .sends([failed(1)]),
        at(540, Rule::RollbackDecided)
            .measures(SUCCESS, 50.0, Verdict::Failed)
            .saves(Phase::Progressing, 20, 2)
            .sends([failed(2), Message::RollingBack(cause)]),
        at(540, Rule::RolledBack)
            .does([route(Routes::PRIMARY), Command::PauseScaler, Command::ScaleDown])
            .saves(Phase::Failed, 0, 0)
            .sends([Message::CanaryFailed]),
    ])
}

/// An A/B release that waits long at its gate, while commands fail.
pub(super) fn long_wait() -> Story {
    let matched = Routes { matched: true, ..Routes::split(100) };
    let gate_closed = Message::GateClosed {
        kind: serin_core::message::HookKindName("confirm-promotion".into()),
        hook: "sign-off".into(),
        said: "403".into(),
        muted: false,
    };
    let mut moments = vec![
        at(0, Rule::Advanced).refuses(route(matched), "admission webhook denied the request").is(
            Phase::Progressing,
            0,
            0,
        ),
        at(0, Rule::CommandFailed).is(Phase::Progressing, 0, 0),
        at(5, Rule::Advanced)
            .does([route(matched)])
            .saves(Phase::Progressing, 0, 0)
            .sends([Message::Advanced(Advance::Iteration(1, 1))]),
        at(65, Rule::GateClosed)
            .measures("request-duration", 120.4, Verdict::Passed)
            .asks("sign-off", Answer::deny("403"))
            .saves(Phase::WaitingPromotion, 0, 0)
            .sends([gate_closed]),
    ];
    moments.extend((2..9).map(|minute| {
        at(5 + 60 * minute, Rule::GateClosed)
            .measures("request-duration", 120.4, Verdict::Passed)
            .asks("sign-off", Answer::deny("403"))
            .saves(Phase::WaitingPromotion, 0, 0)
    }));
    story(moments)
}

const SUCCESS: &str = "request-success-rate";
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn story(told: Vec<MomentBuilder>) -> Story {
    let moments: Vec<Moment> = told.into_iter().map(|told| told.0).collect();
    Story {
        deliveries: Vec::new(),
        routes: None,
        canary: "shop.prod".into(),
        topology: Topology { kind: "Deployment".into(), target: "shop".into(), ..Topology::default() },
        start: START,
        begin: State::default(),
        end: moments.iter().rev().find_map(|moment| moment.saved.clone()).unwrap_or_default(),
        moments,
        calls: Vec::new(),
        assumed: Vec::new(),
        not_driven: None,
        missed: Vec::new(),
        events: Vec::new(),
        restarts: Vec::new(),
        rests: true,
        promoted: Some("v1".into()),
        shown: None,
        users: None,
        course: Vec::new(),
        violations: Vec::new(),
    }
}

fn route(routes: Routes) -> Command {
    Command::SetRoutes(Split { routes, cookies: Cookies::default() })
}

/// A moment under construction.
struct MomentBuilder(Moment);

fn at(seconds: u64, rule: Rule) -> MomentBuilder {
    let after = Standing { phase: Phase::New, weight: 0, failed_checks: 0, budget: None, iterations: 0 };
    let at = Duration::from_secs(seconds);
    MomentBuilder(Moment {
        at,
        happened: Vec::new(),
        asked: Vec::new(),
        decision: Decision { rule, measured: Vec::new(), hook: None, after },
        commands: Vec::new(),
        saved: None,
        sent: Vec::new(),
        wake: Some(Wake { at: START + at, why: Why::AtOnce }),
    })
}

impl MomentBuilder {
    fn after(mut self, event: &str) -> Self {
        self.0.happened.push(event.into());
        self
    }

    fn does(mut self, commands: impl IntoIterator<Item = Command>) -> Self {
        let effects = commands.into_iter().map(|command| Effect { command, failed: None });
        self.0.commands.extend(effects);
        self
    }

    fn refuses(mut self, command: Command, error: &str) -> Self {
        self.0.commands.push(Effect { command, failed: Some((FailureClass::Refused, error.into())) });
        self
    }

    fn asks(mut self, hook: &str, answer: Answer) -> Self {
        let question = Question {
            id: QuestionId { run: 1, check: 1, of: Of::Hook(hook.into()) },
            phase: Phase::Progressing,
            weight: 0,
            iterations: 0,
            revision: Revision::of("v2"),
            until: None,
        };
        self.0.asked.push(Asked { question, answer, took: Duration::ZERO });
        self
    }

    fn measures(mut self, metric: &str, value: f64, verdict: Verdict) -> Self {
        let (min, max) = if metric == SUCCESS { (Some(99.0), None) } else { (None, Some(500.0)) };
        let at = START + self.0.at;
        let reading = Reading::Value(value);
        let measured = Measured { metric: metric.into(), reading, series: None, min, max, verdict, at };
        self.0.decision.measured.push(measured);
        self
    }

    fn is(mut self, phase: Phase, weight: u8, failed_checks: u32) -> Self {
        let budget = phase.is_analysing().then(|| 1_u32.saturating_sub(failed_checks));
        self.0.decision.after = Standing { phase, weight, failed_checks, budget, iterations: 0 };
        self
    }

    fn saves(self, phase: Phase, weight: u8, failed_checks: u32) -> Self {
        let mut told = self.is(phase, weight, failed_checks);
        told.0.saved = Some(State { phase, canary_weight: weight, failed_checks, ..State::default() });
        told
    }

    fn sends(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        let at = START + self.0.at;
        let notices = (0..).zip(messages).map(|(index, message)| Notice {
            id: NoticeId { seq: 1, index },
            at,
            phase: Phase::Progressing,
            exposure: None,
            message,
        });
        self.0.sent.extend(notices);
        self
    }
}
