//! An explanation as people read it.

use serin_core::time::Human;

use super::{At, Chapter, Explanation, Part, Topic, words::count};
use crate::{
    report::{
        Look,
        look::{BAD, FAINT, GOOD, PLAIN, STRONG, WARNING},
        piece::{Piece, lines, paint, printable},
    },
    scenario::Scenario,
};

/// Columns of the names of topics.
const TOPIC: usize = 14;
const INDENT: usize = 2;

/// A story, explained: a heading, and for each chapter how it ended, why, and what would have led elsewhere.
#[must_use]
pub fn text(path: &str, explanation: &Explanation, look: &Look) -> String {
    let mut text = heading(path, &explanation.title, explanation.not_driven.as_deref(), look);
    for chapter in &explanation.chapters {
        text += "\n";
        text += &of_chapter(chapter, look);
    }
    if explanation.chapters.is_empty() {
        text += "\nNothing was decided.\n";
    }
    text
}

/// One instant of a story, explained.
#[must_use]
pub fn text_at(path: &str, scenario: &Scenario, at: &At, look: &Look) -> String {
    let mut text = heading(path, &scenario.title, scenario.not_driven.as_deref(), look) + "\n";
    text += &format!("{}\n", paint(STRONG, &format!("At {}:", Human(at.at))));
    text += &rows("happened", &at.happened, look);
    for decided in &at.decisions {
        text += "\n";
        text += &row("rule", &format!("{}: {}", decided.rule, decided.meaning), STRONG, look);
        text += &rows("seen", &decided.seen, look);
        text += &rows("done", &decided.done, look);
        text += &rows("told", &decided.told, look);
        text += &row("stands at", &decided.stands, PLAIN, look);
        text += &rows("next", &decided.next, look);
    }
    text
}

fn heading(path: &str, title: &str, not_driven: Option<&str>, look: &Look) -> String {
    let title = lines(&Piece::words(STRONG, title), look.width);
    let not_driven = lines(&Piece::words(WARNING, not_driven.unwrap_or_default()), look.width);
    let lines: Vec<String> = title.into_iter().chain(not_driven).filter(|line| !line.is_empty()).collect();
    format!("{}\n{}\n", paint(FAINT, &printable(path)), lines.join("\n"))
}

fn of_chapter(chapter: &Chapter, look: &Look) -> String {
    let style = match chapter.outcome {
        "promoted" | "initialized" | "taken-over" | "released" => GOOD,
        "rolled-back" | "promotion-failed" => BAD,
        _ => WARNING,
    };
    let mut text = lines(&Piece::words(style.bold(), &chapter.summary), look.width).join("\n") + "\n";
    // That the primary was set up needs no more words where nothing was in its way.
    let is_plain = chapter.of == Part::Setup && chapter.outcome == "initialized";
    let matters =
        |topic: Topic| !is_plain || matches!(topic, Topic::Waited | Topic::Meanwhile | Topic::Afterwards);
    for (topic, sentences) in chapter.told.iter().filter(|(topic, _)| matters(*topic)) {
        text += &rows(topic.name(), sentences, look);
    }
    text + &different(chapter, look)
}

/// What would have led elsewhere; of what went well and never came near another end, nothing.
fn different(chapter: &Chapter, look: &Look) -> String {
    let mut text = String::new();
    if chapter.tried == 0 {
        return text;
    }
    let pad = " ".repeat(INDENT);
    let heading = match chapter.outcome {
        "promoted" => "What would have stopped it",
        _ => "What would have had to be different",
    };
    text += &format!("{pad}{}\n", paint(STRONG, heading));
    if chapter.different.is_empty() {
        let tried = match chapter.tried {
            1 => "The one change that was tried leads nowhere else.".into(),
            tried => format!("None of the {} that were tried leads elsewhere.", count(tried, "change")),
        };
        return text + &format!("{pad}{pad}{}\n", paint(FAINT, &tried));
    }
    for difference in &chapter.different {
        let sentence = format!("{} {}, {}.", look.signs.and, difference.change, difference.told);
        text += &indented(&Piece::words(PLAIN, &sentence), INDENT * 2, look);
    }
    text
}

/// Sentences with the name of their topic in front of the first.
fn rows(name: &str, sentences: &[String], look: &Look) -> String {
    let named = sentences.iter().enumerate().map(|(i, sentence)| (if i == 0 { name } else { "" }, sentence));
    named.map(|(name, sentence)| row(name, sentence, PLAIN, look)).collect()
}

fn row(name: &str, sentence: &str, style: anstyle::Style, look: &Look) -> String {
    let columns = look.width.saturating_sub(INDENT + TOPIC).max(28);
    let words = Piece::words(style, sentence);
    let mut text = String::new();
    for (i, line) in lines(&words, columns).into_iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        text += &format!("{:INDENT$}{}{line}\n", "", paint(FAINT, &format!("{name:TOPIC$}")));
    }
    text
}

fn indented(words: &[Piece], indent: usize, look: &Look) -> String {
    let lines = lines(words, look.width.saturating_sub(indent).max(28));
    lines.into_iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}
