//! Questions that were asked and not answered yet.

use std::collections::{BTreeMap, BTreeSet};

use serin_core::question::{Answer, QuestionId};
use tokio::task::{AbortHandle, JoinSet};

/// Questions that were asked and not answered yet.
#[derive(Default)]
pub(super) struct Asked {
    running: JoinSet<Answer>,
    handles: BTreeMap<QuestionId, AbortHandle>,
}

impl Asked {
    pub(super) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(super) fn is_put(&self, id: &QuestionId) -> bool {
        self.handles.contains_key(id)
    }

    pub(super) fn put(&mut self, id: QuestionId, answer: impl Future<Output = Answer> + Send + 'static) {
        let handle = self.running.spawn(answer);
        self.handles.insert(id, handle);
    }

    /// Waits for an answer; `None` if the one that ended is not wanted any more. A question that panics has an answer,
    /// too.
    pub(super) async fn next(&mut self) -> Option<(QuestionId, Answer)> {
        let Some(ended) = self.running.join_next_with_id().await else {
            // Nothing runs: questions that are still wanted are asked again.
            self.handles.clear();
            return None;
        };
        let (task, answer) = match ended {
            Ok((task, answer)) => (task, Ok(answer)),
            Err(error) => (error.id(), Err(format!("the controller failed to ask: {error}"))),
        };
        let id = self.handles.iter().find(|(_, handle)| handle.id() == task).map(|(id, _)| id.clone())?;
        self.handles.remove(&id);
        let answer = answer.unwrap_or_else(|why| Answer::error(&id.of, why));
        Some((id, answer))
    }

    /// Drops questions that are not wanted any more.
    pub(super) fn keep(&mut self, wanted: &BTreeSet<QuestionId>) {
        self.handles.retain(|id, handle| {
            let keep = wanted.contains(id);
            if !keep {
                handle.abort();
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use serin_core::question::{Asked as Of, MetricResult};

    use super::*;

    fn question(check: u32) -> QuestionId {
        QuestionId { run: 1, check, of: Of::Metric("latency".into()) }
    }

    #[tokio::test]
    async fn a_question_that_panics_has_an_error_as_answer_and_a_dropped_one_has_none() {
        let mut asked = Asked::default();
        asked.put(question(1), async { panic!("a bug") });
        let (id, answer) = asked.next().await.unwrap();
        assert_eq!(id, question(1));
        let Answer::Metric(MetricResult::Error(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains("a bug"), "{why}");
        assert!(asked.handles.is_empty());
        asked.put(question(2), std::future::pending());
        asked.keep(&BTreeSet::new());
        assert_eq!(asked.next().await, None);
        asked.put(question(3), async { Answer::no_data() });
        assert_eq!(asked.next().await, Some((question(3), Answer::no_data())));
    }
}
