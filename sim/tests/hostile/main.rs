//! Files that no user writes on purpose: broken, endless, far too large or malicious. None of them may cause a panic, a
//! hang, high memory use, control characters on the terminal or partly written files; a file that cannot be used is
//! reported, and the exit code is 2.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input has failed")]

#[cfg(unix)]
mod bombs;
#[cfg(unix)]
mod bounded;
mod corpus;
#[cfg(unix)]
mod folders;
mod mutated;
#[cfg(unix)]
mod pasted;
#[cfg(unix)]
mod refused;
#[cfg(unix)]
mod screen;

/// A story that goes well; tests replace a part of it.
const STORY: &str = "\
scenario: a release
canary:
  apiVersion: flagger.app/v1beta1
  kind: Canary
  metadata: {name: shop, namespace: test}
  spec:
    targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
    service: {port: 80}
    analysis:
      interval: 30s
      threshold: 2
      maxWeight: 60
      stepWeight: 20
      metrics:
        - {name: request-success-rate, interval: 1m, thresholdRange: {min: 99}}
events:
  - {at: 1m, deploy: v2}
until: 1h
expect:
  - {phase: Succeeded}
";

/// The story with one part replaced.
fn story(part: &str, other: &str) -> String {
    assert!(STORY.contains(part), "the story holds no `{part}`");
    STORY.replacen(part, other, 1)
}

/// The Canary of a story as its own manifest.
fn manifest(story: &str) -> String {
    let lines = story.lines().skip_while(|line| *line != "canary:").skip(1);
    lines.take_while(|line| line.starts_with(' ')).map(|line| line[2..].to_owned() + "\n").collect()
}
