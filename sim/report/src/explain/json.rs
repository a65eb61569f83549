//! Explanations as JSON Lines: one object for each scenario.

use serde::Serialize;
use serin_core::{decision::Rule, message::EventType, spec::Severity};

use super::{At, Chapter, ChapterKind, Explanation};

/// An explained story.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplanationLine<'a> {
    /// `explanation`.
    line: &'static str,
    /// Path of the scenario.
    scenario: &'a str,
    title: &'a str,
    canary: &'a str,
    chapters: Vec<ChapterField<'a>>,
}

/// A part of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChapterField<'a> {
    /// `setup`, `run` or `deletion`.
    of: &'static str,
    /// The revision of a run.
    revision: Option<&'a str>,
    from_ms: u128,
    /// `null` if it had not ended at the end of the story.
    to_ms: Option<u128>,
    outcome: &'static str,
    rule: Option<Rule>,
    summary: &'a str,
    /// The largest share of users that the canary was given.
    users: Option<UsersField>,
    told: Vec<ToldField<'a>>,
    notices: Vec<NoticeField<'a>>,
    different: Vec<DifferenceField<'a>>,
    tried: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UsersField {
    percent: u8,
    /// Only matching requests were divided.
    matched: bool,
    from_ms: u128,
    lasted_ms: u128,
    lasts: bool,
}

#[derive(Debug, Serialize)]
struct ToldField<'a> {
    topic: &'static str,
    sentences: &'a [String],
}

#[derive(Debug, Serialize)]
struct NoticeField<'a> {
    id: &'a str,
    r#type: EventType,
    text: &'a str,
    alert: Option<Severity>,
}

#[derive(Debug, Serialize)]
struct DifferenceField<'a> {
    change: &'a str,
    set: Option<SetField<'a>>,
    outcome: &'static str,
    told: &'a str,
}

/// A field of the Canary's spec and its value.
#[derive(Debug, Serialize)]
struct SetField<'a> {
    field: &'a str,
    to: &'a str,
}

/// One instant.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MomentLine<'a> {
    /// `moment`.
    line: &'static str,
    scenario: &'a str,
    title: &'a str,
    at_ms: u128,
    happened: &'a [String],
    decisions: Vec<DecidedField<'a>>,
}

#[derive(Debug, Serialize)]
struct DecidedField<'a> {
    moment: usize,
    rule: &'a str,
    meaning: &'a str,
    seen: &'a [String],
    done: &'a [String],
    told: &'a [String],
    stands: &'a str,
    next: &'a [String],
}

/// An explanation, as a line.
#[must_use]
pub fn json(path: &str, explanation: &Explanation) -> String {
    line(&ExplanationLine {
        line: "explanation",
        scenario: path,
        title: &explanation.title,
        canary: &explanation.canary,
        chapters: explanation.chapters.iter().map(chapter).collect(),
    })
}

/// One instant, as a line.
#[must_use]
pub fn json_at(path: &str, title: &str, at: &At) -> String {
    let decisions = at.decisions.iter().map(|decided| DecidedField {
        moment: decided.moment,
        rule: &decided.rule,
        meaning: decided.meaning,
        seen: &decided.seen,
        done: &decided.done,
        told: &decided.told,
        stands: &decided.stands,
        next: &decided.next,
    });
    line(&MomentLine {
        line: "moment",
        scenario: path,
        title,
        at_ms: at.at.as_millis(),
        happened: &at.happened,
        decisions: decisions.collect(),
    })
}

fn chapter(chapter: &Chapter) -> ChapterField<'_> {
    let (of, revision) = match &chapter.of {
        ChapterKind::Setup => ("setup", None),
        ChapterKind::Run(revision) => ("run", Some(revision.as_str())),
        ChapterKind::Deletion => ("deletion", None),
    };
    ChapterField {
        of,
        revision,
        from_ms: chapter.from.as_millis(),
        to_ms: chapter.to.map(|to| to.as_millis()),
        outcome: chapter.outcome,
        rule: chapter.rule,
        summary: &chapter.summary,
        users: chapter.users.map(|users| UsersField {
            percent: users.percent,
            matched: users.matched,
            from_ms: users.from.as_millis(),
            lasted_ms: users.lasted.as_millis(),
            lasts: users.lasts,
        }),
        told: chapter
            .told
            .iter()
            .map(|(topic, told)| ToldField { topic: topic.name(), sentences: told })
            .collect(),
        notices: notices(chapter),
        different: differences(chapter),
        tried: chapter.tried,
    }
}

fn notices(chapter: &Chapter) -> Vec<NoticeField<'_>> {
    let notices = chapter.notices.iter().map(|notice| NoticeField {
        id: &notice.id,
        r#type: notice.r#type,
        text: &notice.text,
        alert: notice.alert,
    });
    notices.collect()
}

fn differences(chapter: &Chapter) -> Vec<DifferenceField<'_>> {
    let different = chapter.different.iter().map(|difference| DifferenceField {
        change: &difference.change,
        set: difference.set.as_ref().map(|(field, to)| SetField { field, to }),
        outcome: difference.outcome,
        told: &difference.told,
    });
    different.collect()
}

fn line(value: &impl Serialize) -> String {
    // serde_json refuses maps whose keys are not strings; these lines contain no such maps.
    serde_json::to_string(value)
        .map_or_else(|error| format!("{{\"error\":{:?}}}\n", error.to_string()), |line| line + "\n")
}
