//! Reads a file with limits on size, depth and expansion, and reports every error with its place.

use std::{cell::Cell, collections::BTreeSet, fmt, fs, io, io::Read as _, path::Path, rc::Rc};

use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_yaml::{Mapping, Value};

use super::{
    cause::{self, Cause, Reason},
    error::{Fault, InputError, SECOND_DOCUMENT, TOO_DEEP, reword},
    locate::Places,
    loose::Loose,
    parts::{DocumentText, parts},
    spaces,
};

/// Files that users write are short.
const MOST_BYTES: u64 = 1 << 20;
/// The maximum depth of brackets, because the time of the YAML library grows with its square.
const DEEPEST: usize = 128;
/// The maximum number of characters and nodes after aliases are expanded.
const MOST_EXPANDED: usize = 4 << 20;

/// The text of a file.
pub fn read(path: &Path) -> Result<String, InputError> {
    let unreadable = |error: io::Error| Fault::of_file(path, format!("cannot be read: {error}"));
    let file = fs::File::open(path).map_err(unreadable)?;
    read_from(path, file)
}

/// The text of a file that another file names. It must not be a pipe or a device, which may never end.
pub fn read_named(path: &Path) -> Result<String, InputError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Fault::of_file(path, "is not a regular file").into());
    }
    read(path)
}

/// The text from a reader; errors name it as `path`.
pub fn read_from(path: &Path, reader: impl io::Read) -> Result<String, InputError> {
    let fault = |what: String| InputError::from(Fault::of_file(path, what));
    let unreadable = |error: io::Error| fault(format!("cannot be read: {error}"));
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fault("is larger than 1 MiB".into()));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fault("is UTF-16 text; save it as UTF-8".into()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fault(format!("is not UTF-8 text (byte {at})"))
    })
}

/// A fault in the text of a document.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Why.
    pub cause: Cause,
    /// The message and its place.
    pub fault: Fault,
}

/// One document of a file.
#[derive(Clone)]
pub struct Source<'a> {
    /// Its contents.
    pub text: Rc<str>,
    /// Its path, as printed.
    pub path: &'a Path,
    /// Its index among the documents of the file.
    pub document: usize,
    /// The places of its fields.
    pub places: Places,
}

impl<'a> Source<'a> {
    /// The first document of a file. Non-breaking spaces in an indentation are read as plain spaces. A byte order mark
    /// is removed, because it would indent the first line.
    pub fn new(text: &str, path: &'a Path) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text: spaces::plain(text).into(), path, document: 0, places: Places::default() }
    }

    /// Another document of the file.
    pub fn nth(&self, document: usize) -> Self {
        Self { document, ..self.clone() }
    }

