//! The log: to standard error, as JSON with Flagger's keys, or as text for people.

use std::{
    fmt,
    io::{IsTerminal as _, stderr},
};

use serde_json::{Map, Value};
use serin_core::Timestamp;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::{clock, run::options::LogFormat};

/// Sets up the log, in the format asked for; `level` is that of the crate `code`.
pub fn start(level: LevelFilter, format: LogFormat, code: &str) {
    // These libraries log failed requests without saying what was requested; our own code logs both.
    let filter = format!("warn,kube_client=off,kube_runtime=off,{code}={level}");
    let filter = EnvFilter::builder().parse_lossy(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match format {
        LogFormat::Json => builder.event_format(Json).init(),
        LogFormat::Console => builder.with_target(false).init(),
    }
}

/// One JSON object per line: `level`, `ts` and `msg` as in Flagger, and the fields of the event.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        writeln!(writer, "{}", line(&level, clock::now(), fields.0))
    }
}

fn line(level: &str, now: Timestamp, fields: Map<String, Value>) -> Value {
    let mut line = Map::new();
    line.insert("level".into(), level.into());
    line.insert("ts".into(), with_millis(now).into());
    line.extend(fields);
    line.into()
}

/// RFC 3339, always with three decimal places.
fn with_millis(time: Timestamp) -> String {
    let text = time.to_string();
    let whole = text.trim_end_matches('Z');
    let (seconds, fraction) = whole.split_once('.').unwrap_or((whole, ""));
    format!("{seconds}.{fraction:0<3}Z")
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        self.0.insert(name.into(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // The name of an object begins with its kind, which this key contains already.
        let value = if field.name() == "canary" { value.trim_start_matches("Canary ") } else { value };
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{kinds::CANARY, object::Key};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_flaggers_keys_and_the_canary_is_name_and_namespace() {
        let page = Page::default();
        let to = page.clone();
        let log = tracing_subscriber::fmt().event_format(Json).with_writer(move || to.clone()).finish();
        tracing::subscriber::with_default(log, || {
            let key = Key::new(CANARY, "shop", "web");
            tracing::warn!(canary = %key, count = 3, "it \"waits\"");
            tracing::info!(canary = "web.shop", "started");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let parts =
            |line: &Value| ["level", "msg", "canary"].map(|key| line[key].as_str().unwrap().to_owned());
        assert_eq!(parts(&lines[0]), ["warn", "it \"waits\"", "web.shop"]);
        assert_eq!(parts(&lines[1]), ["info", "started", "web.shop"]);
        assert_eq!(lines[0]["count"], 3);
        assert!(lines[0]["ts"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{text}");
    }

    #[test]
    fn times_have_three_decimal_places() {
        assert_eq!(with_millis(Timestamp::from_millis(1_700_000_000_120)), "2023-11-14T22:13:20.120Z");
        assert_eq!(with_millis(Timestamp::from_millis(1_700_000_000_000)), "2023-11-14T22:13:20.000Z");
    }
}
