//! `serin completions`: what a shell needs to complete the command line.
//!
//! The scripts are those of `clap_complete`. Positional arguments are its weak side: bash offers options where a file is
//! wanted, and fish offers files where one of a few words is. What is appended here corrects that.

use std::{fmt::Write as _, io::Write};

use clap::{Arg, Command, CommandFactory as _, ValueHint};
use clap_complete::Shell;

use super::{Cli, Exit, exit::long_help, written};

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help(&[EXAMPLES]))]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  Bash:
    serin completions bash > ~/.local/share/bash-completion/completions/serin
  Zsh, into a folder of $fpath:
    serin completions zsh > \"${fpath[1]}/_serin\"
  Fish:
    serin completions fish > ~/.config/fish/completions/serin.fish";

/// Prints to `out`, complains to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut serin = Cli::command();
    // The generator panics where it cannot write: it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut serin, "serin", &mut text);
    let more = match args.shell {
        Shell::Bash => bash(&serin),
        Shell::Fish => fish(&serin),
        // `Shell` may get more variants: those are taken as they are.
        _ => String::new(),
    };
    text.extend_from_slice(more.as_bytes());
    written(out.write_all(&text).and_then(|()| out.flush()), err)
}

/// Words behind a command that are not options: files, or what else the command takes there.
fn bash(serin: &Command) -> String {
    let with_files = serin.get_subcommands().filter(|verb| verb.has_subcommands() && takes_path(verb));
    let with_files: Vec<&str> = with_files.map(Command::get_name).collect();
    BASH.replace("VERBS", &with_files.join("|"))
}

/// Options are offered behind a dash alone: the shell offers files where nothing is left. A verb that takes a file or a
/// verb of its own offers both.
const BASH: &str = r#"
_serin_words() {
    local word cur="$2" prev="$3"
    local -a words=()
    if [[ "$cur" == "=" ]]; then
        cur="" prev="${COMP_WORDS[COMP_CWORD-1]}"
    elif [[ "$prev" == "=" ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    _serin "$1" "$cur" "$prev"
    [[ "$cur" == -* ]] && return 0
    for word in "${COMPREPLY[@]}"; do
        [[ "$word" == -* ]] || words+=("$word")
    done
    if [[ $COMP_CWORD -eq 2 && "${COMP_WORDS[1]}" == @(VERBS) ]]; then
        local IFS=$'\n'
        words+=($(compgen -f -- "$cur"))
        compopt -o filenames 2>/dev/null
    fi
    COMPREPLY=("${words[@]}")
    return 0
}
complete -F _serin_words -o bashdefault -o default serin
"#;

/// The words that a positional argument takes; no files where a command takes none.
fn fish(serin: &Command) -> String {
    let mut text = String::new();
    for verb in serin.get_subcommands() {
        let at = format!("complete -c serin -n \"__fish_serin_using_subcommand {}\" -f", verb.get_name());
        let words: Vec<String> = verb.get_positionals().flat_map(words).collect();
        // Writing to a `String` never fails.
        let _ = match words.as_slice() {
            [] if takes_path(verb) => Ok(()),
            [] => writeln!(text, "{at}"),
            words => writeln!(text, "{at} -a \"{}\"", words.join(" ")),
        };
    }
    text
}

fn words(argument: &Arg) -> Vec<String> {
    argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
}

/// Whether a command takes a file or a folder as a positional argument.
fn takes_path(command: &Command) -> bool {
    let is_path = |argument: &Arg| {
        matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
    };
    command.get_positionals().any(is_path)
}
