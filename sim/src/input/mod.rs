//! Reads files within limits, and reports every error with its place.

mod cause;
mod error;
mod folder;
mod locate;
mod loose;
mod objects;
mod parts;
mod source;
mod spaces;

pub(crate) use self::cause::{Cause, RENDER_HELM, helm_sign};
pub use self::error::{Fault, InputError};
pub(crate) use self::error::{nearest, reword, unknown};
pub use self::folder::yaml_below;
pub(crate) use self::folder::yaml_files;
pub(crate) use self::locate::{Place, Places};
pub(crate) use self::objects::objects;
pub(crate) use self::source::{Broken, Source, read, read_from, read_named};
pub(crate) use self::spaces::first as first_non_breaking_space;
