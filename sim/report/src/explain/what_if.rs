//! The changes that lead to another outcome, found by replaying the scenario with one change at a time.

use std::time::Duration;

use serin_core::{
    Phase,
    decision::{Cause, Finding, Workload},
    revision::{Revision, Text},
    spec::ThresholdMode,
};
use serin_simulator::{
    drive,
    scenario::{Action, Scenario},
};

use super::{
    Difference,
    change::{Change, Widened, Without},
    chapter::{Chapter, Of, chapters},
    checks::Checks,
    ending::Ending,
    suspects::{closed_gate, failing_hook, lenient, widened},
    tell, waits,
};

/// The maximum number of changes that are printed.
const MOST: usize = 3;
/// How many values of a number are tried.
const TRIES: u32 = 5;
/// How often a bound is widened, each time to the next value that failed.
const WIDENED: u32 = 20;
/// The precision of a deadline, in seconds.
const DEADLINE_GRAIN: u64 = 10;

/// The changes that lead to another outcome, the smallest first, and the number that were tried.
pub(super) fn what_if(
    scenario: &Scenario,
    chapter: &Chapter<'_>,
    is_over: &dyn Fn() -> bool,
) -> (Vec<Difference>, usize) {
    let mut search = Search { scenario, chapter, is_over, tried: 0, found: Vec::new() };
    match &chapter.ended.how {
        Ending::RolledBack(Cause::Checks { threshold, .. }) => search.checks(*threshold),
        Ending::RolledBack(Cause::Deadline { who, .. }) => search.deadline(*who),
        Ending::RolledBack(Cause::Trigger { hook }) => {
            search.one(Change::Hooks { what: "the rollback hook", names: vec![hook.clone()], pass: false });
        }
        Ending::RolledBack(Cause::Gate { hook, .. }) => {
            search.one(Change::Hooks { what: "the gate", names: vec![hook.clone()], pass: true });
        }
        Ending::RolledBack(Cause::NotJudged { .. }) => search.deadline(Workload::Canary),
        Ending::RolledBack(Cause::Request) => search.requests(),
        Ending::RolledBack(Cause::Reverted) => {
            search.one(Change::Without(Without::Deploy(chapter.end().promoted.to_string())));
        }
        Ending::PromotionFailed { .. } => search.deadline(Workload::Primary),
        Ending::Promoted { skipped: false } => search.lower_threshold(),
        Ending::Withdrawn => search.withdrawn(),
        Ending::Replaced(new) if Of::Run(Revision::of(&new.spec)) == of_spec(&chapter.of) => {
            search.one(Change::Without(Without::Config));
        }
        Ending::Replaced(revision) => {
            search.one(Change::Without(Without::Deploy(revision.to_string())));
        }
        Ending::StartedOver => {
            search.requests();
            search.one(Change::Without(Without::Edits));
        }
        Ending::Deleted => search.one(Change::Without(Without::Deletion)),
        Ending::ShapeChanged => search.one(Change::Without(Without::Edits)),
        Ending::UnderWay => search.under_way(),
        Ending::Promoted { skipped: true } | Ending::Initialized | Ending::TakenOver | Ending::Released => {}
    }
    let Search { mut found, tried, .. } = search;
    found.sort_by_key(|(change, _)| change.size());
    let found = found.into_iter().take(MOST).map(|(change, end)| Difference {
        change: change.told(),
        set: change.set(),
        outcome: end.outcome,
        told: end.told,
    });
    (found.collect(), tried)
}

/// Another outcome of the chapter.
#[derive(Clone)]
struct Elsewhere {
    outcome: &'static str,
    told: String,
}

struct Search<'a> {
    scenario: &'a Scenario,
    chapter: &'a Chapter<'a>,
    is_over: &'a dyn Fn() -> bool,
    tried: usize,
    found: Vec<(Change, Elsewhere)>,
}

