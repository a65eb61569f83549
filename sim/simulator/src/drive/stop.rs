//! Where the controller is stopped.

use crate::{record::Story, scenario::StopAfter};

/// Where the controller is stopped, and whether the world then answers the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopPoint {
    /// The place.
    pub at: StopAt,
    /// From then on every answer is the opposite of the script.
    pub opposite: bool,
}

/// A place between two effects, counted from 0 over the whole story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAt {
    /// After the n-th command that was carried out.
    AfterCommand(usize),
    /// Before the n-th save that is tried.
    BeforeSave(usize),
    /// After the n-th save.
    AfterSave(usize),
}

impl StopAt {
    /// Every place in a story.
    pub fn all(story: &Story) -> impl Iterator<Item = Self> {
        let done = story.moments.iter().flat_map(|moment| &moment.commands);
        let commands = done.filter(|effect| effect.failed.is_none()).count();
        let saves = story.moments.iter().filter(|moment| moment.saved.is_some()).count();
        let around = (0..saves).flat_map(|n| [Self::BeforeSave(n), Self::AfterSave(n)]);
        (0..commands).map(Self::AfterCommand).chain(around)
    }
}

/// The stops that have not happened yet.
#[derive(Clone, Default)]
pub(super) struct Stops {
    point: Option<StopAt>,
    opposite: bool,
    /// A stop that an event requests.
    ordered: Option<StopAfter>,
    commands: usize,
    saves: usize,
}

impl Stops {
    pub(super) fn new(point: Option<StopPoint>) -> Self {
        Self {
            point: point.map(|point| point.at),
            opposite: point.is_some_and(|point| point.opposite),
            ..Self::default()
        }
    }

    /// An event requests a stop; it replaces an earlier one that has not happened.
    pub(super) fn order(&mut self, after: StopAfter) {
        self.ordered = Some(after);
    }

    /// Whether a stop is requested for this place; then it happens.
    pub(super) fn takes(&mut self, place: StopAfter) -> bool {
        self.ordered.take_if(|ordered| *ordered == place).is_some()
    }

    /// Whether the stop point is after the command that was just carried out.
    pub(super) fn commands(&mut self) -> bool {
        self.commands += 1;
        self.is_at(StopAt::AfterCommand(self.commands - 1))
    }

    pub(super) fn before_save(&mut self) -> bool {
        self.is_at(StopAt::BeforeSave(self.saves))
    }

    /// As [`Stops::commands`], of a save.
    pub(super) fn after_save(&mut self) -> bool {
        self.saves += 1;
        self.is_at(StopAt::AfterSave(self.saves - 1))
    }

    fn is_at(&mut self, at: StopAt) -> bool {
        self.point.take_if(|point| *point == at).is_some()
    }

    /// Whether the world answers the opposite after the stop point.
    pub(super) fn turns_round(&self) -> bool {
        self.opposite
    }
}
