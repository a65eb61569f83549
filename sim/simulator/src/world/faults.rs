//! Scripted failures, and how many are left.

use serin_core::{observation::FailureClass, revision::Text};

use crate::scenario::{Fail, SaveFault, Times};

/// Failures that have not happened yet; of those that match, the oldest is used.
#[derive(Clone, Default)]
pub(crate) struct Faults<'a>(Vec<(&'a Fail, Times)>);

impl<'a> Faults<'a> {
    pub(super) fn add(&mut self, fail: &'a Fail, times: Times) {
        self.0.push((fail, times));
    }

    /// How a command fails, if it does.
    pub(super) fn of_command(&mut self, command: &impl ToString) -> Option<(FailureClass, Text)> {
        if self.0.is_empty() {
            return None;
        }
        let text = command.to_string();
        self.take(|fail| match fail {
            Fail::Command { prefix, class, error } if text.starts_with(prefix) => {
                Some((*class, error.as_str().into()))
            }
            Fail::Command { .. } | Fail::Save(_) | Fail::Notices => None,
        })
    }

    /// How the next save fails, if it does.
    pub(crate) fn of_save(&mut self) -> Option<SaveFault> {
        self.take(|fail| match fail {
            Fail::Save(fault) => Some(*fault),
            Fail::Command { .. } | Fail::Notices => None,
        })
    }

    /// Whether the next notices are lost.
    pub(crate) fn of_notices(&mut self) -> bool {
        let lost = |fail: &Fail| matches!(fail, Fail::Notices).then_some(());
        self.take(lost).is_some()
    }

    fn take<T>(&mut self, fits: impl Fn(&Fail) -> Option<T>) -> Option<T> {
        let (i, found) = self.0.iter().enumerate().find_map(|(i, (fail, times))| {
            if *times == Times::Count(0) { None } else { Some((i, fits(fail)?)) }
        })?;
        if let Times::Count(left) = &mut self.0[i].1 {
            *left -= 1;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_happens_as_often_as_it_says() {
        let class = FailureClass::Refused;
        let fail = Fail::Command { prefix: "route".into(), class, error: "no".into() };
        let (save, notices) = (Fail::Save(SaveFault::Conflict), Fail::Notices);
        let mut faults = Faults::default();
        faults.add(&fail, Times::Count(2));
        faults.add(&save, Times::Forever);
        faults.add(&notices, Times::Count(0));
        assert_eq!(faults.of_command(&"promote v2"), None);
        let failed = [0; 3].map(|_| faults.of_command(&"route 90/10").is_some());
        assert_eq!(failed, [true, true, false]);
        assert_eq!([0; 3].map(|_| faults.of_save()), [Some(SaveFault::Conflict); 3]);
        assert!(!faults.of_notices());
    }
}
