//! Runs tasks side by side, each once at a time, and remembers the last results.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serin_core::Timestamp;
use serin_k8s::clock;
use tokio::sync::watch;

use super::{
    Task, Tools,
    process::{Ran, run},
};
use crate::{hook::Hook, telemetry::Telemetry};

/// Results that are remembered.
const MOST_RESULTS: usize = 50;

/// What tasks may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a task may take.
    pub time: Duration,
    /// How many may run at once.
    pub tasks: usize,
}

/// Runs tasks.
pub struct Runner {
    limits: Limits,
    tools: Tools,
    telemetry: Arc<Telemetry>,
    stop: watch::Receiver<bool>,
    running: Mutex<BTreeMap<Job, Pending>>,
    results: Mutex<VecDeque<Arc<Finished>>>,
}

/// A task that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The Canary whose hook asked for it: `name.namespace`.
    pub canary: String,
    /// What was asked for.
    pub task: Task,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub ran: Ran,
}

/// A result that is still to come.
#[derive(Clone, Debug)]
pub struct Pending(watch::Receiver<Option<Arc<Finished>>>);

/// A task that was asked for.
#[derive(Debug)]
pub enum Started {
    /// It begins now.
    New(Pending),
    /// The same task runs already, and is not started a second time.
    Running(Pending),
}

/// As many tasks run as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} tasks run already, and no more may")]
pub struct Busy(usize);

/// What makes two requests the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    canary: String,
    task: Task,
    /// A result is only for the revision it was asked for. A load test serves any.
    checksum: Option<String>,
}

impl Runner {
    /// Nothing runs yet. A stop ends every task.
    #[must_use]
    pub fn new(limits: Limits, tools: Tools, telemetry: Arc<Telemetry>, stop: watch::Receiver<bool>) -> Self {
        let (running, results) = Default::default();
        Self { limits, tools, telemetry, stop, running, results }
    }

    /// Starts a task, unless it runs already.
    ///
    /// # Errors
    /// Too many others run.
    pub fn start(self: &Arc<Self>, hook: &Hook, task: Task) -> Result<Started, Busy> {
        let checksum = task.is_waited_for().then(|| hook.checksum.clone());
        let job = Job { canary: hook.canary(), task, checksum };
        let mut running = self.running();
        if let Some(pending) = running.get(&job) {
            return Ok(Started::Running(pending.clone()));
        }
        if running.len() >= self.limits.tasks {
            return Err(Busy(running.len()));
        }
        let (done, pending) = watch::channel(None);
        let pending = Pending(pending);
        running.insert(job.clone(), pending.clone());
        drop(running);
        let logs_output = hook.metadata.get("logCmdOutput").is_some_and(|value| value == "true");
        let runner = self.clone();
        tokio::spawn(async move {
            let finished = runner.run(&job).await;
            log(&finished, logs_output);
            runner.running().remove(&job);
            // The hook of a `cmd` task does not wait for it.
            done.send(Some(finished)).ok();
        });
        Ok(Started::New(pending))
    }

    /// The last results, the newest first.
    #[must_use]
    pub fn results(&self) -> Vec<Arc<Finished>> {
        self.remembered().iter().rev().cloned().collect()
    }

    /// Waits until nothing runs.
    pub async fn is_idle(&self) {
        loop {
            let Some(pending) = self.running().values().next().cloned() else { return };
            pending.finished().await;
        }
    }

