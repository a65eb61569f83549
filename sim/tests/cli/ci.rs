//! What runs in CI: the action of GitHub, the hooks of pre-commit, the recipes of docs/ci.md.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use insta_cmd::get_cargo_bin;
use serde_yaml::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// A repository with manifests and scenarios as in the recipes.
fn desk() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    let file = |path: &str, text: String| {
        let path = desk.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    file("deploy/shop.yaml", fs::read_to_string(root().join("docs/shop.yaml")).unwrap());
    let ci = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let policy = blocks(&ci, "yaml").into_iter().find(|block| block.starts_with("scenario:")).unwrap();
    file("rollouts/policy.yaml", policy);
    let init = shown(&ci).into_iter().find(|command| command.starts_with("serin init")).unwrap();
    let output = bash(desk.path(), &init, &[]);
    assert!(output.status.success(), "{output:?}");
    desk
}

/// The indented commands of a document.
fn shown(document: &str) -> Vec<String> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix("    serin "))
        .map(|line| format!("serin {line}"))
        .collect()
}

/// The manifest with one change.
fn shop(written: &str, instead: &str) -> String {
    let shop = fs::read_to_string(root().join("docs/shop.yaml")).unwrap();
    assert!(shop.contains(written), "{shop}");
    shop.replacen(written, instead, 1)
}

