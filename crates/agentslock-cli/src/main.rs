//! The program `agentslock`. All of it is in the library, so that its command line can be described
//! by others, too: completions and manual pages are made from it.

fn main() -> std::process::ExitCode {
    agentslock_cli::main()
}
