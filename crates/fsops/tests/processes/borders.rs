//! Places and programs that a writer does not expect. They are file systems that refuse to change
//! modes, files mounted by themselves, owners without a number, leases.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fsops::{AppendError, ReadFileError, ReplaceError, append_record, read, write_atomic};
use testkit::{ChildTest, skip, users};

use crate::support::{Lab, NEW, OLD, WATCHDOG, mode_of, set_mode};

#[test]
fn child_writes() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let replaced = match write_atomic(directory.join("state.json"), NEW) {
        Ok(()) => "replaced".to_owned(),
        Err(error) => describe(&error),
    };
    let appended = match append_record(directory.join("log"), b"{}") {
        Ok(_) => "appended".to_owned(),
        Err(error) => describe(&error),
    };
    parent.at("answer", &format!("{replaced}, {appended}"));
}

fn describe(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

/// What [`child_writes`] answers, started through `wrapper`.
fn answer_of(wrapper: &[&str], user: Option<u32>, directory: &Path) -> String {
    let mut child = ChildTest::new(module_path!(), "child_writes").through(wrapper);
    if let Some(user) = user {
        child = child.user(user);
    }
    let mut child = child.var("DIRECTORY", directory).spawn();
    let answer = child.await_point("answer");
    child.succeed();
    answer
}

/// Another view of a directory, in which no mode can be changed. Gone when it is dropped.
struct View<'a>(&'a Path);

