//! Commands that the load tester runs: whether their result counts, how long they take, and how the shell reads them.

use std::{sync::LazyLock, time::Duration};

use regex::Regex;
use serin_core::{
    spec::{Hook, HookKind},
    time::{Human, parse_duration},
};
use serin_input::manifest::Remedy;

use super::{Code, Findings};

pub(super) fn look(hook: &Hook, at: &str, told: &mut Findings) {
    let Some(command) = hook.metadata.get("cmd").filter(|command| !command.trim().is_empty()) else { return };
    let field = format!("{at}.metadata.cmd");
    backslash(hook, command, &field, told);
    if is_waited_for(hook) {
        slow(hook, command, at, &field, told);
    } else {
        result(hook, command, at, told);
    }
}

/// Whether the load tester answers after the command has ended. It starts a `cmd` and answers at once.
fn is_waited_for(hook: &Hook) -> bool {
    hook.metadata.get("type").is_some_and(|kind| !matches!(kind.as_str(), "" | "cmd" | "ngrinder"))
}

/// A backslash that does not join lines, because a blank follows it.
fn backslash(hook: &Hook, command: &str, field: &str, told: &mut Findings) {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\[ \t]+#"));
    static BLANK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)\\[ \t]+$|(?:^|\s)\\[ \t]+\S"));
    static COMMENTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\[ \t]+#[^\n]*\n"));
    static INSIDE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|\s)\\[ \t]+(\S)"));
    static AT_END: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)\\[ \t]+$"));
    let (what, remedy, mended) = if COMMENT.is_match(command) {
        (
            "a comment follows a backslash",
            "remove the comment, or put it on a line of its own, before the command",
            COMMENTED.replace_all(command, "\\\n"),
        )
    } else if BLANK.is_match(command) {
        (
            "a space follows a backslash",
            "remove the space, or write the command with `|`, which keeps lines",
            AT_END.replace_all(command, "\\"),
        )
    } else {
        return;
    };
    // If lines are folded into one, a backslash joins nothing.
    let mended = INSIDE.replace_all(&mended, "$1$2");
    let is_mended = !COMMENT.is_match(&mended) && !BLANK.is_match(&mended);
    let remedy = Remedy::new(remedy);
    let remedy = if is_mended { remedy.setting(field, mended) } else { remedy };
    told.add(
        Code::CommandBrokenLine,
        field,
        format!(
            "{what}: the shell does not join the lines there, and `{}` runs only a part of its command",
            hook.name
        ),
        remedy,
    );
}

/// How much longer the timeout of a hook should be than its command.
const ANSWER: Duration = Duration::from_secs(10);

/// A command that takes as long as the timeout of its hook.
fn slow(hook: &Hook, command: &str, at: &str, field: &str, told: &mut Findings) {
    let Some((text, takes)) = longest_wait(command) else { return };
    if takes < hook.timeout {
        return;
    }
    let longer = Human(takes.saturating_add(ANSWER));
    told.add(
        Code::CommandSlowerThanTimeout,
        field,
        format!(
            "`{text}` takes {}, and the timeout is {}: `{}` fails each time",
            Human(takes),
            Human(hook.timeout),
            hook.name
        ),
        Remedy::new(format!("set a `timeout` of more than {}, such as {longer}", Human(takes)))
            .setting(format!("{at}.timeout"), longer.to_string()),
    );
}

/// The longest time in the text of a command: `sleep 30`, or a load of `hey -z 1m`.
fn longest_wait(command: &str) -> Option<(String, Duration)> {
    static SLEEP: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\bsleep\s+(\d+(?:\.\d+)?)([smhd]?)(?:\s|;|&|\||\)|$)"));
    static LOAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bhey\s[^|;&]*?-z[= ]?([0-9hms]+)"));
    let sleeps = SLEEP.captures_iter(command).filter_map(|found| {
        let seconds = match &found[2] {
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => 1.0,
        };
        let takes = Duration::try_from_secs_f64(found[1].parse::<f64>().ok()? * seconds).ok()?;
        Some((format!("sleep {}{}", &found[1], &found[2]), takes))
    });
    let loads = LOAD
        .captures_iter(command)
        .filter_map(|found| Some((format!("hey -z {}", &found[1]), parse_duration(&found[1]).ok()?)));
    sleeps.chain(loads).max_by_key(|(_, takes)| *takes)
}

/// A command that is only started although its result is needed.
fn result(hook: &Hook, command: &str, at: &str, told: &mut Findings) {
    static TEST: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"\|\s*grep\b|\bexit\s+[1-9]|\bbats\b|\bnewman\b|\bpytest\b|\bjq\s+-e|\btest\s+-|\[\s+")
    });
    let wants = match hook.kind {
        HookKind::PreRollout => "a release continues whatever the result is",
        HookKind::ConfirmRollout | HookKind::ConfirmTrafficIncrease | HookKind::ConfirmPromotion => {
            "the gate opens whatever the result is"
        }
        HookKind::RollbackTrigger => "it passes at once, and every release is rolled back",
        HookKind::Rollout if TEST.is_match(command) => "the check passes whatever the result is",
        HookKind::Rollout | HookKind::PostRollout | HookKind::RollbackAction | HookKind::Event => return,
    };
    if hook.metadata.get("type").is_some_and(|kind| kind == "ngrinder") {
        return;
    }
    told.add(
        Code::CommandResultUnused,
        format!("{at}.metadata"),
        format!(
            "the load tester starts a `cmd` and answers 202 at once: the result of `{}` is lost, and {wants}",
            hook.name
        ),
        Remedy::new("write `type: bash`, which waits for the command and fails with it")
            .setting(format!("{at}.metadata.type"), "bash"),
    );
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants, and a test compiles them all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_is_found() {
        let wait = |command| longest_wait(command).map(|(text, takes)| (text, takes.as_secs()));
        assert_eq!(wait("sleep 5; sleep 2m && curl x"), Some(("sleep 2m".into(), 120)));
        assert_eq!(wait("hey -q 5 -z 1m30s http://x"), Some(("hey -z 1m30s".into(), 90)));
        assert_eq!(wait("curl x; sleep 1.5"), Some(("sleep 1.5".into(), 1)));
        assert_eq!(wait("sleep $WAIT"), None);
        assert_eq!(wait("curl http://x/sleep"), None);
    }
}
