//! This workspace's tasks. `cargo xtask help` lists them.

mod bench;
mod conformance;
mod demo;
mod inject;
mod interop;
mod outcome;
mod platforms;
mod progress;
mod release;
mod stress;
mod verify;
mod worker;
mod workload;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use release::{api, dependencies, dist, packages};
use stress::{contention, exchange, filesystems, kill, power_cut, replaced, stop};

/// Builds, checks and measures this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Ci(verify::Ci),
    Verify(verify::Verify),
    Demo(demo::Demo),
    Contention(contention::Contention),
    Kill(kill::Kill),
    Stop(stop::Stop),
    Replaced(replaced::Replaced),
    CrashSweep(inject::CrashSweep),
    FaultSweep(inject::FaultSweep),
    PowerCut(power_cut::PowerCut),
    Exchange(exchange::Exchange),
    Filesystems(filesystems::Filesystems),
    Interop(interop::Interop),
    Conformance(conformance::Conformance),
    Mutation(verify::Mutation),
    Circles(verify::Circles),
    Prose(verify::Prose),
    Platforms(platforms::Platforms),
    Probe(platforms::Probe),
    Bench(bench::Bench),
    /// Count lines and dependencies of each crate; fail on a licence that has to be looked at
    Dependencies,
    Api(api::Api),
    Dist(dist::Dist),
    Packages(packages::Packages),
    #[command(hide = true)]
    Worker(worker::Worker),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Ci(task) => task.run(),
        Task::Verify(task) => task.run(),
        Task::Demo(task) => task.run(),
        Task::Contention(task) => task.run(),
        Task::Kill(task) => task.run(),
        Task::Stop(task) => task.run(),
        Task::Replaced(task) => task.run(),
        Task::CrashSweep(task) => task.run(),
        Task::FaultSweep(task) => task.run(),
        Task::Exchange(task) => task.run(),
        Task::PowerCut(task) => task.run(),
        Task::Filesystems(task) => task.run(),
        Task::Interop(task) => task.run(),
        Task::Conformance(task) => task.run(),
        Task::Mutation(task) => task.run(),
        Task::Circles(task) => task.run(),
        Task::Prose(task) => task.run(),
        Task::Platforms(task) => task.run(),
        Task::Probe(task) => task.run(),
        Task::Bench(task) => task.run(),
        Task::Dependencies => dependencies::run(),
        Task::Api(task) => task.run(),
        Task::Dist(task) => task.run(),
        Task::Packages(task) => task.run(),
        Task::Worker(worker) => worker.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
