//! `completions`: verbs, flags, and what is in the document, by the real shells.

use std::path::Path;
use std::process::Command;

use crate::support::{Lab, PROGRAM, Program};

const LAB: &str = r#"{
  "counters": 1,
  "my.section": {"x": 1},
  "units": {
    "git:acme/base@1.4.0": {"kind": "layer", "digest": "d"},
    "git:acme/rust@2.1.0": {"kind": "layer", "digest": "d"},
    "npm:@acme/hooks@1.3.0": {"kind": "artifact", "digest": "d"}
  }
}
"#;

#[test]
fn paths_are_listed_level_by_level() {
    let lab = Lab::with(LAB);
    for (prefix, expected) in [
        ("", "counters\n/my.section\nunits\nlock_version\n"),
        ("u", "units\n"),
        ("/", "/counters\n/my.section\n/units\n/lock_version\n"),
        ("units.npm", "units.npm:@acme/hooks@1.3.0\n"),
        ("units.git:acme/", "units.git:acme/base@1.4.0\nunits.git:acme/rust@2.1.0\n"),
        ("units/git", "units/git:acme~1base@1.4.0\nunits/git:acme~1rust@2.1.0\n"),
        (
            "units/git:acme~1base@1.4.0/",
            "units/git:acme~1base@1.4.0/kind\nunits/git:acme~1base@1.4.0/digest\n",
        ),
        ("/my.section/", "/my.section/x\n"),
        ("counters.", ""),
        ("nothing.x", ""),
        ("units/~7/", ""),
    ] {
        let ended = lab.cli(["completions", &format!("--paths={prefix}")]).run().exits(0);
        assert_eq!(ended.out(), expected, "{prefix:?}");
        assert_eq!(ended.stderr, "");
    }
    // Nobody who is typing is disturbed.
    for lab in [Lab::new(), Lab::with("{<<<"), Lab::with("")] {
        lab.cli(["completions", "--paths="]).run().exits(0).says_nothing();
    }
    let ended = lab.cli(["completions"]).run().exits(2);
    assert!(ended.stderr.contains("<SHELL>"), "{}", ended.stderr);
}

/// What the shell makes of a command line that was typed; `None` if it is not here.
#[track_caller]
fn complete(lab: &Lab, shell: &str, line: &str) -> Option<String> {
    if !Command::new(shell).arg("--version").output().is_ok_and(|it| it.status.success()) {
        testkit::skip(&format!("there is no {shell}"));
        return None;
    }
    let script = lab.cli(["completions", shell]).run().exits(0).out().to_owned();
    lab.write("script", script);
    // As Readline calls a completion function, as fish is asked, and by keys on a terminal.
    let program = match shell {
        "bash" => "source ./script
            COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'
            COMP_LINE=$LINE COMP_POINT=${#LINE}
            IFS=$'\\n' read -r -d '' -a COMP_WORDS < <(sed 's/[:=]/\\n&\\n/g; s/ /\\n/g' <<< \"$LINE\" | sed '/^$/d')
            [[ $LINE == *[\\ :=] ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _agentslock_with_paths agentslock \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
            printf '%s\\n' \"${COMPREPLY[@]}\"",
        "fish" => "source ./script; complete --do-complete \"$LINE\" | string split --fields 1 \\t",
        // The function that completes is given a key; what it adds is printed in place of a menu.
        // It is ready when it reads keys by itself. Before, the terminal would take ^U for its own.
        _ => "zmodload zsh/zpty
            zpty shell 'PS1= zsh -f -i'
            zpty -w shell 'autoload -U compinit; compinit -u -D; source ./script; compdef _agentslock agentslock'
            zpty -w shell 'compadd() { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd \"$@\"; else
                local -a found; builtin compadd -O found \"$@\"; print -l -- \">\"$^found; builtin compadd \"$@\"; fi }'
            zpty -w shell 'bindkey \"^I\" complete-word; zle-line-init() { print ready-$((6 * 7)) }; zle -N zle-line-init'
            zpty -r shell said '*ready-42*'
            zpty -w -n shell \"$LINE\"$'\\t'
            zpty -w -n shell $'\\x15print done-$((6 * 7))\\n'
            zpty -r shell said '*done-42*'
            print -r -- $said | tr -d '\\r' | sed -n 's/^.*>//p'",
    };
    let directory = Path::new(PROGRAM).parent().expect("because it lies in one");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let arguments: &[&str] = if shell == "bash" { &["--norc", "-c"] } else { &["-c"] };
    let program = Program::new(shell).args(arguments).args([program]).env("LINE", line);
    let program = program.env("PATH", path).env("HOME", lab.root()).env("TERM", "dumb");
    let ended = program.in_directory(lab.root()).run();
    Some(ended.out().trim_end().to_owned())
}

#[test]
fn shells_complete_sections_and_entries() {
    let lab = Lab::with(LAB);
    for (shell, line, expected) in [
        ("bash", "agentslock show cou", "counters"),
        ("bash", "agentslock show units.git:acme/b", "acme/base@1.4.0"),
        ("bash", "agentslock set --wait 5 units.npm", "units.npm:@acme/hooks@1.3.0"),
        ("bash", "agentslock check --fix --take ours --entry units.git:acme/r", "acme/rust@2.1.0"),
        ("bash", "agentslock show --ke", "--keys"),
        ("bash", "agentslock hol", "holder"),
        ("fish", "agentslock show cou", "counters"),
        ("fish", "agentslock show units.git:acme/b", "units.git:acme/base@1.4.0"),
        ("fish", "agentslock show --ke", "--keys"),
        ("fish", "agentslock hol", "holder"),
        ("zsh", "agentslock show cou", "counters"),
        ("zsh", "agentslock show units.git:acme/b", "units.git:acme/base@1.4.0"),
    ] {
        let Some(completed) = complete(&lab, shell, line) else { continue };
        assert_eq!(completed, expected, "{shell}: {line}");
    }
}
