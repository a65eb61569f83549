//! The two formats that Prometheus reads: OpenMetrics, and its older text format, which browsers and `curl` get.

use std::fmt::Write as _;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Text,
}

impl Format {
    /// The format that an `Accept` header prefers; the older one if it does not say.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let weight = |wanted: &str| {
            let weights = accept.split(',').filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let is_it = parts.next().is_some_and(|media| media.eq_ignore_ascii_case(wanted));
                let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok());
                is_it.then(|| weight.unwrap_or(1.0))
            });
            weights.fold(0.0, f64::max)
        };
        let open = weight("application/openmetrics-text");
        if open > 0.0 && open >= weight("text/plain") { Self::OpenMetrics } else { Self::Text }
    }

    /// OpenMetrics, in this format.
    #[must_use]
    pub fn of(self, open: String) -> String {
        match self {
            Self::OpenMetrics => open,
            Self::Text => older(&open),
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// OpenMetrics converted to the older format: there a counter has the name of its samples, and the text has no end
/// marker.
fn older(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut help = "";
    for line in open.lines() {
        if let Some(of) = line.strip_prefix("# HELP ") {
            help = of;
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').unwrap_or((of, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            let help = help.strip_prefix(name).unwrap_or_default();
            // Writing to a String cannot fail.
            write!(text, "# HELP {name}{suffix}{help}\n# TYPE {name}{suffix} {kind}\n").ok();
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_the_accept_header() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        for (accept, format) in [
            (prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.2", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("text/html,*/*;q=0.8", Format::Text),
            ("*/*", Format::Text),
            ("", Format::Text),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }

    #[test]
    fn in_the_older_format_a_counter_has_the_name_of_its_samples() {
        let open = "# HELP a Things.\n# TYPE a counter\na_total{b=\"c\"} 1\n# HELP d Seconds.\n# UNIT d seconds\n\
                    # TYPE d gauge\nd 2.0\n# EOF\n";
        let text = "# HELP a_total Things.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n# HELP d Seconds.\n\
                    # TYPE d gauge\nd 2.0\n";
        assert_eq!(older(open), text);
    }
}
