//! The command line of `hey`, the load generator of Flagger's load tester: which requests it asks for.
//!
//! It is read here and nowhere else: the load tester sends these requests, the simulator computes with them. The words are
//! read as Go's `flag` package reads them: `-q 10`, `-q=10` and `--q 10` are the same, and the first word that is no
//! flag is the URL.

mod flags;

use std::time::Duration;

use serin_core::time::parse_duration;

use self::flags::Flags;

/// What a line of `hey` asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Hey {
    /// Where the requests are sent to.
    pub url: String,
    /// `-m`, in upper case.
    pub method: String,
    /// `-T`, `-H`, `-A` and `-U`: each name once, the last value counts. The user agent always ends with that of hey.
    pub headers: Vec<(String, String)>,
    /// `-host`: the `Host` header, where it is not that of the URL.
    pub host: Option<String>,
    /// `-d` and `-D`.
    pub body: Body,
    /// `-a`: user and password.
    pub credentials: Option<(String, String)>,
    /// `-x`: an HTTP proxy.
    pub proxy: Option<String>,
    /// `-c`: how many requests are under way at once; at least 1.
    pub workers: u32,
    /// `-z` or `-n`: when it ends.
    pub end: End,
    /// `-q`: requests per second of each worker; unlimited if it is left out.
    pub rate: Option<f64>,
    /// `-t`: how long a request may take.
    pub timeout: Option<Duration>,
    /// Whether connections are used again; not with `-disable-keepalive`.
    pub keeps_connections: bool,
    /// Whether compressed answers are asked for; not with `-disable-compression`.
    pub accepts_compression: bool,
    /// Whether redirects are followed; not with `-disable-redirects`.
    pub follows_redirects: bool,
    /// `-h2`: by HTTP/2.
    pub is_http2: bool,
    /// `-o csv`: every request is printed, instead of a summary.
    pub prints_requests: bool,
    /// `-cpus`: the number of threads.
    pub threads: Option<usize>,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// This text, which may be empty.
    Text(String),
    /// The contents of the file with this path.
    File(String),
}

/// When the last request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After this many, by all workers together; at least one by each.
    Requests(u32),
    /// After this time.
    After(Duration),
}

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeyError {
    /// A flag that hey does not have.
    #[error("hey has no flag {0}")]
    UnknownFlag(String),
    /// A flag at the end of the line, without its value.
    #[error("{0} needs a value")]
    NoValue(String),
    /// A value that its flag does not take.
    #[error("-{flag} {value}: expected {expected}")]
    Value {
        /// The flag, without its dash.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// No word that is not a flag.
    #[error("the URL is missing")]
    NoUrl,
    /// `-n` or `-c` below 1.
    #[error("-n and -c cannot be smaller than 1")]
    Nothing,
    /// Some worker would send no request.
    #[error("-n {requests} cannot be less than -c {workers}")]
    IdleWorkers {
        /// `-n`.
        requests: u32,
        /// `-c`.
        workers: u32,
    },
}

/// What hey calls itself.
const USER_AGENT: &str = "hey/0.0.1";

impl Hey {
    /// Reads the words after `hey`, without the quotes of a shell.
    ///
    /// # Errors
    /// What hey itself refuses, and why.
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Self, HeyError> {
        let flags = Flags::read(words)?;
        let workers = flags.number("c", "a whole number")?.unwrap_or(50_u32);
        let rate = flags.number::<f64>("q", "a number")?.filter(|rate| *rate > 0.0 && rate.is_finite());
        let timeout = flags.number("t", "seconds as a whole number")?.unwrap_or(20_u32);
        Ok(Self {
            url: flags.url.clone().ok_or(HeyError::NoUrl)?,
            method: flags.value("m").unwrap_or("GET").to_uppercase(),
            headers: headers(&flags)?,
            host: flags.value("host").map(Into::into),
            body: match (flags.value("D"), flags.value("d")) {
                (Some(path), _) => Body::File(path.into()),
                (None, text) => Body::Text(text.unwrap_or_default().into()),
            },
            credentials: flags.value("a").map(credentials).transpose()?,
            proxy: flags.value("x").map(Into::into),
            workers,
            end: end(&flags, workers)?,
            rate,
            timeout: (timeout > 0).then(|| Duration::from_secs(timeout.into())),
            keeps_connections: !flags.is_set("disable-keepalive")?,
            accepts_compression: !flags.is_set("disable-compression")?,
            follows_redirects: !flags.is_set("disable-redirects")?,
            is_http2: flags.is_set("h2")?,
            prints_requests: match flags.value("o") {
                None | Some("") => false,
                Some("csv") => true,
                Some(other) => return Err(wrong("o", other, "csv")),
            },
            threads: flags.number("cpus", "a whole number")?.filter(|threads| *threads > 0),
        })
    }

    /// Requests per second of all workers; `None` if they are not limited.
    #[must_use]
    pub fn rps(&self) -> Option<f64> {
        self.rate.map(|rate| rate * f64::from(self.workers))
    }

    /// For how long requests are sent; `None` if that depends on how fast they are answered.
    #[must_use]
    pub fn lasts(&self) -> Option<Duration> {
        match self.end {
            End::After(time) => Some(time),
            End::Requests(requests) => Duration::try_from_secs_f64(f64::from(requests) / self.rps()?).ok(),
        }
    }
}

fn end(flags: &Flags, workers: u32) -> Result<End, HeyError> {
    const EXPECTED: &str = "a duration such as 30s or 2m";
    let time = flags.value("z").map(|text| parse_duration(text).map_err(|_| wrong("z", text, EXPECTED)));
    let time = time.transpose()?.filter(|time| !time.is_zero());
    let requests = flags.number("n", "a whole number")?.unwrap_or(200_u32);
    match time {
        _ if workers == 0 => Err(HeyError::Nothing),
        Some(time) => Ok(End::After(time)),
        None if requests == 0 => Err(HeyError::Nothing),
        None if requests < workers => Err(HeyError::IdleWorkers { requests, workers }),
        None => Ok(End::Requests(requests)),
    }
}

fn headers(flags: &Flags) -> Result<Vec<(String, String)>, HeyError> {
    let mut headers = Vec::new();
    set(&mut headers, "Content-Type", flags.value("T").unwrap_or("text/html"));
    for header in flags.values("H") {
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) || value.trim_start().is_empty() {
            return Err(wrong("H", header, "a header such as \"Accept: text/html\""));
        }
        set(&mut headers, name, value.trim_start());
    }
    if let Some(accept) = flags.value("A").filter(|accept| !accept.is_empty()) {
        set(&mut headers, "Accept", accept);
    }
    let given = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("User-Agent"));
    let own = flags.value("U").filter(|own| !own.is_empty()).or(given.map(|(_, value)| value.as_str()));
    let agent = own.map_or_else(|| USER_AGENT.to_owned(), |own| format!("{own} {USER_AGENT}"));
    set(&mut headers, "User-Agent", &agent);
    Ok(headers)
}

fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    headers.push((name.into(), value.into()));
}

fn credentials(text: &str) -> Result<(String, String), HeyError> {
    let parts = text.rsplit_once(':').filter(|(user, password)| !user.is_empty() && !password.is_empty());
    let (user, password) = parts.ok_or_else(|| wrong("a", "…", "username:password"))?;
    Ok((user.into(), password.into()))
}

fn wrong(flag: &'static str, value: &str, expected: &'static str) -> HeyError {
    HeyError::Value { flag, value: value.into(), expected }
}

#[cfg(test)]
mod tests;
