//! Locks of other languages, each in a process of its own runtime: `proper-lockfile` of npm, and
//! `filelock` of Python's registry.
//!
//! A measurement does not fail because one of them is not here. Its row says so, and the text says
//! why.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::rounds::Variant;
use crate::outcome::Outcome;
use crate::workspace::{root, target};

/// A lock of another language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    ProperLockfile,
    /// An OS lock.
    FileLock,
    /// A file that is there or not.
    SoftFileLock,
}

/// What a process does with its lock.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// Acquires and releases.
    Passes,
    /// Holds it, and tries for it in vain.
    Tries,
}

/// What a row says of what is not here.
pub(super) const ABSENT: &str = "not here";

/// A script that reads how often to do it answers with the nanoseconds. It does it as often as this
/// part of what our own variants do: these locks take a hundred times as long.
const FEWER: u32 = 10;

impl Foreign {
    pub(super) const ALL: [Self; 3] = [Self::ProperLockfile, Self::FileLock, Self::SoftFileLock];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ProperLockfile => "proper-lockfile (Node)",
            Self::FileLock => "FileLock (Python)",
            Self::SoftFileLock => "SoftFileLock (Python)",
        }
    }

    /// The script's process, not started yet; or why there is none.
    fn script(self, role: &str, directory: &Path) -> Result<Command, String> {
        let (library, script, kind) = match self {
            Self::ProperLockfile => (node(), "bench_proper_lockfile.js", "lock"),
            Self::FileLock => (python(), "bench_filelock.py", "FileLock"),
            Self::SoftFileLock => (python(), "bench_filelock.py", "SoftFileLock"),
        };
        let library = library.as_ref().map_err(Clone::clone)?;
        let mut command = library.command();
        command.arg(root().join("xtask/peers").join(script)).args([role, kind]).arg(directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(command)
    }

    /// A process that contends for `time`. It speaks as our own worker does.
    pub(super) fn contender(self, directory: &Path, time: Duration) -> Outcome<Child> {
        Ok(self.script("contend", directory)?.arg(time.as_secs_f64().to_string()).spawn()?)
    }

    /// Does it in a process that is up; an error if that does not work here.
    fn variant(self, role: Role, directory: &Path) -> Outcome<Variant<'static>> {
        let role = match role {
            Role::Passes => "passes",
            Role::Tries => "tries",
        };
        let mut process = Process::start(&mut self.script(role, directory)?)?;
        process.seconds(1)?;
        let each = move |count: u32| {
            let count = count.div_ceil(FEWER);
            Ok(process.seconds(count)? / f64::from(count))
        };
        Ok(Variant::timed(self.name(), each))
    }
}

/// Adds those that are here to `variants`, each with a directory of its own below `place`.
/// Returns what is not.
pub(super) fn add(
    role: Role,
    place: &Path,
    variants: &mut Vec<Variant<'static>>,
) -> Outcome<Vec<Foreign>> {
    let mut absent = Vec::new();
    for foreign in Foreign::ALL {
        let directory = tempfile::Builder::new().prefix("lock-foreign-").tempdir_in(place)?.keep();
        match foreign.variant(role, &directory) {
            Ok(variant) => variants.push(variant),
            Err(error) => {
                eprintln!("{}: {error}", foreign.name());
                absent.push(foreign);
            }
        }
    }
    Ok(absent)
}

/// What was measured, and in which version; and what was not, and why.
pub(super) fn described() -> String {
    let described = |(name, library): (&str, &Result<Library, String>)| match library {
        Ok(library) => format!("{name} is {}. ", library.version),
        Err(reason) => format!("{name} is not measured: {reason}. "),
    };
    [("npm's `proper-lockfile`", node()), ("PyPI's `filelock`", python())].map(described).concat()
}

