//! `printf`, as far as queries and messages need it.

use serde_json::Value;

use super::value::{Evaluated, Said, say, show_float, signed};

/// The largest width and precision of a verb.
const WIDEST: usize = 200;

/// One `%` with its flags.
#[derive(Default)]
struct Verb {
    left: bool,
    zeros: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Formats `%s`, `%d`, `%.2f` and the like.
pub(super) fn printf(format: &str, values: &[Evaluated<'_>], said: &mut Said) -> Result<(), String> {
    let mut values = values.iter();
    let mut rest = format;
    while let Some((text, behind)) = rest.split_once('%') {
        said.push(text);
        let mut verb = Verb::default();
        let behind = verb.flags(behind)?;
        let Some(letter) = behind.chars().next() else { return Err("a format ends within a `%`".into()) };
        rest = &behind[letter.len_utf8()..];
        if letter == '%' {
            said.push("%");
            continue;
        }
        let Some(value) = values.next() else { return Err(format!("there is no value for `%{letter}`")) };
        said.push(&verb.show(letter, value)?);
    }
    said.push(rest);
    match values.len() {
        0 => Ok(()),
        more => Err(format!("the format \"{format}\" has no place for {more} of its values")),
    }
}

impl Verb {
    fn flags<'a>(&mut self, mut rest: &'a str) -> Result<&'a str, String> {
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => self.left = true,
                '0' => self.zeros = true,
                '+' => self.plus = true,
                ' ' => self.space = true,
                '#' => self.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        if let Some(width) = digits(&mut rest)? {
            self.width = width;
        }
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            self.precision = Some(digits(&mut rest)?.unwrap_or(0));
        }
        Ok(rest)
    }

    fn show(&self, letter: char, value: &Value) -> Result<String, String> {
        let misfit = || format!("`%{letter}` does not fit the value {value}");
        let float = || value.as_f64().ok_or_else(misfit);
        let text = match letter {
            'v' | 's' => self.cut(value)?,
            'q' => format!("{:?}", self.cut(value)?),
            't' => value.as_bool().ok_or_else(misfit)?.to_string(),
            'd' if value.is_i64() || value.is_u64() => value.to_string(),
            'x' => format!("{:x}", value.as_i64().ok_or_else(misfit)?),
            'X' => format!("{:X}", value.as_i64().ok_or_else(misfit)?),
            'o' => format!("{:o}", value.as_i64().ok_or_else(misfit)?),
            'b' => format!("{:b}", value.as_i64().ok_or_else(misfit)?),
            'c' => {
                let code = value.as_u64().and_then(|code| u32::try_from(code).ok());
                code.and_then(char::from_u32).ok_or_else(misfit)?.to_string()
            }
            'f' | 'F' => format!("{:.*}", self.precision.unwrap_or(6), float()?),
            'e' => scientific(float()?, self.precision.unwrap_or(6)),
            'g' => show_float(float()?),
            _ => return Err(misfit()),
        };
        Ok(self.pad(text, value.is_number()))
    }

    fn cut(&self, value: &Value) -> Result<String, String> {
        let mut shown = Said::default();
        say(&mut shown, value);
        let text = shown.end().ok_or("`printf` is given more than it may say")?;
        Ok(text.chars().take(self.precision.unwrap_or(usize::MAX)).collect())
    }

    fn pad(&self, text: String, is_number: bool) -> String {
        let sign = match (is_number && !text.starts_with('-'), self.plus, self.space) {
            (true, true, _) => "+",
            (true, false, true) => " ",
            _ => "",
        };
        let missing = self.width.saturating_sub(text.chars().count() + sign.len());
        if self.left {
            return format!("{sign}{text}{}", " ".repeat(missing));
        }
        if self.zeros && is_number {
            let (minus, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
            return format!("{sign}{minus}{}{digits}", "0".repeat(missing));
        }
        format!("{}{sign}{text}", " ".repeat(missing))
    }
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    match text.split_once('e').map(|(digits, exponent)| (digits, exponent.parse())) {
        Some((digits, Ok(exponent))) => format!("{digits}e{}", signed(exponent)),
        _ => text,
    }
}

/// The number that comes next, if there is one.
fn digits(rest: &mut &str) -> Result<Option<usize>, String> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at(end);
    *rest = behind;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(number) if number <= WIDEST => Ok(Some(number)),
        _ => Err(format!("a width or precision of {digits} is more than {WIDEST}")),
    }
}
