//! `completions` and `man`: what `cargo install` does not install.

use crate::support::{Lab, Program};

#[test]
fn completions_are_read_by_their_shells() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = lab.cli(["completions", shell]).run().exits(0);
        assert!(ended.out().contains("agentslock"), "{shell}");
        let is_here = std::process::Command::new(shell).arg("--version").output().is_ok();
        if matches!(shell, "bash" | "zsh" | "fish") && is_here {
            lab.write("script", ended.out());
            Program::new(shell).args(["-n", "script"]).in_directory(lab.root()).run().exits(0);
        }
    }
    let ended = lab.cli(["completions", "tcsh"]).run().exits(2);
    assert!(ended.stderr.contains("possible values: bash"), "{}", ended.stderr);
}

#[test]
fn pages_read_as_manual_pages_do() {
    let lab = Lab::new();
    for verb in ["", "run", "set", "doctor"] {
        let ended =
            lab.cli(["man"]).args([verb].iter().filter(|verb| !verb.is_empty())).run().exits(0);
        let page = ended.out();
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "ENVIRONMENT",
            "FILES",
            "SEE ALSO",
        ] {
            let heading = format!(".SH {section}");
            let quoted = format!(".SH \"{section}\"");
            assert!(page.contains(&heading) || page.contains(&quoted), "{verb}: {section}\n{page}");
        }
        assert!(!page.contains("EXTRA"), "{page}");
        assert!(page.contains(env!("CARGO_PKG_VERSION")), "{page}");
        if std::process::Command::new("mandoc").arg("-V").output().is_ok() {
            lab.write("page.1", page);
            Program::new("mandoc")
                .args(["-T", "ascii", "page.1"])
                .in_directory(lab.root())
                .run()
                .exits(0);
        }
    }
    let run = lab.cli(["man", "run"]).run().exits(0);
    assert!(run.out().contains("EXAMPLES") && run.out().contains("\\-\\- make"), "{}", run.out());
    let ended = lab.cli(["man", "hodler"]).run().exits(2);
    assert!(ended.complaint().contains("did you mean `holder`?"), "{ended:?}");
}
