//! Real manifests with small mistakes: nothing panics, faults are reported at their place, and accepted manifests are
//! replayed without breaking an invariant.

use std::{fs, path::Path, sync::LazyLock};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngSeed},
};
use serde_json::{Map, Value, json};
use serin_core::{Rollout, spec::Defaults, spec::raw};
use serin_simulator::scenario;

use crate::corpus::targets;

/// The Canaries of our stories and of the manifests for lint.
static MANIFESTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["scenarios", "sim/tests/cli/lint"] {
        yaml_files(&root.join(folder), &mut files);
    }
    files.sort();
    let texts = files.into_iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.filter_map(|text| canary(&text)).collect()
});

fn yaml_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
}

/// The Canary of a file: the file itself, or the one in a scenario.
fn canary(text: &str) -> Option<Value> {
    let file: Value = serde_yaml::from_str(text).ok()?;
    let canary = file.get("canary").cloned().unwrap_or(file);
    (canary.get("kind")? == "Canary").then_some(canary)
}

/// The number of cases, unless `PROPTEST_CASES` sets it; always the same cases, unless `PROPTEST_RNG_SEED` is set.
fn cases(cases: u32) -> Config {
    let given = Config::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(20_260_101),
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed),
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { cases };
    Config { cases, rng_seed, ..given }
}

/// A change of a tree: what is done, where, and with what.
type Change = (u8, Index, Index);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0..7_u8, any::<Index>(), any::<Index>()), 1..5)
}

/// Represents a number that JSON cannot represent.
const NAN: &str = "__nan__";

/// The value that replaces another one.
fn odd(index: Index) -> Value {
    let odd = [
        json!(null),
        json!(true),
        json!(""),
        json!("x"),
        json!("30s"),
        json!("-5m"),
        json!("99999999h"),
        json!("1e999"),
        json!(0),
        json!(1),
        json!(-1),
        json!(101),
        json!(0.5),
        json!(-0.0),
        json!(1e308),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(NAN),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null]),
        json!({"name": null}),
        json!("é\u{1f6a2}\u{200d}\u{202e}"),
        json!("\u{1b}[31m\u{7}\n\t"),
        json!("y".repeat(5_000)),
        json!("{{ name }}"),
    ];
    odd[index.index(odd.len())].clone()
}

/// Every place in a tree, as pointers; the root is the first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.into());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                places(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{i}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn changed(mut tree: Value, changes: &[Change]) -> Value {
    for (what, at, with) in changes {
        let mut found = Vec::new();
        places(&tree, "", &mut found);
        let pointer = &found[at.index(found.len())];
        let other = tree.pointer(&found[with.index(found.len())]).cloned().unwrap_or_default();
        let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", ""));
        let key = key.replace("~1", "/").replace("~0", "~");
        match what {
            0 => {
                remove(tree.pointer_mut(parent), &key);
            }
            1 => put(&mut tree, pointer, odd(*with)),
            2 => put(&mut tree, pointer, other),
            3 => match tree.pointer_mut(pointer) {
                Some(Value::Array(items)) => items.extend(items.clone()),
                Some(Value::Object(fields)) => _ = fields.insert("more".into(), odd(*with)),
                Some(value) => *value = json!([value.clone()]),
                None => {}
            },
            4 => {
                let deep = (0..with.index(200)).fold(json!("deep"), |value, _| json!([value]));
                put(&mut tree, pointer, deep);
            }
            5 => {
                let removed = remove(tree.pointer_mut(parent), &key);
                if let (Some(Value::Object(fields)), Some(value)) = (tree.pointer_mut(parent), removed) {
                    fields.insert(key + "s", value);
                }
            }
            _ => {
                let number = [1e9, -1e9, 4294967296.0, 0.000_001, 1e300][with.index(5)];
                put(&mut tree, pointer, json!(number));
            }
        }
    }
    tree
}

fn put(tree: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = tree.pointer_mut(pointer) {
        *place = value;
    }
}

