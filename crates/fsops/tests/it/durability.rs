//! `create_parents`, and the default.

use std::fs;
use std::io::ErrorKind;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use fsops::{Durability, create_parents};

use crate::support::Lab;

const BOTH: [Durability; 2] = [Durability::Full, Durability::Atomic];

#[test]
fn the_default_survives_a_power_cut() {
    assert_eq!(Durability::default(), Durability::Full);
}

#[test]
fn missing_directories_are_created_and_the_file_is_not() {
    for durability in BOTH {
        let lab = Lab::new();
        let path = lab.join("a/b/c/d/state.json");
        create_parents(&path, durability).unwrap();
        assert!(lab.join("a/b/c/d").is_dir());
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        let before = lab.snapshot();
        create_parents(&path, durability).unwrap();
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn links_to_directories_and_dots_on_the_way_are_followed() {
    let lab = Lab::new();
    fs::create_dir(lab.join("real")).unwrap();
    symlink("real", lab.join("link")).unwrap();
    create_parents(lab.join("link/a/./b/../c/state.json"), Durability::Full).unwrap();
    assert!(lab.join("real/a/c").is_dir());
}

#[test]
fn threads_that_need_the_same_directories_all_get_them() {
    let lab = Lab::new();
    for round in 0..50 {
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            for name in ["x", "y"] {
                let path = lab.join(round.to_string()).join("b/c/d/e/f").join(name);
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    create_parents(&path, Durability::Atomic).unwrap();
                    fs::write(&path, name).unwrap();
                });
            }
        });
    }
}

#[cfg(unix)] // Windows says "not found" of both.
#[test]
fn a_file_in_the_way_is_an_error_and_stays() {
    let lab = Lab::new();
    let path = lab.old_target().join("a/state.json");
    let before = lab.snapshot();
    let error = create_parents(&path, Durability::Full).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn an_empty_path_is_an_error() {
    create_parents(Path::new(""), Durability::Full).unwrap_err();
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_that_leads_nowhere_in_place_of_the_directory_is_an_error() {
    let lab = Lab::new();
    symlink("nowhere", lab.join("directory")).unwrap();
    create_parents(lab.join("directory/state.json"), Durability::Full).unwrap_err();
    assert_eq!(lab.names(), ["directory"]);
}

#[test]
fn what_was_created_in_vain_can_be_removed_again_as_far_as_it_is_empty() {
    let lab = Lab::new();
    fs::create_dir(lab.join("there")).unwrap();
    let created = create_parents(lab.join("there/a/b/file"), Durability::Full).unwrap();
    assert!(lab.join("there/a/b").is_dir());
    created.remove_if_empty();
    assert_eq!(testkit::names(&lab.join("there")), [""; 0]);

    // What others have put there stays, with all that it lies in. So does what was there before.
    let created = create_parents(lab.join("there/a/b/file"), Durability::Atomic).unwrap();
    let none = create_parents(lab.join("there/a/b/file"), Durability::Atomic).unwrap();
    none.remove_if_empty();
    fs::write(lab.join("there/a/other"), "").unwrap();
    created.remove_if_empty();
    assert_eq!(testkit::names(&lab.join("there/a")), ["other"]);
}

#[test]
#[cfg(unix)] // Windows has other names that are too long.
fn an_error_removes_what_was_created_before_it() {
    let lab = Lab::new();
    let path = lab.join("a/b").join("x".repeat(300)).join("file");
    create_parents(path, Durability::Full).unwrap_err();
    assert_eq!(lab.names(), [""; 0]);
}
