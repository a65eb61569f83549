//! Scenarios that are read, and the messages about those that cannot be.

use std::{fs, path::PathBuf};

use super::*;

/// A whole scenario; `rest` are further top-level fields.
const SHOP: &str = "\
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: prod}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    analysis:
      interval: 1m
      stepWeight: 50
      metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
      webhooks: [{name: gate, url: http://gate}]
";

fn read(further: &str) -> Result<Scenario, String> {
    parse(&format!("{SHOP}{further}"), Path::new("shop.yaml")).map_err(|error| error.to_string())
}

fn refusal(text: &str) -> String {
    parse(text, Path::new("shop.yaml")).map(|scenario| scenario.title).unwrap_err().to_string()
}

#[test]
fn the_shortest_scenario_is_a_title_and_a_canary() {
    let scenario = read("").unwrap();
    assert_eq!((scenario.title.as_str(), &*scenario.canary.identity().name), ("a release", "shop"));
    assert_eq!((scenario.events.len(), scenario.expect.len()), (0, 0));
    assert_eq!(scenario.until, Duration::from_secs(86_400));
}

#[test]
fn a_fault_names_line_field_and_a_close_name() {
    for (further, fault) in [
        ("event: []\n", "shop.yaml:13:1: event: unknown field `event`; did you mean `events`?"),
        ("world:\n  hook: {}\n", "shop.yaml:14:3: world.hook: unknown field `hook`; did you mean `hooks`?"),
        ("until: soon\n", "shop.yaml:13:1: until: `soon` is not a duration such as 30s, 1m30s or 2h"),
        ("events:\n  - {at: 1m}\n", "shop.yaml:14:5: events[0]: has no action; use one of `deploy`,"),
        ("events: [{at: 2d, scale: 0}]\n", "shop.yaml:13:10: events[0]: is after the end of the story"),
        (
            "world:\n  metrics: {request-succes-rate: [1]}\n",
            "shop.yaml:14:13: world.metrics.request-succes-rate: unknown metric `request-succes-rate`; did you mean \
             `request-success-rate`?",
        ),
        ("world: {hooks: {gate: []}}\n", "shop.yaml:13:17: world.hooks.gate: needs at least one answer"),
        (
            "events: [{when: {phase: Progresing}, scale: 0}]\n",
            "shop.yaml:13:25: events[0].when.phase: unknown value `Progresing`; did you mean `Progressing`?",
        ),
        (
            "events: [{at: 1m, fail: {command: rout}}, {at: 1m, fail: {command: ruote}}]\n",
            "shop.yaml:13:59: events[1].fail.command: unknown command `ruote`; did you mean `route`?",
        ),
        (
            "expect:\n  - event: {matches: (}\n",
            "shop.yaml:14:13: expect[0].event.matches: `(` is not a regular expression: unclosed group",
        ),
        (
            "expect: [hook: {name: gaet}]\n",
            "shop.yaml:13:17: expect[0].hook.name: unknown hook `gaet`; did you mean `gate`?",
        ),
        (
            "expect: [not: {rule: check-faild}]\n",
            "shop.yaml:13:16: expect[0].not.rule: unknown rule `check-faild`; did you mean `check-failed`?",
        ),
        (
            "world: {primary: {runs: v1}}\n",
            "shop.yaml:13:9: world.primary: is only for a story that begins with a `status`",
        ),
        (
            "events: [{at: 1m, edit: {analysis: {threshold: many}}}]\n",
            "shop.yaml:13:37: events[0].edit.analysis.threshold: the API server would refuse it: invalid type: string \
             \"many\", expected a number",
        ),
    ] {
        let said = read(further).map(|scenario| scenario.title).unwrap_err();
        assert!(said.starts_with(fault), "{said}\nfor {further}");
    }
}

#[test]
fn every_problem_of_the_canary_is_reported_at_its_place() {
    let text = SHOP.replace("1m", "1x").replace("http://gate", "gate");
    assert_eq!(
        refusal(&text),
        "shop.yaml:9:7: canary.spec.analysis.interval: `1x` is not a duration such as 30s, 1m30s or 2h\n\
         shop.yaml:12:31: canary.spec.analysis.webhooks[0].url: must begin with http:// or https://"
    );
    let text = SHOP.replace("stepWeight: 50", "stepWeight: half");
    assert!(
        refusal(&text).starts_with("shop.yaml:10:7: canary.spec.analysis.stepWeight: invalid type"),
        "{text}"
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let said = read("world: {hooks: {a: [200]}}\nevents: [{at: 1m}]\nexpect: [{}]\n").unwrap_err();
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn a_file_that_is_not_a_scenario_is_refused_in_a_sentence() {
    let deep = format!("scenario: {}", "[".repeat(100_000));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for i in 1..10 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(1_000));
    for (text, fault) in [
        ("", "shop.yaml: is empty"),
        ("  \n", "shop.yaml: is empty"),
        ("# nothing\n", "shop.yaml:"),
        ("just text", "shop.yaml:1:1: invalid type: string \"just text\", expected a mapping"),
        ("- a\n", "shop.yaml:1:1: invalid type: sequence, expected a mapping"),
        ("\u{0}\u{1}", "shop.yaml:1:1: control characters are not allowed"),
        ("a: [\n", "shop.yaml:"),
        ("scenario: x\n---\nscenario: y\n", "shop.yaml:1:1: missing field `canary`"),
        (&deep, "shop.yaml:1:1: is nested too deeply"),
        (&bomb, "shop.yaml: is too large once its aliases are replaced"),
        (&long, "shop.yaml: is too large once its aliases are replaced"),
        ("a: &a [*a]\n", "shop.yaml:"),
        (&"- ".repeat(100_000), "shop.yaml:"),
        (&format!("scenario: x\ncanary:\n  a:\n  {}x", "- ".repeat(200)), "shop.yaml:"),
        (
            &format!("scenario: x\ncanary:\n  a: {}x{}", "[".repeat(120), "]".repeat(120)),
            "shop.yaml:2:1: canary: missing field",
        ),
    ] {
        let said = refusal(text);
        assert!(said.starts_with(fault), "{said}\nfor {}", &text[..text.len().min(40)]);
    }
    assert!(refusal(&format!("{SHOP}---\na: 1\n")).contains("more than one document"));
}

#[test]
fn names_of_an_edited_canary_are_known() {
    let edit = "edit: {analysis: {webhooks: [{name: later, url: http://later}]}}";
    assert!(read(&format!("events: [{{at: 1m, {edit}}}, {{at: 2m, hooks: {{later: [200]}}}}]\n")).is_ok());
    assert!(read("events: [{at: 2m, hooks: {later: [200]}}]\n").is_err());
}

#[test]
fn an_edit_can_make_the_canary_of_a_story_invalid() {
    assert!(read("events: [{at: 1m, edit: {targetRef: null}}]\n").is_ok());
}

/// An empty folder of its own below the target directory.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/sim-tests").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("below")).unwrap();
    folder
}

const MANIFESTS: &str = "\
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: errors, namespace: prod}
spec: {}
---
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  analysis:
    stepWeight: 50
    metrics: [{name: errors}]
";

#[test]
fn manifests_are_named_by_path() {
    let folder = folder("manifests");
    fs::write(folder.join("shop.yaml"), MANIFESTS).unwrap();
    fs::write(folder.join("odd.yaml"), MANIFESTS.replace("stepWeight: 50", "stepWeight: 500")).unwrap();
    fs::write(folder.join("twice.yaml"), format!("{MANIFESTS}---\n{MANIFESTS}")).unwrap();
    let read = |text: &str| parse(text, &folder.join("below/story.yaml")).map_err(|error| error.to_string());

    let scenario = read("scenario: x\ncanary: ../shop.yaml\n").unwrap();
    assert_eq!(&*scenario.canary.metrics()[0].name, "errors");

    let path = folder.join("below/../odd.yaml").display().to_string();
    let said = read("scenario: x\ncanary: ../odd.yaml\n").unwrap_err();
    assert_eq!(
        said,
        format!("{path}:13:5: canary.spec.analysis.stepWeight: 500 is not a percentage from 0 to 100")
    );

    let story = folder.join("below/story.yaml").display().to_string();
    for (canary, what) in
        [("../gone.yaml", "cannot be read: "), ("../twice.yaml", "contains more than one Canary")]
    {
        let said = read(&format!("scenario: x\ncanary: {canary}\n")).unwrap_err();
        assert!(said.starts_with(&format!("{story}:2:1: canary: ")) && said.contains(what), "{said}");
    }
}

#[test]
fn templates_make_their_names_metrics() {
    let text = SHOP.replace("name: request-success-rate", "name: errors");
    assert!(refusal(&text).contains("canary.spec.analysis.metrics[0].name: is neither built in"));
    let template = "templates:\n  - {kind: MetricTemplate, metadata: {name: errors}}\n";
    assert!(parse(&format!("{text}{template}"), Path::new("shop.yaml")).is_ok());
    let other = template.replace("MetricTemplate", "Metric");
    let said = refusal(&format!("{text}{other}"));
    assert_eq!(said, "shop.yaml:14:6: templates[0].kind: must be MetricTemplate");
}

#[test]
fn only_the_scenarios_of_a_folder_are_found() {
    let folder = folder("find");
    for (name, text) in [
        ("b.yaml", SHOP),
        ("a.yml", "# first\n\"scenario\": x\n"),
        ("below/c.yaml", "scenario: broken [\n: :\n"),
        ("below/shop.yaml", MANIFESTS),
        ("below/notes.txt", SHOP),
        ("below/list.yaml", "- scenario: x\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let found = find(std::slice::from_ref(&folder)).unwrap();
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["a.yml", "b.yaml", "below/c.yaml"]);
    assert_eq!(find(&[folder.join("below/list.yaml")]).unwrap().len(), 1);

    fs::remove_file(folder.join("below/c.yaml")).unwrap();
    assert!(find(&[folder.join("below")]).unwrap_err().to_string().contains("contains no YAML file"));
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_refused() {
    let folder = folder("large");
    let large = folder.join("large.yaml");
    fs::write(&large, " ".repeat((1 << 20) + 1)).unwrap();
    assert_eq!(load(&large).unwrap_err().faults[0].what, "is larger than 1 MiB");
    let binary = folder.join("binary.yaml");
    fs::write(&binary, [b'a', 0xff]).unwrap();
    assert_eq!(load(&binary).unwrap_err().faults[0].what, "is not UTF-8 text (byte 1)");
}

#[test]
fn a_canary_with_a_misspelt_analysis_is_refused() {
    let told = refusal(&SHOP.replace("    analysis:", "    anaylsis:"));
    let expected = "shop.yaml:8:5: canary.spec.anaylsis: is unknown and `analysis` is missing: a release would not be \
                    analysed, and every revision would be promoted; did you mean `analysis`?";
    assert_eq!(told, expected);
}

#[test]
fn all_values_of_the_wrong_type_are_reported_at_once() {
    let told = refusal(
        &SHOP.replace("interval: 1m", "interval: 60").replace("stepWeight: 50", "stepWeight: \"50\""),
    );
    let expected = "shop.yaml:9:7: canary.spec.analysis.interval: 60 has no unit; a duration has one, such as 30s, 1m30s or \
                    2h; write `60s`\n\
                    shop.yaml:10:7: canary.spec.analysis.stepWeight: invalid type: string \"50\", expected a number; write \
                    50 without quotes";
    assert_eq!(told, expected);
}

#[test]
fn a_duplicate_key_is_refused_with_both_lines() {
    let told = refusal(&format!(
        "{SHOP}world: {{metrics: {{request-success-rate: [1], request-success-rate: [2]}}}}\n"
    ));
    let expected = "shop.yaml:13:46: world.metrics.request-success-rate: is already set in line 13: remove one of the two";
    assert_eq!(told, expected);
    let told = refusal(&SHOP.replace("stepWeight: 50", "interval: 2m"));
    assert_eq!(
        told,
        "shop.yaml:10:7: canary.spec.analysis.interval: is already set in line 9: remove one of the two"
    );
}

#[test]
fn a_template_that_was_not_rendered_is_refused_as_such() {
    let told = refusal(&SHOP.replace("interval: 1m", "interval: {{ .Values.interval }}"));
    assert!(told.starts_with("shop.yaml:9:17: "), "{told}");
    assert!(told.contains("this is a Helm template"), "{told}");
    let told = refusal(&SHOP.replace("stepWeight: 50", "stepWeight: ${STEP}"));
    assert!(
        told.contains("canary.spec.analysis.stepWeight: `${STEP}` is a variable that was not replaced"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_canary_is_found_in_a_list_and_its_faults_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let list = "kind: List\nitems:\n- {apiVersion: v1, kind: Service}\n- apiVersion: flagger.app/v1beta1\n  kind: Canary\n  \
                metadata: {name: shop}\n  spec:\n    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}\n    \
                analysis: {interval: 1m, iterations: 1}\n";
    let story = "scenario: a release\ncanary: list.yaml\n";
    let load = |list: &str| {
        fs::write(folder.path().join("list.yaml"), list).unwrap();
        parse(story, &folder.path().join("shop.yaml"))
    };
    assert_eq!(&*load(list).unwrap().canary.identity().name, "shop");
    let told = load(&list.replace("1m", "soon")).unwrap_err().to_string();
    assert!(
        told.contains("list.yaml:9:16: canary.spec.analysis.interval: `soon` is not a duration"),
        "{told}"
    );
}
