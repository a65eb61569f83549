//! Reports in a real browser: they render without console messages and requests, show the numbers that were computed,
//! fit a phone, and are legible in light and dark mode. The load tester's page, too: a person opens a gate there.
//!
//! They need `chromium` on PATH (or `$CHROME`). Without it every test prints SKIPPED; with `CI=true` it fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot make its report has failed")]

mod gates;
mod legible;
mod many;
mod numbers;
mod quiet;
mod reports;
mod tab;
