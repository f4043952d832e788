//! Each rule of the protocol broken on purpose: the model finds what it is for.

use crate::check::{holds, long, shortest};
use crate::config::{Broken, Clock, Config, Kind, Scene};
use crate::in_place::by_time;
use crate::model::Action;
use crate::properties::{NOT_TORN, ONE_OF_OURS};

const THREE: &[Kind] = &[Kind::Publish; 3];
const TWO: &[Kind] = &[Kind::Publish; 2];

/// Nobody dies, no call fails, nobody gives up, no clock is set back: the fewest states.
fn few(kinds: &'static [Kind]) -> Config {
    Config { crashes: 0, gives_up: false, clock: Clock::Passes, ..Config::of(kinds) }
}

#[test]
fn clearing_by_renaming_aside_lets_in_two() {
    shortest(Config { broken: Broken::RenameAside, ..Config::of(THREE) }, ONE_OF_OURS);
}

#[test]
fn a_failed_look_that_counts_as_death_lets_in_two() {
    shortest(Config { broken: Broken::FailedLookIsDeath, ..Config::of(TWO) }, ONE_OF_OURS);
}

#[test]
fn a_record_that_is_visible_before_its_os_lock_lets_in_two() {
    shortest(Config { broken: Broken::RecordBeforeFlock, ..Config::of(TWO) }, ONE_OF_OURS);
}

#[test]
fn a_recursive_delete_lets_in_two() {
    shortest(Config { broken: Broken::RecursiveDelete, ..Config::of(THREE) }, ONE_OF_OURS);
}

/// A sweeper that finds it older than a TTL takes it away, and a rename to a free name moves a
/// directory, too.
#[test]
fn a_private_file_without_an_os_lock_lets_a_living_lock_be_moved() {
    let config = Config { broken: Broken::PlaceholderUnlocked, ..few(TWO) };
    let trace = shortest(Config { scene: Scene::ExpiredFile, ..config }, NOT_TORN);
    assert!(trace.has(Action::MuchLater), "it takes a stop for a TTL");
}

/// The sweeper takes it away a moment later.
#[test]
fn a_private_file_that_a_sweeper_has_lets_a_living_lock_be_moved() {
    let config = Config { broken: Broken::RefusedPlaceholderUsed, ..few(TWO) };
    shortest(Config { scene: Scene::ExpiredFile, ..config }, NOT_TORN);
}

#[test]
fn a_lock_file_renamed_to_a_free_name_lets_in_two() {
    let config = Config { broken: Broken::FileRenamedAway, ..few(THREE) };
    shortest(Config { scene: Scene::ExpiredFile, ..config }, ONE_OF_OURS);
}

/// The claim is slow; the judge reads its record before it is written, and removes it when it is,
/// and when its owner holds.
#[test]
fn an_expired_verdict_that_does_not_ask_the_kernel_lets_in_two() {
    let config = Config { broken: Broken::ExpiredUnasked, ..few(&[Kind::InPlace; 2]) };
    shortest(config.clone(), ONE_OF_OURS);
    shortest(config, NOT_TORN);
}

#[test]
fn a_slow_claim_that_is_kept_where_time_decides_lets_in_two() {
    let config = Config { broken: Broken::SlowClaimKept, ..by_time(&[Kind::InPlace; 2]) };
    shortest(Config { crashes: 0, gives_up: false, ..config }, ONE_OF_OURS);
}

/// Among ours alone, nobody's lock is taken while it lives; it takes a foreign peer to make this
/// one matter.
#[test]
fn a_release_that_does_not_look_whose_lock_it_is_removes_anothers() {
    const KINDS: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Directory];
    let config = few(KINDS);
    shortest(Config { broken: Broken::ReleaseUnchecked, ..config.clone() }, NOT_TORN);
    // As it is, it removes nobody's, whatever the peer did before.
    if long() {
        holds(&Config { only: vec![NOT_TORN], crashes: 1, ..config });
    }
}
