//! What may stand at the path: links are followed and stay, anything but a file is refused.

use std::fs;
use std::io::{ErrorKind, Write};
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::Path;

use fsops::{AtomicFile, Durability, ReplaceError, write_atomic};
use testkit::within;

#[cfg(unix)]
use crate::support::set_mode;
use crate::support::{Lab, NEW, OLD, WATCHDOG, mode_of, names, no_files};

/// Makes a file in a directory of its own, and in other directories links that lead to it.
#[cfg(unix)] // Wine makes no links.
fn file_behind_links(lab: &Lab) -> (std::path::PathBuf, [&'static str; 4]) {
    for directory in ["real", "links", "links/deep"] {
        fs::create_dir(lab.join(directory)).unwrap();
    }
    let file = lab.join("real/state.json");
    fs::write(&file, OLD).unwrap();
    symlink(&file, lab.join("links/absolute")).unwrap();
    symlink("../real/state.json", lab.join("links/relative")).unwrap();
    symlink("../relative", lab.join("links/deep/chain")).unwrap();
    symlink("real", lab.join("linked directory")).unwrap();
    let links =
        ["links/absolute", "links/relative", "links/deep/chain", "linked directory/state.json"];
    (file, links)
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_is_followed_and_stays_a_link() {
    for lab in Lab::everywhere() {
        let (file, links) = file_behind_links(&lab);
        for link in links {
            fs::write(&file, OLD).unwrap();
            set_mode(&file, 0o640);
            let leads_to = fs::read_link(lab.join(link)).ok();
            write_atomic(lab.join(link), NEW).unwrap();
            assert_eq!(fs::read_link(lab.join(link)).ok(), leads_to, "{link}");
            assert!(fs::symlink_metadata(&file).unwrap().is_file());
            assert_eq!(fs::read(&file).unwrap(), NEW, "{link}");
            assert_eq!(mode_of(&file), 0o640);
        }
        assert_eq!(names(&lab.join("links")), ["absolute", "deep", "relative"]);
        assert_eq!(names(&lab.join("real")), ["state.json"]);
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn the_temporary_lies_beside_the_file_and_not_beside_the_link() {
    let lab = Lab::new();
    let (file, links) = file_behind_links(&lab);
    for link in links {
        let written = AtomicFile::create(lab.join(link), Durability::Full).unwrap();
        assert_eq!(fs::canonicalize(written.target()).unwrap(), fs::canonicalize(&file).unwrap());
        assert_eq!(names(&lab.join("links")), ["absolute", "deep", "relative"]);
        assert_eq!(names(&lab.join("real")).len(), 2, "{link}");
        written.discard().unwrap();
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_that_leads_nowhere_is_refused() {
    let lab = Lab::new();
    symlink("nowhere", lab.join("dangling")).unwrap();
    symlink("dangling", lab.join("chain")).unwrap();
    symlink("missing/nowhere", lab.join("missing directory")).unwrap();
    let before = lab.snapshot();
    for name in ["dangling", "chain", "missing directory"] {
        let error = write_atomic(lab.join(name), NEW).unwrap_err();
        assert!(!error.is_committed());
        assert!(error.to_string().contains(name), "{error}");
        let ReplaceError::DanglingLink { path } = error else { panic!("{name}: {error:?}") };
        assert_eq!(path, lab.join(name));
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn links_in_a_circle_are_an_error() {
    let lab = Lab::new();
    symlink("b", lab.join("a")).unwrap();
    symlink("a", lab.join("b")).unwrap();
    let before = lab.snapshot();
    let error = write_atomic(lab.join("a"), NEW).unwrap_err();
    assert!(matches!(error, ReplaceError::Io { .. }), "{error:?}");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_is_no_file_is_refused_at_once_and_stays() {
    let lab = Lab::new();
    let things = no_files(&lab);
    let before = lab.snapshot();
    for (path, expected) in things {
        for durability in [Durability::Full, Durability::Atomic] {
            let target = path.clone();
            let error = within(WATCHDOG, move || AtomicFile::create(&target, durability).map(drop))
                .unwrap_err();
            let ReplaceError::NotAFile { kind, .. } = error else { panic!("{path:?}: {error:?}") };
            assert_eq!(kind, expected);
        }
        assert_eq!(lab.snapshot(), before, "{path:?}");
    }
}

#[test]
fn a_missing_directory_is_an_error_and_is_not_created() {
    let lab = Lab::new();
    for durability in [Durability::Full, Durability::Atomic] {
        let error = AtomicFile::create(lab.join("missing/state.json"), durability).unwrap_err();
        let ReplaceError::Io { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source.kind(), ErrorKind::NotFound);
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_file_in_place_of_the_directory_is_an_error() {
    let lab = Lab::new();
    let path = lab.old_target().join("inside.json");
    let before = lab.snapshot();
    let error = write_atomic(&path, NEW).unwrap_err();
    assert!(matches!(error, ReplaceError::Io { .. }), "{error:?}");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    let lab = Lab::new();
    for path in [Path::new(""), Path::new("/"), Path::new(".."), &lab.join("new/")] {
        write_atomic(path, NEW).unwrap_err();
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_directory_that_takes_the_name_meanwhile_stays() {
    let lab = Lab::new();
    let mut file = AtomicFile::create(lab.target(), Durability::Full).unwrap();
    file.write_all(NEW).unwrap();
    fs::create_dir(lab.target()).unwrap();
    let before = lab.snapshot().remove(&lab.target());
    let error = file.commit().unwrap_err();
    assert!(!error.is_committed(), "{error:?}");
    assert_eq!(lab.names(), ["state.json"]);
    assert_eq!(lab.snapshot().remove(&lab.target()), before);
}
