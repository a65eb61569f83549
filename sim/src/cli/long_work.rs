//! Work that takes long: a bar that shows how far it is, on a terminal, and ways to stop it.
//!
//! Nothing here is part of an answer: where no terminal looks on, nothing is shown.

use std::{
    io::{self, IsTerminal as _},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Somebody has pressed Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Work under way.
pub(super) struct LongWork {
    bar: ProgressBar,
    ends: Option<Instant>,
}

impl LongWork {
    /// Work of so many steps. Ctrl-C asks it to stop from now on; a second one ends the command.
    pub(super) fn begin(steps: u64, unit: &str) -> Self {
        Self::with("{wide_bar} {human_pos} of {human_len} UNIT, {per_sec}, {eta} left", Some(steps), unit)
    }

    /// As [`begin`](Self::begin), of nobody knows how many steps.
    pub(super) fn open_ended(unit: &str) -> Self {
        Self::with("{spinner} {human_pos} UNIT, {per_sec} {msg}", None, unit)
    }

    fn with(template: &str, steps: Option<u64>, unit: &str) -> Self {
        let on_terminal = io::stderr().is_terminal();
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(steps, target);
        if let Ok(style) = ProgressStyle::with_template(&template.replace("UNIT", unit)) {
            bar.set_style(style);
        }
        // One handler serves all work. Without one Ctrl-C ends the command as it always does.
        let _ = ctrlc::try_set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
        });
        Self { bar, ends: None }
    }

    /// The same, and it is to stop after this time.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(super) fn at_most(mut self, time: Option<Duration>) -> Self {
        self.ends = time.and_then(|time| Instant::now().checked_add(time));
        self
    }

    /// So many steps more are done.
    pub(super) fn done(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Becomes true when somebody wants the work to stop.
    pub(super) fn stop(&self) -> &AtomicBool {
        &STOP
    }

    /// The work is to stop: somebody wants it, or its time is over.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(super) fn is_over(&self) -> bool {
        self.stop().load(Ordering::Relaxed) || self.ends.is_some_and(|ends| Instant::now() >= ends)
    }

    /// Takes the bar away; whether somebody stopped the work.
    pub(super) fn end(self) -> bool {
        self.bar.finish_and_clear();
        self.stop().load(Ordering::Relaxed)
    }
}

/// As a shell says that a command was ended by Ctrl-C.
pub(super) const INTERRUPTED: i32 = 130;
