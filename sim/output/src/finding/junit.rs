//! Cases as a JUnit report, for Jenkins, GitLab and others.
//!
//! A case fails if it has a finding of a sufficient level; its other findings are in its output. The report contains no
//! times, so that the same files give the same bytes.

use std::{fmt::Write as _, io};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Case, Finding, Level, Suite};

/// The report of the run `name`. Findings of the level `fails` or above make a case fail.
#[must_use]
pub fn report(name: &str, suites: &[Suite], fails: Level) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = write(&mut writer, name, suites, fails);
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

type Out = Writer<Vec<u8>>;

fn write(out: &mut Out, name: &str, suites: &[Suite], fails: Level) -> io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let counts = Counts::of(all(), fails);
    let element = out.create_element("testsuites").with_attribute(("name", name));
    let element = element.with_attributes(counts.attributes());
    element.write_inner_content(|out| suites.iter().try_for_each(|one| suite(out, one, fails)))?;
    Ok(())
}

fn suite(out: &mut Out, suite: &Suite, fails: Level) -> io::Result<()> {
    let counts = Counts::of(&suite.cases, fails);
    let element = out.create_element("testsuite").with_attribute(("name", &*attribute(&suite.name)));
    let element = element.with_attributes(counts.attributes());
    element.write_inner_content(|out| suite.cases.iter().try_for_each(|one| case(out, one, suite, fails)))?;
    Ok(())
}

fn case(out: &mut Out, case: &Case, suite: &Suite, fails: Level) -> io::Result<()> {
    let (bad, others): (Vec<&Finding>, Vec<&Finding>) =
        case.findings.iter().partition(|finding| finding.level >= fails);
    let file = attribute(&case.file);
    let class = if file.is_empty() { attribute(&suite.name) } else { file.clone() };
    let mut element = out.create_element("testcase");
    element = element.with_attributes([("name", &*attribute(&case.name)), ("classname", &*class)]);
    if !file.is_empty() {
        element = element.with_attribute(("file", &*file));
    }
    if let Some((line, _)) = bad.first().and_then(|finding| finding.at) {
        element = element.with_attribute(("line", &*line.to_string()));
    }
    if bad.is_empty() && others.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|out| {
        if let Some(first) = bad.first() {
            let name = if case.is_unusable { "error" } else { "failure" };
            let message = attribute(first.sentence().lines().next().unwrap_or_default());
            let element =
                out.create_element(name).with_attributes([("message", &*message), ("type", first.code)]);
            element.write_text_content(BytesText::new(&text(&bad)))?;
        }
        if !others.is_empty() {
            out.create_element("system-out").write_text_content(BytesText::new(&text(&others)))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The number of cases, and how they ended.
struct Counts {
    tests: String,
    failures: String,
    errors: String,
}

impl Counts {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case>, fails: Level) -> Self {
        let (mut tests, mut failures, mut errors) = (0_usize, 0_usize, 0_usize);
        for case in cases {
            tests += 1;
            if case.findings.iter().any(|finding| finding.level >= fails) {
                *(if case.is_unusable { &mut errors } else { &mut failures }) += 1;
            }
        }
        Self { tests: tests.to_string(), failures: failures.to_string(), errors: errors.to_string() }
    }

    fn attributes(&self) -> [(&'static str, &str); 3] {
        [("tests", &self.tests), ("failures", &self.failures), ("errors", &self.errors)]
    }
}

/// Findings as lines that begin with the place, in the format of compilers.
fn text(findings: &[&Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        if !finding.file.is_empty() {
            let _ = write!(text, "{}:", finding.file);
        }
        if let Some((line, column)) = finding.at {
            let _ = write!(text, "{line}:{column}:");
        }
        let sentence = finding.sentence().replace('\n', "\n  ");
        let gap = if finding.file.is_empty() { "" } else { " " };
        let _ = writeln!(text, "{gap}{} {}: {sentence}", finding.level, finding.code);
    }
    text.chars().map(held).collect()
}

/// An attribute is one line.
fn attribute(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { held(c) }).collect()
}

/// A character that XML 1.0 allows, or its replacement.
fn held(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        // XML reads a carriage return as the end of a line.
        '\r' => ' ',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, events::Event};

    use super::{super::sample, *};

    #[test]
    fn a_case_fails_with_findings_of_a_sufficient_level() {
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"serin lint\" tests=\"4\" failures=\"1\" errors=\"1\">
  <testsuite name=\"deploy/50% off, really: a &lt;b&gt; &amp; &quot;c&quot;.yaml\" tests=\"1\" failures=\"1\" errors=\"0\">
    <testcase name=\"Canary shop.prod\" classname=\"deploy/50% off, really: a &lt;b&gt; &amp; &quot;c&quot;.yaml\" \
file=\"deploy/50% off, really: a &lt;b&gt; &amp; &quot;c&quot;.yaml\" line=\"3\">
      <failure message=\"spec.analysis[&quot;a,b:c&quot;]: ` [31m \u{fffd}` ]]&gt; is 100% wrong\" type=\"refused\">\
deploy/50% off, really: a &lt;b&gt; &amp; &quot;c&quot;.yaml:3:7: error refused: spec.analysis[&quot;a,b:c&quot;]: \
`\u{fffd}[31m\u{fffd}\u{fffd}` ]]&gt; is 100% wrong \n  and &lt;b&gt;so&lt;/b&gt; on\n  write 60s\n</failure>
      <system-out>deploy/shop.yaml:1:1: hint default-interval: nothing is measured\n</system-out>
    </testcase>
  </testsuite>
  <testsuite name=\"deploy/shop.yaml\" tests=\"2\" failures=\"0\" errors=\"0\">
    <testcase name=\"Canary cart.prod\" classname=\"deploy/shop.yaml\" file=\"deploy/shop.yaml\">
      <system-out>deploy/shop.yaml: warning no-metrics: nothing is measured\n</system-out>
    </testcase>
    <testcase name=\"MetricTemplate lost.prod\" classname=\"deploy/shop.yaml\" file=\"deploy/shop.yaml\"/>
  </testsuite>
  <testsuite name=\"-\" tests=\"1\" failures=\"0\" errors=\"1\">
    <testcase name=\"-\" classname=\"-\" file=\"-\">
      <error message=\"is empty\" type=\"unusable\">-: error unusable: is empty\n</error>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(report("serin lint", &sample::suites(), Level::Error), expected);
        let strict = report("serin lint", &sample::suites(), Level::Warning);
        assert!(strict.contains("tests=\"4\" failures=\"2\" errors=\"1\""), "{strict}");
    }

    #[test]
    fn every_character_can_be_read_back() {
        let mut suites = sample::suites();
        let all: String = ('\0'..='\u{2fff}').chain(['\u{fffe}', '\u{ffff}', '\u{10ffff}']).collect();
        suites[0].cases[0].name.clone_from(&all);
        suites[0].cases[0].findings[0].what = all;
        let report = report("serin lint", &suites, Level::Error);
        let mut reader = Reader::from_str(&report);
        let events = std::iter::from_fn(|| Some(reader.read_event().unwrap()));
        let elements =
            events.take_while(|event| *event != Event::Eof).filter(|event| matches!(event, Event::Start(_)));
        assert_eq!(elements.count(), 11);
        let is_held = |c: char| matches!(c, '\t' | '\n' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert_eq!(report.chars().find(|c| !is_held(*c)), None);
    }
}
