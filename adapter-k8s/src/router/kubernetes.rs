//! No mesh: the apex service alone, which always selects the primary. There is nothing to write.

use serin_core::command::{Routes, Split};

use super::Router;
use crate::{
    object::{
        Kind, Object,
        change::Change,
        seen::{Seen, Unfit},
    },
    subject::Subject,
};

/// The provider `kubernetes`.
pub(super) struct Kubernetes;

impl Router for Kubernetes {
    fn kinds(&self) -> &[Kind] {
        &[]
    }

    fn render(&self, _: &Subject, _: &Split, _: &dyn Seen) -> Result<Vec<Object>, Unfit> {
        Ok(Vec::new())
    }

    fn read(&self, _: &Subject, _: &dyn Seen) -> Result<Option<Routes>, Unfit> {
        Ok(Some(Routes::PRIMARY))
    }

    fn revert(&self, _: &Subject, _: &dyn Seen) -> Result<Vec<Change>, Unfit> {
        Ok(Vec::new())
    }
}
