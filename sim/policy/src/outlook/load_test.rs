//! A hook that sends requests to the canary, according to its command line. The command lines of `hey`, the load test
//! in Flagger's documentation, are parsed.

use std::time::Duration;

use serin_core::{
    Rollout,
    revision::Text,
    spec::{Hook, HookKind},
    time::parse_duration,
};

/// Requests that a hook sends to the canary during the whole analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadTest {
    /// The hook's name.
    pub hook: Text,
    /// Requests per second.
    pub rps: f64,
}

impl LoadTest {
    /// The first hook that sends requests to the canary's own Service without a pause between two checks.
    pub(super) fn of(rollout: &Rollout) -> Option<Self> {
        let interval = rollout.policy().interval;
        let service = &rollout.topology().service;
        rollout.hooks_of(HookKind::Rollout).find_map(|hook| {
            let line = Line::of(hook)?;
            let lasts = line.lasts.is_none_or(|lasts| lasts >= interval);
            (lasts && line.is_to_canary(service)).then(|| Self { hook: hook.name.clone(), rps: line.rps })
        })
    }
}

/// The first hook whose command line names the canary's own Service: it may send requests.
pub(super) fn suspect(rollout: &Rollout) -> Option<&Text> {
    let service = format!("{}-canary", rollout.topology().service);
    let names = |hook: &&Hook| hook.metadata.get("cmd").is_some_and(|line| line.contains(&service));
    rollout.hooks_of(HookKind::Rollout).find(names).map(|hook| &hook.name)
}

/// A command line of `hey`.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    rps: f64,
    /// For how long; `None`: until it is stopped.
    lasts: Option<Duration>,
    url: &'a str,
}

impl<'a> Line<'a> {
    fn of(hook: &'a Hook) -> Option<Self> {
        Self::read(hook.metadata.get("cmd")?)
    }

    fn read(command: &'a str) -> Option<Self> {
        /// The default number of workers.
        const WORKERS: f64 = 50.0;
        let mut words = command.split_whitespace().skip_while(|word| !word.ends_with("hey"));
        words.next()?;
        let (mut each, mut workers, mut lasts, mut count, mut url) = (None, WORKERS, None, None, None);
        while let Some(word) = words.next() {
            match word {
                "-q" => each = words.next()?.parse::<f64>().ok(),
                "-c" => workers = words.next()?.parse().ok()?,
                "-z" => lasts = parse_duration(words.next()?).ok(),
                "-n" => count = words.next()?.parse::<f64>().ok(),
                word => url = Some(word).filter(|word| word.contains("://")).or(url),
            }
        }
        let rps = each? * workers;
        let counted = count.filter(|_| lasts.is_none()).map(|count| count / rps);
        let lasts = lasts.or(counted.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()));
        (rps > 0.0 && rps.is_finite()).then_some(Self { rps, lasts, url: url? })
    }

    /// Whether it names the canary's own Service.
    fn is_to_canary(&self, service: &str) -> bool {
        let host = self.url.split("://").nth(1).unwrap_or_default().split(['/', ':', '?']).next();
        let host = host.unwrap_or_default().trim_matches(['"', '\'']);
        host.split('.').next() == Some(format!("{service}-canary").as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_a_hey_command_is_parsed() {
        let line =
            Line::read("hey -z 90s -q 4 -c 3 -host shop.test http://shop-canary.prod:8080/a?b").unwrap();
        assert_eq!((line.rps, line.lasts), (12.0, Some(Duration::from_secs(90))));
        assert!(line.is_to_canary("shop") && !line.is_to_canary("sho"));
        let counted = Line::read("/bin/hey -n 600 -q 1 -c 10 http://shop-canary/").unwrap();
        assert_eq!((counted.rps, counted.lasts), (10.0, Some(Duration::from_secs(60))));
    }

    #[test]
    fn a_command_without_a_rate_or_of_another_tool_has_no_rate() {
        for command in
            ["hey -z 1m http://shop-canary/", "wrk -c 2 http://shop-canary/", "hey -q 0 http://a/", ""]
        {
            assert_eq!(Line::read(command), None, "{command}");
        }
    }

    #[test]
    fn a_command_for_the_gateway_does_not_reach_the_canary() {
        let line = Line::read("hey -z 1m -q 10 -c 2 http://gateway.istio-system/").unwrap();
        assert!(!line.is_to_canary("shop"));
    }
}
