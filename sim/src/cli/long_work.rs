//! Work that takes its time: a bar on a terminal, a clean end at Ctrl-C, a limit of time.
//!
//! Nothing here is part of an answer: where no terminal looks on, nothing is shown.

use std::{
    sync::{
        Once,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Somebody wants it to stop.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Work under way.
pub(crate) struct LongWork {
    bar: ProgressBar,
    ends: Option<Instant>,
    done: AtomicU64,
}

impl LongWork {
    /// Begins work of so many steps (`None`: nobody knows how many), for so long at the most.
    ///
    /// From here on the first Ctrl-C asks for an end, and the second ends the process.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(crate) fn begin(what: &str, steps: Option<u64>, time: Option<Duration>) -> Self {
        listen();
        let bar = ProgressBar::with_draw_target(steps, ProgressDrawTarget::stderr());
        let counts =
            if steps.is_some() { "{wide_bar} {human_pos}/{human_len}" } else { "{spinner} {human_pos}" };
        let left = if steps.is_some() { ", {eta} left" } else { "" };
        let style = ProgressStyle::with_template(&format!("{{prefix}} {counts} {{per_sec}}{left} {{msg}}"));
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_string());
        let ends = time.and_then(|time| Instant::now().checked_add(time));
        Self { bar, ends, done: AtomicU64::new(0) }
    }

    /// So many more steps are done.
    pub(crate) fn does(&self, steps: u64) {
        self.done.fetch_add(steps, Ordering::Relaxed);
        self.bar.inc(steps);
    }

    /// What goes on beside the steps.
    pub(crate) fn says(&self, what: String) {
        self.bar.set_message(what);
    }

    /// Somebody has pressed Ctrl-C.
    pub(crate) fn is_interrupted(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }

    /// The work is to stop: it was interrupted, or its time is over.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(crate) fn stops(&self) -> bool {
        self.is_interrupted() || self.ends.is_some_and(|ends| Instant::now() >= ends)
    }
}

impl Drop for LongWork {
    /// The bar goes; what was found is printed elsewhere.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let stop = || {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                // As a shell tells of a process that was interrupted.
                std::process::exit(130);
            }
        };
        // Without a handler Ctrl-C ends the process as ever.
        let _ = ctrlc::set_handler(stop);
    });
}
