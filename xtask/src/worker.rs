//! The processes that tasks start: this program again, as one of its own workers.

use clap::{Args, Subcommand};

use crate::outcome::Outcome;
use crate::stress::{contention, exchange, filesystems, kill, power_cut, stop};
use crate::{bench, conformance, inject, interop};

#[derive(Args)]
pub(crate) struct Worker {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    Contention(contention::Worker),
    Exchange(exchange::Worker),
    ExchangeUnprotected(exchange::UnprotectedWorker),
    Kill(kill::Worker),
    Stop(stop::Worker),
    Inject(inject::Worker),
    InjectLocked(inject::LockedWorker),
    PowerCut(power_cut::Worker),
    Hold(filesystems::Hold),
    Interop(interop::Worker),
    Conformance(conformance::Worker),
    BenchContender(bench::Contender),
    BenchHolder(bench::Holder),
    BenchWaiter(bench::Waiter),
    BenchMemory(bench::MemoryWorker),
    BenchCalls(bench::Calls),
    BenchCrowd(bench::Crowd),
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        match self.kind {
            Kind::Contention(worker) => worker.run(),
            Kind::Exchange(worker) => worker.run(),
            Kind::ExchangeUnprotected(worker) => worker.run(),
            Kind::Kill(worker) => worker.run(),
            Kind::Stop(worker) => worker.run(),
            Kind::Inject(worker) => worker.run(),
            Kind::InjectLocked(worker) => worker.run(),
            Kind::PowerCut(worker) => worker.run(),
            Kind::Hold(worker) => worker.run(),
            Kind::Interop(worker) => worker.run(),
            Kind::Conformance(worker) => worker.run(),
            Kind::BenchContender(worker) => worker.run(),
            Kind::BenchHolder(worker) => worker.run(),
            Kind::BenchWaiter(worker) => worker.run(),
            Kind::BenchMemory(worker) => worker.run(),
            Kind::BenchCalls(worker) => worker.run(),
            Kind::BenchCrowd(worker) => worker.run(),
        }
    }
}
