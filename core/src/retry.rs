//! When a request to another system is repeated, and after how long: the same for every driver.

use core::time::Duration;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A wait that an answer asks for is cut to this.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// How long to wait after failure number `n` in a row, counted from 0: 1 s, 2 s, 4 s … 30 s.
#[must_use]
pub fn backoff(n: u32) -> Duration {
    (FIRST_WAIT * 2_u32.pow(n.min(10))).min(LONGEST_WAIT)
}

/// Whether a request that was answered with this HTTP status can have another answer the next time.
#[must_use]
pub fn is_worth_another(status: u16) -> bool {
    status == 429 || (status >= 500 && status != 501)
}

/// How long to wait after answer number `n` in a row that can be retried, counted from 0: as its `Retry-After` says, if
/// its status gives that a meaning, but at least a second; otherwise as after any failure.
#[must_use]
pub fn wait(n: u32, status: u16, retry_after: Option<Duration>) -> Duration {
    let asked = retry_after.filter(|_| matches!(status, 429 | 503));
    asked.map_or_else(|| backoff(n), |asked| asked.clamp(FIRST_WAIT, LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits = [0, 1, 2, 3, 4, 5, 99, u32::MAX].map(|n| backoff(n).as_secs());
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn a_retry_after_header_changes_the_wait() {
        let wait = |n, status, asked: Option<u64>| wait(n, status, asked.map(Duration::from_secs)).as_secs();
        assert_eq!([Some(0), Some(7), Some(9999)].map(|asked| wait(3, 503, asked)), [1, 7, 300]);
        assert_eq!((wait(3, 429, Some(7)), wait(3, 500, Some(7)), wait(3, 503, None)), (7, 8, 8));
    }

    #[test]
    fn only_what_may_pass_later_is_tried_again() {
        let again = [200, 204, 302, 404, 429, 500, 501, 503, 599].map(is_worth_another);
        assert_eq!(again, [false, false, false, false, true, true, false, true, true]);
    }
}
