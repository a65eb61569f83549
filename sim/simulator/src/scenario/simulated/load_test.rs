//! Load tests: `world.loadTest`, and the command lines of hooks that send requests to the canary.
//!
//! The command lines of the tools in the image of Flagger's load tester are parsed, and those of k6: `hey` with a rate,
//! `wrk` with a rate, and `k6` with a rate and a duration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serin_core::{
    Rollout,
    spec::{Hook, HookKind},
    strategy::Strategy,
    time::parse_duration,
};
use serin_hey::Hey;

use super::range::{PerSecond, Range};

/// `world.loadTest`: requests to the canary itself, in addition to those of users.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadTest {
    /// Requests per second while the canary serves. They replace those of hooks.
    pub rps: Range<PerSecond>,
}

/// The load that a command line sends to the canary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Requests per second.
    pub rps: f64,
    /// For how long.
    pub lasts: Duration,
}

impl Load {
    /// The load that a call of a hook starts; `None` if its command line does not say a rate and a duration, or does
    /// not name this Service, which is the canary's own.
    #[must_use]
    pub fn of(hook: &Hook, service: &str) -> Option<Self> {
        let commands = commands(hook.metadata.get("cmd")?);
        let mut sent = commands.filter_map(Command::read).filter(|command| command.is_to(service));
        sent.next().map(|command| command.load)
    }
}

/// The first hook that starts a load test of the canary with every check, and its load.
#[must_use]
pub fn load_test(canary: &Rollout) -> Option<(&Hook, Load)> {
    let service = canary.topology().canary_service();
    canary.hooks_of(HookKind::Rollout).find_map(|hook| Some((hook, Load::of(hook, &service)?)))
}

/// Whether requests reach the canary before its promotion: those of users, copies of them, or those of a hook.
#[must_use]
pub fn is_reached(canary: &Rollout) -> bool {
    is_reached_by_users(canary) || load_test(canary).is_some()
}

/// Whether requests of users reach the canary before its promotion, or copies of them.
#[must_use]
pub fn is_reached_by_users(canary: &Rollout) -> bool {
    match canary.strategy() {
        Strategy::Weighted(_) | Strategy::AbTesting { .. } => true,
        Strategy::BlueGreen(blue_green) => blue_green.mirror.is_some(),
    }
}

/// The first hook whose command line names the canary's own Service: it may send requests.
#[must_use]
pub fn may_send_load(canary: &Rollout) -> Option<&Hook> {
    let service = canary.topology().canary_service();
    let names = |hook: &&Hook| hook.metadata.get("cmd").is_some_and(|command| command.contains(&service));
    canary.hooks_of(HookKind::Rollout).find(names)
}

/// The commands of a script, which `|`, `;` and `&` separate outside of quotes.
fn commands(script: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    script.split(move |c| {
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => return matches!(c, '|' | ';' | '&'),
            Some(open) if c == open => quote = None,
            Some(_) => {}
        }
        false
    })
}

/// A command line of a load test.
#[derive(Debug, PartialEq)]
struct Command {
    load: Load,
    words: Vec<String>,
}

impl Command {
    fn read(command: &str) -> Option<Self> {
        let mut words = shlex::split(command)?.into_iter();
        let tool = words.find_map(|word| Tool::named(word.rsplit('/').next().unwrap_or(&word)))?;
        let words: Vec<String> = words.collect();
        let options = Options(&words);
        let load = match tool {
            Tool::Hey => {
                let line = Hey::read(words.iter().cloned()).ok()?;
                line.rps().zip(line.lasts())
            }
            Tool::Wrk => {
                let lasts = options.span(&["-d", "--duration"]).unwrap_or(WRK_LASTS);
                options.number(&["-R", "--rate"]).map(|rps| (rps, lasts))
            }
            Tool::K6 => options.number(&["--rps"]).zip(options.span(&["-d", "--duration"])),
        };
        let (rps, lasts) = load?;
        let is_load = rps > 0.0 && rps <= MOST && !lasts.is_zero();
        is_load.then_some(Self { load: Load { rps, lasts }, words })
    }

