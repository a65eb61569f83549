//! The canary's share of requests, as a bar.

use serin_core::{Command, command::Routes, strategy::Weight};
use serin_output::{
    span::paint,
    terminal::{CANARY, FAINT, Terminal},
};
use serin_simulator::record::Effect;

/// The width of the number after a bar.
pub(crate) const NUMBER: usize = 5;

/// How many requests the canary gets, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    percent: Weight,
    of: Of,
}

/// The requests that a share refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// All.
    Requests,
    /// Those that match.
    Matched,
    /// Copies of requests, whose answers no user sees.
    Copies,
}

impl Share {
    /// The share that results from a saved weight and the last routes.
    ///
    /// A/B and blue/green save no weight, so there the routes define the share; otherwise the weight does.
    pub(crate) fn of(weight: Weight, routes: Option<Routes>) -> Self {
        let Some(routes) = routes else { return Self { percent: weight, of: Of::Requests } };
        match routes.mirror {
            Some(percent) if routes.canary == 0 => Self { percent, of: Of::Copies },
            _ if routes.matched => Self { percent: routes.canary, of: Of::Matched },
            _ if weight == 0 => Self { percent: routes.canary, of: Of::Requests },
            _ => Self { percent: weight, of: Of::Requests },
        }
    }

    pub(crate) fn percent(self) -> Weight {
        self.percent
    }

    pub(crate) fn which(self) -> Of {
        self.of
    }

    /// `███░░░░░░░  30%`, with this number of cells.
    pub(crate) fn bar(self, cells: usize, terminal: &Terminal) -> String {
        let filled = filled(self.percent, cells);
        let full = paint(CANARY, &sign(self.of, terminal).repeat(filled));
        let empty = paint(FAINT, &terminal.signs.empty.repeat(cells - filled));
        format!("{full}{empty} {:>3}%", self.percent)
    }
}

/// Rounded, but a share above 0 is never shown as none, and one below 100 % never as all. There are at least two cells.
fn filled(percent: Weight, cells: usize) -> usize {
    match percent {
        0 => 0,
        1..100 => ((usize::from(percent) * cells + 50) / 100).clamp(1, cells - 1),
        100.. => cells,
    }
}

/// The sign of such a share.
pub(crate) fn sign(of: Of, terminal: &Terminal) -> &'static str {
    match of {
        Of::Requests => terminal.signs.full,
        Of::Matched => terminal.signs.matched,
        Of::Copies => terminal.signs.mirrored,
    }
}

/// The routes after these commands.
pub(crate) fn routes_after(effects: &[Effect], before: Option<Routes>) -> Option<Routes> {
    // Commands after a failure were not tried.
    effects.iter().take_while(|effect| effect.failed.is_none()).fold(before, |routes, effect| {
        match &effect.command {
            Command::SetRoutes(split) => Some(split.routes),
            Command::Abandon(_) => Some(Routes::PRIMARY),
            Command::RevertRoutes => None,
            Command::EnsureFinalizer(_)
            | Command::EnsureWorkloads
            | Command::EnsureServices(_)
            | Command::ScaleUp
            | Command::ScaleToPrimary
            | Command::ScaleDown
            | Command::PauseScaler
            | Command::ResumeScaler
            | Command::Promote { .. }
            | Command::ClearRequest(_)
            | Command::RevertServices
            | Command::Release => routes,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(weight: Weight, routes: Option<Routes>) -> String {
        anstream::adapter::strip_str(&Share::of(weight, routes).bar(10, &Terminal::new(100, true)))
            .to_string()
    }

    #[test]
    fn a_share_above_0_is_never_none_and_one_below_100_is_never_all() {
        assert_eq!(bar(0, None), "..........   0%");
        assert_eq!(bar(1, None), "#.........   1%");
        assert_eq!(bar(30, None), "###.......  30%");
        assert_eq!(bar(99, None), "#########.  99%");
        assert_eq!(bar(100, None), "########## 100%");
    }

    #[test]
    fn without_a_saved_weight_the_routes_define_the_share() {
        assert_eq!(bar(0, Some(Routes::split(100))), "########## 100%");
        assert_eq!(bar(0, Some(Routes { matched: true, ..Routes::split(100) })), "========== 100%");
        assert_eq!(bar(0, Some(Routes { mirror: Some(50), ..Routes::PRIMARY })), "~~~~~.....  50%");
        assert_eq!(bar(20, Some(Routes::split(20))), "##........  20%");
    }
}
