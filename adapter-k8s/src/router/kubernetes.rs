//! No mesh: the apex service alone, which always selects the primary. There is nothing to write.

use serin_core::command::{Routes, Split};

use super::Router;
use crate::{
    object::{
        Kind, Object,
        change::Change,
        reader::{BuildError, ObjectReader},
    },
    subject::Subject,
};

/// The provider `kubernetes`.
pub(super) struct Kubernetes;

impl Router for Kubernetes {
    fn kinds(&self) -> &[Kind] {
        &[]
    }

    fn render(&self, _: &Subject, _: &Split, _: &dyn ObjectReader) -> Result<Vec<Object>, BuildError> {
        Ok(Vec::new())
    }

    fn read(&self, _: &Subject, _: &dyn ObjectReader) -> Result<Option<Routes>, BuildError> {
        Ok(Some(Routes::PRIMARY))
    }

    fn revert(&self, _: &Subject, _: &dyn ObjectReader) -> Result<Vec<Change>, BuildError> {
        Ok(Vec::new())
    }
}
