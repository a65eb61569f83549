//! An explanation as text.

use serin_core::time::Human;
use serin_output::{
    Terminal,
    span::{Span, lines, paint, printable},
    terminal::{BAD, FAINT, GOOD, PLAIN, STRONG, WARNING},
};
use serin_simulator::scenario::Scenario;

use super::{At, Chapter, ChapterKind, Explanation, Topic, words::count};

/// The width of the names of topics.
const TOPIC: usize = 14;
const INDENT: usize = 2;

/// A story, explained: a heading, and for each chapter how it ended, why, and what would have changed the outcome.
#[must_use]
pub fn text(path: &str, explanation: &Explanation, terminal: &Terminal) -> String {
    let mut text = heading(path, &explanation.title, explanation.not_driven.as_deref(), terminal);
    for chapter in &explanation.chapters {
        text += "\n";
        text += &of_chapter(chapter, terminal);
    }
    if explanation.chapters.is_empty() {
        text += "\nNothing was decided.\n";
    }
    text
}

/// One instant of a story, explained.
#[must_use]
pub fn text_at(path: &str, scenario: &Scenario, at: &At, terminal: &Terminal) -> String {
    let mut text = heading(path, &scenario.title, scenario.not_driven.as_deref(), terminal) + "\n";
    text += &format!("{}\n", paint(STRONG, &format!("At {}:", Human(at.at))));
    text += &rows("happened", &at.happened, terminal);
    for decided in &at.decisions {
        text += "\n";
        text += &row("rule", &format!("{}: {}", decided.rule, decided.meaning), STRONG, terminal);
        text += &rows("seen", &decided.seen, terminal);
        text += &rows("done", &decided.done, terminal);
        text += &rows("told", &decided.told, terminal);
        text += &row("status", &decided.stands, PLAIN, terminal);
        text += &rows("next", &decided.next, terminal);
    }
    text
}

fn heading(path: &str, title: &str, not_driven: Option<&str>, terminal: &Terminal) -> String {
    let title = lines(&Span::words(STRONG, title), terminal.width);
    let not_driven = lines(&Span::words(WARNING, not_driven.unwrap_or_default()), terminal.width);
    let lines: Vec<String> = title.into_iter().chain(not_driven).filter(|line| !line.is_empty()).collect();
    format!("{}\n{}\n", paint(FAINT, &printable(path)), lines.join("\n"))
}

fn of_chapter(chapter: &Chapter, terminal: &Terminal) -> String {
    let style = match chapter.outcome {
        "promoted" | "initialized" | "taken-over" | "released" => GOOD,
        "rolled-back" | "promotion-failed" => BAD,
        _ => WARNING,
    };
    let mut text = lines(&Span::words(style.bold(), &chapter.summary), terminal.width).join("\n") + "\n";
    // If nothing delayed the setup of the primary, its other topics are left out.
    let is_plain = chapter.of == ChapterKind::Setup && chapter.outcome == "initialized";
    let matters =
        |topic: Topic| !is_plain || matches!(topic, Topic::Waited | Topic::Meanwhile | Topic::Afterwards);
    for (topic, sentences) in chapter.told.iter().filter(|(topic, _)| matters(*topic)) {
        text += &rows(topic.name(), sentences, terminal);
    }
    text + &different(chapter, terminal)
}

/// The changes that lead to another outcome; nothing if no change was tried.
fn different(chapter: &Chapter, terminal: &Terminal) -> String {
    let mut text = String::new();
    if chapter.tried == 0 {
        return text;
    }
    let pad = " ".repeat(INDENT);
    let heading = match chapter.outcome {
        "promoted" => "What would have prevented it",
        _ => "What would have changed the outcome",
    };
    text += &format!("{pad}{}\n", paint(STRONG, heading));
    if chapter.different.is_empty() {
        let tried = match chapter.tried {
            1 => "The one change that was tried leads to the same outcome.".into(),
            tried => {
                format!("None of the {} that were tried leads to another outcome.", count(tried, "change"))
            }
        };
        return text + &format!("{pad}{pad}{}\n", paint(FAINT, &tried));
    }
    for difference in &chapter.different {
        let sentence = format!("{} {}, {}.", terminal.signs.and, difference.change, difference.told);
        text += &indented(&Span::words(PLAIN, &sentence), INDENT * 2, terminal);
    }
    text
}

/// Sentences, the first with the name of the topic.
fn rows(name: &str, sentences: &[String], terminal: &Terminal) -> String {
    let named = sentences.iter().enumerate().map(|(i, sentence)| (if i == 0 { name } else { "" }, sentence));
    named.map(|(name, sentence)| row(name, sentence, PLAIN, terminal)).collect()
}

fn row(name: &str, sentence: &str, style: anstyle::Style, terminal: &Terminal) -> String {
    let columns = terminal.width.saturating_sub(INDENT + TOPIC).max(28);
    let words = Span::words(style, sentence);
    let mut text = String::new();
    for (i, line) in lines(&words, columns).into_iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        text += &format!("{:INDENT$}{}{line}\n", "", paint(FAINT, &format!("{name:TOPIC$}")));
    }
    text
}

fn indented(words: &[Span], indent: usize, terminal: &Terminal) -> String {
    let lines = lines(words, terminal.width.saturating_sub(indent).max(28));
    lines.into_iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}
