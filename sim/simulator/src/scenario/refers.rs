//! The files that scenarios name.

use std::path::{Path, PathBuf};

use serde_yaml::Value;
use serin_input::{self as input, Source};

use super::find;

/// The files that the scenarios in `paths` name: Canaries, MetricTemplates, traces of traffic. A scenario that cannot
/// be read names none.
#[must_use]
pub fn named_by(paths: &[PathBuf]) -> Vec<PathBuf> {
    let files = paths.iter().flat_map(|path| find(std::slice::from_ref(path)).unwrap_or_default());
    files.flat_map(|file| named_in(&file)).collect()
}

fn named_in(file: &Path) -> Vec<PathBuf> {
    let Ok(text) = input::read(file) else { return Vec::new() };
    let Ok(tree) = Source::new(&text, file).parse::<Value>() else { return Vec::new() };
    let templates = tree.get("templates").and_then(Value::as_sequence).into_iter().flatten();
    let trace = || tree.get("world")?.get("traffic")?.get("trace");
    let names = tree.get("canary").into_iter().chain(templates).chain(trace()).filter_map(Value::as_str);
    let folder = file.parent().unwrap_or(Path::new(""));
    names.map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_that_a_scenario_names_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let text = "scenario: a\ncanary: ../c.yaml\ntemplates: [t.yaml, {kind: MetricTemplate}]\nworld: {traffic: {trace: t.csv}}\n";
        fs::write(&file, text).unwrap();
        let named = ["../c.yaml", "t.yaml", "t.csv"].map(|name| folder.path().join(name));
        assert_eq!(named_by(&[file]), named);
        assert_eq!(named_by(&["no/such.yaml".into()]), Vec::<PathBuf>::new());
    }
}
