//! Work that takes long: a progress bar on a terminal, and ways to stop the work.
//!
//! The bar is not part of the output: if standard error is not a terminal, nothing is shown.

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};
use serin_output::Terminal;

/// Ctrl-C was pressed.
static STOP: AtomicBool = AtomicBool::new(false);

/// The bar that is on the screen.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Work in progress. At most one at a time.
pub(super) struct LongWork {
    bar: ProgressBar,
    ends: Option<Instant>,
}

impl LongWork {
    /// Starts work of this many steps. From now on Ctrl-C asks it to stop; a second Ctrl-C ends the command.
    pub(super) fn begin(steps: u64, unit: &str, terminal: Terminal) -> Self {
        let template = "{wide_bar} {human_pos} of {human_len} UNIT, {rate}, {eta} left{msg}";
        Self::with(template, Some(steps), unit, terminal)
    }

    /// As [`begin`](Self::begin), with an unknown number of steps.
    pub(super) fn open_ended(unit: &str, terminal: Terminal) -> Self {
        Self::with("{spinner} {human_pos} UNIT, {rate}{msg}", None, unit, terminal)
    }

    fn with(template: &str, steps: Option<u64>, unit: &str, terminal: Terminal) -> Self {
        let target = if is_shown() { Margin::target() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(steps, target);
        if let Ok(style) = ProgressStyle::with_template(&template.replace("UNIT", unit)) {
            let style = style.with_key("rate", rate);
            bar.set_style(if terminal.is_ascii() {
                style.progress_chars("#>.").tick_chars("-\\|/ ")
            } else {
                style
            });
        }
        // One handler serves all work. Before it is set, Ctrl-C ends the command as usual.
        let _ = ctrlc::try_set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                end_at_once();
            }
        });
        put_on_screen(Some(bar.clone()));
        bar.tick();
        Self { bar, ends: None }
    }

    /// The same work, which stops after this time.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(super) fn at_most(mut self, time: Option<Duration>) -> Self {
        self.ends = time.and_then(|time| Instant::now().checked_add(time));
        self
    }

    /// Reports that this many more steps are done.
    pub(super) fn done(&self, steps: u64) {
        if is_stopped() {
            self.bar.set_message(", stopping");
        }
        self.bar.inc(steps);
    }

    /// Becomes true when the user asks the work to stop.
    pub(super) fn stop(&self) -> &AtomicBool {
        &STOP
    }

    /// Whether the work has to stop: the user asked for it, or its time is over.
    #[expect(clippy::disallowed_methods, reason = "a limit of time is about the reader's clock")]
    pub(super) fn is_over(&self) -> bool {
        is_stopped() || self.ends.is_some_and(|ends| Instant::now() >= ends)
    }

    /// Removes the bar; returns whether Ctrl-C stopped the work.
    pub(super) fn end(self) -> bool {
        is_stopped()
    }
}

impl Drop for LongWork {
    fn drop(&mut self) {
        put_on_screen(None);
        self.bar.finish_and_clear();
    }
}

/// The status that a shell reports for a command that was ended by Ctrl-C.
pub(super) const INTERRUPTED: i32 = 130;

/// Writes while the bar is off the screen, and draws it again.
pub(super) fn without_bar<T>(write: impl FnOnce() -> T) -> T {
    // The lock is not held while writing, because a reader may be slow.
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn rate(state: &ProgressState, text: &mut dyn fmt::Write) {
    // Writing to a `String` never fails.
    let _ = write!(text, "{}/s", HumanCount(state.per_sec() as u64));
}

/// A terminal whose last columns are left free, because the terminal shows `^C` there. A bar of the full width would
/// wrap, and could then not be removed.
#[derive(Debug)]
struct Margin(Term);

impl Margin {
    fn target() -> ProgressDrawTarget {
        const DRAWN_A_SECOND: u8 = 20;
        ProgressDrawTarget::term_like_with_hz(Box::new(Self(Term::buffered_stderr())), DRAWN_A_SECOND)
    }
}

impl TermLike for Margin {
    fn width(&self) -> u16 {
        const FREE: u16 = 6;
        TermLike::width(&self.0).saturating_sub(FREE).max(1)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, rows: usize) -> io::Result<()> {
        self.0.move_cursor_up(rows)
    }

    fn move_cursor_down(&self, rows: usize) -> io::Result<()> {
        self.0.move_cursor_down(rows)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

fn put_on_screen(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

fn is_stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// A bar needs a terminal that can move the cursor.
fn is_shown() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Removes the bar, and waits for no lock except that of a single write.
fn end_at_once() -> ! {
    if is_shown() {
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
    std::process::exit(INTERRUPTED)
}
