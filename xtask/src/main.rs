//! This workspace's programmes. `cargo xtask help` lists them.

mod bench;
mod demo;
mod inject;
mod interop;
mod platforms;
mod release;
mod stress;
mod verify;
mod workload;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use release::{api, dependencies, dist};
use stress::{contention, filesystems, kill, power_cut, stop};

/// What a programme returns: an error is printed, and the exit status is 1.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Builds, checks and measures this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    programme: Programme,
}

#[derive(Subcommand)]
enum Programme {
    Ci(verify::Ci),
    Demo(demo::Demo),
    Contention(contention::Contention),
    #[command(hide = true)]
    ContentionWorker(contention::Worker),
    Kill(kill::Kill),
    #[command(hide = true)]
    KillWorker(kill::Worker),
    Stop(stop::Stop),
    #[command(hide = true)]
    StopWorker(stop::Worker),
    CrashSweep(inject::CrashSweep),
    FaultSweep(inject::FaultSweep),
    #[command(hide = true)]
    SweepWorker(inject::Worker),
    PowerCut(power_cut::PowerCut),
    #[command(hide = true)]
    PowerCutWorker(power_cut::Worker),
    Filesystems(filesystems::Filesystems),
    #[command(hide = true)]
    Hold(filesystems::Hold),
    Interop(interop::Interop),
    #[command(hide = true)]
    InteropWorker(interop::Worker),
    Circles(verify::Circles),
    Mutation(verify::Mutation),
    Platforms(platforms::Platforms),
    Bench(bench::Bench),
    Verify(verify::Verify),
    /// Count lines and dependencies of each crate; fail on a licence that has to be looked at
    Dependencies,
    Api(api::Api),
    Dist(dist::Dist),
    #[command(hide = true)]
    BenchContender(bench::Contender),
    #[command(hide = true)]
    BenchHolder(bench::Holder),
    #[command(hide = true)]
    BenchWaiter(bench::Waiter),
    #[command(hide = true)]
    BenchMemory(bench::MemoryWorker),
    #[command(hide = true)]
    BenchCalls(bench::Calls),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().programme {
        Programme::Ci(ci) => ci.run(),
        Programme::Demo(demo) => demo.run(),
        Programme::Contention(contention) => contention.run(),
        Programme::ContentionWorker(worker) => worker.run(),
        Programme::Kill(kill) => kill.run(),
        Programme::KillWorker(worker) => worker.run(),
        Programme::Stop(stop) => stop.run(),
        Programme::StopWorker(worker) => worker.run(),
        Programme::CrashSweep(sweep) => sweep.run(),
        Programme::FaultSweep(sweep) => sweep.run(),
        Programme::SweepWorker(worker) => worker.run(),
        Programme::PowerCut(power_cut) => power_cut.run(),
        Programme::PowerCutWorker(worker) => worker.run(),
        Programme::Filesystems(filesystems) => filesystems.run(),
        Programme::Hold(hold) => hold.run(),
        Programme::Interop(interop) => interop.run(),
        Programme::InteropWorker(worker) => worker.run(),
        Programme::Circles(circles) => circles.run(),
        Programme::Mutation(mutation) => mutation.run(),
        Programme::Platforms(platforms) => platforms.run(),
        Programme::Bench(bench) => bench.run(),
        Programme::Verify(verify) => verify.run(),
        Programme::Dependencies => dependencies::run(),
        Programme::Api(api) => api.run(),
        Programme::Dist(dist) => dist.run(),
        Programme::BenchContender(contender) => contender.run(),
        Programme::BenchHolder(holder) => holder.run(),
        Programme::BenchWaiter(waiter) => waiter.run(),
        Programme::BenchMemory(worker) => worker.run(),
        Programme::BenchCalls(calls) => calls.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
