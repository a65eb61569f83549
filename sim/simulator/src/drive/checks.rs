//! A run up to one of its checks, the building block of a walk over all courses of a rollout.

use std::{sync::Arc, time::Duration};

use serin_core::{
    Command, Phase, State,
    message::Notice,
    observation::FailureClass,
    question::{Asked as Of, Question},
    step::Plan,
};

use super::{Drive, log::Log};
use crate::{reason::Reason, record::Asked, scenario::Scenario, world::Offered};

/// The position of a run.
#[derive(Clone, Debug)]
pub struct Reached {
    /// When.
    pub at: Duration,
    /// A check is made now; otherwise the story has ended.
    pub is_check: bool,
    /// What was saved last.
    pub state: State,
    /// When the revision was deployed.
    pub released: Duration,
    /// When its rollout ended.
    pub ended: Option<Duration>,
    /// Why it was rolled back, or why its promotion failed.
    pub reason: Option<Reason>,
    /// Whether it is good.
    pub good: Option<bool>,
    /// What happened since the previous check, or since the release.
    pub offered: Offered,
}

impl Reached {
    /// The phase.
    pub fn phase(&self) -> Phase {
        self.state.phase
    }
}

/// Runs a scenario until this number of checks was made and the next one is due, or to its end. The previous check was
/// made at `since`.
pub fn reach(scenario: &Scenario, checks: usize, since: Option<Duration>) -> Reached {
    let mut drive = Drive::new(scenario, scenario.setting.seed, None, Checks::default());
    while drive.log.made.len() <= checks && drive.goes_on() {}
    let since = since.unwrap_or(drive.released);
    Reached {
        at: drive.world.at(),
        is_check: drive.log.made.len() > checks,
        released: drive.released,
        ended: drive.ended,
        reason: drive.reason.clone(),
        good: drive.world.is_good(),
        offered: drive.world.offered(since).unwrap_or_default(),
        state: Arc::unwrap_or_clone(drive.saved),
    }
}

/// The checks that were made, by run and number.
#[derive(Default)]
struct Checks {
    made: Vec<(u32, u32)>,
}

impl Log for Checks {
    const WATCHES: bool = false;

    fn restarted(&mut self, _: usize) {}

    fn decided(&mut self, _: Duration, happened: &mut Vec<String>, asked: &mut Vec<Asked>, _: &Plan) {
        happened.clear();
        asked.clear();
    }

    fn put(&mut self, _: Duration, _: usize, question: &Question) -> usize {
        let check = (question.id.run, question.id.check);
        if matches!(question.id.of, Of::Metric(_)) && self.made.last() != Some(&check) {
            self.made.push(check);
        }
        0
    }

    fn answered(&mut self, _: usize, _: &dyn ToString) {}
    fn tried(&mut self, _: &Command, _: Option<(FailureClass, String)>) {}
    fn saved(&mut self, _: &State) {}
    fn sent(&mut self, _: &[Notice]) {}
    fn violated(&mut self, _: usize, _: String) {}
}
