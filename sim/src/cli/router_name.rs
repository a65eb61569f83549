//! The name of a router as an argument: completed and checked, including meshes behind a version of SMI.

use std::ffi::OsStr;

use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use serin_core::provider::{Provider, ROUTERS};

/// Accepts what `spec.provider` accepts.
#[derive(Clone)]
pub(super) struct RouterName;

impl TypedValueParser for RouterName {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        match value.to_str().filter(|name| Provider::named(name).is_some()) {
            Some(name) => Ok(name.into()),
            None => names().parse_ref(command, arg, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ROUTERS.iter().map(|router| PossibleValue::new(router.name))))
    }
}

fn names() -> PossibleValuesParser {
    ROUTERS.iter().map(|router| router.name).collect::<Vec<_>>().into()
}
