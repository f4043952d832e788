//! Flushing: what is written, and what is left alone.

mod failures;
mod handles;
mod one_moment;
mod sequences;
mod threads;
mod unchanged;

use std::ffi::OsStr;
use std::fs;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use agentslock_core::{Digest, Error, FileError, FlushError, Flushed, Lockfile};
use fsops::{AtomicFile, Durability};

use crate::support::{DOCUMENT, Lab, quick};

#[test]
fn a_missing_file_is_created_even_if_nothing_is_staged() {
    for lab in Lab::everywhere() {
        let lockfile = Lockfile::open(lab.path()).unwrap();
        assert!(lockfile.was_missing());
        assert_eq!(lab.names(), [""; 0], "opening created something");
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        assert_eq!(lab.text(), "{\n  \"lock_version\": 1\n}\n");
        lab.assert_only_the_document();
        assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
        assert!(!lab.open().was_missing());
    }
}

#[test]
fn what_is_staged_goes_into_a_new_file() {
    for durability in [Durability::Full, Durability::Atomic] {
        let lab = Lab::new();
        let lockfile = quick().durability(durability).open(lab.path()).unwrap();
        lockfile.set_section("units", &["a"]).unwrap();
        lockfile.set_inputs_digest(&Digest::verbatim("sha256:ab"));
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        let expected = "{\n  \"inputs_digest\": \"sha256:ab\",\n  \"lock_version\": 1,\n  \"units\": [\n    \"a\"\n  ]\n}\n";
        assert_eq!(lab.text(), expected);
        lab.assert_only_the_document();
    }
}

#[test]
fn missing_parent_directories_are_created() {
    for durability in [Durability::Full, Durability::Atomic] {
        let lab = Lab::new();
        let path = lab.join("a/b/c/.agentsrc.lock");
        let lockfile = quick().durability(durability).open(&path).unwrap();
        assert_eq!(lab.names(), [""; 0], "opening created something");
        lockfile.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\n  \"lock_version\": 1\n}\n");
        assert_eq!(fs::read_dir(lab.join("a/b/c")).unwrap().count(), 1);
    }
}

#[test]
fn a_document_that_was_removed_since_is_not_made_anew_by_a_handle_that_has_seen_it() {
    let lab = Lab::with(DOCUMENT);
    let lockfile = lab.open();
    lockfile.set_section("units", &1).unwrap();
    fs::remove_file(lab.path()).unwrap();
    for _ in 0..2 {
        let error = lockfile.flush().unwrap_err();
        assert!(matches!(error, FlushError::File(FileError::Removed { .. })), "{error:?}");
        assert!(!error.is_committed());
        // Between flushes in a row a handle can keep the lock's directory beside the document.
        assert!(!lab.path().exists());
    }
    // Opened again, it is a new one; what only the removed file held is not brought back.
    let lockfile = lab.open();
    lockfile.set_section("units", &1).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    assert_eq!(lab.text(), "{\n  \"lock_version\": 1,\n  \"units\": 1\n}\n");
    // A handle that has made a document has seen it, too.
    fs::remove_file(lab.path()).unwrap();
    lockfile.flush().unwrap_err();
}

#[test]
fn a_directory_that_was_there_is_not_created_again() {
    let lab = Lab::new();
    for has_document in [true, false] {
        let directory = lab.join("directory");
        fs::create_dir(&directory).unwrap();
        let path = directory.join(".agentsrc.lock");
        if has_document {
            fs::write(&path, "{}").unwrap();
        }
        let lockfile = quick().open(&path).unwrap();
        lockfile.set_section("units", &1).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        let error = lockfile.flush().unwrap_err();
        assert!(matches!(error, FlushError::File(FileError::DirectoryGone { .. })), "{error:?}");
        assert_eq!(lab.names(), [""; 0]);
    }
}

#[test]
fn a_removed_section_is_gone_and_its_neighbours_stay() {
    let lab = Lab::with("{\"a\":[ 1],\"b\":2,\"c\":{ }}");
    let lockfile = lab.open();
    lockfile.remove_section("b").unwrap();
    assert_eq!(lockfile.section_raw("b").unwrap(), None);
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    assert_eq!(lab.text(), "{\n  \"a\": [ 1],\n  \"c\": { }\n}\n");
    assert_eq!(lockfile.section_names(), ["a", "c"]);
    lockfile.set_section("b", &3).unwrap();
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": [ 1],\n  \"b\": 3,\n  \"c\": { }\n}\n");
}

#[test]
fn the_version_is_kept_and_not_made_up() {
    for version in ["0", "1"] {
        let lab = Lab::with(format!("{{\"lock_version\":  {version} }}"));
        let lockfile = lab.open();
        lockfile.set_section("units", &1).unwrap();
        lockfile.flush().unwrap();
        assert_eq!(lab.text(), format!("{{\n  \"lock_version\": {version},\n  \"units\": 1\n}}\n"));
        assert_eq!(lab.open().section::<u8>("units").unwrap(), Some(1));
    }
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    lockfile.set_section("units", &1).unwrap();
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"units\": 1\n}\n");
}

