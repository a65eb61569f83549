//! What the command reads: scenarios, manifests, statuses and settings.

use std::{path::Path, time::Duration};

use serin_core::{State, state::Status};
use serin_lint::{self as lint, Input, Settings};
use serin_output::Terminal;
use serin_policy::sweep::{Axis, Goal, Shard};
use serin_report::{self as report, Ended, Page, html};
use serin_simulator::{
    drive, expect,
    scenario::{self, Document, Factor, PerSecond, Range, Seconds, Set, Share, Unit, manifest_lines},
};

/// A folder that is not there, so that no file is found that a text names.
const PATH: &str = "no/such/folder/text.yaml";

/// Stories are cut off here, so that a run stays short.
const LONGEST_STORY: Duration = Duration::from_secs(3600);

/// Longer stories are not drawn, which takes more time than all the rest.
const MOST_MOMENTS: usize = 200;

/// A scenario file: read, replayed, judged and shown.
///
/// # Panics
/// An invariant breaks, though the story began with a `.status` of our own.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut scenario = match scenario::parse(text, Path::new(PATH)) {
        Ok(scenario) => scenario,
        Err(error) => {
            assert!(!error.faults.is_empty() && !error.to_string().is_empty());
            return;
        }
    };
    scenario.until = scenario.until.min(LONGEST_STORY);
    let story = drive::run(&scenario);
    let verdict = expect::judge(&scenario, &story);
    let page = Page {
        path: PATH,
        title: &scenario.title,
        canary: &scenario.canary,
        story: &story,
        verdict: &verdict,
    };
    for terminal in [Terminal::new(100, false), Terminal::new(1, true)] {
        shown(&report::text(&page, &terminal));
    }
    for line in (report::json::decisions(&page) + &report::json::verdict(&page)).lines() {
        let line: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(line.is_ok(), "a line of the report is no JSON: {line:?}");
    }
    if story.moments.len() <= MOST_MOMENTS {
        let run = html::Run::of(&page, Ended::AsExpected, None);
        let drawn = html::replays(&[run], &[]);
        assert!(drawn.ends_with("</html>\n") || drawn.ends_with("</html>"), "half a page is drawn");
    }
    if scenario.status.is_none() {
        assert!(verdict.violations.is_empty(), "{:?}", verdict.violations);
    }
}

/// A manifest: looked at, and the report shown in all forms.
pub fn manifest(bytes: &[u8]) {
    let input = Input::read_from(Path::new(PATH), bytes);
    let settings = Settings {
        provider: "istio".into(),
        namespace: "flagger-system".into(),
        controller: None,
        release: None,
    };
    let report = lint::lint(&[input], &settings);
    for findings_only in [false, true] {
        shown(&lint::text::text(&report, findings_only, &Terminal::new(100, false)));
        for line in lint::json::lines(&report, findings_only).lines() {
            let line: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(line.is_ok(), "a line of the report is no JSON: {line:?}");
        }
    }
}

/// A `.status`: what is understood of it is kept.
///
/// # Panics
/// Something is lost on the way to `.status` and back.
pub fn status(bytes: &[u8]) {
    let Ok(status) = serde_json::from_slice::<Status>(bytes) else { return };
    let state = State::from(status);
    let text = serde_json::to_vec(&Status::from(&state)).expect("a status can be written");
    let again: Status = serde_json::from_slice(&text).expect("what was written can be read");
    // Without a save behind it, a state has nothing of its own to keep.
    if state.seq > 0 {
        assert_eq!(State::from(again), state);
    }
}

/// Lines of settings, axes, goals, shards and ranges up to a line `===`; behind it the scenario they are applied to.
///
/// # Panics
/// What is written of a goal or a range is not read as the same again.
pub fn vary(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (lines, scenario) = text.split_once("\n===\n").unwrap_or((text, ""));
    let mut sets = Vec::new();
    for line in lines.lines().take(8) {
        if let Ok(axis) = Axis::parse(line) {
            sets.extend(axis.values.into_iter().take(2).map(|value| Set { path: axis.path.clone(), value }));
        }
        if let Ok(goal) = Goal::parse(line) {
            assert!(Goal::parse(&goal.to_string()).is_ok(), "{goal}");
        }
        if let Ok(shard) = Shard::parse(line) {
            assert_eq!(Shard::parse(&shard.to_string()), Ok(shard));
            assert!(shard.of(1000) <= 1000);
        }
        range::<Share>(line);
        range::<PerSecond>(line);
        range::<Seconds>(line);
        range::<Factor>(line);
    }
    let _ = manifest_lines(sets.iter().map(|set| (&*set.path, &*set.value)));
    let Ok(document) = Document::parse(scenario, Path::new(PATH)) else { return };
    for set in &sets {
        let _ = document.written(&set.path);
        let _ = document.with(std::slice::from_ref(set));
    }
    let _ = document.with(&sets);
}

/// A range of numbers: what is written of it can be read.
fn range<U: Unit>(text: &str) {
    let read = |text: &str| serde_json::from_value::<Range<U>>(text.into());
    if let Ok(range) = read(text) {
        assert!(range.min <= range.max && range.max.is_finite(), "{text}");
        assert!(read(&range.to_string()).is_ok(), "{text} is written {range}");
    }
}

/// What reaches the terminal: no control characters but those of our own colours.
fn shown(text: &str) {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('\u{1b}') {
        let end = behind.find(|c: char| !(c == '[' || c == ';' || c.is_ascii_digit()));
        assert!(end.is_some_and(|end| behind[end..].starts_with('m')), "a foreign escape: {behind:.20}");
        rest = behind;
    }
    let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\u{1b}'));
    assert_eq!(control, None, "a control character is shown");
}
