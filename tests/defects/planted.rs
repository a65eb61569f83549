//! Which defect is planted in this process. This file is added to the copy of the core that the patches are applied to.

extern crate std;

use std::{env, string::String, sync::LazyLock};

static PLANTED: LazyLock<Option<String>> = LazyLock::new(|| env::var("SERIN_PLANTED").ok());

/// Whether the defect of this name is planted.
pub(crate) fn is(name: &str) -> bool {
    PLANTED.as_deref() == Some(name)
}
