//! InfluxDB 2: Flux queries, answered in annotated CSV.

use std::{collections::BTreeMap, time::Duration};

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Value, json};
use serin_core::{
    revision::{Text, one_line},
    time::Timestamp,
};

use super::{
    Exchange, Provider, Source, asking,
    reading::{Reading, accepted, last_series, refused, written},
};
use crate::http::{Reply, Request, secret::Secret};

/// Posts a query to `<address>/api/v2/query`.
pub(super) struct InfluxDb;

/// Flux queries take longer than others; Flagger's figure.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A query without a bucket: it asks whether the server answers and whether the token is right.
const PROBE: &str = "import \"array\"\narray.from(rows: [{_value: 1.0}])";

impl Provider for InfluxDb {
    fn begin(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<Reading>, Text> {
        Ok(Exchange::once(request(source, secret, source.query.trim())?, read))
    }

    fn check(&self, source: &Source, secret: &Secret, _now: Timestamp) -> Result<Exchange<()>, Text> {
        Ok(Exchange::once(request(source, secret, PROBE)?, |reply| match read(reply)? {
            Some(1.0) => Ok(()),
            Some(_) | None => Err("a query for the number 1 is not answered with 1".into()),
        }))
    }
}

fn request(source: &Source, secret: &Secret, flux: &str) -> Result<Request, Text> {
    let mut url = asking::url(source, "/api/v2/query")?;
    if let Some(org) = secret.at("org") {
        url.query_pairs_mut().append_pair("org", org);
    }
    let token = secret.at("token").map(|token| ("Authorization", format!("Token {token}")));
    let formats = [("Accept", "application/csv".to_owned()), ("Content-Type", "application/json".to_owned())];
    let own: Vec<_> = token.into_iter().chain(formats).collect();
    let dialect = json!({"annotations": ["datatype", "group", "default"], "header": true, "delimiter": ","});
    let body = json!({"query": flux, "type": "flux", "dialect": dialect}).to_string();
    Ok(Request { timeout: TIMEOUT, ..asking::post(source, url, &own, body) })
}

/// The last row with a value, of the last table by its labels. Flagger takes the first row.
fn read(reply: &Reply) -> Result<Reading, Text> {
    accepted(reply, complaint)?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*reply.body);
    let mut series: BTreeMap<Labels, Reading> = BTreeMap::new();
    let mut table = Table::default();
    for record in reader.records() {
        let record = record.map_err(|_| not_csv())?;
        match table.read(record)? {
            Some(Row::Value(labels, value)) => {
                let known = series.entry(labels).or_default();
                *known = value.or(*known);
            }
            Some(Row::Failed(why)) => return Err(refused(reply, &why).into()),
            None => {}
        }
    }
    last_series(series.into_iter().map(Ok))
}

/// The columns by which rows are grouped, with their values.
type Labels = Vec<(String, String)>;

/// What is known of the rows that follow.
#[derive(Default)]
struct Table {
    /// The rows that begin with `#`, by that name.
    annotations: BTreeMap<String, StringRecord>,
    header: Option<StringRecord>,
}

enum Row {
    Value(Labels, Reading),
    /// The query failed after the answer had begun.
    Failed(String),
}

impl Table {
    /// Takes one line; annotations and headers are no rows.
    fn read(&mut self, record: StringRecord) -> Result<Option<Row>, Text> {
        let first = record.get(0).unwrap_or_default();
        if first.starts_with('#') {
            if self.header.take().is_some() {
                self.annotations.clear();
            }
            self.annotations.insert(first.to_owned(), record);
            return Ok(None);
        }
        if let Some(header) = self.header.clone().filter(|_| !is_error_header(&record)) {
            return self.row(&header, &record).map(Some);
        }
        if !is_error_header(&record) && column(&record, "_value").is_none() {
            return Err(not_csv());
        }
        self.header = Some(record);
        Ok(None)
    }

    fn row(&self, header: &StringRecord, record: &StringRecord) -> Result<Row, Text> {
        if let Some(place) = column(header, "error") {
            return Ok(Row::Failed(record.get(place).unwrap_or_default().into()));
        }
        let place = column(header, "_value").ok_or_else(not_csv)?;
        let cell = |place: usize| match record.get(place) {
            None | Some("") => self.annotation("#default", place),
            Some(cell) => cell,
        };
        let labels = header.iter().enumerate().filter_map(|(place, name)| {
            let is_label = name == "result" || self.annotation("#group", place) == "true";
            is_label.then(|| (name.to_owned(), cell(place).to_owned()))
        });
        let value = number(self.annotation("#datatype", place), cell(place))?;
        Ok(Row::Value(labels.collect(), value))
    }

    fn annotation(&self, name: &str, place: usize) -> &str {
        self.annotations.get(name).and_then(|row| row.get(place)).unwrap_or_default()
    }
}

/// Whether the next line is the message of a failure.
fn is_error_header(record: &StringRecord) -> bool {
    let names: Vec<&str> = record.iter().filter(|name| !name.is_empty()).collect();
    names == ["error", "reference"]
}

fn column(header: &StringRecord, name: &str) -> Option<usize> {
    header.iter().position(|column| column == name)
}

fn number(datatype: &str, cell: &str) -> Result<Reading, Text> {
    match datatype {
        "" | "double" | "long" | "unsignedLong" if cell.is_empty() => Ok(None),
        "" | "double" | "long" | "unsignedLong" => written(cell),
        other => Err(format!("`_value` is of type {}; it has to be a number", one_line(other, 40)).into()),
    }
}

fn not_csv() -> Text {
    "the answer is not InfluxDB's CSV with a column `_value`".into()
}

fn complaint(body: &Value) -> Option<String> {
    body.get("message").or_else(|| body.get("error")).and_then(Value::as_str).map(Into::into)
}

