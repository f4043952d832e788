//! What is handed out: the program, its completions and its manual pages. The program must be as
//! small and as quick to start as promised.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;

use super::static_program;
use crate::outcome::Outcome;
use crate::workload::startup::{Scene, Startup, Startups, two_kilobytes};
use crate::workspace::{built, run, target};

/// Build the program as it is handed out, with completions and manual pages; fail if it is too
/// large or too slow.
#[derive(Args)]
pub(crate) struct Dist {
    /// How often to start each program
    #[arg(long, default_value_t = 500)]
    rounds: u32,
    /// Make completions and manual pages only
    #[arg(long)]
    texts: bool,
    /// Build and try the static program, too: `agentslock-static`
    #[arg(long = "static")]
    is_static: bool,
}

/// In bytes, stripped.
const MAX_SIZE: u64 = 2_500_000;
/// How much longer than a program that only says hello it may take from start to end.
const MAX_STARTUP: f64 = 2.0;
/// How much longer than `flock FILE true` a verb may take.
const MAX_OF_FLOCK: [(&str, f64); 3] = [("show", 1.0), ("run", 1.2), ("append", 1.2)];
/// How often all rounds are run at most, until all verbs are within their limit.
const BATCHES: u32 = 4;

impl Dist {
    pub(crate) fn run(self) -> Outcome {
        let directory = target()?.join("agentslock");
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        let program = build(&directory, if self.texts { "dev" } else { "dist" })?;
        make_completions(&program, &directory.join("completions"))?;
        make_manual(&program, &directory.join("man/man1"))?;
        if self.texts {
            std::fs::remove_file(&program)?;
        } else {
            check_size(&program)?;
            check_startup(&program, self.rounds)?;
            check_against_flock(&program, self.rounds)?;
        }
        if self.is_static {
            static_program::make(&directory)?;
        }
        println!("all of it is in {}", directory.display());
        Ok(())
    }
}

/// What the program prints, as those who install it by `cargo install` get it.
fn printed_by(program: &Path, arguments: &[&str]) -> Outcome<Vec<u8>> {
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("{} {arguments:?}: {}", program.display(), output.status).into())
    }
}

/// Shells, and what a script for each is called.
const SHELLS: [(&str, &str); 4] = [
    ("bash", "agentslock.bash"),
    ("zsh", "_agentslock"),
    ("fish", "agentslock.fish"),
    ("powershell", "_agentslock.ps1"),
];

fn make_completions(program: &Path, directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory)?;
    for (shell, name) in SHELLS {
        let path = directory.join(name);
        std::fs::write(&path, printed_by(program, &["completions", shell])?)?;
        let checked = match shell {
            "powershell" => "not checked".to_owned(),
            _ => check_syntax(shell, &path)?,
        };
        println!("completions for {shell}: {name} ({checked})");
    }
    Ok(())
}

/// Lets the shell that it is for read a script, where there is that shell.
fn check_syntax(shell: &str, path: &Path) -> Outcome<String> {
    let mut command = Command::new(shell);
    match command.arg("-n").arg(path).status() {
        Ok(status) if status.success() => Ok(format!("{shell} -n: ok")),
        Ok(status) => {
            Err(format!("{shell} does not understand {}: {status}", path.display()).into())
        }
        Err(_) => Ok(format!("not checked: no {shell} here")),
    }
}

fn make_manual(program: &Path, directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory)?;
    let mut pages = vec!["agentslock.1".to_owned()];
    std::fs::write(directory.join(&pages[0]), printed_by(program, &["man"])?)?;
    for verb in agentslock_cli::command().get_subcommands() {
        let page = format!("agentslock-{}.1", verb.get_name());
        std::fs::write(directory.join(&page), printed_by(program, &["man", verb.get_name()])?)?;
        pages.push(page);
    }
    pages.sort();
    println!("manual pages: {}", pages.join(", "));
    Ok(())
}

fn build(directory: &Path, profile: &str) -> Outcome<PathBuf> {
    let built = built(profile)?;
    let program = directory.join(name(&built));
    std::fs::copy(built, &program)?;
    Ok(program)
}

