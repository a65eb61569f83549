//! The autoscalers in the simulated world: they read its load, and their pods serve it.

use std::time::Duration;

use super::{
    Simulation,
    autoscaler::{Autoscaler, CANARY, PRIMARY},
    load::Load,
};

impl Simulation<'_> {
    /// When an autoscaler next reads the load, or the pods that it has started get ready; `None` without an autoscaler.
    pub(crate) fn next_scaling(&self) -> Option<Duration> {
        self.autoscaler.as_ref().map(Autoscaler::next)
    }

    /// Runs the autoscalers that are due; whether pods have changed.
    pub(crate) fn scale(&mut self, at: Duration, happened: &mut Vec<String>) -> bool {
        let Some(mut autoscaler) = self.autoscaler.take() else { return false };
        let (mut changed, looks) = autoscaler.goes_on(at);
        let now = at.as_secs_f64();
        if looks {
            for (copy, load, name) in [(CANARY, &self.canary, "canary"), (PRIMARY, &self.primary, "primary")]
            {
                let seen = self.load(load, now - autoscaler.lag);
                let takes = load.last().map_or(0.0, |last| self.versions[last.version].ready);
                if autoscaler.look_at(copy, at, seen, takes) {
                    changed = true;
                    let (serving, wanted) = autoscaler.pods(copy);
                    happened
                        .push(format!("the autoscaler of the {name} wants {wanted} pods; {serving} serve"));
                }
            }
        }
        if changed {
            self.canary.scale(now, autoscaler.capacity(CANARY));
            self.primary.scale(now, autoscaler.capacity(PRIMARY));
        }
        self.autoscaler = Some(autoscaler);
        changed
    }

    /// Pauses or resumes the autoscaler of the canary.
    pub(crate) fn pause_scaler(&mut self, pauses: bool) {
        if let Some(autoscaler) = &mut self.autoscaler {
            autoscaler.copies[CANARY].is_paused = pauses;
        }
    }

    /// The pods that serve and that are wanted, of the canary and of the primary.
    pub(crate) fn scaled_pods(&self) -> Option<[(u32, u32); 2]> {
        let autoscaler = self.autoscaler.as_ref()?;
        Some([autoscaler.pods(CANARY), autoscaler.pods(PRIMARY)])
    }

    /// Starts pods of a canary without requests: the minimum number.
    pub(super) fn restart_scaler(&mut self) {
        let is_idle = self.canary.last().is_none_or(|last| last.users + last.mirrored <= 0.0);
        if let Some(autoscaler) = self.autoscaler.as_mut().filter(|_| is_idle) {
            let is_paused = autoscaler.copies[CANARY].is_paused;
            autoscaler.settle(CANARY, 0.0);
            autoscaler.copies[CANARY].is_paused = is_paused;
        }
    }

    /// At the beginning there are as many pods as the load needs.
    pub(super) fn settle_scalers(&mut self, users: f64) {
        let rate = self.flow.rate(0.0);
        if let Some(autoscaler) = &mut self.autoscaler {
            autoscaler.settle(CANARY, rate * users);
            autoscaler.settle(PRIMARY, rate * (1.0 - users));
        }
    }

    /// Requests per second that a copy can serve.
    pub(super) fn capacity(&self, copy: usize) -> f64 {
        self.autoscaler.as_ref().map_or(f64::INFINITY, |autoscaler| autoscaler.capacity(copy))
    }

    /// Requests per second that reached a copy at that time; before the story, those at its beginning.
    fn load(&self, load: &Load, at: f64) -> f64 {
        let at = at.max(0.0);
        load.at(at).and_then(|segment| load.rate(&self.flow, segment, at)).unwrap_or(0.0)
    }
}
