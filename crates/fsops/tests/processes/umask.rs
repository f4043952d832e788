//! A new file gets what the umask leaves of 0666.

use fsops::{AtomicFile, Durability, append_record, create_parents, write_atomic};
use testkit::ChildTest;

use crate::support::{Lab, NEW, OLD, mode_of, set_mode};

#[test]
fn child_creates_files() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    write_atomic(directory.join("new"), NEW).unwrap();
    AtomicFile::create(directory.join("new, atomic"), Durability::Atomic)
        .and_then(AtomicFile::commit)
        .unwrap();
    append_record(directory.join("log"), b"{}").unwrap();
    create_parents(directory.join("made/file"), Durability::Full).unwrap();
    write_atomic(directory.join("kept"), NEW).unwrap();
}

#[test]
fn a_new_file_gets_what_the_umask_leaves_and_an_old_one_keeps_its_mode() {
    for umask in [0o000, 0o022, 0o027, 0o077, 0o137] {
        let lab = Lab::new();
        std::fs::write(lab.join("kept"), OLD).unwrap();
        set_mode(&lab.join("kept"), 0o664);
        let script = format!("umask {umask:o}; exec \"$0\" \"$@\"");
        let child = ChildTest::new(module_path!(), "child_creates_files")
            .through(["sh", "-c", &script])
            .var("DIRECTORY", lab.root());
        child.spawn().succeed();
        for name in ["new", "new, atomic", "log"] {
            assert_eq!(mode_of(&lab.join(name)), 0o666 & !umask, "{name}, umask {umask:o}");
        }
        assert_eq!(mode_of(&lab.join("made")), 0o777 & !umask, "umask {umask:o}");
        assert_eq!(mode_of(&lab.join("kept")), 0o664, "umask {umask:o}");
    }
}
