//! Reports in a real browser: they render without a word in the console and without a request, show the numbers that were
//! computed, fit a phone, and are legible in the light and in the dark.
//!
//! Wants `chromium` on PATH (or `$CHROME`). Without it every test says SKIPPED; with `CI=true` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot make its report has failed")]

mod legible;
mod many;
mod numbers;
mod quiet;
mod reports;
mod tab;
