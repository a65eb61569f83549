//! Expectations as a line.

use std::fmt;

use serin_core::{Phase, time::Human};

use super::{Expectation, Item, Row, Sequence, Span, Wanted};

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(phase, weight, failed, iterations) = self;
        let phase = if *phase == Phase::New { "\"\"" } else { phase.name() };
        write!(f, "[{phase}, {weight}, {failed}, {iterations}]")
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(text) => f.write_str(text),
            Self::Matches(regex) => write!(f, "/{regex}/"),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        fmt::Display::fmt(&self.expectation, f)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phases(list) => write!(f, "phases: {list}"),
            Self::Weights(list) => write!(f, "weights: {list}"),
            Self::Weight { min, max } => write!(f, "weight: from {min} to {max}"),
            Self::Requests(requests) => write!(f, "requests: {requests}"),
            Self::Routes(list) => write!(f, "routes: {list}"),
            Self::Rows(list) => write!(f, "rows: {list}"),
            Self::End(pattern) => write!(f, "{pattern}"),
            Self::Event(telling) => write!(f, "event: {}{}", telling.wanted, Often(telling.times)),
            Self::Alert(telling, severity) => {
                write!(f, "alert: {}{}", telling.wanted, Often(telling.times))?;
                severity.map_or(Ok(()), |severity| write!(f, ", {severity:?}"))
            }
            Self::Condition(text) => write!(f, "condition: {text}"),
            Self::Hook(called) => write!(f, "hook: {}{}", called.name, Often(called.times)),
            Self::Receiver(received) => {
                write!(f, "receiver: {}", received.name)?;
                if let Some(wanted) = &received.wanted {
                    write!(f, ", {wanted}")?;
                }
                write!(f, "{}", Often(received.times))
            }
            Self::Metric(counted) => write!(f, "metric: {}{}", counted.name, Often(counted.times)),
            Self::Command(carried) => write!(f, "command: {}{}", carried.prefix, Often(carried.times)),
            Self::Rule(counted) => write!(f, "rule: {}{}", counted.name, Often(counted.times)),
            Self::Promoted(revision) => write!(f, "promoted: {revision}"),
            Self::Time(span) => write!(f, "time: {span}"),
            Self::Never(pattern) => write!(f, "never: {pattern}"),
            Self::Always(pattern) => write!(f, "always: {pattern}"),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Sequence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.exactly { "exactly " } else { "" }, Listed(&self.items))
    }
}

/// Formats values as a list.
pub(crate) struct Listed<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, item) in self.0.iter().enumerate() {
            let text = item.to_string();
            write!(f, "{}{}", if i > 0 { ", " } else { "" }, if text.is_empty() { "\"\"" } else { &text })?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(f, "from {from} ")?,
            None => f.write_str("from the beginning ")?,
        }
        write!(f, "to {}: ", self.to)?;
        match (self.min, self.max) {
            (None, None) => f.write_str("any"),
            (Some(min), None) => write!(f, "at least {}", Human(min)),
            (None, Some(max)) => write!(f, "at most {}", Human(max)),
            (Some(min), Some(max)) => write!(f, "{} to {}", Human(min), Human(max)),
        }
    }
}

/// `, 3 times`, or nothing.
struct Often(Option<u32>);

impl fmt::Display for Often {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(1) => f.write_str(", once"),
            Some(times) => write!(f, ", {times} times"),
        }
    }
}
