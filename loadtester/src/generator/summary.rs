//! The summary that hey prints. Of its details, the phases before an answer are one here: `resp wait` includes a new
//! connection.

use std::fmt::{self, Display, Formatter, Write as _};

use super::count::{Count, Span};

/// The report of what was counted.
pub(super) fn print(count: &Count) -> String {
    let mut latencies = count.latencies.clone();
    latencies.sort_by(f64::total_cmp);
    Summary { count, latencies }.to_string()
}

struct Summary<'a> {
    count: &'a Count,
    /// In ascending order.
    latencies: Vec<f64>,
}

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { count, latencies } = self;
        let seconds = count.total.as_secs_f64();
        let rate = if seconds > 0.0 { count.requests() as f64 / seconds } else { 0.0 };
        writeln!(f, "\nSummary:\n  Total:\t{seconds:.4} secs")?;
        writeln!(f, "  Slowest:\t{:.4} secs", count.whole.most)?;
        writeln!(f, "  Fastest:\t{:.4} secs", count.whole.least.unwrap_or(0.0))?;
        writeln!(f, "  Average:\t{:.4} secs", average(count.whole, count))?;
        writeln!(f, "  Requests/sec:\t{rate:.4}\n  ")?;
        if let Some(each) = count.bytes.checked_div(count.answers).filter(|_| count.bytes > 0) {
            writeln!(f, "  Total data:\t{} bytes\n  Size/request:\t{each} bytes", count.bytes)?;
        }
        writeln!(f, "\nResponse time histogram:\n{}", histogram(latencies))?;
        writeln!(f, "\nLatency distribution:")?;
        for percent in [10, 25, 50, 75, 90, 95, 99] {
            // As hey: the first latency that at least that many percent come before.
            if let Some(latency) = latencies.get((latencies.len() * percent).div_ceil(100)) {
                writeln!(f, "  {percent}% in {latency:.4} secs")?;
            }
        }
        writeln!(f, "\nDetails (average, fastest, slowest):")?;
        for (name, span) in [("resp wait", count.wait), ("resp read", count.read)] {
            let (average, least) = (average(span, count), span.least.unwrap_or(0.0));
            writeln!(f, "  {name}:\t{average:.4} secs, {least:.4} secs, {:.4} secs", span.most)?;
        }
        writeln!(f, "\nStatus code distribution:")?;
        for (status, answers) in &count.statuses {
            writeln!(f, "  [{status}]\t{answers} responses")?;
        }
        writeln!(f)?;
        if !count.errors.is_empty() {
            writeln!(f, "Error distribution:")?;
            for (error, requests) in &count.errors {
                writeln!(f, "  [{requests}]\t{error}")?;
            }
        }
        writeln!(f)
    }
}

fn average(span: Span, count: &Count) -> f64 {
    if count.answers == 0 { 0.0 } else { span.sum / count.answers as f64 }
}

/// Eleven buckets between the fastest and the slowest, with bars of at most 40 signs.
fn histogram(latencies: &[f64]) -> String {
    const STEPS: usize = 10;
    let (Some(fastest), Some(slowest)) = (latencies.first(), latencies.last()) else { return String::new() };
    let mark = |step: usize| match step {
        STEPS => *slowest,
        _ => fastest + (slowest - fastest) / STEPS as f64 * step as f64,
    };
    let mut text = String::new();
    let mut before = 0;
    let counts = (0..=STEPS).map(|step| {
        let up_to = latencies.partition_point(|latency| *latency <= mark(step));
        (mark(step), up_to - std::mem::replace(&mut before, up_to))
    });
    let counts: Vec<(f64, usize)> = counts.collect();
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    for (mark, count) in counts {
        let bar = "■".repeat((count * 40 + most / 2) / most);
        // Writing to a text cannot fail.
        writeln!(text, "  {mark:.3} [{count}]\t|{bar}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::generator::count::Answer;

    #[test]
    fn snap_the_summary_is_heys() {
        let mut count = Count { total: Duration::from_millis(1250), ..Count::default() };
        for millis in 1..=200 {
            let (wait, read) = (Duration::from_millis(millis), Duration::from_millis(1));
            count.add(Ok(Answer { status: if millis > 190 { 503 } else { 200 }, wait, read, bytes: 12 }));
        }
        count.add(Err("connection refused".into()));
        insta::assert_snapshot!(print(&count));
    }

    #[test]
    fn snap_without_an_answer_the_summary_has_the_errors() {
        let mut count = Count { total: Duration::from_millis(10), ..Count::default() };
        count.add(Err("connection refused".into()));
        insta::assert_snapshot!(print(&count));
    }

    #[test]
    fn one_answer_fills_the_first_bucket() {
        let mut lines = histogram(&[0.5]);
        lines.truncate(lines.find('|').unwrap());
        assert_eq!(lines, "  0.500 [1]\t");
    }
}
