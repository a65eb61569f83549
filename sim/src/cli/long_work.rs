//! Work that takes long: a bar that shows how far it is, on a terminal, and a way to stop it.

use std::{
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work under way.
pub(super) struct LongWork {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl LongWork {
    /// Work of so many steps. Ctrl-C asks it to stop from now on; a second one ends the command.
    pub(super) fn begin(steps: u64, unit: &str) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let template =
            format!("{{wide_bar}} {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        // Without a handler Ctrl-C ends the command as it always does.
        let _ = ctrlc::try_set_handler(move || {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
        });
        Self { bar, stop }
    }

    /// So many steps more are done.
    pub(super) fn done(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Becomes true when the work is to stop.
    pub(super) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Takes the bar away; whether the work was stopped.
    pub(super) fn end(self) -> bool {
        self.bar.finish_and_clear();
        self.stop.load(Ordering::Relaxed)
    }
}

/// As a shell says that a command was ended by Ctrl-C.
pub(super) const INTERRUPTED: i32 = 130;
