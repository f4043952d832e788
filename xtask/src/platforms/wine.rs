//! Wine: a Windows of its own, in the target folder, for as long as the tests take.

use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::tools::{MINGW, TARGET, Tools};

/// Wine 8 lacks this library, which Rust programs get their random numbers from. Newer ones prefer
/// their own.
const BCRYPTPRIMITIVES: &str = "
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
";

pub(super) struct Wine {
    prefix: PathBuf,
    libraries: PathBuf,
    runner: &'static str,
}

/// What a command wrote to standard output, and how it ended.
pub(super) struct Output {
    pub(super) text: String,
    pub(super) succeeded: bool,
}

impl Wine {
    pub(super) fn start(tools: &Tools) -> Result<Self, Box<dyn Error>> {
        let here = crate::workspace::root().join(TARGET);
        let wine =
            Self { prefix: here.join("wine"), libraries: here.join("dll"), runner: tools.wine };
        std::fs::create_dir_all(&wine.libraries)?;
        let source = wine.libraries.join("bcryptprimitives.c");
        std::fs::write(&source, BCRYPTPRIMITIVES)?;
        let library = wine.libraries.join("bcryptprimitives.dll");
        let mut compile = Command::new(MINGW);
        compile.args(["-shared", "-O1", "-o"]).arg(library).arg(source).arg("-ladvapi32");
        crate::workspace::run(&mut compile)?;
        // It complains about the 32-bit half that it lacks.
        let mut boot = Command::new(tools.wine);
        boot.args(["wineboot", "--init"]).stdout(Stdio::null()).stderr(Stdio::null());
        crate::workspace::run(wine.set_up(&mut boot))?;
        Ok(wine)
    }

    /// Runs cargo with Wine as what runs its tests; ends all that runs in it after `limit`.
    pub(super) fn run(
        &self,
        command: &mut Command,
        limit: Duration,
    ) -> Result<Output, Box<dyn Error>> {
        command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", self.runner);
        let mut child = self.set_up(command).stdout(Stdio::piped()).spawn()?;
        let mut stdout = child.stdout.take().expect("because it is piped");
        let (ended, end) = channel::<()>();
        let (status, text) = std::thread::scope(|scope| {
            scope.spawn(move || {
                if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    println!("not done within {limit:?}: ending it");
                    self.end_all();
                }
            });
            let mut text = Vec::new();
            let read = stdout.read_to_end(&mut text);
            let status = child.wait();
            drop(ended);
            read.and(status).map(|status| (status, text))
        })?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Output { text, succeeded: status.success() })
    }

    fn set_up<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDEBUG", "-all")
            .env("WINEPATH", windows_path(&self.libraries))
    }

    /// Ends all programs of this Wine, and of no other.
    fn end_all(&self) {
        let mut server = Command::new("wineserver");
        let _ = self.set_up(server.arg("--kill")).status();
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.end_all();
    }
}

/// Wine shows the whole system as a drive.
pub(super) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}