fn remove(parent: Option<&mut Value>, key: &str) -> Option<Value> {
    match parent {
        Some(Value::Object(fields)) => fields.remove(key),
        Some(Value::Array(items)) => {
            let at: usize = key.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// A manifest as YAML, including the numbers that JSON cannot represent.
fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap().replace(NAN, ".nan")
}

/// The steps of a path below the closest existing parent.
fn missing(tree: &Value, path: &str) -> usize {
    let steps: Vec<&str> = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
    let mut at = tree;
    for (i, step) in steps.iter().enumerate() {
        let below = match step.parse::<usize>() {
            Ok(index) if at.is_array() => at.get(index),
            _ => at.get(step),
        };
        match below {
            Some(below) => at = below,
            None => return steps.len() - i,
        }
    }
    0
}

/// A short story of a manifest.
fn story(manifest: &Value) -> String {
    let events = json!([{"at": "5m", "deploy": "v2"}]);
    let story: Map<String, Value> = [
        ("scenario".into(), json!("a manifest is broken a little")),
        ("canary".into(), manifest.clone()),
        ("events".into(), events),
        ("until".into(), json!("40m")),
    ]
    .into_iter()
    .collect();
    yaml(&Value::Object(story))
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn prop_a_manifest_with_broken_fields_is_reported_or_replayed(
        manifest in any::<Index>(),
        changes in changes(),
    ) {
        let manifest = changed(MANIFESTS[manifest.index(MANIFESTS.len())].clone(), &changes);
        targets::manifest(yaml(&manifest).as_bytes());

        if let Ok(raw) = serde_json::from_value::<raw::Canary>(manifest.clone())
            && let Err(invalid) = Rollout::parse(&raw, &Defaults::default())
        {
            for problem in invalid.problems {
                // The requirements of a part are reported although the part is missing.
                prop_assert!(missing(&manifest, &problem.path) <= 2, "{} {}", problem.path, problem.what);
            }
        }

        let text = story(&manifest);
        if let Err(error) = scenario::parse(&text, Path::new("no/such/folder/story.yaml")) {
            for fault in error.faults {
                let Some((line, column)) = fault.at else { return Err(TestCaseError::fail(fault.to_string())) };
                let told = text.lines().nth(line - 1);
                prop_assert!(told.is_some_and(|told| column <= told.chars().count() + 1), "{fault}");
            }
        }
        targets::scenario(text.as_bytes());
    }

    #[test]
    fn prop_a_manifest_with_broken_text_is_reported_or_replayed(
        manifest in any::<Index>(),
        changes in prop::collection::vec((0..3_u8, any::<Index>(), any::<Index>()), 1..6),
    ) {
        let manifest = &MANIFESTS[manifest.index(MANIFESTS.len())];
        for (text, target) in [(yaml(manifest), targets::manifest as fn(&[u8])), (story(manifest), targets::scenario)] {
            let mut bytes = text.into_bytes();
            for (what, at, with) in &changes {
                broken(&mut bytes, *what, *at, *with);
            }
            target(&bytes);
        }
    }
}

const PIECES: &[&[u8]] = &[
    b"&a ",
    b"*a",
    b"- ",
    b": ",
    b"[",
    b"}",
    b"\"",
    b"'",
    b"\n",
    b"\t",
    b"---\n",
    b"<<: *a\n",
    b"!x ",
    b"? ",
    b"|\n",
    b"%",
    b"\xff",
    b"\xc2\xa0",
    b"\xef\xbb\xbf",
    b"\0",
    b"\x1b[31m",
    b"99999999999999999999",
    b".nan",
    b"-",
];

fn broken(bytes: &mut Vec<u8>, what: u8, at: Index, with: Index) {
    if bytes.is_empty() {
        return;
    }
    let at = at.index(bytes.len());
    match what {
        0 => bytes[at] ^= 1 << with.index(8),
        1 => _ = bytes.drain(at..(at + with.index(80)).min(bytes.len())),
        _ => _ = bytes.splice(at..at, PIECES[with.index(PIECES.len())].iter().copied()),
    }
}
