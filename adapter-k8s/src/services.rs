//! The three services of a Canary: in front of the primary, of the canary, and the apex that users call.

use serin_core::{command::ApexTo, observation::Services};

use crate::{
    object::Object,
    seen::{Seen, Unfit},
    subject::Subject,
};

/// The services as they have to be.
///
/// # Errors
/// What they are made from is not known or makes no sense.
pub fn ensured(_: &Subject, _: ApexTo, _: &dyn Seen) -> Result<Vec<Object>, Unfit> {
    Err(Unfit::refused("not here yet"))
}

/// Whom the apex service selects.
///
/// # Errors
/// It is not known.
pub fn read(_: &Subject, _: &dyn Seen) -> Result<Services, Unfit> {
    Err(Unfit::refused("not here yet"))
}

/// The services once they select the target again.
///
/// # Errors
/// What they are made from is not known.
pub fn reverted(_: &Subject, _: &dyn Seen) -> Result<Vec<Object>, Unfit> {
    Err(Unfit::refused("not here yet"))
}