/// Runs lines in the same way as GitHub.
fn bash(folder: &Path, script: &str, variables: &[(&str, &str)]) -> Output {
    let serin = get_cargo_bin("serin");
    let path = format!("{}:{}", serin.parent().unwrap().display(), env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    bash.current_dir(folder).env_clear().env("PATH", path).env("LANG", "C.UTF-8");
    bash.envs(variables.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const ACTION: &str = ".github/actions/serin/action.yml";

/// Runs the action's lines with these inputs; returns how it ends, and its output `exit-code`.
fn action(folder: &Path, inputs: &[(&str, &str)]) -> (Output, String) {
    let action = yaml(ACTION);
    let declared = action["inputs"].as_mapping().unwrap();
    let mut values: BTreeMap<String, String> = declared
        .iter()
        .map(|(name, input)| (name, input.get("default").and_then(Value::as_str).unwrap_or_default()))
        .map(|(name, default)| (format!("${{{{ inputs.{} }}}}", name.as_str().unwrap()), default.into()))
        .collect();
    for (name, value) in inputs {
        let known = values.insert(format!("${{{{ inputs.{name} }}}}"), (*value).into());
        assert!(known.is_some(), "the action has no input {name}");
    }
    let output_file = folder.join("github-output");
    fs::write(&output_file, "").unwrap();
    let mut last = None;
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        assert_eq!(step["shell"], "bash");
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "text of an input would be run: {script}");
        let none = serde_yaml::Mapping::new();
        let env = step.get("env").and_then(Value::as_mapping).unwrap_or(&none).iter();
        let mut variables: Vec<(&str, &str)> =
            env.map(|(name, value)| (name.as_str().unwrap(), &*values[value.as_str().unwrap()])).collect();
        variables.push(("GITHUB_OUTPUT", output_file.to_str().unwrap()));
        last = Some(bash(folder, script, &variables));
    }
    let output = fs::read_to_string(output_file).unwrap();
    let code = output.trim().strip_prefix("exit-code=").unwrap_or_default().to_owned();
    (last.unwrap(), code)
}

#[test]
fn the_action_lints_and_replays() {
    let desk = desk();
    let (output, code) =
        action(desk.path(), &[("paths", "deploy/shop.yaml\n\ndeploy\n"), ("strict", "true")]);
    assert_eq!((output.status.code(), &*code), (Some(0), "0"), "{output:?}");
    let (output, code) = action(desk.path(), &[("command", "replay"), ("paths", "rollouts/")]);
    assert_eq!((output.status.code(), &*code), (Some(0), "0"), "{output:?}");
}

#[test]
fn the_action_annotates_and_fails_as_the_command_does() {
    let desk = desk();
    fs::write(desk.path().join("deploy/a bad.yaml"), shop("interval: 1m", "interval: 1 minute")).unwrap();
    let inputs = [
        ("paths", "deploy/a bad.yaml"),
        ("strict", "true"),
        ("sarif-file", "a.sarif"),
        ("junit-file", "a.xml"),
    ];
    let (output, code) = action(desk.path(), &inputs);
    let ended = output.status.code().unwrap();
    assert!(ended != 0 && code == ended.to_string(), "{output:?}");
    assert!(text(&output.stdout).starts_with("::error file=deploy/a bad.yaml,line="), "{output:?}");
    let sarif = fs::read_to_string(desk.path().join("a.sarif")).unwrap();
    assert!(sarif.contains("\"uri\": \"deploy/a%20bad.yaml\""), "{sarif}");
    assert!(fs::read_to_string(desk.path().join("a.xml")).unwrap().contains("failures=\"1\""));
}

#[test]
fn the_action_does_not_execute_its_inputs() {
    let desk = desk();
    let evil = "$(touch owned)\n`touch owned`; touch owned\n--strict";
    let (output, _) = action(desk.path(), &[("paths", evil), ("for", "$(touch owned)")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let (output, _) = action(desk.path(), &[("paths", "deploy/"), ("command", "replay; touch owned")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!desk.path().join("owned").exists());
}

/// A hook as pre-commit calls it: its entry, then the files.
fn hook(folder: &Path, id: &str, files: &[&str]) -> Output {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hook = hooks.as_sequence().unwrap().iter().find(|hook| hook["id"] == id).unwrap();
    let files: Vec<String> = files.iter().map(|file| format!("'{file}'")).collect();
    bash(folder, &format!("{} {}", hook["entry"].as_str().unwrap(), files.join(" ")), &[])
}

#[test]
fn the_hooks_check_only_their_files() {
    let desk = desk();
    fs::write(desk.path().join("values.yaml"), "image: shop\n").unwrap();
    let files = ["values.yaml", "deploy/shop.yaml", "rollouts/shop-scenario.yaml"];
    for id in ["serin-lint", "serin-replay"] {
        let output = hook(desk.path(), id, &files);
        assert_eq!(output.status.code(), Some(0), "{id}: {output:?}");
        let output = hook(desk.path(), id, &files[..1]);
        assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(0), ""), "{id}: {output:?}");
    }
    let scenario = desk.path().join("rollouts/shop-scenario.yaml");
    let broken = fs::read_to_string(&scenario).unwrap().replace("promoted: v2", "promoted: v3");
    fs::write(&scenario, broken).unwrap();
    assert_eq!(hook(desk.path(), "serin-replay", &files).status.code(), Some(1));
    fs::write(desk.path().join("deploy/shop.yaml"), shop("stepWeight: 10", "stepWeight: a lot")).unwrap();
    assert_ne!(hook(desk.path(), "serin-lint", &files).status.code(), Some(0));
}

/// The fenced blocks of a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let parts = document.split(&fence).skip(1);
    parts.map(|part| part.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

/// The commands of a recipe, wherever its CI system defines them.
fn commands(recipe: &Value) -> Vec<String> {
    if let Some(items) = recipe.as_sequence() {
        return items.iter().flat_map(commands).collect();
    }
    let fields = recipe.as_mapping().into_iter().flatten();
    let of_field = |(key, value): (&Value, &Value)| match (key.as_str(), value.as_str(), value.as_sequence())
    {
        (Some("run"), Some(script), _) => vec![script.to_owned()],
        (Some("script"), _, Some(lines)) => {
            lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
        }
        _ => commands(value),
    };
    fields.flat_map(of_field).collect()
}

/// The inputs of each step that uses the action.
fn uses(recipe: &Value) -> Vec<Vec<(String, String)>> {
    let steps = recipe.get("jobs").and_then(|jobs| jobs.get("serin")?.get("steps")?.as_sequence());
    let ours = steps
        .into_iter()
        .flatten()
        .filter(|step| step.get("uses").and_then(Value::as_str).is_some_and(|uses| uses.contains("/serin/")));
    let scalar = |value: &Value| match value.as_bool() {
        Some(value) => value.to_string(),
        None => value.as_str().unwrap().to_owned(),
    };
    let inputs = |step: &Value| {
        let with = step["with"].as_mapping().unwrap().iter();
        with.map(|(name, value)| (name.as_str().unwrap().to_owned(), scalar(value))).collect()
    };
    ours.map(inputs).collect()
}

#[test]
fn the_recipes_run() {
    let desk = desk();
    let ci = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let (mut ran, mut used) = (0, 0);
    for recipe in blocks(&ci, "yaml") {
        let recipe: Value = serde_yaml::from_str(&recipe).unwrap();
        for command in commands(&recipe) {
            let output = bash(desk.path(), &command, &[]);
            assert!(output.status.success(), "{command}\n{}{}", text(&output.stdout), text(&output.stderr));
            ran += 1;
        }
        for inputs in uses(&recipe) {
            let inputs: Vec<(&str, &str)> = inputs.iter().map(|(name, value)| (&**name, &**value)).collect();
            let (output, _) = action(desk.path(), &inputs);
            assert!(output.status.success(), "{inputs:?}\n{output:?}");
            used += 1;
        }
    }
    assert_eq!((ran, used), (5, 3));
    let quality = fs::read_to_string(desk.path().join("gl-code-quality-report.json")).unwrap();
    assert!(serde_json::from_str::<Vec<serde_json::Value>>(&quality).is_ok(), "{quality}");
}

#[test]
fn the_documented_inputs_are_those_of_the_action() {
    let ci = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let action = yaml(ACTION);
    let declared: Vec<&str> =
        action["inputs"].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap()).collect();
    let table = ci.split("| input | meaning").nth(1).unwrap().split("\n\n").next().unwrap();
    let documented: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(documented, declared);
}

#[test]
fn the_hooks_of_the_recipe_exist() {
    let ci = fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let hooks = yaml(".pre-commit-hooks.yaml");
    let ids: Vec<&str> =
        hooks.as_sequence().unwrap().iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    for id in ids {
        assert!(ci.contains(&format!("- id: {id}\n")), "{id} is not in docs/ci.md");
    }
}
