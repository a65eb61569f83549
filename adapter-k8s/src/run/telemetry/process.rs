//! The system's data about the process, with the names that every Prometheus client uses.

use std::fmt;

use procfs::process;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// Read at every scrape.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Values that the system does not have are left out.
        let Ok(myself) = process::Process::myself() else { return Ok(()) };
        let Ok(stat) = myself.stat() else { return Ok(()) };
        let seconds = |ticks: u64| as_number(ticks) / as_number(procfs::ticks_per_second());
        let help = "User and system CPU time spent, in seconds";
        let descriptor = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        ConstCounter::new(seconds(stat.utime + stat.stime)).encode(descriptor)?;
        let most_files = myself.limits().ok().and_then(|limits| match limits.max_open_files.soft_limit {
            process::LimitValue::Value(most) => Some(as_number(most)),
            process::LimitValue::Unlimited => None,
        });
        let started = procfs::boot_time_secs().ok().map(|boot| as_number(boot) + seconds(stat.starttime));
        let files = myself.fd_count().ok().and_then(|count| u64::try_from(count).ok());
        let threads = u64::try_from(stat.num_threads).ok();
        let gauges = [
            (
                "process_resident_memory_bytes",
                "Resident memory, in bytes",
                Some(as_number(stat.rss * procfs::page_size())),
            ),
            ("process_virtual_memory_bytes", "Virtual memory, in bytes", Some(as_number(stat.vsize))),
            ("process_threads", "Threads", threads.map(as_number)),
            ("process_open_fds", "Open file descriptors", files.map(as_number)),
            ("process_max_fds", "Open file descriptors that are allowed", most_files),
            ("process_start_time_seconds", "Start of the process, in seconds since 1970", started),
        ];
        for (name, help, value) in gauges {
            let Some(value) = value else { continue };
            ConstGauge::new(value).encode(encoder.encode_descriptor(
                name,
                help,
                None,
                MetricType::Gauge,
            )?)?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "all values in Prometheus are floats")]
fn as_number(count: u64) -> f64 {
    count as f64
}
