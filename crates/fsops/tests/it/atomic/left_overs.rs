//! `remove_left_over_temporaries`.

use std::fs::{self, File};
use std::io::ErrorKind;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::time::Duration;

use fsops::{AtomicFile, Durability, remove_left_over_temporaries};

use crate::support::{Lab, age, names};

const MINUTE: Duration = Duration::from_secs(60);

/// What a writer leaves that is killed now.
fn leave_temporary(lab: &Lab) -> std::path::PathBuf {
    let before = lab.names();
    std::mem::forget(AtomicFile::create(lab.target(), Durability::Full).unwrap());
    let mut names = lab.names();
    names.retain(|name| !before.contains(name));
    assert_eq!(names.len(), 1);
    lab.join(names.remove(0))
}

#[cfg(unix)] // A temporary that is open keeps its name on Windows.
#[test]
fn old_temporaries_go_and_young_ones_stay() {
    let lab = Lab::new();
    lab.old_target();
    for ago in [61, 3600, 1_000_000] {
        age(&leave_temporary(&lab), Duration::from_secs(ago));
    }
    let young = leave_temporary(&lab);
    age(&young, MINUTE / 2);
    let new = leave_temporary(&lab);
    assert_eq!(remove_left_over_temporaries(lab.target(), MINUTE).unwrap(), 3);
    assert_eq!(lab.names().len(), 3);
    assert!(young.exists() && new.exists() && lab.target().exists());
    assert_eq!(remove_left_over_temporaries(lab.target(), MINUTE).unwrap(), 0);
}

#[test]
fn a_temporary_from_the_future_stays() {
    let lab = Lab::new();
    let path = leave_temporary(&lab);
    let times = fs::FileTimes::new().set_modified(std::time::SystemTime::now() + 60 * MINUTE);
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
    assert_eq!(remove_left_over_temporaries(lab.target(), MINUTE).unwrap(), 0);
    assert_eq!(lab.names().len(), 1);
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn only_temporaries_of_exactly_this_name_go() {
    let lab = Lab::new();
    let stay = [
        "state.json",
        "state.json.tmp-",
        "state.json.tmp",
        "state.json.tmp-Ab0.Cd1Ef2Gh",
        "state.json.tmp-Ab0Cd1Ef2Gh3",
        "state.json.tmp-01234567hPbO.tmp-01234567hPbO",
        "other.json.tmp-01234567hPbO",
        "my-state.json.tmp-01234567hPbO",
        "state.json5.tmp-01234567hPbO",
        "state.jsonXtmp-01234567hPbO",
        "state.tmp-01234567hPbO",
    ];
    for name in stay.into_iter().chain(["state.json.tmp-01234567hPbO"]) {
        fs::write(lab.join(name), "").unwrap();
        age(&lab.join(name), 60 * MINUTE);
    }
    fs::create_dir(lab.join("state.json.tmp-director14wC")).unwrap();
    symlink("state.json", lab.join("state.json.tmp-SymbolictVci")).unwrap();
    assert_eq!(remove_left_over_temporaries(lab.target(), Duration::ZERO).unwrap(), 1);
    let left = lab.names();
    assert!(!lab.join("state.json.tmp-01234567hPbO").exists());
    for name in
        stay.into_iter().chain(["state.json.tmp-director14wC", "state.json.tmp-SymbolictVci"])
    {
        assert!(left.iter().any(|other| other == name), "{name} is gone");
    }
}

#[test]
fn a_file_that_a_person_named_alike_stays() {
    let lab = Lab::new();
    for name in [
        "state.json.tmp-backup",
        "state.json.tmp-2026",
        "state.json.tmp-20261128noon",
        "state.json.tmp-beforechange",
        "state.json.tmp-beforethemigration",
    ] {
        fs::write(lab.join(name), "precious").unwrap();
        age(&lab.join(name), 60 * MINUTE);
        assert_eq!(remove_left_over_temporaries(lab.target(), MINUTE).unwrap(), 0, "{name}");
        assert!(lab.join(name).exists());
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn they_are_looked_for_where_a_link_leads() {
    let lab = Lab::new();
    lab.old_target();
    age(&leave_temporary(&lab), 2 * MINUTE);
    fs::create_dir(lab.join("links")).unwrap();
    symlink("../state.json", lab.join("links/link.json")).unwrap();
    fs::write(lab.join("links/link.json.tmp-01234567hPbO"), "").unwrap();
    age(&lab.join("links/link.json.tmp-01234567hPbO"), 2 * MINUTE);
    let removed = remove_left_over_temporaries(lab.join("links/link.json"), MINUTE).unwrap();
    assert_eq!(removed, 1);
    assert_eq!(lab.names(), ["links", "state.json"]);
    assert_eq!(names(&lab.join("links")).len(), 2);
}

#[test]
fn a_missing_target_is_no_obstacle_and_a_missing_directory_is_an_error() {
    let lab = Lab::new();
    age(&leave_temporary(&lab), 2 * MINUTE);
    assert!(!lab.target().exists());
    assert_eq!(remove_left_over_temporaries(lab.target(), MINUTE).unwrap(), 1);
    let missing = lab.join("missing/state.json");
    let error = remove_left_over_temporaries(&missing, MINUTE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// On a volume that takes two spellings for one name, a temporary can be listed in the other one.
#[test]
fn those_of_the_same_name_in_another_spelling_go_if_the_volume_takes_it_for_the_same() {
    let lab = Lab::new();
    let left = lab.join("state.json.tmp-01234567hPbO");
    fs::write(&left, "").unwrap();
    age(&left, 2 * MINUTE);
    fs::write(lab.join("SPELLING"), "").unwrap();
    let is_one_name = lab.join("spelling").exists();
    let removed = remove_left_over_temporaries(lab.join("STATE.json"), MINUTE).unwrap();
    assert_eq!((removed, left.exists()), (usize::from(is_one_name), !is_one_name));
}
