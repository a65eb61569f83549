//! When the events of a story are due.

use std::{collections::BTreeSet, time::Duration};

use serin_core::State;

use crate::scenario::{Action, Event, Trigger};

#[derive(Clone)]
pub(super) struct Timeline<'a> {
    events: &'a [Event],
    due: Vec<Due>,
    /// Events with a time, in order.
    timed: BTreeSet<(Duration, usize)>,
    /// Events that wait for a saved status.
    watching: BTreeSet<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// After the previous event has happened.
    Behind,
    /// After the saved status matches.
    Watching,
    At(Duration),
    /// It happened at this time.
    Past(Duration),
}

impl<'a> Timeline<'a> {
    /// The events of a story with this status at its beginning.
    pub(super) fn new(events: &'a [Event], saved: &State) -> Self {
        let mut timeline = Self {
            events,
            due: vec![Due::Behind; events.len()],
            timed: BTreeSet::new(),
            watching: BTreeSet::new(),
        };
        for (index, event) in events.iter().enumerate() {
            if let Trigger::At(at) = event.trigger {
                timeline.becomes(index, Due::At(at));
            }
        }
        timeline.follow(0, Duration::ZERO, saved);
        timeline
    }

    /// The first event that is due by now.
    pub(super) fn due(&self, now: Duration) -> Option<(usize, &'a Action)> {
        let (_, index) = *self.timed.first().filter(|(at, _)| *at <= now)?;
        Some((index, &self.events[index].action))
    }

    /// The time of the next event, if it is known.
    pub(super) fn next(&self) -> Option<Duration> {
        self.timed.first().map(|(at, _)| *at)
    }

    /// An event has happened: the following one may be next.
    pub(super) fn happened(&mut self, index: usize, now: Duration, saved: &State) {
        self.becomes(index, Due::Past(now));
        self.follow(index + 1, now, saved);
    }

    /// A status was saved.
    pub(super) fn look(&mut self, saved: &State, now: Duration) {
        for index in self.watching.clone() {
            if let Trigger::When(pattern, after) = &self.events[index].trigger
                && pattern.fits(saved)
            {
                self.becomes(index, Due::At(now.saturating_add(*after)));
            }
        }
    }

    /// The events that have not happened.
    pub(super) fn missed(&self) -> Vec<usize> {
        let times = self.times().into_iter().enumerate();
        times.filter_map(|(i, at)| at.is_none().then_some(i)).collect()
    }

    /// When each event is due, as a distance from now. When past ones happened does not matter.
    pub(super) fn from(&self, now: Duration) -> Vec<Due> {
        let distance = |due: &Due| match *due {
            Due::At(at) => Due::At(at.saturating_sub(now)),
            Due::Past(_) => Due::Past(Duration::ZERO),
            Due::Behind | Due::Watching => *due,
        };
        self.due.iter().map(distance).collect()
    }

    /// When each event happened; `None`: it has not happened.
    pub(super) fn times(&self) -> Vec<Option<Duration>> {
        let at = |due: &Due| match due {
            Due::Past(at) => Some(*at),
            Due::Behind | Due::Watching | Due::At(_) => None,
        };
        self.due.iter().map(at).collect()
    }

    fn follow(&mut self, index: usize, now: Duration, saved: &State) {
        let Some(Due::Behind) = self.due.get(index) else { return };
        let due = match &self.events[index].trigger {
            Trigger::After(after) => Due::At(now.saturating_add(*after)),
            Trigger::When(_, _) => Due::Watching,
            Trigger::At(at) => Due::At(*at),
        };
        self.becomes(index, due);
        self.look(saved, now);
    }

    fn becomes(&mut self, index: usize, due: Due) {
        match std::mem::replace(&mut self.due[index], due) {
            Due::At(at) => _ = self.timed.remove(&(at, index)),
            Due::Watching => _ = self.watching.remove(&index),
            Due::Behind | Due::Past(_) => {}
        }
        match due {
            Due::At(at) => _ = self.timed.insert((at, index)),
            Due::Watching => _ = self.watching.insert(index),
            Due::Behind | Due::Past(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serin_core::Phase;

    use super::*;
    use crate::scenario::Pattern;

    fn event(trigger: Trigger) -> Event {
        Event { trigger, action: Action::Restart }
    }

    fn when(phase: Phase, after: u64) -> Trigger {
        Trigger::When(Pattern { phase: Some(phase), ..Pattern::default() }, Duration::from_secs(after))
    }

    fn saved(phase: Phase) -> State {
        State { phase, ..State::default() }
    }

    const SECS: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn an_event_follows_the_previous_one() {
        let events = [event(Trigger::At(SECS(5))), event(Trigger::After(SECS(2)))];
        let mut timeline = Timeline::new(&events, &State::default());
        assert_eq!(timeline.due(SECS(4)).map(|(i, _)| i), None);
        assert_eq!(timeline.due(SECS(5)).map(|(i, _)| i), Some(0));
        assert_eq!(timeline.missed(), [0, 1]);
        timeline.happened(0, SECS(5), &State::default());
        assert_eq!(timeline.next(), Some(SECS(7)));
        timeline.happened(1, SECS(7), &State::default());
        assert_eq!((timeline.next(), timeline.missed()), (None, vec![]));
    }

    #[test]
    fn a_status_is_checked_after_the_previous_event_has_happened() {
        let events = [event(Trigger::At(SECS(5))), event(when(Phase::Failed, 3))];
        let mut timeline = Timeline::new(&events, &State::default());
        timeline.look(&saved(Phase::Failed), SECS(1));
        assert_eq!(timeline.next(), Some(SECS(5)));
        timeline.happened(0, SECS(5), &saved(Phase::Succeeded));
        assert_eq!(timeline.next(), None);
        timeline.look(&saved(Phase::Failed), SECS(6));
        assert_eq!(timeline.next(), Some(SECS(9)));
        timeline.look(&saved(Phase::Failed), SECS(7));
        assert_eq!(timeline.next(), Some(SECS(9)));
    }

    #[test]
    fn a_status_that_already_matches_counts() {
        let events = [event(when(Phase::Failed, 0))];
        let timeline = Timeline::new(&events, &saved(Phase::Failed));
        assert_eq!(timeline.next(), Some(SECS(0)));
    }

    #[test]
    fn events_of_one_instant_happen_in_their_order() {
        let events = [event(Trigger::At(SECS(5))), event(Trigger::At(SECS(5))), event(Trigger::At(SECS(1)))];
        let timeline = Timeline::new(&events, &State::default());
        assert_eq!(timeline.due(SECS(5)).map(|(i, _)| i), Some(2));
        assert_eq!(timeline.due(SECS(4)).map(|(i, _)| i), Some(2));
    }
}