    /// The only document of the file.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, InputError> {
        self.guard()?;
        if self.text.trim().is_empty() {
            return Err(Fault::of_file(self.path, "is empty").into());
        }
        let duplicates: Vec<Fault> = self.duplicates().map(|(_, fault)| fault).collect();
        if !duplicates.is_empty() {
            return Err(InputError { faults: duplicates });
        }
        let part = DocumentText { lines_before: 0, text: &self.text };
        self.read(part).map_err(|broken| broken.fault.into())
    }

    /// Every mapping of the file, with the number of its document, and all faults of the text. Of a duplicate key the
    /// last value is taken.
    pub fn documents(&self) -> (Vec<(usize, Mapping)>, Vec<Broken>) {
        if let Err(fault) = self.guard() {
            return (Vec::new(), vec![Broken { cause: Cause::NotYaml, fault }]);
        }
        let (mut found, mut broken, mut unfinished) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (document, part) in parts(&self.text).into_iter().enumerate() {
            match self.nth(document).read::<Loose>(part) {
                Ok(Loose(Value::Mapping(mapping))) => found.push((document, mapping)),
                Ok(Loose(value)) => broken.extend(self.nth(document).no_object(&value)),
                Err(error) => {
                    if matches!(error.cause, Cause::Conflict | Cause::Template) {
                        unfinished.insert(document);
                    }
                    broken.push(error);
                }
            }
        }
        // Both sides of a conflict have the same keys.
        let duplicates = self.duplicates().filter(|(document, _)| !unfinished.contains(document));
        broken.extend(duplicates.map(|(_, fault)| Broken { cause: Cause::DuplicateKey, fault }));
        (found, broken)
    }

    /// Every mapping of a file, if each document is needed.
    pub fn all_documents(&self) -> Result<Vec<(usize, Mapping)>, InputError> {
        let (found, broken) = self.documents();
        let faults: Vec<Fault> = broken.into_iter().map(|broken| broken.fault).collect();
        if faults.is_empty() { Ok(found) } else { Err(InputError { faults }) }
    }

    /// The fault of a document that is not a mapping; nothing if it is empty.
    fn no_object(&self, value: &Value) -> Option<Broken> {
        let what = match value {
            Value::Null | Value::Mapping(_) => return None,
            Value::Sequence(_) => {
                "is a list, not an object: write the objects as `items` of a `kind: List`, or separate them by `---`"
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => "is not an object",
        };
        Some(Broken { cause: Cause::NotYaml, fault: self.fault("", what) })
    }

    /// The duplicate keys, each with its document.
    fn duplicates(&self) -> impl Iterator<Item = (usize, Fault)> {
        self.places.duplicates(&self.text).iter().map(|duplicate| {
            let line = duplicate.first.map_or(String::new(), |(line, _)| format!(" in line {line}"));
            let what = format!("is already set{line}: remove one of the two");
            let field = duplicate.field.clone();
            (duplicate.document, Fault { file: self.path.into(), at: duplicate.again, field, what })
        })
    }

    /// A fault of a field, with its line, or that of its parent if it is missing.
    pub fn fault(&self, field: impl Into<String>, what: impl Into<String>) -> Fault {
        let field = field.into();
        let at = self.places.locate(&self.text, self.document, &field);
        Fault { file: self.path.into(), at, field, what: what.into() }
    }

    /// The kind of template that contains a fault, if its document is one.
    pub fn template_at(&self, fault: &Fault) -> Option<Broken> {
        let part = parts(&self.text).into_iter().nth(self.document)?;
        let Reason { cause, at, what } = cause::template(part, fault.at)?;
        Some(Broken { cause, fault: Fault { at, what, ..fault.clone() } })
    }

    fn read<T: DeserializeOwned>(&self, part: DocumentText<'_>) -> Result<T, Broken> {
        serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(part.text)).map_err(|error| {
            let field = error.path().to_string();
            // If the text itself is broken, no field is known yet.
            let field = field.trim_end_matches('?').trim_end_matches('.');
            let behind = error_after_a_document(error.inner(), part.text);
            let error = behind.as_ref().unwrap_or(error.inner());
            let (what, told) = (what(error, field), error.location().map(|at| (at.line(), at.column())));
            // An error of the text exists whatever is read from it.
            let Reason { cause, at, what } =
                match Loose::deserialize(serde_yaml::Deserializer::from_str(part.text)) {
                    Err(_) => cause::of(self.path, part, &what, told),
                    Ok(_) => cause::unexpected(part, what, told),
                };
            // The library's place may be that of a parent, and ours that of the key before a value.
            let found =
                if field.is_empty() { None } else { self.places.locate(&self.text, self.document, field) };
            Broken {
                cause,
                fault: Fault { file: self.path.into(), at: at.max(found), field: field.into(), what },
            }
        })
    }

    /// Refuses texts that would take the YAML library very long or very much memory.
    fn guard(&self) -> Result<(), Fault> {
        let mut depth = 0_usize;
        for (line, text) in self.text.lines().enumerate() {
            for byte in text.bytes() {
                match byte {
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth > DEEPEST {
                    let at = Some((line + 1, 1));
                    let what = format!("is nested too deeply: more than {DEEPEST} levels of brackets");
                    return Err(Fault { at, ..Fault::of_file(self.path, what) });
                }
            }
        }
        if !self.text.contains('*') {
            return Ok(());
        }
        // Errors of the text itself are reported when it is read.
        let left = Cell::new(Some(MOST_EXPANDED));
        let measure = Measure { left: &left, number: longest_number(&self.text) };
        for part in parts(&self.text) {
            let Some(document) = serde_yaml::Deserializer::from_str(part.text).next() else { continue };
            let Err(error) = measure.deserialize(document) else { continue };
            // The library has its own limit on the number of aliases.
            if left.get().is_none() || error.to_string().contains("repetition limit") {
                return Err(Fault::of_file(self.path, "is too large once its aliases are replaced"));
            }
            // A value that is nested too deeply is not visited, so it would not be measured.
            if error.to_string().contains(TOO_DEEP) {
                let at = error.location().map(|at| (at.line() + part.lines_before, at.column()));
                return Err(Fault { at, ..Fault::of_file(self.path, reword(TOO_DEEP)) });
            }
        }
        Ok(())
    }
}

/// The fault of a text after the first document. The library calls it a second document, without a place.
fn error_after_a_document(error: &serde_yaml::Error, text: &str) -> Option<serde_yaml::Error> {
    let is_second = error.location().is_none() && error.to_string().contains(SECOND_DOCUMENT);
    let mut documents = serde_yaml::Deserializer::from_str(text);
    if is_second { documents.find_map(|document| Loose::deserialize(document).err()) } else { None }
}

/// The error's message, without the path and the place.
fn what(error: &serde_yaml::Error, field: &str) -> String {
    let mut text = error.to_string();
    if let Some(at) = error.location() {
        text = text.replacen(&format!(" at line {} column {}", at.line(), at.column()), "", 1);
    }
    let mut parent = field;
    loop {
        if let Some(text) = text.strip_prefix(parent).and_then(|text| text.strip_prefix(": ")) {
            return reword(text);
        }
        match parent.rfind(['.', '[']) {
            Some(end) => parent = &parent[..end],
            None => return reword(&text),
        }
    }
}

/// Visits a document with all aliases expanded, and fails if it becomes too large.
#[derive(Clone, Copy)]
struct Measure<'a> {
    /// The remaining size; `None`: it was too large.
    left: &'a Cell<Option<usize>>,
    /// The size of a number: its length is not known, but it is read again at each alias.
    number: usize,
}

impl Measure<'_> {
    fn takes<E: serde::de::Error>(self, size: usize) -> Result<(), E> {
        self.left.set(self.left.get().and_then(|left| left.checked_sub(size + 1)));
        if self.left.get().is_some() { Ok(()) } else { Err(E::custom("too large")) }
    }
}

/// The length of the longest run of characters that can be a number, in units of a short one.
fn longest_number(text: &str) -> usize {
    const SHORT: usize = 16;
    let runs = text.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | '+' | '-' | '_')));
    runs.map(str::len).max().unwrap_or_default() / SHORT
}

impl<'de> DeserializeSeed<'de> for Measure<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Measure<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.takes(1)
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.takes(self.number)
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.takes(self.number)
    }
    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<(), E> {
        self.takes(self.number)
    }
    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<(), E> {
        self.takes(self.number)
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.takes(self.number)
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.takes(1)
    }
    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.takes(1)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.takes(text.len())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.takes(1)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.takes(1)?;
        while entries.next_key_seed(self)?.is_some() {
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> Result<(), A::Error> {
        use serde::de::VariantAccess as _;
        let (tag, content) = data.variant::<String>()?;
        self.takes(tag.len())?;
        content.newtype_variant_seed(self)
    }
}
