//! A finding as JSON. The object that contains it names the file.

use serde::{Serialize, Serializer};
use serin_input::edit::Edit;

use super::{Finding, Level};

#[derive(Serialize)]
struct Fields<'a> {
    level: Level,
    code: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    field: &'a str,
    what: &'a str,
    remedy: &'a str,
    #[serde(skip_serializing_if = "<[Edit]>::is_empty")]
    edits: &'a [Edit],
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { level, code, file: _, at, field, what, remedy, edits } = self;
        let (line, column) = (at.map(|at| at.0), at.map(|at| at.1));
        Fields { level: *level, code, line, column, field, what, remedy, edits }.serialize(serializer)
    }
}