fn check_size(program: &Path) -> Outcome {
    let size = program.metadata()?.len();
    println!("size: {size} bytes, of {MAX_SIZE} at most");
    if size > MAX_SIZE {
        return Err("the program is too large".into());
    }
    Ok(())
}

/// Starts the program and one that only says hello, in turns: whatever else the machine does, it
/// does it to both.
fn check_startup(program: &Path, rounds: u32) -> Outcome {
    let directory = tempfile::tempdir()?;
    let hello = compile_hello(directory.path())?;
    let document = directory.path().join(".agentsrc.lock");
    std::fs::write(&document, two_kilobytes())?;
    let mut show = Command::new(program);
    show.arg("show").arg("--file").arg(&document);
    let mut startups = Startups::new(vec![
        Startup::new("hello", Command::new(&hello)),
        Startup::new("show", show),
    ]);
    startups.run(rounds)?;
    let [hello, show] = [0, 1].map(|at| (startups.all()[at].best(), startups.all()[at].median()));
    let ratio = |show: Duration, hello: Duration| show.as_secs_f64() / hello.as_secs_f64();
    let (best, median) = (ratio(show.0, hello.0), ratio(show.1, hello.1));
    println!(
        "from start to end, `show` of {} bytes and hello, best and median of {rounds}: \
         {:?} and {:?}, {best:.2} times as long; {:?} and {:?}, {median:.2} times; {MAX_STARTUP} at most",
        two_kilobytes().len(),
        show.0,
        hello.0,
        show.1,
        hello.1,
    );
    // Noise only ever adds, so that the best is what the program takes.
    if best > MAX_STARTUP {
        return Err("the program takes too long to start".into());
    }
    Ok(())
}

/// Compares with flock(1), in turns.
fn check_against_flock(program: &Path, rounds: u32) -> Outcome {
    let scene = Scene::new()?;
    let Some(flock) = scene.flock() else {
        println!("not compared with flock(1), which is not here");
        return Ok(());
    };
    let mut programs = vec![flock];
    programs.extend(scene.verbs(program, |verb| limit(verb).is_some()));
    let mut startups = Startups::new(programs);
    // The best of more rounds is nearer to what a program takes by itself, on a busy machine.
    let mut batches = 0;
    loop {
        startups.run(rounds)?;
        batches += 1;
        let [flock, verbs @ ..] = startups.all() else { return Err("no flock".into()) };
        let best = |startup: &Startup| startup.best().as_secs_f64();
        let is_quick =
            |verb: &Startup| limit(verb.name).is_none_or(|most| best(verb) <= most * best(flock));
        if batches == BATCHES || verbs.iter().all(is_quick) {
            return say_and_judge(flock, verbs, rounds * batches);
        }
    }
}

/// How many times as long as flock(1) a verb may take, if that is limited.
fn limit(verb: &str) -> Option<f64> {
    MAX_OF_FLOCK.iter().find(|(limited, _)| *limited == verb).map(|(_, most)| *most)
}

fn say_and_judge(flock: &Startup, verbs: &[Startup], rounds: u32) -> Outcome {
    let (best, median) = (flock.best(), flock.median());
    println!("`flock FILE true`, best and median of {rounds}: {best:?} and {median:?}");
    for verb in verbs {
        let most = limit(verb.name).ok_or("a verb without a limit was started")?;
        let ratio = |ours: Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
        let (of_best, of_median) = (ratio(verb.best(), best), ratio(verb.median(), median));
        println!(
            "`{}`: {:?} and {:?}, {of_best:.2} and {of_median:.2} times that; {most} at most",
            verb.name,
            verb.best(),
            verb.median()
        );
        // As above.
        if of_best > most {
            return Err(format!("`{}` takes too long", verb.name).into());
        }
    }
    Ok(())
}

fn compile_hello(directory: &Path) -> Outcome<PathBuf> {
    let source = directory.join("hello.rs");
    std::fs::write(&source, "fn main() { println!(\"hello\"); }\n")?;
    let program = directory.join("hello");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    run(Command::new(rustc).arg("-O").arg(&source).arg("-o").arg(&program))?;
    Ok(program)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
