//! At most one holder: on Windows, where the stream of a record tells whether its holder lives.
//!
//! The stream is no `flock` under another name. Nobody asks for it unless a whole record names it.
//! So a claim in the making goes by time, as where nothing else decides, and one that is slow is
//! given up. A record that names a stream goes by that, and no clock matters.

use crate::calls::Pc;
use crate::check::{holds, long, shortest};
use crate::config::{Broken, Clock, Config, Kind, Scene, Stop, Streams};
use crate::model::Action;
use crate::properties::{NOT_TORN, ONE_OF_OURS, PROOF};
use crate::state::{Flock, PAST_TTL, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// Creates the stream of its record, if that is still there. It has it as its OS lock: of the
    /// record, not of the directory.
    pub(crate) fn open_stream(&mut self) {
        if self.state.inode(self.my().own).record == Record::Empty(self.p) {
            self.me().own_lock = Flock::Exclusive;
        }
        self.go(Pc::FillRecord);
    }

    /// Opens the stream of the record that is in what it judges by now.
    pub(crate) fn ask_stream(&mut self, is_silent: bool) {
        let (seen, read) = (self.my().seen, self.my().read);
        let record = self.state.inode(seen).record;
        let is_kept_open = record.by().is_some_and(|owner| {
            self.config.processes().any(|p| {
                let process = self.state.process(p);
                p == owner && process.own == seen && process.own_lock == Flock::Exclusive
            })
        });
        if is_kept_open && !is_silent {
            return self.look_away();
        }
        let is_closed = self.is_kernel_backed(record) && !is_silent;
        if is_closed || self.config.broken == Broken::SilenceIsDeath {
            return self.go(Pc::Compare);
        }
        // It has none, or none that may be opened: by the record that was read.
        if self.my().saw.1 >= PAST_TTL && !self.was_away() {
            self.expire(Record::Full(read));
        } else {
            self.look_away();
        }
    }
}

const TWO: &[Kind] = &[Kind::InPlace; 2];
const THREE: &[Kind] = &[Kind::InPlace; 3];

fn with_streams(kinds: &'static [Kind]) -> Config {
    Config { local: false, streams: Streams::Answer, ..Config::of(kinds) }
}

/// However long holders do not renew, and whatever the clock does.
#[test]
fn at_most_one_holds_whose_stream_tells() {
    holds(&with_streams(TWO));
    holds(&Config { scene: Scene::ExpiredDirectory, ..with_streams(TWO) });
    if long() {
        holds(&Config { rounds: 2, ..with_streams(TWO) });
        holds(&Config { crashes: 1, gives_up: false, ..with_streams(THREE) });
    }
}

/// A judge that is not told goes by time: then holders have to renew.
#[test]
fn where_a_stream_can_be_silent_at_most_one_holds_as_long_as_holders_renew() {
    let silent = Config { streams: Streams::CanBeSilent, ..with_streams(TWO) };
    let silent = Config { clock: Clock::Passes, stops: vec![Stop::Outstayed], ..silent };
    holds(&silent);
    let few = Config { crashes: 0, gives_up: false, ..silent };
    shortest(Config { broken: Broken::SilenceIsDeath, ..few.clone() }, ONE_OF_OURS);
    shortest(Config { broken: Broken::StreamRenewed, ..few }, ONE_OF_OURS);
}

/// It needs not even be noticed: a stream is open in a machine that sleeps.
#[test]
fn a_machine_that_sleeps_costs_no_holder_its_lock_whose_stream_tells() {
    let asleep = Config { sleeps: true, clock: Clock::Passes, ..with_streams(TWO) };
    let rounds = if long() { 2 } else { 1 };
    holds(&Config { broken: Broken::SleepUnnoticed, rounds, ..asleep });
}

/// Its record is read before it is written, and found to be as old as the TTL. Nobody asks for a
/// stream that no record names.
#[test]
fn a_slow_claim_that_is_kept_lets_in_two_although_it_has_a_stream() {
    let config = Config { crashes: 0, gives_up: false, ..with_streams(TWO) };
    let kept = Config { broken: Broken::SlowClaimKept, clock: Clock::Passes, ..config };
    assert!(shortest(kept, ONE_OF_OURS).has(Action::MuchLater));
}

#[test]
fn a_stream_that_is_closed_before_its_record_is_removed_makes_a_living_holder_look_dead() {
    let config = Config { crashes: 0, gives_up: false, ..with_streams(TWO) };
    let first = Config { broken: Broken::StreamClosedFirst, ..config };
    shortest(first.clone(), PROOF);
    shortest(first, NOT_TORN);
}
