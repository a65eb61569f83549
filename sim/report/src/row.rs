//! A story as rows: all decisions of one instant are one row, and instants in which nothing happened have none.

use std::{ops::Range, time::Duration};

use serin_core::{
    Phase, State,
    command::Routes,
    decision::{self, Rule},
};
use serin_output::{
    span::Span,
    terminal::{FAINT, Terminal},
};
use serin_simulator::record::Moment;

use super::{
    Page,
    plan_text::{Paragraph, PlanText, paragraphs},
    rule::{Say, say},
    share::{Share, routes_after},
};

/// One instant of a story.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// The moments that belong to it.
    pub(super) moments: Range<usize>,
    /// The virtual time.
    pub(super) at: Duration,
    /// What happened in the world before it.
    pub(super) happened: Vec<String>,
    /// The state of the Canary after it.
    pub(super) standing: RowStatus,
    /// The evidence, the reasons and the commands.
    pub(super) told: Vec<Paragraph>,
    /// Something other than waiting happened, in the world or in the Canary.
    pub(super) matters: bool,
}

/// The state of a Canary, as a row shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowStatus {
    pub(super) phase: Phase,
    pub(super) share: Share,
    /// The number of failed checks, and the number that rolls back, if it is known.
    pub(super) failed: Option<(u32, Option<u32>)>,
}

/// All instants of a story, including those that do not matter. `columns` is the width of the last column.
pub(super) fn rows(page: &Page<'_>, columns: usize, terminal: &Terminal) -> Vec<Row> {
    let story = page.story;
    let mut walk =
        Walk { page, columns, terminal, place: Place::of(page), shown: None, state: None, said: None };
    let mut rows = Vec::new();
    let mut begin = 0;
    while begin < story.moments.len() {
        let end = instant(&story.moments, begin);
        rows.push(walk.row(begin..end));
        begin = end;
    }
    rows
}

/// The end of the instant that begins with this moment. An event in the world begins a new instant.
fn instant(moments: &[Moment], begin: usize) -> usize {
    let at = moments[begin].at;
    let rest = &moments[begin + 1..];
    begin + 1 + rest.iter().take_while(|moment| moment.at == at && moment.happened.is_empty()).count()
}

struct Walk<'a> {
    page: &'a Page<'a>,
    columns: usize,
    terminal: &'a Terminal,
    place: Place,
    /// The state in the last row that matters.
    shown: Option<RowStatus>,
    /// The state that was saved last.
    state: Option<&'a State>,
    /// The last rule that was printed.
    said: Option<Rule>,
}

/// The known state of the Canary so far.
struct Place {
    phase: Phase,
    weight: u8,
    failed: u32,
    /// The number of failed checks that rolls back; `None` after an edit, until a decision shows it.
    threshold: Option<u32>,
    routes: Option<Routes>,
    /// Something was saved.
    saved: bool,
}

impl<'a> Walk<'a> {
    fn row(&mut self, moments: Range<usize>) -> Row {
        let page: &'a Page<'a> = self.page;
        let instant = &page.story.moments[moments.clone()];
        let mut told = Vec::new();
        let mut counted = None;
        for moment in instant {
            self.state = moment.saved.as_ref().or(self.state);
            told.push(PlanText::of(self.page, moment, self.state, self.said, self.terminal));
            self.said = match say(moment.decision.rule) {
                Say::Waiting | Say::WaitingFor | Say::Always | Say::Alone => Some(moment.decision.rule),
                Say::Nothing | Say::Known => self.said,
            };
            counted = self.place.moves(moment).or(counted);
        }
        // A rule is printed again at another time, except if it is a wait that continues.
        self.said = self.said.filter(|rule| matches!(say(*rule), Say::Waiting | Say::WaitingFor));
        let mut told = paragraphs(told, self.columns, self.terminal);
        let standing = self.place.standing(counted);
        let first = &instant[0];
        let moves = self.shown.is_some_and(|shown| shown != standing);
        let matters = !told.is_empty() || !first.happened.is_empty() || moves;
        if matters && told.is_empty() {
            told.push(Span::words(FAINT, "there is nothing to do"));
        }
        if matters {
            self.shown = Some(standing);
        }
        Row { moments, at: first.at, happened: first.happened.clone(), standing, told, matters }
    }
}

impl Place {
    fn of(page: &Page<'_>) -> Self {
        let threshold = Some(page.canary.policy().threshold);
        Self { phase: Phase::New, weight: 0, failed: 0, threshold, routes: None, saved: false }
    }

    /// Updates the state from a moment; returns the number of failed checks if this moment added one.
    fn moves(&mut self, moment: &Moment) -> Option<u32> {
        let after = &moment.decision.after;
        let before = self.failed;
        // A decision that was not saved changed nothing; before the first save it shows the state that was found.
        match &moment.saved {
            Some(state) => {
                (self.phase, self.weight, self.failed) =
                    (state.phase, state.canary_weight, state.failed_checks);
            }
            None if !self.saved => {
                (self.phase, self.weight, self.failed) = (after.phase, after.weight, after.failed_checks);
            }
            None => {}
        }
        self.routes = routes_after(&moment.commands, self.routes);
        self.threshold = threshold(after, self.threshold);
        let counts = self.saved && self.failed > before;
        self.saved |= moment.saved.is_some();
        counts.then_some(self.failed)
    }

    /// The state of the Canary; `counted` is the number of failed checks if one was added in this instant.
    fn standing(&self, counted: Option<u32>) -> RowStatus {
        let failed = counted.or(self.phase.is_analysing().then_some(self.failed));
        RowStatus {
            phase: self.phase,
            share: Share::of(self.weight, self.routes),
            failed: failed.map(|failed| (failed, self.threshold)),
        }
    }
}

/// The number of failed checks that rolls back, derived from the number that is left, unless none is left.
fn threshold(after: &decision::Standing, known: Option<u32>) -> Option<u32> {
    let next = after.failed_checks.saturating_add(1);
    match after.budget {
        None => known,
        // With none left, the next failed check rolls back: a larger known number is outdated.
        Some(0) => known.filter(|known| *known <= next),
        Some(left) => Some(next.saturating_add(left)),
    }
}
