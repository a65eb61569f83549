//! The answers of hooks, for each attempt.

use std::{collections::BTreeMap, time::Duration};

use serin_core::{
    question::Answer,
    spec::{Hook, HookKind},
    time::Human,
};

use super::answers::Answers;
use crate::scenario::{HookAnswer, HookOutcome};

#[derive(Clone)]
pub(crate) struct Hooks<'a> {
    answers: Answers<'a, HookAnswer>,
    /// Hooks that answered although no answer is defined, each once.
    pub(super) assumed: Vec<Hook>,
    /// From now on they refuse where the script passes, and pass where it refuses.
    pub(crate) opposite: bool,
}

/// One attempt to call a hook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) outcome: HookOutcome,
    pub(crate) answer: Answer,
    pub(crate) takes: Duration,
}

impl<'a> Hooks<'a> {
    pub(super) fn new(scripts: &'a BTreeMap<String, Vec<HookAnswer>>) -> Self {
        Self { answers: Answers::new(scripts), assumed: Vec::new(), opposite: false }
    }

    pub(super) fn change(&mut self, scripts: &'a BTreeMap<String, Vec<HookAnswer>>) {
        self.answers.change(scripts);
    }

    /// The script of the next attempt to call a hook.
    pub(super) fn scripted(&mut self, hook: &Hook) -> Option<HookAnswer> {
        self.answers.take(&hook.key, &hook.name).cloned()
    }

    /// The next attempt to call a hook.
    pub(crate) fn attempt(&mut self, hook: &Hook) -> Attempt {
        let mut scripted = self.scripted(hook).unwrap_or_else(|| self.assume(hook));
        if self.opposite {
            // A refusal that is not retried.
            let status = if scripted.outcome.passes() { SHUT } else { 200 };
            scripted = HookAnswer { outcome: HookOutcome::Status(status), body: None, after: scripted.after };
        }
        Attempt::of(scripted, hook)
    }

    /// The answer of a hook that is not defined, if everything works.
    fn assume(&mut self, hook: &Hook) -> HookAnswer {
        if self.assumed.iter().all(|known| known.key != hook.key) {
            self.assumed.push(hook.clone());
        }
        HookOutcome::Status(if passes(hook.kind) { 200 } else { SHUT }).into()
    }
}

/// The answer of a closed gate of Flagger's load tester.
const SHUT: u16 = 403;

/// Whether a hook passes if everything works: tests succeed, gates are approved, and no rollback is requested.
pub(super) fn passes(kind: HookKind) -> bool {
    match kind {
        HookKind::ConfirmRollout
        | HookKind::PreRollout
        | HookKind::Rollout
        | HookKind::ConfirmTrafficIncrease
        | HookKind::ConfirmPromotion
        | HookKind::PostRollout
        | HookKind::RollbackAction
        | HookKind::Event => true,
        HookKind::RollbackTrigger => false,
    }
}

impl Attempt {
    /// An attempt with this end.
    pub(super) fn of(answer: HookAnswer, hook: &Hook) -> Self {
        let HookAnswer { outcome, body, after } = answer;
        let said = body.unwrap_or_else(|| says(outcome, hook));
        let said = said.as_str();
        let answer = if outcome.passes() { Answer::pass(said) } else { Answer::deny(said) };
        let takes = after.unwrap_or(match outcome {
            HookOutcome::Timeout => hook.timeout,
            HookOutcome::Status(_) | HookOutcome::Refused => Duration::ZERO,
        });
        Self { outcome, answer, takes }
    }
}

/// The text if the script has none.
fn says(outcome: HookOutcome, hook: &Hook) -> String {
    match outcome {
        HookOutcome::Status(_) if outcome.passes() => String::new(),
        HookOutcome::Status(status) => format!("status {status}"),
        HookOutcome::Timeout => format!("no answer within {}", Human(hook.timeout)),
        HookOutcome::Refused => "connection refused".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serin_core::{Rollout, spec::Defaults};
    use serin_input::manifest::read_raw;

    use super::*;

    fn gate() -> Hook {
        canary(&json!([{"name": "gate", "url": "http://gate", "timeout": "5s"}])).hooks()[0].clone()
    }

    fn canary(webhooks: &serde_json::Value) -> Rollout {
        let canary = json!({
            "apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "analysis": {"webhooks": webhooks},
            },
        });
        Rollout::parse(&read_raw(&canary).unwrap(), &Defaults::default()).unwrap()
    }

    fn attempts(script: &str, opposite: bool) -> Vec<Attempt> {
        let answers: Vec<HookAnswer> = serde_yaml::from_str(script).unwrap();
        let count = answers.len();
        let scripts = BTreeMap::from([("gate".to_string(), answers)]);
        let mut hooks = Hooks::new(&scripts);
        hooks.opposite = opposite;
        (0..count).map(|_| hooks.attempt(&gate())).collect()
    }

    #[test]
    fn a_hook_answers_as_scripted() {
        let answers = attempts("[200, {status: 500, body: not now}, 404, timeout, refused]", false);
        let answers: Vec<Answer> = answers.into_iter().map(|attempt| attempt.answer).collect();
        let deny = |said: &str| Answer::deny(said);
        let said = ["not now", "status 404", "no answer within 5s", "connection refused"].map(deny);
        assert_eq!(answers[0], Answer::pass(""));
        assert_eq!(answers[1..], said);
    }

    #[test]
    fn by_default_gates_are_open_and_no_rollback_is_requested() {
        let webhooks = json!([
            {"name": "go", "type": "confirm-rollout", "url": "http://gate"},
            {"name": "more", "type": "confirm-traffic-increase", "url": "http://gate"},
            {"name": "sign-off", "type": "confirm-promotion", "url": "http://gate"},
            {"name": "test", "url": "http://gate"},
            {"name": "undo", "type": "rollback", "url": "http://gate/rollback/check"},
            {"name": "halt", "type": "rollback", "url": "http://gate", "mode": "trigger"},
            {"name": "clean", "type": "rollback", "url": "http://gate", "mode": "action"},
        ]);
        let scripts = BTreeMap::new();
        let mut hooks = Hooks::new(&scripts);
        let outcomes = |hooks: &mut Hooks<'_>| -> Vec<String> {
            let canary = canary(&webhooks);
            canary.hooks().iter().map(|hook| hooks.attempt(hook).outcome.to_string()).collect()
        };
        assert_eq!(outcomes(&mut hooks), ["200", "200", "200", "200", "403", "403", "200"]);
        assert_eq!(outcomes(&mut hooks), ["200", "200", "200", "200", "403", "403", "200"]);
        assert_eq!(hooks.assumed.len(), 7, "each is noted once");
        hooks.opposite = true;
        assert_eq!(outcomes(&mut hooks), ["403", "403", "403", "403", "200", "200", "403"]);
    }

    #[test]
    fn a_timeout_takes_the_time_of_the_hook() {
        let script = "[200, timeout, {status: 200, after: 5m}, {status: timeout, after: 3s}]";
        let takes: Vec<u64> = attempts(script, false).iter().map(|attempt| attempt.takes.as_secs()).collect();
        assert_eq!(takes, [0, 5, 300, 3]);
    }

    #[test]
    fn the_opposite_of_passing_is_refusing() {
        let outcomes: Vec<String> =
            attempts("[200, 500, timeout]", true).iter().map(|attempt| attempt.outcome.to_string()).collect();
        assert_eq!(outcomes, ["403", "200", "200"]);
    }
}
