//! What would not change is not touched: the same inode, the same times.

use agentslock_core::{Digest, FlushError, Flushed};

use crate::support::{DOCUMENT, Lab, quick};

#[test]
fn with_nothing_staged_the_file_is_left_alone_however_it_is_laid_out() {
    for document in [DOCUMENT, "{}", " {\"b\":1 ,\r\n\"a\" :2}", "{\"a\":1}\n\n"] {
        let lab = Lab::with(document);
        let before = lab.snapshot();
        let lockfile = lab.open();
        assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
        assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
        drop(lockfile);
        let updated = quick().update(lab.path(), |_| Ok::<_, FlushError>(7)).unwrap();
        assert_eq!((updated.value, updated.flushed), (7, Flushed::Unchanged));
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn equal_values_leave_the_file_alone() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let lockfile = lab.open();
    for name in lockfile.section_names() {
        // With other white space.
        let value = lockfile.section_raw(&name).unwrap().unwrap().replace("\n    ", "\t \r\n");
        lockfile.set_section_raw(&name, format!("\n {value} ")).unwrap();
    }
    lockfile.set_inputs_digest(&Digest::verbatim("sha256:ab"));
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    let updated = quick().update(lab.path(), |lockfile| {
        lockfile.set_section_raw("units", "[ ]").map_err(agentslock_core::Error::from)
    });
    assert_eq!(updated.unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn removing_what_is_not_there_leaves_the_file_alone() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let before = lab.snapshot();
    let lockfile = lab.open();
    lockfile.remove_section("b").unwrap();
    lockfile.remove_inputs_digest();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_value_changed_and_changed_back_before_the_flush_leaves_the_file_alone() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let before = lab.snapshot();
    let lockfile = lab.open();
    lockfile.set_section("a", &2).unwrap();
    lockfile.set_section("b", &2).unwrap();
    lockfile.remove_section("b").unwrap();
    lockfile.set_section("a", &1).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_another_handle_has_written_already_is_not_written_again() {
    let lab = Lab::with("{}");
    let (one, other) = (lab.open(), lab.open());
    for lockfile in [&one, &other] {
        lockfile.set_section("a", &1).unwrap();
    }
    assert_eq!(one.flush().unwrap(), Flushed::Written);
    let before = lab.snapshot();
    assert_eq!(other.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
    // It is no longer staged all the same.
    one.set_section("a", &2).unwrap();
    one.flush().unwrap();
    assert_eq!(other.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.text(), "{\n  \"a\": 2\n}\n");
}

#[test]
fn what_is_already_as_staged_leaves_a_file_alone_that_is_laid_out_otherwise() {
    let lab = Lab::with("{\"b\":1, \"a\":2}");
    let before = lab.snapshot();
    let lockfile = lab.open();
    lockfile.set_section("b", &1).unwrap();
    lockfile.remove_section("c").unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}