    async fn run(&self, job: &Job) -> Arc<Finished> {
        let mut program = job.task.program();
        self.tools.give(&mut program);
        let (began, start) = (clock::now(), clock::monotonic());
        self.telemetry.task_starts(job.task.kind);
        let ran = run(program, self.limits.time, self.stop.clone()).await;
        let took = start.elapsed();
        self.telemetry.task_ended(job.task.kind, &ran.end, took);
        let finished = Finished { canary: job.canary.clone(), task: job.task.clone(), began, took, ran };
        let finished = Arc::new(finished);
        let mut results = self.remembered();
        if results.len() >= MOST_RESULTS {
            results.pop_front();
        }
        results.push_back(finished.clone());
        finished
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Job, Pending>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> MutexGuard<'_, VecDeque<Arc<Finished>>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// The result, once it is there; `None` if the load tester ends before.
    pub async fn finished(mut self) -> Option<Arc<Finished>> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

fn log(finished: &Finished, with_output: bool) {
    let Finished { canary, task, ran, took, .. } = finished;
    let (kind, command, took) = (task.kind.name(), task.command.as_str(), format!("{took:.1?}"));
    let output = if with_output { ran.output.to_string() } else { String::new() };
    if ran.end.is_success() {
        tracing::info!(canary, r#type = kind, command, took, output, "task done");
    } else {
        tracing::warn!(canary, r#type = kind, command, took, output, end = %ran.end, "task failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::process::End;

    fn runner(tasks: usize) -> (watch::Sender<bool>, Arc<Runner>) {
        let (stop, stopped) = watch::channel(false);
        let limits = Limits { time: Duration::from_secs(60), tasks };
        let runner = Runner::new(limits, Tools::find().unwrap(), Arc::default(), stopped);
        (stop, Arc::new(runner))
    }

    fn hook(kind: &str, command: &str, checksum: &str) -> (Hook, Task) {
        let metadata = BTreeMap::from([("type", kind), ("cmd", command)].map(|(k, v)| (k.into(), v.into())));
        let task = Task::read(&metadata).unwrap();
        let (name, namespace) = ("web".into(), "prod".into());
        (Hook { name, namespace, checksum: checksum.into(), metadata }, task)
    }

    fn start(runner: &Arc<Runner>, asked: &(Hook, Task)) -> Result<(bool, Pending), Busy> {
        Ok(match runner.start(&asked.0, asked.1.clone())? {
            Started::New(pending) => (true, pending),
            Started::Running(pending) => (false, pending),
        })
    }

    #[tokio::test]
    async fn the_same_task_runs_once_at_a_time_and_all_get_its_result() {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        let script = format!("until [ -e {} ]; do :; done; echo $$", go.display());
        let (_stop, runner) = runner(10);
        let asked = hook("bash", &script, "1");
        let (is_new, first) = start(&runner, &asked).unwrap();
        let (is_second_new, second) = start(&runner, &asked).unwrap();
        assert!(is_new && !is_second_new);
        // A result for one revision is none for another, and a load test is the same for both.
        assert!(start(&runner, &hook("bash", &script, "2")).unwrap().0);
        assert!(start(&runner, &hook("cmd", &script, "1")).unwrap().0);
        assert!(!start(&runner, &hook("cmd", &script, "2")).unwrap().0);
        std::fs::write(&go, "").unwrap();
        let (first, second) = (first.finished().await.unwrap(), second.finished().await.unwrap());
        assert_eq!(first.ran.output, second.ran.output);
        runner.is_idle().await;
        assert_eq!(runner.results().len(), 3);
        assert!(start(&runner, &asked).unwrap().0, "it has ended, and may run again");
    }

    #[tokio::test]
    async fn more_tasks_than_allowed_are_refused_and_a_stop_ends_all() {
        let (stop, runner) = runner(2);
        let pending = ["a", "b"].map(|name| {
            let script = format!("while :; do :; done # {name}");
            start(&runner, &hook("cmd", &script, "1")).unwrap().1
        });
        let busy = start(&runner, &hook("cmd", "true", "1")).unwrap_err();
        assert_eq!(busy.to_string(), "2 tasks run already, and no more may");
        stop.send(true).unwrap();
        for pending in pending {
            assert_eq!(pending.finished().await.unwrap().ran.end, End::Stopped);
        }
    }

    #[tokio::test]
    async fn only_the_last_results_are_remembered() {
        let (_stop, runner) = runner(1);
        for number in 0..=MOST_RESULTS {
            let (_, pending) = start(&runner, &hook("bash", &format!("echo {number}"), "1")).unwrap();
            pending.finished().await.unwrap();
        }
        let printed: Vec<String> = runner.results().iter().map(|it| it.ran.output.to_string()).collect();
        assert_eq!((printed.len(), printed[0].trim()), (MOST_RESULTS, "50"));
    }
}
