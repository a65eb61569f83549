//! Limits of the controller for one Canary.

use serin_core::spec::Limits;

use super::{Case, Code, Findings};

pub(super) fn look(case: &Case<'_>, told: &mut Findings) {
    for cut in case.rollout.clone().clamp(&Limits::default()) {
        let flag = match cut.path.rsplit('.').next() {
            Some("metrics") => "--max-metrics",
            Some("retries") => "--max-hook-retries",
            Some("timeout") => "--max-hook-timeout",
            Some(_) | None => "--max-hooks",
        };
        let remedy =
            format!("stay within the limit, or raise it for all Canaries with the controller's {flag}");
        told.add(Code::BeyondLimit, cut.path, cut.what, remedy);
    }
}
