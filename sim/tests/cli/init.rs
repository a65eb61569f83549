//! `serin init`: the scenario that it writes goes as expected, for Canaries of every kind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use insta_cmd::assert_cmd_snapshot;
use serde_json::{Value, json};
use serin_sim::init::{self, InitInput, Written};
use serin_simulator::scenario;
use tempfile::TempDir;

use crate::serin;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn given(name: &str) -> String {
    root().join(format!("sim/tests/cli/init/{name}.yaml")).display().to_string()
}

/// Runs `serin` in a folder.
fn run(folder: &Path, args: &[&str]) -> Output {
    serin().current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs `serin init` with these arguments in its own folder, and replays the result.
fn written(args: &[&str]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&["init"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    let files: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{args:?} wrote {files:?}") };
    has_the_result_it_states(folder.path(), file);
    let scenario = fs::read_to_string(file).unwrap();
    (folder, scenario)
}

fn has_the_result_it_states(folder: &Path, file: &Path) {
    let replayed = run(folder, &["replay", "--format", "json", "--quiet", file.to_str().unwrap()]);
    let verdict: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(replayed.status.code(), Some(0), "{}\n{verdict:#}", text(&replayed.stderr));
    assert_eq!(verdict["missed"], json!([]), "{verdict:#}");
    assert!(verdict["expectations"].as_u64().unwrap() >= 4, "{verdict:#}");
}

#[test]
fn snap_a_first_scenario() {
    let shop = root().join("docs/shop.yaml");
    let (_, scenario) = written(&[shop.to_str().unwrap()]);
    let scenario = scenario.lines().map(|line| if line.starts_with("canary: ") { "canary: …" } else { line });
    insta::assert_snapshot!(scenario.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_world_that_it_suggests_can_be_swept() {
    let (folder, scenario) = written(&[&given("mirror")]);
    let (head, rest) = scenario.split_once("\n# How the cluster answers").unwrap();
    let (_, world) = rest.split_once("# world:\n").unwrap();
    let world: String = world.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap())).collect();
    let simulated = format!("{head}\nworld:\n{world}events: [{{at: 10m, deploy: v2}}]\n");
    fs::write(folder.path().join("a.yaml"), simulated).unwrap();
    let output = run(folder.path(), &["sweep", "a.yaml", "--runs", "20"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn every_strategy_has_a_good_and_a_bad_release() {
    for (name, bad) in [
        ("step-weights", "request-duration: [275]"),
        ("ab-testing", "request-success-rate: [88.65]"),
        ("blue-green", "load-test: [500]"),
        ("mirror", "request-success-rate: [89.1]"),
        ("nothing-measured", "ready: {canary: never}"),
        ("gates", "stop: [200]"),
    ] {
        let (_, scenario) = written(&[&given(name)]);
        let v3 = scenario.split_once("v3 is bad").unwrap().1;
        let event = v3.lines().nth(1).unwrap();
        assert!(event.contains(bad), "{name}: {event}");
        assert!(scenario.contains("\n  - promoted: v2\n"), "{scenario}");
    }
}

#[test]
fn a_metric_is_found_in_the_template_of_another_file() {
    let (_, scenario) = written(&[&given("with-templates"), &given("templates")]);
    assert!(scenario.contains("queue: [-2.5]") && scenario.contains("lost-carts: [1.5]"), "{scenario}");
    assert!(scenario.contains("metrics: {queue: [-6]}"), "{scenario}");
}

#[test]
fn one_of_several_is_chosen_by_its_name() {
    let several = given("several");
    for name in ["cart", "search.test"] {
        let (folder, _) = written(&[&several, "--canary", name]);
        let file = format!("{}-scenario.yaml", name.split('.').next().unwrap());
        assert!(folder.path().join(file).exists());
    }
    let folder = tempfile::tempdir().unwrap();
    for (args, says) in [
        (
            &[][..],
            "there are several Canaries; choose one with --canary: search.prod, search.test, cart.prod",
        ),
        (
            &["--canary", "search"],
            "there are several Canaries; choose one with --canary: search.prod, search.test",
        ),
        (
            &["--canary", "shop"],
            "there is no Canary `shop`; the files contain: search.prod, search.test, cart.prod",
        ),
    ] {
        let output = run(folder.path(), &[&["init", &several], args].concat());
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), format!("error: {several}: {says}\n"));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn standard_input_and_output_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = fs::File::open(given("mirror")).unwrap();
    let mut serin = serin();
    serin.current_dir(folder.path()).args(["init", "-", "--out", "-"]).stdin(Stdio::from(manifest));
    let output = serin.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = folder.path().join("a.yaml");
    fs::write(&file, output.stdout).unwrap();
    has_the_result_it_states(folder.path(), &file);
}

#[test]
fn paths_in_a_scenario_are_relative_to_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deploy")).unwrap();
    fs::copy(given("mirror"), folder.path().join("deploy/canary.yaml")).unwrap();
    for (out, file, canary) in [
        ("tests/serin/", "tests/serin/search-scenario.yaml", "../../deploy/canary.yaml"),
        ("deploy/a.yaml", "deploy/a.yaml", "canary.yaml"),
        (".", "search-scenario.yaml", "deploy/canary.yaml"),
    ] {
        let output = run(folder.path(), &["init", "deploy/canary.yaml", "--out", out]);
        let says = format!("wrote {file}\n\nReplay it:\n  serin replay {file}\n");
        assert_eq!(text(&output.stdout), says, "{}", text(&output.stderr));
        let scenario = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(scenario.contains(&format!("\ncanary: {canary}\n")), "{scenario}");
        has_the_result_it_states(folder.path(), Path::new(file));
    }
}

#[test]
fn an_existing_file_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("search-scenario.yaml");
    fs::write(&file, "mine").unwrap();
    let output = run(folder.path(), &["init", &given("mirror")]);
    assert_eq!(output.status.code(), Some(2));
    let says = "error: search-scenario.yaml exists; choose another --out, or replace it with --force\n";
    assert_eq!(text(&output.stderr), says);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let output = run(folder.path(), &["init", &given("mirror"), "--force"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    has_the_result_it_states(folder.path(), &file);
}

#[test]
fn snap_manifests_without_a_first_scenario() {
    for (name, args) in [
        ("refused", &["sim/tests/cli/lint/bad/refused.yaml"][..]),
        ("no-canary", &["sim/tests/cli/init/templates.yaml"]),
        ("no-file", &["no/such.yaml"]),
        ("no-template", &["sim/tests/cli/init/with-templates.yaml", "--out", "target/none.yaml"]),
        ("a-scenario", &["scenarios/everyday/weighted-good.yaml"]),
    ] {
        insta::with_settings!({snapshot_suffix => name}, {
            assert_cmd_snapshot!(serin().arg("init").args(args));
        });
    }
}

#[test]
fn snap_help_of_init() {
    assert_cmd_snapshot!(serin().args(["init", "--help"]));
}

/// Every Canary of a story, as a manifest.
#[test]
fn every_canary_of_the_stories_has_a_first_scenario() {
    let mut count = 0;
    for path in scenario::find(&[root().join("scenarios")]).unwrap() {
        let scenario = scenario::load(&path).unwrap();
        let template = |(namespace, name): &(String, String)| {
            let metadata = json!({"namespace": namespace, "name": name});
            Written::Manifest(json!({"kind": "MetricTemplate", "metadata": metadata}))
        };
        let subject = InitInput {
            name: scenario.canary.identity().name.to_string(),
            canary: Written::Manifest(scenario.manifest.clone()),
            templates: scenario.defaults.templates.iter().map(template).collect(),
            provider: Some(scenario.defaults.provider.to_string()),
            namespace: Some(scenario.defaults.namespace.to_string()),
        };
        match init::scenario(&subject, &path) {
            Ok(text) => assert!(text.contains("# v3 is bad: "), "{}", path.display()),
            Err(error) => panic!("{}: {error}", path.display()),
        }
        count += 1;
    }
    assert!(count > 400, "only {count} stories");
}
