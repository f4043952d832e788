//! `append_record`.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::sync::Mutex;
use std::thread;

use fsops::{AppendError, Appended, Durability, append_record, append_record_with};
use testkit::within;

#[cfg(unix)]
use crate::support::set_mode;
use crate::support::{Lab, WATCHDOG, mode_of, no_files};

/// Whether a torn tail was closed off.
const WHOLE: bool = false;
const TORN: bool = true;

#[test]
fn records_become_lines_in_the_order_of_the_calls() {
    for lab in Lab::everywhere() {
        let log = lab.join("log.ndjson");
        for (record, durability) in
            [("{\"n\":1}", Durability::Full), ("{\"n\":2}", Durability::Atomic)]
        {
            let appended = append_record_with(&log, record.as_bytes(), durability).unwrap();
            assert_eq!(appended.closed_torn_tail, WHOLE);
        }
        assert_eq!(
            append_record(&log, b"not \xff UTF-8, \r and \0 too").unwrap().closed_torn_tail,
            WHOLE
        );
        let expected = b"{\"n\":1}\n{\"n\":2}\nnot \xff UTF-8, \r and \0 too\n";
        assert_eq!(fs::read(&log).unwrap(), expected);
        assert_eq!(lab.names(), ["log.ndjson"]);
    }
}

#[test]
#[cfg(unix)] // Windows has no modes and owners.
fn the_file_stays_the_same_file_with_its_mode() {
    let lab = Lab::new();
    let log = lab.join("log.ndjson");
    fs::write(&log, "{}\n").unwrap();
    set_mode(&log, 0o640);
    let inode = testkit::stat(&log).inode;
    append_record(&log, b"{}").unwrap_whole();
    assert_eq!(testkit::stat(&log).inode, inode);
    assert_eq!(mode_of(&log), 0o640);
}

