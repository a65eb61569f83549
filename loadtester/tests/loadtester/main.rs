//! The load tester as a process: hooks ask it for tasks and gates, and it sends real load to a real service.

#![expect(clippy::unwrap_used, reason = "a test that cannot do its part has failed")]

mod gates;
mod hey;
mod hostile;
mod load;
mod page;
#[path = "../../../tests/support/process.rs"]
mod process;
mod program;
mod service;
mod tasks;
#[path = "../../../tests/servers/support/tools.rs"]
mod tools;
