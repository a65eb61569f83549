//! `serin init`: writes a first scenario for a manifest.

use std::{
    env, fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serin_input::{Fault, InputError};
use serin_lint::{self as lint, Input, Level, Settings};
use serin_output::{Terminal, finding};
use serin_report::quoted;
use serin_sim::init::{self, InitError};

use super::{Exit, complaint, exit::long_help, report_file::beside, screen::Screen, written};

/// Write a first scenario for a Canary
///
/// The scenario has a good release, which is promoted, and a bad one, which is rolled back, with comments that explain each
/// part. It is replayed before it is written, so its `expect` lines hold. Then edit it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES]))]
pub(crate) struct Args {
    /// The manifest with the Canary, more files with its MetricTemplates, or `-` for standard input
    #[arg(required = true, value_name = "CANARY", value_hint = clap::ValueHint::FilePath)]
    paths: Vec<PathBuf>,
    /// File to write, folder for `<name>-scenario.yaml`, or `-` for standard output
    #[arg(short, long, value_name = "PATH", default_value = ".", value_hint = clap::ValueHint::AnyPath)]
    out: PathBuf,
    /// The Canary to use if the files have several: its name, or `name.namespace`
    #[arg(long, value_name = "NAME")]
    canary: Option<String>,
    /// The controller's router, for a Canary without a provider
    #[arg(long, value_name = "NAME", default_value = "istio")]
    provider: String,
    /// The controller's namespace, where a metric's template is looked for second
    #[arg(long, value_name = "NAME", default_value = "flagger-system")]
    namespace: String,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(super) screen: Screen,
}

const EXAMPLES: &str = "\
Examples:
  serin init canary.yaml
  serin init canary.yaml metric-templates.yaml --out tests/
  helm template . | serin init - --canary shop --out shop.yaml";

/// Writes the scenario, reports it to `out`, and errors to `err`.
pub(super) fn run(args: &Args, terminal: Terminal, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    match write(args, &terminal) {
        Ok(text) => written(out.write_all(text.as_bytes()).and_then(|()| out.flush()), err),
        Err(what) => {
            // Standard error may be closed as well; the exit status remains.
            let _ = err.write_all(what.as_bytes());
            Exit::Unusable
        }
    }
}

/// The output, or the error message.
fn write(args: &Args, terminal: &Terminal) -> Result<String, String> {
    let inputs: Vec<Input> = args.paths.iter().map(|path| input(path)).collect();
    let settings = Settings {
        provider: args.provider.as_str().into(),
        namespace: args.namespace.as_str().into(),
        release: None,
        controller: None,
    };
    errors(&inputs, &settings, terminal)?;
    let working = env::current_dir().map_err(|error| complaint(&format!("no working folder: {error}")))?;
    let to_stdout = args.out == Path::new("-");
    let (folder, file) = if to_stdout { (PathBuf::new(), None) } else { target(&args.out) };
    let base = working.join(&folder);
    let base = base.canonicalize().unwrap_or(base);
    let subject = init::find(&inputs, &settings, args.canary.as_deref(), &working, &base);
    let subject = subject.map_err(|missing| complaint(&format!("{}: {missing}", named(&args.paths))))?;
    let path = folder.join(file.unwrap_or_else(|| file_name(&subject.name).into()));
    if !args.force && !to_stdout && fs::symlink_metadata(&path).is_ok() {
        return Err(exists(&path));
    }
    if !to_stdout {
        fs::create_dir_all(&base).map_err(|error| not_written(&path, &error))?;
    }
    let text = init::scenario(&subject, &path).map_err(|error| refused(&error, args))?;
    if to_stdout {
        return Ok(text);
    }
    put(&path, &text, args.force)?;
    let path = path.display().to_string();
    Ok(format!("wrote {path}\n\nReplay it:\n  serin replay {}\n", quoted(&path)))
}

fn input(path: &Path) -> Input {
    if path == Path::new("-") { Input::read_from(path, io::stdin().lock()) } else { Input::read(path) }
}

/// A manifest that lint refuses is not replayed.
pub(super) fn errors(inputs: &[Input], settings: &Settings, terminal: &Terminal) -> Result<(), String> {
    let findings = lint::lint(inputs, settings).findings();
    let errors: Vec<_> = findings.iter().filter(|finding| finding.level == Level::Error).collect();
    let mut text = String::new();
    for file in inputs.iter().map(|input| input.path.display().to_string()) {
        let of_file: Vec<_> = errors.iter().copied().filter(|finding| finding.file == file).collect();
        if !of_file.is_empty() {
            text += &complaint(&format!("{file}: cannot be used"));
            text += &finding::text::findings(of_file, terminal);
        }
    }
    if text.is_empty() { Ok(()) } else { Err(text) }
}

/// The folder to write to, and the file name if one is given.
fn target(out: &Path) -> (PathBuf, Option<PathBuf>) {
    let is_file = out.extension().is_some_and(|end| end == "yaml" || end == "yml") && !out.is_dir();
    if !is_file {
        return (if out == Path::new(".") { PathBuf::new() } else { out.into() }, None);
    }
    let folder = out.parent().unwrap_or(Path::new(""));
    (folder.into(), out.file_name().map(PathBuf::from))
}

fn file_name(canary: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    format!("{}-scenario.yaml", canary.chars().map(plain).collect::<String>())
}

fn put(path: &Path, text: &str, replace: bool) -> Result<(), String> {
    let put = || {
        let mut file = beside(path)?;
        file.write_all(text.as_bytes())?;
        let persisted = if replace { file.persist(path) } else { file.persist_noclobber(path) };
        persisted.map(|_| ()).map_err(|error| error.error)
    };
    put().map_err(|error: io::Error| {
        let came_meanwhile = error.kind() == ErrorKind::AlreadyExists && !replace;
        if came_meanwhile { exists(path) } else { not_written(path, &error) }
    })
}

fn exists(path: &Path) -> String {
    complaint(&format!("{} exists; choose another --out, or replace it with --force", path.display()))
}

fn not_written(path: &Path, error: &io::Error) -> String {
    // The error may name the path of a temporary file, which means nothing to the user.
    complaint(&format!("{}: cannot be written: {}", path.display(), error.kind()))
}

fn refused(error: &InitError, args: &Args) -> String {
    match error {
        // It names its files itself, relative to the folder of the scenario.
        InitError::Input(error) => {
            let of_metric = error.faults.iter().any(|fault| fault.field.contains(".metrics["));
            let hint = "\n  pass the file of its MetricTemplate as another argument, or set the controller's --namespace";
            complaint(&format!("{}{}", from_here(error), if of_metric { hint } else { "" }))
        }
        InitError::NeverPromoted(_) | InitError::NotAsExpected(_) => {
            complaint(&format!("{}: {error}", named(&args.paths)))
        }
    }
}

/// The faults with file names relative to the working folder.
fn from_here(error: &InputError) -> InputError {
    let working = env::current_dir().unwrap_or_default();
    let here = |fault: &Fault| {
        let file = finding::relative(&fault.file.display().to_string(), &working);
        Fault { file: file.map_or_else(|| fault.file.clone(), PathBuf::from), ..fault.clone() }
    };
    InputError { faults: error.faults.iter().map(here).collect() }
}

fn named(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}
