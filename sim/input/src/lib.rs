//! The files that users write, read within limits: every error has its place.
//!
//! [`manifest`] knows the fields of our kinds, and [`edit`] is a change of a manifest.

mod cause;
pub mod edit;
mod error;
mod folder;
mod locate;
mod loose;
pub mod manifest;
mod objects;
mod parts;
mod source;
mod spaces;

pub use self::cause::Cause;
pub(crate) use self::cause::{RENDER_HELM, helm_sign};
pub use self::error::{Fault, InputError, nearest, reword, unknown};
pub use self::folder::{yaml_below, yaml_files};
pub use self::locate::{Place, Places};
pub use self::objects::objects;
pub use self::source::{Broken, Source, read, read_from, read_named};
pub use self::spaces::first as first_non_breaking_space;