/// A library that its runtime finds.
struct Library {
    runtime: PathBuf,
    /// The variable that says where the runtime looks for libraries, and what it says.
    search: (&'static str, std::ffi::OsString),
    version: String,
}

impl Library {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.runtime);
        command.env(self.search.0, &self.search.1);
        command
    }

    /// Looks for it in `directory`, and then where the runtime looks anyway. `probe` prints the
    /// runtime's path and the versions, a line each.
    fn find(
        runtime: &str,
        variable: &'static str,
        directory: PathBuf,
        probe: [&str; 2],
    ) -> Result<Self, String> {
        let before = std::env::var_os(variable).unwrap_or_default();
        let all = [directory].into_iter().chain(std::env::split_paths(&before));
        // An empty one would be the working directory.
        let all = all.filter(|path| !path.as_os_str().is_empty());
        let search = std::env::join_paths(all).map_err(|error| error.to_string())?;
        let output = Command::new(runtime).args(probe).env(variable, &search).output();
        let output = output.map_err(|_| format!("`{runtime}` does not run here"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().collect::<Vec<_>>()[..] {
            [path, version] if output.status.success() => Ok(Self {
                runtime: path.into(),
                search: (variable, search),
                version: version.to_owned(),
            }),
            _ => Err(format!("`{runtime}` does not find it, and it could not be installed")),
        }
    }
}

/// Where the newest is installed, if the registry can be asked. Else what is there is measured.
fn installed(how: &mut Command, folder: &str) -> Result<PathBuf, String> {
    let home = target().map_err(|error| error.to_string())?.join("peers").join(folder);
    let quiet = how.current_dir(root()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = quiet.arg(&home).status();
    Ok(home)
}

fn node() -> &'static Result<Library, String> {
    static FOUND: OnceLock<Result<Library, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--fetch-retries=0", "proper-lockfile@latest"]);
        let home = installed(npm.arg("--prefix"), "node")?;
        let probe = "const { version } = require('proper-lockfile/package.json');\
                     console.log(process.execPath);\
                     console.log(`${version}, in Node ${process.version.slice(1)}`)";
        Library::find("node", "NODE_PATH", home.join("node_modules"), ["-e", probe])
    })
}

fn python() -> &'static Result<Library, String> {
    static FOUND: OnceLock<Result<Library, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--upgrade", "--retries=0", "filelock", "--target"]);
        let home = installed(&mut pip, "python")?;
        let probe = "import filelock, platform, sys; print(sys.executable); \
                     print(f'{filelock.__version__}, in Python {platform.python_version()}')";
        Library::find("python3", "PYTHONPATH", home, ["-c", probe])
    })
}

/// A script that is up. It ends when it is dropped.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command.spawn()?;
        let input = child.stdin.take().expect("because it was piped");
        let output = BufReader::new(child.stdout.take().expect("because it was piped"));
        Ok(Self { child, input, output })
    }

    /// How long it takes to do it so often, as measured in there.
    fn seconds(&mut self, count: u32) -> Outcome<f64> {
        writeln!(self.input, "{count}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let nanoseconds: u64 = line.trim().parse().map_err(|_| "the script failed")?;
        Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_is_not_here_is_named_and_no_failure() {
        let found = Library::find("no-such-runtime", "NO_PATH", "nowhere".into(), ["-e", ""]);
        assert_eq!(found.err().as_deref(), Some("`no-such-runtime` does not run here"));
    }

    #[test]
    fn a_library_that_its_runtime_does_not_find_is_no_failure() {
        let found = Library::find("sh", "NO_PATH", "nowhere".into(), ["-c", "echo one; exit 1"]);
        assert!(found.is_err_and(|reason| reason.contains("does not find it")));
    }

    #[test]
    fn a_library_is_looked_for_in_the_directory_first() {
        let probe = ["-c", "command -v sh; echo \"1.0 at $NO_PATH\""];
        let found = Library::find("sh", "NO_PATH", "first".into(), probe);
        assert_eq!(found.ok().map(|library| library.version).as_deref(), Some("1.0 at first"));
    }

    #[test]
    fn a_script_is_timed_by_what_it_says_and_its_end_is_an_error() {
        let answers = "read count; echo $((count * 1000)); read count";
        let mut sh = Command::new("sh");
        sh.args(["-c", answers]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start(&mut sh).expect("because there is a shell");
        let seconds = process.seconds(5).expect("because it answers");
        assert!((seconds - 5e-6).abs() < 1e-12, "{seconds}");
        assert!(process.seconds(5).is_err());
    }
}
