//! The documents are correct: their examples have the results that they state, and their links lead somewhere.

use std::path::{Path, PathBuf};

use serin_output::{Terminal, WIDTH};
use serin_report as report;
use serin_simulator::{drive, expect::judge, scenario};

use crate::{root, stories};

/// Every document for people, from the root of the repository.
fn documents() -> Vec<PathBuf> {
    let folders = [root().to_path_buf(), root().join("docs"), root().join("scenarios")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The YAML blocks of a document, each with its first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == "```yaml" {
            let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            found.push((number + 2, block.map(|line| format!("{line}\n")).collect()));
        }
    }
    found
}

#[test]
fn every_example_has_the_result_it_states() {
    let mut examples = 0;
    for document in ["docs/scenarios.md", "scenarios/README.md"] {
        for (line, block) in blocks(&read(document)) {
            if block.starts_with("scenario:") {
                examples += 1;
                has_the_result_it_states(&block, Path::new(document), line);
            }
        }
    }
    assert!(examples >= 13, "only {examples} examples were found");
}

fn has_the_result_it_states(text: &str, document: &Path, line: usize) {
    let at = format!("{}:{line}", document.display());
    let scenario = scenario::parse(text, &root().join(document));
    let scenario = scenario.unwrap_or_else(|error| panic!("{at}: {error}"));
    let story = drive::run(&scenario);
    let verdict = judge(&scenario, &story);
    let (title, canary) = (&scenario.title, &scenario.canary);
    let page = report::Page { path: &at, title, canary, story: &story, verdict: &verdict };
    let told = report::text(&page, &Terminal::new(WIDTH, true));
    assert!(verdict.holds() && story.missed.is_empty(), "{}", anstream::adapter::strip_str(&told));
}

#[test]
fn the_canary_of_the_examples_is_the_one_that_is_shown() {
    let shown = blocks(&read("docs/scenarios.md")).into_iter().map(|(_, block)| block);
    assert!(shown.into_iter().any(|block| block == read("docs/shop.yaml")));
}

/// The targets of a document's links, without those to other hosts and within the page.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    targets.map(|target| target.split('#').next().unwrap()).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            checked += 1;
            if !document.parent().unwrap().join(link).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(checked > 100, "only {checked} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The anchor that renderers of Markdown give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn every_link_within_a_page_leads_to_a_heading() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let headings: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect();
        for link in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(headings.iter().any(|heading| heading == link), "{}: #{link}", document.display());
        }
    }
}

#[test]
fn every_difference_is_explained_and_shown() {
    let text = read("docs/differences.md");
    for row in (1..=30).chain(32..=32) {
        assert!(text.contains(&format!("\n## D{row} ")), "D{row} has no section");
    }
    for story in stories("differences") {
        let name = story.file_name().and_then(|name| name.to_str()).unwrap();
        assert!(text.contains(&format!("(../scenarios/differences/{name})")), "{name} is not linked");
    }
}
