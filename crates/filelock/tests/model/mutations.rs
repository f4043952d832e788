//! Each rule of the protocol broken on purpose: the model finds what it is for.

use crate::check::{holds, long, shortest};
use crate::config::{Broken, Config, Kind};
use crate::properties::{NOT_TORN, ONE_OF_OURS};

const THREE: &[Kind] = &[Kind::Publish; 3];
const TWO: &[Kind] = &[Kind::Publish; 2];

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

/// Among ours alone, nobody's lock is taken while it lives; it takes a foreign peer to make this one matter.
#[test]
fn a_release_that_does_not_look_whose_lock_it_is_removes_anothers() {
    const KINDS: &[Kind] = &[Kind::Publish, Kind::Publish, Kind::Directory];
    let config = Config { crashes: 0, gives_up: false, ..Config::of(KINDS) };
    shortest(Config { broken: Broken::ReleaseUnchecked, ..config.clone() }, NOT_TORN);
    // As it is, it removes nobody's, whatever the peer did before.
    if long() {
        holds(&Config { only: vec![NOT_TORN], crashes: 1, ..config });
    }
}
