//! What the load tester measures of itself.

use std::{sync::atomic::AtomicI64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use serin_k8s::run::telemetry::Format;

use crate::{
    gate::{GateKind, State},
    task::{TaskKind, process::End},
};

/// The load tester's metrics.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    tasks: Family<Ended, Counter>,
    running: Family<Kind, Gauge<i64, AtomicI64>>,
    seconds: Family<Kind, Histogram, fn() -> Histogram>,
    checks: Family<Check, Counter>,
    refused: Family<Refused, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    r#type: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    r#type: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Check {
    gate: &'static str,
    answer: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
}

impl Default for Telemetry {
    fn default() -> Self {
        const BOUNDS: [f64; 8] = [0.1, 1.0, 10.0, 30.0, 60.0, 120.0, 600.0, 3600.0];
        let telemetry = Self {
            registry: Registry::default(),
            tasks: Family::default(),
            running: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
            checks: Family::default(),
            refused: Family::default(),
        };
        telemetry.registered()
    }
}

impl Telemetry {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("serin_loadtester_tasks", "Tasks that have ended, by result", self.tasks.clone());
        registry.register("serin_loadtester_tasks_running", "Tasks that run now", self.running.clone());
        let help = "Seconds that a task took";
        registry.register("serin_loadtester_task_duration_seconds", help, self.seconds.clone());
        let help = "Questions of hooks whether a gate is open, by answer";
        registry.register("serin_loadtester_gate_checks", help, self.checks.clone());
        let help = "Requests that were refused, by reason";
        registry.register("serin_loadtester_refused_requests", help, self.refused.clone());
        self
    }

    /// The metrics as Prometheus reads them.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        encode(&mut text, &self.registry).ok();
        format.of(text)
    }

    /// A task begins.
    pub fn task_starts(&self, kind: TaskKind) {
        self.running.get_or_create(&Kind { r#type: kind.name() }).inc();
    }

    /// A task that had begun has ended.
    pub fn task_ended(&self, kind: TaskKind, end: &End, took: Duration) {
        let r#type = kind.name();
        let result = match end {
            End::Exited(0) => "succeeded",
            End::Exited(_) | End::Signalled(_) => "failed",
            End::TimedOut(_) => "timed-out",
            End::Stopped => "stopped",
            End::NotStarted(_) => "not-started",
        };
        self.running.get_or_create(&Kind { r#type }).dec();
        self.tasks.get_or_create(&Ended { r#type, result }).inc();
        self.seconds.get_or_create(&Kind { r#type }).observe(took.as_secs_f64());
    }

    /// A hook asked for a gate, which is in this state; `None` if that could not be read.
    pub fn gate_checked(&self, gate: GateKind, state: Option<State>) {
        let answer = state.map_or("error", State::name);
        self.checks.get_or_create(&Check { gate: gate.name(), answer }).inc();
    }

    /// A request was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snap_every_series_says_what_it_is() {
        let telemetry = Telemetry::default();
        telemetry.task_starts(TaskKind::Cmd);
        telemetry.task_starts(TaskKind::Bash);
        telemetry.task_ended(TaskKind::Bash, &End::Exited(1), Duration::from_secs(20));
        telemetry.gate_checked(GateKind::Gate, Some(State::Closed));
        telemetry.gate_checked(GateKind::Rollback, None);
        telemetry.refused("namespace");
        insta::assert_snapshot!(telemetry.text(Format::Text));
    }
}