#[test]
fn a_key_that_was_there_keeps_its_spelling() {
    let keys = [
        "\"\\u0061\"",
        "\"\\\"\\\\\\/\"",
        "\"\\b\\f\\n\\r\\t\"",
        "\"\\ud83d\\uDE00\"",
        "\"😀\"",
        "\"\\u0000\"",
        "\"<\"",
        "\"\\u003E\"",
        "\"\u{2028}\"",
        "\"\\u2029\"",
        "\"\"",
        "\" \"",
        "\"\u{7f}\"",
        "\"\\u00E9\"",
    ];
    for key in keys {
        let name: String = serde_json::from_str(key).unwrap();
        let lab = Lab::with(format!("{{{key}:0,\"other\":0}}"));
        let lockfile = lab.open();
        assert_eq!(lockfile.section::<u8>(&name).unwrap(), Some(0), "{key}");
        lockfile.set_section(&name, &1).unwrap();
        lockfile.flush().unwrap();
        let mut lines =
            [(name.as_str(), format!("  {key}: 1")), ("other", "  \"other\": 0".into())];
        lines.sort();
        let lines = lines.map(|(_, line)| line).join(",\n");
        assert_eq!(lab.text(), format!("{{\n{lines}\n}}\n"), "{key}");
        lockfile.remove_section(&name).unwrap();
        lockfile.flush().unwrap();
        assert_eq!(lab.text(), "{\n  \"other\": 0\n}\n", "{key}");
    }
}

#[cfg(unix)] // Windows has no such names.
#[test]
fn a_path_that_is_not_utf8_works() {
    let lab = Lab::new();
    let path = lab.join(OsStr::from_bytes(b"d\xff/\xc3.lock"));
    let lockfile = quick().open(&path).unwrap();
    lockfile.set_section("a", &1).unwrap();
    lockfile.flush().unwrap();
    quick().update(&path, |lockfile| lockfile.set_section("b", &2).map_err(Error::from)).unwrap();
    let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"lock_version\": 1\n}\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    fs::write(&path, "[]").unwrap();
    let said = lockfile.flush().unwrap_err().to_string();
    assert!(said.contains(".lock`, line 1, column 1"), "{said}");
}

#[cfg(unix)] // Windows has no modes.
#[test]
fn the_mode_is_kept() {
    let lab = Lab::with(DOCUMENT);
    let lockfile = lab.open();
    for mode in [0o600, 0o640, 0o644, 0o664, 0o444] {
        fs::set_permissions(lab.path(), PermissionsExt::from_mode(mode)).unwrap();
        lockfile.set_section("mode", &mode).unwrap();
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        assert_eq!(testkit::stat(&lab.path()).mode & 0o7777, mode);
    }
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn a_linked_document_stays_a_link() {
    let lab = Lab::new();
    fs::create_dir(lab.join("real")).unwrap();
    fs::write(lab.join("real/document"), "{}").unwrap();
    symlink("real/document", lab.path()).unwrap();
    let lockfile = lab.open();
    lockfile.set_section("a", &1).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    quick()
        .update(lab.path(), |lockfile| {
            let a: u8 = lockfile.section("a")?.expect("because it was flushed");
            lockfile.set_section("b", &(a + 1))?;
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(fs::read_link(lab.path()).unwrap().to_str(), Some("real/document"));
    let text = fs::read_to_string(lab.join("real/document")).unwrap();
    assert_eq!(text, "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    assert_eq!(lab.names(), [".agentsrc.lock", "real"]);
    assert_eq!(fs::read_dir(lab.join("real")).unwrap().count(), 1);
}

#[test]
fn a_section_of_20_megabytes_goes_in_and_stays() {
    let lab = Lab::in_memory();
    lab.write("{}");
    let lockfile = lab.open();
    let large = "x".repeat(20_000_000);
    lockfile.set_section("large", &large).unwrap();
    lockfile.flush().unwrap();
    let inode = testkit::stat(&lab.path()).inode;
    lockfile.set_section("small", &1).unwrap();
    lockfile.flush().unwrap();
    assert_ne!(testkit::stat(&lab.path()).inode, inode);
    assert_eq!(lab.text(), format!("{{\n  \"large\": \"{large}\",\n  \"small\": 1\n}}\n"));
    assert_eq!(lab.open().section::<String>("large").unwrap(), Some(large));
}

#[test]
fn a_string_of_100_megabytes_stays_beside_what_is_flushed() {
    let lab = Lab::in_memory();
    let large = format!("\"{}\"", "0123456789".repeat(10_000_000));
    lab.write(format!("{{\"large\":{large}}}"));
    let lockfile = lab.open();
    lockfile.set_section("small", &1).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    // `assert_eq` would print them.
    assert!(lab.text() == format!("{{\n  \"large\": {large},\n  \"small\": 1\n}}\n"));
    assert!(lockfile.section_raw("large").unwrap() == Some(large));
}

#[cfg(unix)] // A temporary that is open keeps its name on Windows.
#[test]
fn temporaries_of_killed_writers_go_once_they_are_old() {
    let lab = Lab::with("{}");
    let leave = |age: u64| {
        let before = lab.names();
        std::mem::forget(AtomicFile::create(lab.path(), Durability::Atomic).unwrap());
        let name = lab.names().into_iter().find(|name| !before.contains(name)).unwrap();
        let file = fs::File::options().write(true).open(lab.join(&name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        name
    };
    // The lock's own time to live is 30 s.
    let (_old, young) = (leave(31), leave(25));
    let lockfile = lab.open();
    lockfile.set_section("a", &1).unwrap();
    lockfile.flush().unwrap();
    assert_eq!(lab.names(), [".agentsrc.lock".to_owned(), young]);
}
