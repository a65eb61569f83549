//! From what is seen and what has to be to what is written: nothing where both are the same.

use crate::object::{Key, Object};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// There is no such object yet.
    Create(Object),
    /// Put this in place of the version it was computed from; refused by the server if that is not the newest.
    Replace(Object),
    /// Take it away.
    Delete(Key),
}

/// The write that makes `wanted` of what was seen; `None` if it is so already.
///
/// `wanted` is what was seen with the fields changed that are ours, or a new object.
#[must_use]
pub fn to(wanted: Object, seen: Option<&Object>) -> Option<Change> {
    match seen {
        None => Some(Change::Create(wanted)),
        Some(seen) if *seen == wanted => None,
        Some(_) => Some(Change::Replace(wanted)),
    }
}
