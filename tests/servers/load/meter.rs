//! Counters: requests as the API server counts them, processor time and memory as the system does.

use std::{
    fs,
    ops::Sub,
    path::Path,
    time::{Duration, Instant},
};

use kube::Client;

use crate::stage::{FLOW, Stage};

/// Reads all counters.
pub(crate) struct Meter {
    client: Client,
    controller: u32,
    /// The servers, by name.
    servers: [(&'static str, u32); 3],
}

/// Values of counters, or their differences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// Requests of the controller.
    pub(crate) requests: f64,
    /// Processor time of the controller.
    pub(crate) cpu: Duration,
    /// Processor time of etcd, API server and controller manager.
    pub(crate) servers: [(&'static str, Duration); 3],
    /// Time that passed.
    pub(crate) time: Duration,
}

impl Meter {
    /// The counters of the processes on a stage.
    pub(crate) fn of(stage: &Stage) -> Self {
        let [etcd, api_server, controller_manager] = &stage.programs;
        let server = |program: &Path| process_of(program, &stage.folder);
        Self {
            client: stage.client.clone(),
            controller: server(crate::program::serin_controller()),
            servers: [
                ("etcd", server(etcd)),
                ("API server", server(api_server)),
                ("controller manager", server(controller_manager)),
            ],
        }
    }

    /// Their current values.
    pub(crate) async fn read(&self) -> Counts {
        Counts {
            requests: self.requests().await,
            cpu: cpu_of(self.controller),
            servers: self.servers.map(|(name, process)| (name, cpu_of(process))),
            time: now(),
        }
    }

    /// The maximum resident memory of the controller.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.memory_kib("VmHWM:")
    }

    /// The current resident memory of the controller.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.controller)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    async fn requests(&self) -> f64 {
        let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
        let text = self.client.request_text(request).await.unwrap();
        let flow = format!("flow_schema=\"{FLOW}\"");
        let ours = text.lines().filter(|line| {
            line.starts_with("apiserver_flowcontrol_dispatched_requests_total") && line.contains(&flow)
        });
        ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Counts {
    /// Whether there was no work in that time: the controller sent no requests, and the servers did little more than
    /// poll.
    pub(crate) fn is_rest(&self) -> bool {
        self.requests == 0.0 && self.servers.iter().all(|(_, cpu)| *cpu < self.time / 5)
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let mut servers = self.servers;
        for ((_, time), (_, before)) in servers.iter_mut().zip(before.servers) {
            *time -= before;
        }
        Self {
            requests: self.requests - before.requests,
            cpu: self.cpu - before.cpu,
            servers,
            time: self.time - before.time,
        }
    }
}

/// The process of a program somewhere below a folder.
fn process_of(program: &Path, below: &Path) -> u32 {
    let program = program.canonicalize().unwrap();
    let found = fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let is_it = fs::read_link(entry.path().join("exe")).ok()? == program
            && fs::read_link(entry.path().join("cwd")).ok()?.starts_with(below);
        is_it.then(|| entry.file_name().to_str()?.parse().ok()).flatten()
    });
    found.unwrap_or_else(|| panic!("{} does not run", program.display()))
}

/// User and system time of a process, in hundredths of a second.
fn cpu_of(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The fields after the name, which can contain any character.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = [11, 12].map(|at| fields[at].parse::<u64>().unwrap());
    Duration::from_millis(ticks.iter().sum::<u64>() * 10)
}

/// A clock that began at some moment.
#[expect(clippy::disallowed_methods, reason = "real servers take real time")]
pub(crate) fn now() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}
