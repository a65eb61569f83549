//! Files that people write: read within bounds, and every error told with its place.

mod error;
mod folder;
mod locate;
mod source;
mod spaces;

pub use self::error::{Fault, InputError};
pub(crate) use self::error::{nearest, reword, unknown};
pub(crate) use self::folder::yaml_files;
pub(crate) use self::locate::{Place, Places};
pub(crate) use self::source::{Source, read, read_from, read_named};
pub(crate) use self::spaces::first as first_non_breaking_space;