#[test]
fn what_is_not_one_line_is_refused_and_nothing_is_touched() {
    let lab = Lab::new();
    let log = lab.join("log.ndjson");
    let refuse = |record: &[u8]| {
        let error = append_record(&log, record).unwrap_err();
        assert!(error.to_string().contains("log.ndjson"), "{error}");
        assert!(matches!(error, AppendError::NotALine { .. }), "{record:?}: {error:?}");
    };
    let records: [&[u8]; 5] = [b"", b"\n", b"a\n", b"\na", b"a\nb"];
    for record in records {
        refuse(record);
        assert!(!log.exists(), "{record:?}");
    }
    fs::write(&log, "{}\ntorn").unwrap();
    let before = lab.snapshot();
    for record in records {
        refuse(record);
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn a_torn_tail_is_closed_off_before_the_record() {
    let lab = Lab::new();
    for (index, tail) in
        [&b"{\"half\":"[..], b"{}\n{", b"\n\nx", b"\0", b"\xe2\x82"].iter().enumerate()
    {
        let log = lab.join(index.to_string());
        fs::write(&log, tail).unwrap();
        assert_eq!(append_record(&log, b"{}").unwrap().closed_torn_tail, TORN);
        assert_eq!(append_record(&log, b"[]").unwrap().closed_torn_tail, WHOLE);
        assert_eq!(fs::read(&log).unwrap(), [tail, &b"\n{}\n[]\n"[..]].concat());
    }
}

#[test]
fn an_empty_file_and_a_whole_line_have_no_torn_tail() {
    let lab = Lab::new();
    for (index, content) in ["", "\n", "{}\n", "{}\r\n"].into_iter().enumerate() {
        let log = lab.join(index.to_string());
        fs::write(&log, content).unwrap();
        assert_eq!(append_record(&log, b"{}").unwrap().closed_torn_tail, WHOLE);
        assert_eq!(fs::read_to_string(&log).unwrap(), format!("{content}{{}}\n"));
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_is_followed_and_stays_a_link() {
    let lab = Lab::new();
    fs::create_dir(lab.join("real")).unwrap();
    fs::write(lab.join("real/log"), "{}\n").unwrap();
    symlink(lab.join("real/log"), lab.join("absolute")).unwrap();
    symlink("real/log", lab.join("relative")).unwrap();
    symlink("relative", lab.join("chain")).unwrap();
    for link in ["absolute", "relative", "chain"] {
        let leads_to = fs::read_link(lab.join(link)).unwrap();
        append_record(lab.join(link), link.as_bytes()).unwrap_whole();
        assert_eq!(fs::read_link(lab.join(link)).unwrap(), leads_to);
    }
    let expected = "{}\nabsolute\nrelative\nchain\n";
    assert_eq!(fs::read_to_string(lab.join("real/log")).unwrap(), expected);
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn a_link_that_leads_nowhere_is_refused_and_nothing_is_created() {
    let lab = Lab::new();
    symlink("nowhere", lab.join("dangling")).unwrap();
    symlink("dangling", lab.join("chain")).unwrap();
    let before = lab.snapshot();
    for name in ["dangling", "chain"] {
        let error = append_record(lab.join(name), b"{}").unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        let AppendError::DanglingLink { path } = error else { panic!("{error:?}") };
        assert_eq!(path, lab.join(name));
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_is_no_file_is_refused_at_once_and_stays() {
    let lab = Lab::new();
    let things = no_files(&lab);
    let before = lab.snapshot();
    for (path, expected) in things {
        let log = path.clone();
        let error = within(WATCHDOG, move || append_record(&log, b"{}")).unwrap_err();
        let AppendError::NotAFile { kind, .. } = error else { panic!("{path:?}: {error:?}") };
        assert_eq!(kind, expected);
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn a_missing_directory_is_an_error_and_is_not_created() {
    let lab = Lab::new();
    let error = append_record(lab.join("missing/log"), b"{}").unwrap_err();
    let AppendError::Io { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::NotFound);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
#[cfg(unix)] // Windows has no such names.
fn a_name_that_is_not_utf8_works() {
    let lab = Lab::new();
    let log = lab.join(OsStr::from_bytes(b"log\xff"));
    append_record(&log, b"{}").unwrap_whole();
    assert_eq!(fs::read(&log).unwrap(), b"{}\n");
}

#[test]
fn a_large_record_is_one_line() {
    let lab = Lab::new();
    let log = lab.join("log");
    let record = vec![b'x'; 5_000_000];
    append_record_with(&log, &record, Durability::Atomic).unwrap_whole();
    append_record_with(&log, b"{}", Durability::Atomic).unwrap_whole();
    assert_eq!(fs::read(&log).unwrap(), [&record[..], b"\n{}\n"].concat());
}

#[test]
fn appends_that_take_turns_lose_no_line() {
    let lab = Lab::new();
    let log = lab.join("log");
    let turn = Mutex::new(());
    thread::scope(|scope| {
        for writer in 0..4 {
            let (log, turn) = (&log, &turn);
            scope.spawn(move || {
                for n in 0..100 {
                    let _turn = turn.lock().unwrap();
                    let record = format!("{writer} {n}");
                    append_record_with(log, record.as_bytes(), Durability::Atomic).unwrap_whole();
                }
            });
        }
    });
    let text = fs::read_to_string(&log).unwrap();
    for writer in 0..4 {
        let own: Vec<_> =
            text.lines().filter(|line| line.starts_with(&writer.to_string())).collect();
        let expected: Vec<_> = (0..100).map(|n| format!("{writer} {n}")).collect();
        assert_eq!(own, expected);
    }
}

/// The file had no torn tail before.
trait UnwrapWhole {
    fn unwrap_whole(self);
}

impl UnwrapWhole for Result<Appended, AppendError> {
    #[track_caller]
    fn unwrap_whole(self) {
        assert_eq!(self.unwrap().closed_torn_tail, WHOLE);
    }
}
