//! `serin completions`: the script that a shell needs to complete the command line.
//!
//! The scripts are those of `clap_complete`, which handles positional arguments badly: bash offers options instead of
//! files, fish offers files where only certain words are allowed, and zsh offers no subcommand where a file is allowed.
//! This module corrects that.

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

/// Prints to `out`, and reports errors to `err`.
pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let mut serin = Cli::command();
    // The generator panics if it cannot write, so it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut serin, "serin", &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    // The scripts of other shells are not changed.
    let text = if args.shell == Shell::Bash {
        text + &bash(&serin)
    } else if args.shell == Shell::Fish {
        text + &fish(&serin)
    } else if args.shell == Shell::Zsh {
        zsh(text, &serin)
    } else {
        text
    };
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()), err)
}

/// The verbs that are followed by a file or by a verb of their own.
fn mixed(serin: &Command) -> impl Iterator<Item = &str> {
    let verbs = serin.get_subcommands().filter(|verb| verb.has_subcommands() && takes_path(verb));
    verbs.map(Command::get_name)
}

/// Completes words that are not options: files, or the other words that the command takes.
fn bash(serin: &Command) -> String {
    BASH.replace("VERBS", &mixed(serin).collect::<Vec<_>>().join("|"))
}

/// Completes both where a file or a verb can follow.
fn zsh(script: String, serin: &Command) -> String {
    mixed(serin).fold(script, |script, verb| {
        let verbs = format!("_serin__subcmd__{verb}_commands");
        let rest = format!("' \\\n\":: :{verbs}\"");
        script.replace(&format!("_files{rest}"), &format!("{{_files; {verbs}}}{rest}"))
    })
}

/// Offers options only after a dash: the shell offers files if nothing else is left. A verb that takes a file or a verb
/// of its own offers both.
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

/// The words that a positional argument takes; no files if a command takes none.
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
