//! Every manifest in the repository is accepted by a real API server and read back as it was written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    objects::{create, lost, read, write_status},
    stage::on_stage,
};

/// Folders and files with valid manifests.
const PLACES: [&str; 3] = ["scenarios", "core/tests/manifests", "docs/shop.yaml"];

#[test]
fn cluster_manifests_are_read_back_as_they_were_written() {
    on_stage("manifests", async |stage| {
        let mut found = 0;
        let mut complaints = Vec::new();
        for (file, mut object) in manifests() {
            found += 1;
            // Many have the same name.
            object["metadata"]["name"] = format!("manifest-{found}").into();
            object["metadata"]["namespace"] = stage.namespace.as_str().into();
            for part in ["spec", "status"] {
                if object.get(part).is_none() {
                    continue;
                }
                let written = match part {
                    "spec" => create(&stage.client, &object).await,
                    _ => write_status(&stage.client, &object).await,
                };
                if let Err(error) = written {
                    complaints.push(format!("{}: refused: {error}", file.display()));
                    break;
                }
                let kept = read(&stage.client, &object).await.unwrap();
                let lost = lost(&object[part], &kept[part]);
                complaints.extend(lost.iter().map(|lost| format!("{}: /{part}{lost}", file.display())));
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        assert!(found > 100, "only {found} manifests were found");
    });
}

/// Every object of our kinds, anywhere in a file.
fn manifests() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for place in PLACES {
        for file in yaml_files(&root.join(place)) {
            let text = fs::read_to_string(&file).unwrap();
            for document in serde_yaml::Deserializer::from_str(&text) {
                let mut document = serde_yaml::Value::deserialize(document).unwrap();
                document.apply_merge().unwrap();
                let mut inside = Vec::new();
                collect(serde_json::to_value(document).unwrap(), &mut inside);
                found.extend(inside.into_iter().map(|object| (file.clone(), object)));
            }
        }
    }
    found
}

fn yaml_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.into()];
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_wanted = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|ending| ending == "yaml");
    entries.iter().filter(|path| is_wanted(path)).flat_map(|path| yaml_files(path)).collect()
}

fn collect(value: Value, found: &mut Vec<Value>) {
    let is_ours = value["apiVersion"] == "flagger.app/v1beta1" && value["spec"].is_object();
    match value {
        object if is_ours => found.push(object),
        Value::Object(fields) => fields.into_iter().for_each(|(_, field)| collect(field, found)),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