impl Search<'_> {
    /// Replays with a change, and returns a property of the same chapter.
    fn replayed<T>(&mut self, change: &Change, terminal: impl FnOnce(&Chapter<'_>) -> T) -> Option<T> {
        self.tried += 1;
        let scenario = change.applied(self.scenario)?;
        let story = drive::run_until(&scenario, scenario.setting.seed, self.is_over)?;
        if !story.violations.is_empty() {
            return None;
        }
        let chapters = chapters(&story);
        let same = |other: &&Chapter<'_>| other.of == self.chapter.of && other.nth == self.chapter.nth;
        chapters.iter().find(same).map(terminal)
    }

    /// The other outcome that a change leads to, if there is one.
    fn elsewhere(&mut self, change: &Change) -> Option<Elsewhere> {
        let outcome = self.chapter.ended.how.word();
        let canary = self.scenario.canary.clone();
        let end = self.replayed(change, |chapter| Elsewhere {
            outcome: chapter.ended.how.word(),
            told: tell::would_have(chapter, &canary),
        })?;
        // An end after the end of the story is not another outcome.
        let is_late = end.outcome == Ending::UnderWay.word() && change.only_puts_off();
        (end.outcome != outcome && !is_late).then_some(end)
    }

    fn one(&mut self, change: Change) {
        self.first([change]);
    }

    /// The first of these that leads to another outcome.
    fn first(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            if let Some(end) = self.elsewhere(&change) {
                self.found.push((change, end));
                return;
            }
        }
    }

    /// Too many checks failed.
    fn checks(&mut self, threshold: u32) {
        self.first(
            (1..=TRIES).map(|more| Change::Threshold { from: threshold, to: threshold.saturating_add(more) }),
        );
        let policy = self.scenario.canary.policy().clone();
        if policy.threshold_mode == ThresholdMode::Cumulative && threshold > 1 {
            self.one(Change::Consecutive);
        }
        let failed: Vec<Finding> =
            Checks::of(self.chapter, &self.scenario.canary).failed.into_iter().map(|f| f.finding).collect();
        self.bounds();
        for (metric, field) in lenient(&failed) {
            self.first(["hold", "pass"].map(|to| Change::Lenient { field, metric: metric.clone(), to }));
        }
        if policy.delay.is_zero() {
            self.one(Change::Delay { from: policy.delay, to: policy.interval });
        }
        let mut hooks: Vec<Text> = failed.iter().filter_map(failing_hook).collect();
        hooks.sort();
        hooks.dedup();
        if !hooks.is_empty() {
            self.one(Change::Hooks { what: "the hook", names: hooks, pass: true });
        }
    }

    /// Each bound as wide as necessary, then all of them.
    fn bounds(&mut self) {
        let all = widened(self.chapter.moments.iter().flat_map(|moment| &moment.decision.measured));
        let before = self.found.len();
        for bound in &all {
            self.widen(vec![bound.clone()]);
        }
        if all.len() > 1 && self.found.len() == before {
            self.widen(all);
        }
    }

    /// Widens these bounds until the outcome changes, or no bound is left to widen.
    fn widen(&mut self, mut bounds: Vec<Widened>) {
        for _ in 0..WIDENED {
            let change = Change::Bounds(bounds.clone());
            if let Some(end) = self.elsewhere(&change) {
                self.found.push((change, end));
                return;
            }
            let Some(next) = self.replayed(&change, |chapter| {
                widened(chapter.moments.iter().flat_map(|moment| &moment.decision.measured))
            }) else {
                return;
            };
            let mut is_wider = false;
            for bound in &mut bounds {
                let same = |other: &&Widened| other.metric == bound.metric && other.end == bound.end;
                if let Some(other) = next.iter().find(same) {
                    bound.to = other.to;
                    is_wider = true;
                }
            }
            if !is_wider {
                return;
            }
        }
    }

    /// A copy was not ready in time.
    fn deadline(&mut self, who: Workload) {
        let from = self.scenario.canary.policy().progress_deadline;
        let change = |seconds: u64| Change::Deadline { from, to: Duration::from_secs(seconds) };
        let mut short = from.as_secs();
        let long = [2, 4, 8, 24].map(|times| short.saturating_mul(times));
        for seconds in long {
            let Some(mut end) = self.elsewhere(&change(seconds)) else {
                short = seconds;
                continue;
            };
            let mut long = seconds;
            while long - short > DEADLINE_GRAIN {
                let middle = short.midpoint(long) / DEADLINE_GRAIN * DEADLINE_GRAIN;
                let middle = if middle <= short { short + DEADLINE_GRAIN } else { middle };
                match self.elsewhere(&change(middle)) {
                    Some(sooner) => (end, long) = (sooner, middle),
                    None => short = middle,
                }
            }
            self.found.push((change(long), end));
            break;
        }
        self.one(Change::Ready(who));
        self.one(Change::Without(Without::Deletion));
    }

    /// An operator requested it: finds the last request without which the outcome changes.
    fn requests(&mut self) {
        let events = self.scenario.events.iter().enumerate().rev();
        let requests = events.filter(|(_, event)| matches!(event.action, Action::Annotate(_)));
        let places: Vec<usize> = requests.map(|(place, _)| place).collect();
        self.first(places.into_iter().map(|place| Change::Without(Without::Request(place))));
    }

    /// It was promoted: finds the largest threshold with which it would not have been.
    fn lower_threshold(&mut self) {
        let checks = Checks::of(self.chapter, &self.scenario.canary);
        let most = checks.failed.iter().filter_map(|failed| failed.count).max_by_key(|(failed, _)| *failed);
        if let Some((most, threshold)) = most {
            self.first((1..=most).rev().map(|to| Change::Threshold { from: threshold, to }));
        }
    }

    fn withdrawn(&mut self) {
        self.requests();
        self.one(Change::Without(Without::Deploy(self.chapter.end().promoted.to_string())));
        self.gates();
    }

    /// It had not ended: tries to remove what it waits for.
    fn under_way(&mut self) {
        let state = self.chapter.end();
        if self.scenario.setting.missing {
            self.one(Change::Without(Without::Absence));
        }
        if waits::is_rolling_back(state)
            || self.chapter.of == Of::Setup
            || state.run.primary_unready.is_some()
        {
            self.one(Change::Ready(Workload::Primary));
        }
        if state.run.canary_unready.is_some() || state.phase == Phase::Terminating {
            self.one(Change::Ready(Workload::Canary));
        }
        if state.trouble.is_some() {
            self.one(Change::Without(Without::Failures));
        }
        if state.suspended.is_some() || state.stall.is_some() {
            self.one(Change::Without(Without::Edits));
        }
        if state.run.held_by_operator {
            self.requests();
        }
        if state.run.closed_gate.is_some() || state.phase == Phase::Waiting {
            self.gates();
        }
        let held: Vec<Finding> =
            Checks::of(self.chapter, &self.scenario.canary).held.into_iter().map(|f| f.finding).collect();
        for (metric, field) in lenient(&held) {
            self.first(["pass", "fail"].map(|to| Change::Lenient { field, metric: metric.clone(), to }));
        }
    }

    /// Opens the closed gates, one after another, until the outcome changes.
    fn gates(&mut self) {
        let mut names: Vec<Text> = Vec::new();
        let mut closed = closed_gate(self.chapter);
        while let Some(name) = closed.filter(|name| !names.contains(name)) {
            names.push(name);
            let change = Change::Hooks { what: "the gate", names: names.clone(), pass: true };
            if let Some(end) = self.elsewhere(&change) {
                self.found.push((change, end));
                return;
            }
            closed = self.replayed(&change, closed_gate).flatten();
        }
    }
}

/// The same without tracked configuration.
fn of_spec(of: &Of) -> Of {
    match of {
        Of::Run(revision) => Of::Run(Revision::of(&revision.spec)),
        Of::Setup => Of::Setup,
        Of::Deletion => Of::Deletion,
    }
}
