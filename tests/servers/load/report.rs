//! The measurements, as they are printed.

use std::{fmt, time::Duration};

use crate::meter::Counts;

/// One measurement.
pub(crate) struct Report {
    /// The number of Canaries.
    pub(crate) count: usize,
    /// The number of Canaries that rolled out.
    pub(crate) rolling: usize,
    /// Until all were initialized.
    pub(crate) begun: Counts,
    /// While idle.
    pub(crate) idle: Counts,
    /// From the first change to the last release.
    pub(crate) rollouts: Counts,
    /// The times between two steps, in order.
    pub(crate) steps: Vec<Duration>,
    /// The resident memory of the controller while idle.
    pub(crate) resident_kib: u64,
    /// The maximum resident memory of the controller.
    pub(crate) peak_kib: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, rolling, begun, idle, rollouts, steps, resident_kib, peak_kib } = self;
        let per = |of: &Counts, canaries: usize| {
            let cpu = of.cpu.as_secs_f64() * 1000.0;
            (of.requests / canaries as f64, cpu / canaries as f64)
        };
        writeln!(f, "{count} Canaries, {rolling} of them rolling out")?;
        let (requests, cpu) = per(begun, *count);
        writeln!(
            f,
            "to initialize one   {requests:6.1} requests {cpu:7.2} ms CPU, all in {:.0?}",
            begun.time
        )?;
        let (requests, cpu) = per(idle, *count);
        writeln!(f, "one idle for {:.0?}    {requests:6.2} requests {cpu:7.3} ms CPU", idle.time)?;
        let (requests, cpu) = per(rollouts, *rolling);
        writeln!(
            f,
            "one rollout         {requests:6.1} requests {cpu:7.2} ms CPU, all in {:.0?}",
            rollouts.time
        )?;
        let share = |part: usize| steps.get((steps.len() * part / 100).min(steps.len().saturating_sub(1)));
        let step = |part| share(part).copied().unwrap_or_default().as_secs_f64();
        writeln!(
            f,
            "one step of 10 s    {:6.2} s at the median, {:.2} s at the 99th percentile, {:.2} s at most; {} steps",
            step(50),
            step(99),
            step(100),
            steps.len(),
        )?;
        let mib = |kib: u64| kib as f64 / 1024.0;
        writeln!(
            f,
            "memory              {:6.1} MiB when idle, {:.1} MiB at most",
            mib(*resident_kib),
            mib(*peak_kib)
        )?;
        let busy = |time: Duration| 100.0 * time.as_secs_f64() / rollouts.time.as_secs_f64();
        write!(f, "of one core, during the rollouts: controller {:.0} %", busy(rollouts.cpu))?;
        for (name, time) in rollouts.servers {
            write!(f, ", {name} {:.0} %", busy(time))?;
        }
        writeln!(f)
    }
}
