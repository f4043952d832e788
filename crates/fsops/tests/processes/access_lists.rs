//! POSIX access control lists: the new file has those of the old one, or less.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use fsops::{AtomicFile, Durability, read, write_atomic};
use testkit::{ChildTest, skip, strace, users};

use crate::support::{Lab, NEW, OLD, mode_of, set_mode};

/// Gives `path` an access list, in the words of setfacl(1).
fn setfacl(path: &Path, words: &[&str]) {
    let status = Command::new("setfacl").args(words).arg(path).status().unwrap();
    assert!(status.success(), "setfacl {words:?}");
}

/// The access list, as text, without what the mask does to it; a mode has three entries.
fn getfacl(path: &Path) -> String {
    let output = Command::new("getfacl").args(["-cpnE"]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().replace('\n', ",")
}

/// Whether the system has access lists, and the programs to handle them.
#[track_caller]
fn can_run() -> bool {
    let lab = Lab::new();
    fs::write(lab.target(), OLD).unwrap();
    let set = Command::new("setfacl").args(["-m", "u:2001:r"]).arg(lab.target()).output();
    match set {
        Ok(output) if output.status.success() => return true,
        Ok(output) => skip(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => skip(&format!("setfacl (package acl): {error}")),
    }
    false
}

/// Lists of all kinds, for a file with mode 0640.
const LISTS: [&[&str]; 7] = [
    &["-m", "u:2001:rw,g::---"],
    &["-m", "u:2001:r"],
    &["-m", "g:2002:rwx,m::r"],
    &["-m", "u:2001:---,u:2002:rw,g:2001:r,o::r"],
    &["-m", "u:2001:rw,m::---"],
    &["-m", "m::rw"],
    &["-m", "u::r,u:2001:rw,o::rwx"],
];

#[test]
fn the_new_file_has_the_access_list_of_the_old_one() {
    if !can_run() {
        return;
    }
    for lab in Lab::everywhere() {
        for words in LISTS {
            set_mode(&lab.old_target(), 0o640);
            setfacl(&lab.target(), words);
            let before = (getfacl(&lab.target()), mode_of(&lab.target()));
            write_atomic(lab.target(), NEW).unwrap();
            assert_eq!((getfacl(&lab.target()), mode_of(&lab.target())), before, "{words:?}");
            fs::remove_file(lab.target()).unwrap();
        }
    }
}

#[test]
fn a_long_access_list_is_kept_too() {
    if !can_run() {
        return;
    }
    let lab = Lab::new();
    lab.old_target();
    let entries: Vec<_> = (3000..3200).map(|user| format!("u:{user}:r")).collect();
    setfacl(&lab.target(), &["-m", &entries.join(",")]);
    let before = getfacl(&lab.target());
    write_atomic(lab.target(), NEW).unwrap();
    assert_eq!(getfacl(&lab.target()), before);
}

#[test]
fn the_access_list_is_there_before_any_content() {
    if !can_run() {
        return;
    }
    let lab = Lab::new();
    // What the directory gives must not be effective for a moment, either.
    setfacl(lab.root(), &["-d", "-m", "u:2002:rwx"]);
    for words in [&["-m", "u:2001:rw,g::---"][..], &["-b"]] {
        set_mode(&lab.old_target(), 0o640);
        setfacl(&lab.target(), words);
        let expected = getfacl(&lab.target());
        let mut file = AtomicFile::create(lab.target(), Durability::Atomic).unwrap();
        let temporary = lab.names().into_iter().find(|name| name.contains(".tmp-")).unwrap();
        assert_eq!(getfacl(&lab.join(&temporary)), expected);
        file.write_all(NEW).unwrap();
        assert_eq!(getfacl(&lab.join(&temporary)), expected);
        file.commit().unwrap();
        assert_eq!(getfacl(&lab.target()), expected);
        fs::remove_file(lab.target()).unwrap();
    }
}

#[test]
fn an_access_list_that_changes_meanwhile_is_the_one_that_counts() {
    if !can_run() {
        return;
    }
    let changes: [&[&str]; 4] =
        [&["-x", "u:2001"], &["-b"], &["-m", "u:2002:rw"], &["-m", "o::---"]];
    for words in changes {
        let lab = Lab::new();
        set_mode(&lab.old_target(), 0o644);
        setfacl(&lab.target(), &["-m", "u:2001:rw"]);
        let mut file = AtomicFile::create(lab.target(), Durability::Atomic).unwrap();
        file.write_all(NEW).unwrap();
        setfacl(&lab.target(), words);
        let expected = getfacl(&lab.target());
        file.commit().unwrap();
        assert_eq!(getfacl(&lab.target()), expected, "{words:?}");
    }
}

#[test]
fn what_the_directory_gives_to_new_files_is_not_given_to_a_replacement() {
    if !can_run() {
        return;
    }
    for lab in Lab::everywhere() {
        for mode in [0o640, 0o644, 0o660, 0o666, 0o600, 0o604, 0o400] {
            set_mode(&lab.old_target(), mode);
            let before = getfacl(&lab.target());
            setfacl(lab.root(), &["-d", "-m", "u:2001:rwx,g:2002:rwx"]);
            write_atomic(lab.target(), NEW).unwrap();
            assert_eq!(getfacl(&lab.target()), before, "{mode:o}");
            // A file that replaces nothing is a new file like any other.
            fs::write(lab.join("plain"), NEW).unwrap();
            write_atomic(lab.join("new"), NEW).unwrap();
            assert_eq!(getfacl(&lab.join("new")), getfacl(&lab.join("plain")));
            setfacl(lab.root(), &["-b", "-k"]);
            for name in ["state.json", "new", "plain"] {
                fs::remove_file(lab.join(name)).unwrap();
            }
        }
    }
}

#[test]
fn child_replaces() {
    let Some(parent) = testkit::parent() else { return };
    write_atomic(parent.path("DIRECTORY").join("state.json"), NEW).unwrap();
}

#[test]
fn child_reads() {
    let Some(parent) = testkit::parent() else { return };
    let answer = match read(parent.path("DIRECTORY").join("state.json")) {
        Ok(contents) => String::from_utf8(contents.bytes.unwrap()).unwrap(),
        Err(error) => std::io::Error::from(error).kind().to_string(),
    };
    parent.at("answer", answer.trim());
}

fn replace_as(user: u32, lab: &Lab) {
    let child = ChildTest::new(module_path!(), "child_replaces").user(user);
    child.var("DIRECTORY", lab.root()).spawn().succeed();
}

fn read_as(user: u32, lab: &Lab) -> String {
    let child = ChildTest::new(module_path!(), "child_reads").user(user);
    let mut child = child.var("DIRECTORY", lab.root()).spawn();
    let answer = child.await_point("answer");
    child.succeed();
    answer
}

fn new() -> &'static str {
    std::str::from_utf8(NEW).unwrap().trim()
}

#[test]
fn colleagues_in_a_directory_that_access_lists_share_keep_access_whoever_writes() {
    let Some([lead, first, second]) = users() else { return skip("not root") };
    if !can_run() {
        return;
    }
    for lab in Lab::everywhere() {
        let colleagues = format!("u:{first}:rwx,u:{second}:rwx,g::---,o::---");
        set_mode(lab.root(), 0o700);
        std::os::unix::fs::chown(lab.root(), Some(lead), Some(lead)).unwrap();
        setfacl(lab.root(), &["-m", &colleagues]);
        setfacl(lab.root(), &["-d", "-m", &colleagues]);
        // The lead, whom no entry names, is the first to write.
        for writer in [lead, first, second, lead, second, first] {
            replace_as(writer, &lab);
            for reader in [lead, first, second] {
                let found = read_as(reader, &lab);
                assert_eq!(found, new(), "{reader} after {writer}: {}", getfacl(&lab.target()));
            }
            assert_eq!(mode_of(&lab.target()) & 0o007, 0);
            assert_eq!(read_as(4000, &lab), "permission denied");
        }
    }
}

#[test]
fn with_another_group_the_list_names_the_old_one_and_grants_the_new_one_nothing() {
    let Some([lead, writer, _]) = users() else { return skip("not root") };
    if !can_run() {
        return;
    }
    let lab = Lab::new();
    lab.old_target();
    std::os::unix::fs::chown(lab.target(), Some(lead), Some(lead)).unwrap();
    set_mode(&lab.target(), 0o660);
    setfacl(&lab.target(), &["-m", "u:4000:r"]);
    set_mode(lab.root(), 0o777);
    replace_as(writer, &lab);
    let expected = format!(
        "user::rw-,user:{lead}:rw-,user:4000:r--,group::---,group:{lead}:rw-,mask::rw-,other::---"
    );
    assert_eq!(getfacl(&lab.target()), expected);
}

#[test]
fn where_lists_cannot_be_set_the_mode_grants_only_what_all_of_them_had() {
    if !can_run() {
        return;
    }
    let wrapper = match strace(&["-e", "inject=fsetxattr:error=EOPNOTSUPP"]) {
        Ok(wrapper) => wrapper,
        Err(why) => return skip(&why),
    };
    for (mode, words, expected) in [
        // The bits that one sees are the mask's, not the group's.
        (0o600, "u:2001:rw,g::---", 0o600),
        (0o644, "u:2001:rw", 0o644),
        // Whom the list kept out would be one of the group, or an other.
        (0o644, "u:2001:---", 0o600),
        (0o664, "g:2001:---", 0o660),
        (0o664, "g:2001:r,m::rw", 0o664),
        (0o664, "g:2001:rw,m::r", 0o644),
    ] {
        let lab = Lab::new();
        set_mode(&lab.old_target(), mode);
        setfacl(&lab.target(), &["-m", words]);
        // Not even what the directory gives is left.
        setfacl(lab.root(), &["-d", "-m", "u:2002:rwx"]);
        let child = ChildTest::new(module_path!(), "child_replaces").through(wrapper.clone());
        child.var("DIRECTORY", lab.root()).spawn().succeed();
        assert_eq!(fs::read(lab.target()).unwrap(), NEW);
        assert_eq!(mode_of(&lab.target()), expected, "{mode:o} {words}");
        assert_eq!(getfacl(&lab.target()).split(',').count(), 3, "{}", getfacl(&lab.target()));
    }
}
