//! What only the `serin` command does: [`init`] writes a first scenario for a manifest, [`schema`] is the schema of a kind
//! of file.

pub mod init;
pub mod schema;
