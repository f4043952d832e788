//! Interop: this crate and peers in Python on one lock, the kinds that share its files in the
//! field.
//!
//! `xtask/peers` holds the peers. One is an older build of this crate, compiled from the history.
//! One is that build's protocol, written from `docs/protocol.md` alone, in Python. The others are
//! the three Go generations, each with its known faults and without ("fixed").
//!
//! Where nothing may go wrong, that is asserted: no overlap, no lost increment, no lost lock,
//! nothing left over. Other pairings are counted, if asked for: in brackets, or in parentheses if
//! it is still asserted that ours are not harmed.
//!
//! | peers | | because |
//! |---|---|---|
//! | an older build of ours | asserted, deaths included | the kernel proves each death |
//! | a fixed generation, nobody dies | asserted | nobody clears anything |
//! | fixed directories, dying, ours clear | asserted | we clear through the descriptor that we judged |
//! | fixed files, dying, ours clear | counted; ours are not harmed | a file has no compare-and-delete: 1 |
//! | a fixed generation, dying, all clear | counted | its own clearing goes by name: 2 |
//! | unfixed | counted | its judge takes a failed `stat` for a stale lock: 3 |
//!
//! 1. We look whether the name still stands for the file that we judged, then rename it aside.
//!    Between the two, another waiter clears it and a third links its own file there. That one is
//!    moved, recognised and put back. Meanwhile the name is free, and a holder that just releases
//!    finds nothing to release. What is put back then is nobody's, and stays for a TTL. Directories
//!    cannot be hit.
//! 2. A peer that judged an expired lock reads the record once more, then unlinks it by name.
//!    Between the two, another waiter clears the lock and a third claims the name: its record is
//!    removed. A generation that renames instead carries directories of ours away as well.
//! 3. It finds no record since the holder is just releasing, and asks `stat` for the age of the
//!    lock. It takes the "not found" that it gets for old age. Then it removes, by name, the next
//!    lock.
//!
//! A directory generation makes the directory first and the record after it. That is a race, too,
//! but it costs a try and no exclusion ("claims lost"). A claimant that stalls in between for
//! longer than the grace is rightly taken for a leftover. It then creates its record in a directory
//! that is another's by now, or in none. With `O_EXCL` one of the two gets through and the other
//! finds that it lost. (Without, as in the unfixed ones, both believe that they hold.)

mod cases;
mod contend;
mod hold;
mod older;
mod process;
mod role;
mod table;
mod worker;

use clap::Args;

use crate::outcome::Outcome;
use crate::workload::places::places;
use contend::{Contention, Pairing};

pub(crate) use process::{find_python, python};
pub(crate) use worker::Worker;

/// Let this crate and peers in Python contend for one lock, in every pairing.
#[derive(Args)]
pub(crate) struct Interop {
    /// How many processes of each kind
    #[arg(long, default_value_t = 4)]
    processes: u32,
    /// How many increments each of them makes
    #[arg(long, default_value_t = 100)]
    increments: u32,
    /// Contend only, and only in pairings whose name contains this, such as `published and older`
    #[arg(long)]
    only: Option<String>,
    /// Let those contend as well of whom nothing is asserted, and count what goes wrong
    #[arg(long)]
    counted: bool,
}

impl Interop {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        find_python()?;
        older::build()?;
        let mut failures = Vec::new();
        println!(
            "interop: {p} + {p} processes, {} increments each; [ ]: not asserted, ( ): only for ours",
            self.increments,
            p = self.processes
        );
        let places = places(None)?;
        let Self { processes, increments, only, counted } = self;
        let contention = Contention { processes, increments };
        contend::print_head();
        for place in &places {
            for pairing in Pairing::all() {
                let is_asked_for = counted || pairing.asserts();
                if is_asked_for && only.as_ref().is_none_or(|part| pairing.name().contains(part)) {
                    failures.extend(contention.contend(place, pairing)?);
                }
            }
        }
        if only.is_none() {
            println!("\nholders and those who wait for them");
            failures.extend(table::run(&places));
        }
        for failure in &failures {
            println!("FAILED: {failure}");
        }
        if failures.is_empty() { Ok(()) } else { Err("the peers do not fit together".into()) }
    }
}
