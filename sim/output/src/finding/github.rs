//! Findings as workflow commands of GitHub Actions: annotations at a line of a file.
//!
//! GitHub shows the first ten errors, warnings and notices of a step.

use std::{fmt::Write as _, path::Path};

use super::{Finding, Level, relative};
use crate::span::printable;

/// One command per line. File names are relative to `folder`, which is absolute.
pub fn commands<'a>(findings: impl IntoIterator<Item = &'a Finding>, folder: &Path) -> String {
    findings.into_iter().map(|finding| command(finding, folder)).collect()
}

fn command(finding: &Finding, folder: &Path) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Hint => "notice",
    };
    let mut text = format!("::{command} ");
    let mut property = |name: &str, value: &str| {
        let _ = write!(text, "{name}={},", value_of_property(value));
    };
    if let Some(file) = relative(&finding.file, folder) {
        property("file", &file);
        if let Some((line, column)) = finding.at {
            property("line", &line.to_string());
            property("col", &column.to_string());
        }
    }
    property("title", &format!("serin: {}", finding.code));
    let _ = text.pop();
    let _ = writeln!(text, "::{}", data(&finding.sentence()));
    text
}

/// The text after a command. Control characters would change how the log looks.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn value_of_property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn characters_that_end_a_command_or_a_property_are_escaped() {
        let expected = "\
::error file=deploy/50%25 off%2C really%3A a <b> & \"c\".yaml,line=3,col=7,title=serin%3A refused::spec.analysis\
[\"a,b:c\"]: ` [31m \u{ffff}` ]]> is 100%25 wrong%0Aand <b>so</b> on%0Awrite 60s
::notice file=deploy/shop.yaml,line=1,col=1,title=serin%3A default-interval::nothing is measured
::warning file=deploy/shop.yaml,title=serin%3A no-metrics::nothing is measured
::error title=serin%3A unusable::is empty
";
        assert_eq!(commands(&sample::findings(), Path::new("/repo")), expected);
    }
}