impl<'a> View<'a> {
    /// # Errors
    ///
    /// Why there can be none here.
    fn without_chmod(of: &Path, at: &'a Path, more: &[&str]) -> Result<Self, String> {
        let mount =
            Command::new("bindfs").args(["--chmod-deny"]).args(more).args([of, at]).output();
        match mount {
            Ok(output) if output.status.success() => Ok(Self(at)),
            Ok(output) => {
                Err(format!("bindfs: {}", String::from_utf8_lossy(&output.stderr).trim()))
            }
            Err(error) => Err(format!("bindfs: {error}")),
        }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[test]
fn a_file_system_that_refuses_to_change_modes_is_written_to() {
    let Some([user, ..]) = users() else { return skip("not root") };
    // As network shares and FAT do it: all files belong to one owner and have one mode.
    let fixed = ["--force-user=root", "--force-group=root", "--perms=a+rwX", "--chown-deny"];
    for (more, mode, user) in [
        (&fixed[..], 0o600, Some(user)),
        (&fixed[..], 0o644, Some(user)),
        (&[][..], 0o644, None),
        (&[][..], 0o600, None),
        (&[][..], 0o664, None),
    ] {
        let (under, over) = (Lab::new(), Lab::new());
        set_mode(&under.old_target(), mode);
        set_mode(under.root(), 0o777);
        set_mode(over.root(), 0o777);
        let view = match View::without_chmod(under.root(), over.root(), more) {
            Ok(view) => view,
            Err(why) => return skip(&why),
        };
        let before = mode_of(&over.target());
        let chmod =
            fs::set_permissions(over.target(), std::os::unix::fs::PermissionsExt::from_mode(0o640));
        assert!(chmod.is_err(), "this view lets modes be changed");
        assert_eq!(answer_of(&[], user, over.root()), "replaced, appended", "{more:?}, {mode:o}");
        assert_eq!(fs::read(over.target()).unwrap(), NEW);
        // The group may not write any more, where that would have to be set.
        let (after, narrowed) = (mode_of(&over.target()), before & !0o020);
        assert!(after == before || after == narrowed, "{before:o} became {after:o}");
        assert_eq!(over.names(), ["log", "state.json"]);
        drop(view);
    }
}

#[test]
fn where_readers_would_be_cut_off_a_refused_mode_is_an_error_and_the_old_file_stands() {
    let (under, over) = (Lab::new(), Lab::new());
    set_mode(&under.old_target(), 0o640);
    let view = match View::without_chmod(under.root(), over.root(), &[]) {
        Ok(view) => view,
        Err(why) => return skip(&why),
    };
    let error = write_atomic(over.target(), NEW).unwrap_err();
    assert!(error.to_string().contains("set the rights of"), "{error}");
    assert_eq!(
        (fs::read(over.target()).unwrap(), over.names()),
        (OLD.to_vec(), vec!["state.json".to_owned()])
    );
    drop(view);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_not_replaced_and_the_error_says_what_to_mount() {
    const MOUNT: &str = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
    let (outside, lab) = (Lab::new(), Lab::new());
    fs::write(outside.join("outside"), OLD).unwrap();
    lab.old_target();
    let (from, to) = (outside.join("outside"), lab.target());
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let wrapper = ["unshare", "-m", "sh", "-c", MOUNT, from, to];
    match Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return skip(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return skip(&format!("unshare: {error}")),
    }
    let answer = answer_of(&wrapper, None, lab.root());
    assert!(answer.contains(to) && answer.contains("mount its directory instead"), "{answer}");
    assert_eq!(fs::read(outside.join("outside")).unwrap(), OLD);
    assert_eq!(
        (fs::read(lab.target()).unwrap(), lab.names()),
        (OLD.to_vec(), vec!["log".to_owned(), "state.json".to_owned()])
    );
}

/// A shell script that starts a program as root of a user namespace. There the ids from 100000 on
/// are those from 0 on, so that 65534 is a user's, too.
const NAMESPACE: &str = "
    unshare -U --keep-caps sh -c 'until grep -q . /proc/self/uid_map && grep -q . /proc/self/gid_map; do :; done
        exec setpriv --reuid 0 --regid 0 --clear-groups \"$@\"' sh \"$@\" <&0 & pid=$!
    until echo 0 100000 65536 > /proc/$pid/uid_map; do :; done 2> /dev/null
    until echo 0 100000 65536 > /proc/$pid/gid_map; do :; done 2> /dev/null
    wait $pid";

#[test]
fn an_owner_without_a_number_is_no_phantom_who_gets_the_file() {
    let Some([stranger, ..]) = users() else { return skip("not root") };
    let wrapper = ["sh", "-c", NAMESPACE, "sh"];
    match Command::new(wrapper[0]).args(&wrapper[1..]).args(["id", "-u"]).output() {
        Ok(output) if output.stdout == b"0\n" => {}
        Ok(output) => return skip(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return skip(&format!("unshare: {error}")),
    }
    for (mode, list, expected) in
        [(0o660, None, 0o600), (0o664, None, 0o644), (0o660, Some("u:4000:rw,g::r"), 0o600)]
    {
        let lab = Lab::new();
        set_mode(&lab.old_target(), mode);
        chown(lab.target(), Some(stranger), Some(stranger)).unwrap();
        if let Some(list) = list {
            let set = Command::new("setfacl").args(["-m", list]).arg(lab.target()).status();
            if !set.is_ok_and(|status| status.success()) {
                return skip("setfacl (package acl) is needed");
            }
        }
        set_mode(lab.root(), 0o777);
        assert_eq!(answer_of(&wrapper, None, lab.root()), "replaced, appended");
        assert_eq!(fs::read(lab.target()).unwrap(), NEW);
        let look = fs::metadata(lab.target()).unwrap();
        // It is the writer's, and nobody else gets what its group had.
        assert_eq!((look.uid(), look.gid()), (100_000, 100_000), "{list:?}");
        assert_eq!(mode_of(&lab.target()), expected, "{mode:o}, {list:?}");
    }
}

#[test]
fn nobody_is_an_owner_like_any_other_where_each_id_is_somebodys() {
    if users().is_none() {
        return skip("not root");
    }
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if !map.split_whitespace().eq(["0", "0", "4294967295"]) {
        return skip("this is a user namespace");
    }
    let lab = Lab::new();
    set_mode(&lab.old_target(), 0o640);
    chown(lab.target(), Some(65_534), Some(65_534)).unwrap();
    write_atomic(lab.target(), NEW).unwrap();
    let look = fs::metadata(lab.target()).unwrap();
    assert_eq!((look.uid(), look.gid(), mode_of(&lab.target())), (65_534, 65_534, 0o640));
}

/// A program that leases a file, and gives it up a moment after it is asked to, as Samba does.
const LEASE: &str = "
import fcntl, os, signal, sys, time
file = os.open(sys.argv[1], os.O_RDWR if sys.argv[2] == 'write' else os.O_RDONLY)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK if sys.argv[2] == 'write' else fcntl.F_RDLCK)
print('leased', flush=True)
signal.sigwait([signal.SIGIO])
time.sleep(0.1)
open(sys.argv[3], 'w').close()
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.pause()
";

/// Killed when it is dropped.
struct Leaseholder(Child);

impl Drop for Leaseholder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Leaseholder {
    fn of(path: &Path, kind: &str, asked: &Path) -> Result<Self, String> {
        let python = Command::new("python3")
            .args(["-c", LEASE])
            .arg(path)
            .arg(kind)
            .arg(asked)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut holder = Self(python.map_err(|error| format!("python3: {error}"))?);
        let mut line = String::new();
        let stdout = holder.0.stdout.take().expect("because it is piped");
        let read = std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line);
        match read {
            Ok(_) if line == "leased\n" => Ok(holder),
            _ => Err("a file cannot be leased here".to_owned()),
        }
    }
}

#[test]
fn a_leased_file_is_waited_for() {
    type Act = fn(&Path) -> Result<(), Box<dyn std::error::Error>>;
    let reads: Act = |path| {
        assert_eq!(read(path)?.bytes.unwrap(), b"{}\n");
        Ok(())
    };
    let appends: Act = |path| Ok(append_record(path, b"{}").map(drop)?);
    let replaces: Act = |path| Ok(write_atomic(path, NEW)?);
    for (act, kind, must_ask) in [
        (reads, "write", true),
        (appends, "write", true),
        (appends, "read", true),
        (replaces, "write", false),
    ] {
        let lab = Lab::new();
        fs::write(lab.target(), "{}\n").unwrap();
        let asked = lab.join("asked");
        let holder = match Leaseholder::of(&lab.target(), kind, &asked) {
            Ok(holder) => holder,
            Err(why) => return skip(&why),
        };
        let path = lab.target();
        let done = testkit::within(WATCHDOG, move || act(&path).map_err(|error| describe(&*error)));
        done.unwrap();
        assert_eq!(asked.exists(), must_ask, "{kind}");
        drop(holder);
    }
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_still_refused_at_once() {
    // The flag that makes leases an error is there for this.
    let lab = Lab::new();
    crate::support::make_fifo(&lab.target());
    let path = lab.target();
    let error = testkit::within(WATCHDOG, move || read(path)).unwrap_err();
    assert!(matches!(error, ReadFileError::NotAFile { .. }), "{error:?}");
    let path = lab.target();
    let error = testkit::within(WATCHDOG, move || append_record(path, b"{}")).unwrap_err();
    assert!(matches!(error, AppendError::NotAFile { .. }), "{error:?}");
    let error = write_atomic(lab.target(), NEW).unwrap_err();
    assert!(matches!(error, ReplaceError::NotAFile { .. }), "{error:?}");
}
