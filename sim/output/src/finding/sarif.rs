//! Findings in the Static Analysis Results Interchange Format, version 2.1.0.

use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::{Finding, Level, relative};

/// A rule: the kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Its description, as a sentence.
    pub what: &'static str,
    /// Its level.
    pub level: Level,
}

/// The log of one run. File names are relative to `folder`, which is absolute; a finding without a rule has only its
/// code.
#[must_use]
pub fn log<'a>(findings: impl IntoIterator<Item = &'a Finding>, rules: &[Rule], folder: &Path) -> String {
    let driver = Driver {
        name: "serin",
        version: env!("CARGO_PKG_VERSION"),
        rules: rules.iter().map(RuleField::of).collect(),
    };
    let results = findings.into_iter().map(|finding| ResultField::of(finding, rules, folder)).collect();
    // Columns are counted in the same way as by the YAML library.
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    // Our own types contain nothing that JSON cannot represent.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<ResultField<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<RuleField<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleField<'a> {
    id: &'a str,
    short_description: Message,
    default_configuration: Configuration,
}

impl<'a> RuleField<'a> {
    fn of(rule: &'a Rule) -> Self {
        let short_description = Message { text: rule.what.into() };
        let default_configuration = Configuration { level: level(rule.level) };
        Self { id: rule.code, short_description, default_configuration }
    }
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultField<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Location<'a>>,
}

impl<'a> ResultField<'a> {
    fn of(finding: &'a Finding, rules: &[Rule], folder: &Path) -> Self {
        let location = Location::of(finding, folder);
        Self {
            rule_id: finding.code,
            rule_index: rules.iter().position(|rule| rule.code == finding.code),
            level: level(finding.level),
            message: Message { text: finding.sentence() },
            locations: location.into_iter().collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation<'a>; 1]>,
}

impl<'a> Location<'a> {
    fn of(finding: &'a Finding, folder: &Path) -> Option<Self> {
        let physical_location = relative(&finding.file, folder).map(|path| PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&path) },
            region: finding.at.map(|(start_line, start_column)| Region { start_line, start_column }),
        });
        let named = !finding.field.is_empty();
        let logical_locations =
            named.then(|| [LogicalLocation { fully_qualified_name: &finding.field, kind: "member" }]);
        let is_known = physical_location.is_some() || logical_locations.is_some();
        is_known.then_some(Self { physical_location, logical_locations })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    fully_qualified_name: &'a str,
    kind: &'static str,
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Hint => "note",
    }
}

/// Characters that the path of a URI must escape. A colon in the first part would end a scheme.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

fn uri(path: &str) -> String {
    let encoded = utf8_percent_encode(path, ESCAPED);
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::sample, *};

    #[test]
    fn a_file_is_named_by_a_uri() {
        assert_eq!(uri("deploy/50% off: a b?.yaml"), "deploy/50%25%20off%3A%20a%20b%3F.yaml");
        assert_eq!(uri("deploy/größe.yaml"), "deploy/gr%C3%B6%C3%9Fe.yaml");
        assert_eq!(uri("/etc/a b.yaml"), "file:///etc/a%20b.yaml");
    }

    #[test]
    fn standard_input_has_no_location() {
        let log = log(&sample::findings(), &[], Path::new("/repo"));
        let log: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(log["runs"][0]["results"][3]["locations"], Value::Array(Vec::new()));
    }
}
