//! What the reader's screen can show: colours, signs, columns.

use std::{
    env,
    io::{self, IsTerminal as _, Write},
};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serin_sim::report::{Look, WIDTH};

/// Arguments about the screen, the same for every verb.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Screen {
    /// When to use colours; `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    color: Color,
    /// Use ASCII signs only; the default where the locale is not UTF-8
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
    /// The look of standard output. What goes elsewhere than to a terminal looks the same everywhere.
    pub(crate) fn look(self) -> Look {
        if io::stdout().is_terminal() {
            Look::new(columns(), self.ascii || !is_utf8())
        } else {
            Look::new(WIDTH, self.ascii)
        }
    }

    /// Standard output.
    pub(crate) fn out(self) -> impl Write {
        AutoStream::new(io::stdout().lock(), self.choice())
    }

    /// Standard error.
    pub(crate) fn err(self) -> impl Write {
        AutoStream::new(io::stderr().lock(), self.choice())
    }

    fn choice(self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// The columns of the terminal, where the shell tells.
fn columns() -> usize {
    let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.filter(|columns| *columns > 0).unwrap_or(WIDTH)
}

/// Whether the locale is UTF-8; as POSIX ranks the variables, the first that is set decides.
fn is_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    let mut set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
    let locale = set.find(|locale| !locale.is_empty()).unwrap_or_default().to_uppercase();
    locale.contains("UTF-8") || locale.contains("UTF8")
}
