//! Hooks whose answer matters and that call a chat service, which cannot answer.

use serin_core::spec::{Hook, HookKind};

use super::{Code, Findings};

/// A chat or paging service.
struct Chat {
    name: &'static str,
    answers: Answers,
}

/// Its answer to a hook's payload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// It accepts everything.
    Accepted,
    /// It refuses everything that is not one of its own messages.
    Refused,
    /// It accepts it, because the controller adds a `text`; Flagger adds none.
    AcceptedWithText,
}

pub(super) fn look(hook: &Hook, at: &str, told: &mut Findings) {
    let Some(chat) = Chat::of(&hook.url) else { return };
    let has = |key| hook.metadata.contains_key(key);
    let answers = if has("method") && has("body") { Answers::Accepted } else { chat.answers };
    let passes = answers != Answers::Refused;
    let so = match (hook.kind, passes) {
        (HookKind::ConfirmRollout | HookKind::ConfirmTrafficIncrease | HookKind::ConfirmPromotion, true) => {
            "the gate is always open, and no person is asked"
        }
        (HookKind::ConfirmRollout | HookKind::ConfirmTrafficIncrease | HookKind::ConfirmPromotion, false) => {
            "the gate never opens"
        }
        (HookKind::PreRollout | HookKind::Rollout, true) => "it always passes, and checks nothing",
        (HookKind::PreRollout | HookKind::Rollout, false) => {
            "it fails every check, and every release is rolled back"
        }
        (HookKind::RollbackTrigger, true) => "it passes at once, and every release is rolled back",
        (HookKind::RollbackTrigger, false) => "it never passes, and rolls nothing back",
        // The answers to these are not used.
        (HookKind::PostRollout | HookKind::RollbackAction | HookKind::Event, _) => return,
    };
    let name = chat.name;
    let why = match answers {
        Answers::Accepted => format!("{name} accepts every message"),
        Answers::Refused => format!("{name} refuses a payload that is not a message"),
        Answers::AcceptedWithText => {
            format!(
                "{name} accepts every message of this controller (but not Flagger's, which have no `text`)"
            )
        }
    };
    told.add(
        Code::HookAsksChat,
        format!("{at}.url"),
        format!("`{}` calls a chat service: {why}, so {so}", hook.name),
        "call a service that knows the answer, such as /gate/check of the load tester; send messages with `alerts` or an \
         `event` hook",
    );
}

impl Chat {
    fn of(url: &str) -> Option<Self> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?.split(':').next()?.to_lowercase();
        let under = |domain: &str| {
            host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        };
        let (name, answers) = if under("hooks.slack.com") || under("hooks.slack-gov.com") {
            ("Slack", Answers::AcceptedWithText)
        } else if under("webhook.office.com") || under("outlook.office.com") || under("outlook.office365.com")
        {
            ("Microsoft Teams", Answers::Refused)
        } else if under("logic.azure.com") || under("api.powerplatform.com") {
            ("a workflow of Microsoft Teams", Answers::Accepted)
        } else if under("discord.com") || under("discordapp.com") {
            ("Discord", Answers::Refused)
        } else if under("chat.googleapis.com") {
            ("Google Chat", Answers::Refused)
        } else if under("api.telegram.org") {
            ("Telegram", Answers::Refused)
        } else if under("events.pagerduty.com") {
            ("PagerDuty", Answers::Refused)
        } else if host.contains("mattermost") {
            ("Mattermost", Answers::Refused)
        } else if host.contains("rocketchat") || host.contains("rocket.chat") {
            ("Rocket.Chat", Answers::Refused)
        } else {
            return None;
        };
        Some(Self { name, answers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_known_by_their_host() {
        let name = |url| Chat::of(url).map(|chat| chat.name);
        for (url, chat) in [
            ("https://hooks.slack.com/services/T0/B0/x", Some("Slack")),
            ("https://acme.webhook.office.com/webhookb2/x", Some("Microsoft Teams")),
            (
                "https://prod-1.westeurope.logic.azure.com:443/workflows/x",
                Some("a workflow of Microsoft Teams"),
            ),
            ("https://discord.com/api/webhooks/1/x", Some("Discord")),
            ("https://CHAT.googleapis.com/v1/spaces/x", Some("Google Chat")),
            ("http://mattermost.chat.svc/hooks/x", Some("Mattermost")),
            ("http://tester.test/gate/check?to=hooks.slack.com", None),
            ("http://notdiscord.com/", None),
            ("http://slack-gate.ops/", None),
        ] {
            assert_eq!(name(url), chat, "{url}");
        }
    }
}