    /// Whether it names a Service.
    fn is_to(&self, service: &str) -> bool {
        self.words.iter().filter_map(|word| word.split_once("://")).any(|(_, rest)| {
            let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
            host.split('.').next() == Some(service)
        })
    }
}

/// The largest rate of a scenario.
const MOST: f64 = 1e6;
/// The default duration of `wrk`.
const WRK_LASTS: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
enum Tool {
    Hey,
    Wrk,
    K6,
}

impl Tool {
    fn named(name: &str) -> Option<Self> {
        match name {
            "hey" => Some(Self::Hey),
            "wrk" | "wrk2" => Some(Self::Wrk),
            "k6" => Some(Self::K6),
            _ => None,
        }
    }
}

/// The options of a command, as `-q 10` or `-q=10`.
struct Options<'a>(&'a [String]);

impl<'a> Options<'a> {
    fn value(&self, names: &[&str]) -> Option<&'a str> {
        self.0.iter().enumerate().find_map(|(place, word)| match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => Some(value),
            _ if names.contains(&word.as_str()) => self.0.get(place + 1).map(String::as_str),
            // `-d30s`, as with one letter it may be written.
            _ => names.iter().filter(|name| !name.starts_with("--")).find_map(|name| {
                word.strip_prefix(name).filter(|value| value.starts_with(|c: char| c.is_ascii_digit()))
            }),
        })
    }

    fn number(&self, names: &[&str]) -> Option<f64> {
        self.value(names)?.parse().ok()
    }

    fn span(&self, names: &[&str]) -> Option<Duration> {
        let value = self.value(names)?;
        let seconds = || value.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()));
        parse_duration(value).ok().or_else(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(script: &str) -> Option<(f64, u64)> {
        let mut read = commands(script).filter_map(Command::read);
        let read = read.find(|command| command.is_to("shop-canary"))?;
        Some((read.load.rps, read.load.lasts.as_secs()))
    }

    #[test]
    fn the_rate_and_the_duration_of_a_command_are_parsed() {
        for (command, expected) in [
            ("hey -z 90s -q 4 -c 3 -host shop.test http://shop-canary.prod:8080/a?b", (12.0, 90)),
            ("/bin/hey -n 600 -q 1 -c 10 http://shop-canary/", (10.0, 60)),
            ("hey -q=10 -c=2 -z=1m 'http://shop-canary.prod/'", (20.0, 60)),
            ("hey -z 2m -q 5 -c 1 -H 'Authorization: Bearer a -c 9' http://shop-canary/", (5.0, 120)),
            ("hey -q 1 -c 1 'http://shop-canary/?a=1&b=2'", (1.0, 200)),
            ("sleep 5 && hey -q 1 -c 1 http://shop-canary/", (1.0, 200)),
            ("wrk -t2 -c10 -d60s -R20 http://shop-canary.prod/", (20.0, 60)),
            ("k6 run --rps 30 --duration 2m -e URL=http://shop-canary.prod:80 /test.js", (30.0, 120)),
        ] {
            assert_eq!(load(command), Some(expected), "{command}");
        }
    }

    #[test]
    fn a_command_without_a_rate_or_to_another_service_has_no_load() {
        for command in [
            "hey -z 1m http://shop-canary/",
            "hey -z 1m -q 0 http://shop-canary/",
            "hey -z 1m -q 1e9 http://shop-canary/",
            "hey -z 60 -q 10 http://shop-canary/",
            "hey -z 1m -q 10 -X POST http://shop-canary/",
            "wrk -t2 -c10 -d60s http://shop-canary/",
            "k6 run --vus 100 --duration 2m -e URL=http://shop-canary:8080 /test.js",
            "hey -z 1m -q 10 -c 2 http://gateway.istio-system/",
            "hey -z 1m -q 10 -c 2 http://shop-canary-old/",
            "curl http://shop-canary/",
            "",
        ] {
            assert_eq!(load(command), None, "{command}");
        }
    }
}
