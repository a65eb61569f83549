//! A comparison for a comment on a pull request.

use serin_policy::diff::Diff;

use super::{
    legend, release,
    rows::{self, Row},
    verdict,
};

/// A heading, the verdict and two tables, in GitHub's dialect of Markdown.
#[must_use]
pub fn markdown(diff: &Diff) -> String {
    let mut text = format!("### {}\n\n**{}**\n", escaped(&diff.canary), escaped(&verdict(diff)));
    let plan: Vec<[String; 4]> = rows::plan(diff).into_iter().map(plan_cells).collect();
    text += &table(["plan", "old", "new", ""], &plan);
    if let Ok(risk) = &diff.risk {
        let rows: Vec<[String; 5]> = rows::risk(&risk.results).into_iter().map(risk_cells).collect();
        text += &table(["risk", "old", "new", "difference", ""], &rows);
    }
    let from = format!("Old: {}; new: {}.", diff.files[0], diff.files[1]);
    let release = release(diff).map(|release| format!("Of {release}."));
    let legend = diff.risk.iter().flat_map(legend);
    let notes = diff.notes.iter().map(|note| format!("Note: {note}"));
    let below = std::iter::once(from).chain(release).chain(legend).chain(notes);
    let below: Vec<String> = below.map(|sentence| escaped(&sentence)).collect();
    format!("{text}\n<sub>{}</sub>\n", below.join("<br>"))
}

fn plan_cells(Row { label, old, new, change, .. }: Row) -> [String; 4] {
    [escaped(&label), escaped(&old), escaped(&new), change.into()]
}

fn risk_cells(Row { label, old, new, difference, change }: Row) -> [String; 5] {
    let change = if change == "worse" { format!("**{change}**") } else { change.into() };
    [escaped(&label), escaped(&old), escaped(&new), escaped(&difference), change]
}

fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rule = "|---".repeat(N) + "|\n";
    let rows = rows.iter().map(|cells| format!("| {} |\n", cells.join(" | ")));
    format!("\n| {} |\n{rule}{}", heading.join(" | "), rows.collect::<String>())
}

/// A text without signs of Markdown or HTML, in one line: names come from files that anybody may have written.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        match sign {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => escaped.extend(['\\', sign]),
            sign if sign.is_control() => escaped.push(' '),
            sign => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_files_has_no_effect_on_the_comment() {
        assert_eq!(escaped("a|b\n<b>*x*"), "a\\|b &lt;b&gt;\\*x\\*");
        assert_eq!(
            table(["plan", "old"], &[["a".into(), "b".into()]]),
            "\n| plan | old |\n|---|---|\n| a | b |\n"
        );
        assert_eq!(table(["plan"], &[]), "");
    }
}