#[cfg(test)]
mod tests {
    use serin_core::spec::MetricSystem;

    use super::super::testing::{self, asked, checked, passes, secret, source, without_secret};
    use super::*;

    #[test]
    fn snap_requests() {
        let flux = "from(bucket: \"shop\")\n  |> range(start: -1m)\n";
        let source = source(MetricSystem::InfluxDb, flux);
        insta::assert_snapshot!(asked(&source, &secret(&[("token", "t0p"), ("org", "my shop")])), @r#"
        POST https://metrics.test/base/api/v2/query?org=my+shop
        Authorization: Token t0p
        Accept: application/csv
        Content-Type: application/json
        {"dialect":{"annotations":["datatype","group","default"],"delimiter":",","header":true},"query":"from(bucket: \"shop\")\n  |> range(start: -1m)","type":"flux"}
        (within 15s, stays)
        "#);
        let open = without_secret(MetricSystem::InfluxDb, Some("http://influx.test:8086"));
        insta::assert_snapshot!(checked(&open, &Secret::default()), @r#"
        POST http://influx.test:8086/api/v2/query
        Accept: application/csv
        Content-Type: application/json
        {"dialect":{"annotations":["datatype","group","default"],"delimiter":",","header":true},"query":"import \"array\"\narray.from(rows: [{_value: 1.0}])","type":"flux"}
        (within 15s, stays)
        "#);
    }

    fn read(body: &str) -> Result<Reading, String> {
        testing::read(MetricSystem::InfluxDb, 200, &body.replace('\n', "\r\n"))
    }

    /// A table of these rows: number of the table, value, host.
    fn table(datatype: &str, rows: &[&str]) -> String {
        let head = format!(
            "#datatype,string,long,dateTime:RFC3339,{datatype},string\n#group,false,false,false,false,true\n\
             #default,_result,,,,\n,result,table,_time,_value,host\n"
        );
        let rows: String = rows.iter().map(|row| format!(",,{row}\n")).collect();
        format!("{head}{rows}\n")
    }

    const LATE: &str = "2026-01-31T12:00:00Z";

    #[test]
    fn the_last_value_of_the_last_table_by_its_labels_counts() {
        let row = |number: u32, value: &str, host: &str| format!("{number},{LATE},{value},{host}");
        let (one, two) = (row(0, "1.5", "a"), row(0, "2.5", "a"));
        assert_eq!(read(&table("double", &[&one])), Ok(Some(1.5)));
        assert_eq!(read(&table("double", &[&one, &two])), Ok(Some(2.5)));
        assert_eq!(read(&table("double", &[&one, &row(0, "", "a"), &row(0, "NaN", "a")])), Ok(Some(1.5)));
        let (other, quoted) = (row(1, "7", "b"), row(1, "8", "\"b, or\n\"\"c\"\"\""));
        assert_eq!(read(&table("double", &[&one, &other])), Ok(Some(7.0)));
        assert_eq!(read(&table("double", &[&other, &one])), Ok(Some(7.0)));
        assert_eq!(read(&table("double", &[&one, &row(1, "", "b")])), Ok(Some(1.5)));
        assert_eq!(read(&table("double", &[&quoted, &one])), Ok(Some(8.0)));
        let tables = table("long", &[&row(0, "3", "b")]) + &table("double", &[&one]);
        assert_eq!(read(&tables), Ok(Some(3.0)));
        assert_eq!(read(&table("unsignedLong", &[&row(0, "4", "a")])), Ok(Some(4.0)));
    }

    #[test]
    fn without_rows_there_is_no_value() {
        for body in ["", "\n", &table("double", &[]), &table("double", &["0,,,a"]), &table("double", &["0"])]
        {
            assert_eq!(read(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn a_default_fills_in_what_is_left_out() {
        let body = "#datatype,string,double\n#group,false,false\n#default,_result,2\n,result,_value\n,,\n";
        assert_eq!(read(body), Ok(Some(2.0)));
    }

    #[test]
    fn what_is_no_answer_is_an_error_that_says_so() {
        let failed = "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n\
                      ,\"failed to\nread bucket\",897\n";
        let begun = table("double", &[&format!("0,{LATE},1,a")]);
        let refused = |status, body| testing::read(MetricSystem::InfluxDb, status, body);
        assert_eq!(
            [
                read(failed),
                read(&format!("{begun}error,reference\nout of memory,\n")),
                read(&table("string", &[&format!("0,{LATE},1,a")])),
                read(&table("double", &[&format!("0,{LATE},many,a")])),
                read("<html>\n<body>\n"),
                refused(401, r#"{"code": "unauthorized", "message": "unauthorized access"}"#),
                refused(400, r#"{"error": "no query"}"#),
                refused(503, ""),
            ],
            [
                "200: failed to read bucket",
                "200: out of memory",
                "`_value` is of type string; it has to be a number",
                "a value in the answer is not a number",
                "the answer is not InfluxDB's CSV with a column `_value`",
                "401: unauthorized access",
                "400: no query",
                "503 Service Unavailable",
            ]
            .map(|why| Err(why.into()))
        );
    }

    #[test]
    fn a_token_is_valid_when_a_query_is_answered() {
        let one = table("double", &[",,1,"]);
        assert_eq!(passes(MetricSystem::InfluxDb, 200, &one), Ok(()));
        let none = "a query for the number 1 is not answered with 1";
        assert_eq!(passes(MetricSystem::InfluxDb, 200, ""), Err(none.into()));
        let refused = passes(MetricSystem::InfluxDb, 401, r#"{"message": "unauthorized access"}"#);
        assert_eq!(refused, Err("401: unauthorized access".into()));
    }
}
