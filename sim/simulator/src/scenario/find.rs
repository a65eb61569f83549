//! Finds scenario files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, de::IgnoredAny};
use serin_input::{self as input, Fault, InputError, Source};

/// The scenario files in `paths`: files as given, and in folders every YAML file with the key `scenario`, sorted.
///
/// # Errors
/// Paths that cannot be read, and folders without a scenario.
/// Paths that cannot be read, and folders without a scenario.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InputError> {
    let mut found = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        match of(path) {
            Ok(files) => found.extend(files),
            Err(error) => faults.extend(error.faults),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(InputError { faults }) }
}

fn of(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let files = input::yaml_files(path, is_scenario)?;
    if files.is_empty() {
        return Err(Fault::of_file(path, "contains no YAML file with the key `scenario`").into());
    }
    Ok(files)
}

/// Whether the file is a scenario. A file that is not valid YAML is one if a line begins with the key, so that it is
/// not skipped.
#[must_use]
pub fn is_scenario(path: &Path) -> bool {
    input::read(path).map_or(true, |text| is_scenario_text(&text, path))
}

/// Whether this text of a file is a scenario, as [`is_scenario`] decides it.
#[must_use]
pub fn is_scenario_text(text: &str, path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(rename = "scenario")]
        _scenario: IgnoredAny,
    }
    let begins = |line: &str| {
        let line = line.trim_start_matches(['"', '\'', '{', ' ']);
        let rest = line.strip_prefix("scenario").unwrap_or_default();
        rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
    };
    let has_line = text.lines().filter(|line| !line.starts_with(' ')).any(begins);
    has_line || (text.contains("scenario") && Source::new(text, path).parse::<Probe>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_does_not_exist_is_reported() {
        let error = find(&["no/such/file.yaml".into()]).unwrap_err();
        assert!(error.to_string().starts_with("no/such/file.yaml: cannot be read"), "{error}");
    }
}
