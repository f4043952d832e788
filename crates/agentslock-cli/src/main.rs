//! The program `agentslock`. All of it is in the library. So others can describe its command line,
//! too: completions and manual pages are made from it.

fn main() -> std::process::ExitCode {
    agentslock_cli::main()
}
