//! What the terminal can show: colours, signs, columns.
//!
//! The writers lock a standard stream for one write at a time. A lock that is held for longer blocks the threads that
//! draw the bar of [`super::long_work`].

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write},
};

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use clap::ValueEnum;
use serin_output::{Terminal, WIDTH};
use terminal_size::{Width, terminal_size_of};

use super::long_work;

/// Arguments about the terminal, the same for every verb.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Screen {
    /// When to use colours: auto, always or never; auto uses them on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    color: Color,
    /// Use only ASCII characters; the default if the locale is not UTF-8
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Screen {
    /// The look of standard output. Output that does not go to a terminal looks the same everywhere, unless COLUMNS is
    /// set.
    pub(crate) fn terminal(self) -> Terminal {
        let is_terminal = io::stdout().is_terminal();
        Terminal::new(columns(is_terminal), self.ascii || (is_terminal && !is_utf8()))
    }

    /// Standard output.
    pub(crate) fn out(self) -> impl Write {
        AroundTheBar(AutoStream::new(io::stdout(), self.choice()))
    }

    /// Standard error.
    pub(crate) fn err(self) -> impl Write {
        AroundTheBar(AutoStream::new(io::stderr(), self.choice()))
    }

    fn choice(self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// The width of the output: that of the terminal, else COLUMNS, else a fixed width.
///
/// This is the order that clap uses for `--help`.
fn columns(is_terminal: bool) -> usize {
    const USUAL_TERMINAL: usize = 80;
    let reported = if is_terminal { terminal_size_of(io::stdout()) } else { None };
    let reported = reported.map(|(Width(columns), _)| usize::from(columns));
    let variable = || env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns = reported.or_else(variable).filter(|columns| *columns > 0);
    columns.unwrap_or(if is_terminal { USUAL_TERMINAL } else { WIDTH })
}

/// Whether the locale is UTF-8. The first variable that is set decides, in the order of POSIX.
fn is_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
    let locale = set.find(|locale| !locale.is_empty()).unwrap_or_default().to_uppercase();
    locale.contains("UTF-8") || locale.contains("UTF8")
}

/// Removes the bar for each write, so that the two do not overwrite each other.
struct AroundTheBar<S: RawStream>(AutoStream<S>);

impl<S: RawStream + anstream::stream::AsLockedWrite> Write for AroundTheBar<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        long_work::without_bar(|| self.0.write(bytes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        long_work::without_bar(|| self.0.write_all(bytes))
    }

    /// The text in one write, so that the bar is not drawn in the middle of a line.
    fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.write_all(text.to_string().as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
