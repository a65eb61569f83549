//! Where the controller is stopped.

use crate::{record::Story, scenario::StopAfter};

/// Where the controller is stopped, and what the world says from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopPoint {
    /// The place.
    pub at: StopAt,
    /// From then on everything answers the opposite of what is scripted.
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
    /// Every place of a story as it went.
    pub fn all(story: &Story) -> impl Iterator<Item = Self> {
        let done = story.moments.iter().flat_map(|moment| &moment.commands);
        let commands = done.filter(|effect| effect.failed.is_none()).count();
        let saves = story.moments.iter().filter(|moment| moment.saved.is_some()).count();
        let around = (0..saves).flat_map(|n| [Self::BeforeSave(n), Self::AfterSave(n)]);
        (0..commands).map(Self::AfterCommand).chain(around)
    }
}

/// Stops that are still to come.
#[derive(Default)]
pub(super) struct Stops {
    point: Option<StopAt>,
    opposite: bool,
    /// One that the story orders.
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

    /// The story orders one; a second before the first was made takes its place.
    pub(super) fn order(&mut self, after: StopAfter) {
        self.ordered = Some(after);
    }

    /// Whether one is ordered for this place. It is made.
    pub(super) fn takes(&mut self, place: StopAfter) -> bool {
        self.ordered.take_if(|ordered| *ordered == place).is_some()
    }

    /// Whether the stop point lies after the command that was just carried out.
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

    /// Whether the world answers the opposite once the stop point is reached.
    pub(super) fn turns_round(&self) -> bool {
        self.opposite
    }
}
