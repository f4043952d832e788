//! What a large document costs in memory. A process each, since only a process's peak can be told.

use agentslock_core::Flushed;
use testkit::{ChildTest, peak_memory, skip};

use crate::support::{Lab, quick};

const SIZE: usize = 15_000_000;

fn peak() -> u64 {
    peak_memory().unwrap()
}

#[test]
fn child_opens_and_flushes() {
    let Some(mut parent) = testkit::parent() else { return };
    let before = peak();
    let lockfile = quick().open(parent.path("DOCUMENT")).unwrap();
    parent.at("opened", &(peak() - before).to_string());
    lockfile.set_section("install", "demo").unwrap();
    parent.await_word("flush");
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    parent.at("flushed", &(peak() - before).to_string());
}

/// The handle's document; a flush takes another one only if somebody else has written meanwhile. No
/// copy of either.
#[test]
fn opening_takes_the_document_once_and_flushing_what_others_wrote() {
    if peak_memory().is_none() {
        return skip("no /proc/self/status");
    }
    let document = testkit::document(SIZE);
    let size = document.len() as u64;
    for others_write in [false, true] {
        let lab = Lab::with(&document);
        let mut child = ChildTest::new(module_path!(), "child_opens_and_flushes")
            .var("DOCUMENT", lab.path())
            .spawn();
        let opened: u64 = child.await_point("opened").parse().unwrap();
        if others_write {
            // As long as before, and the same up to its last units.
            let at = document.rfind("layer").unwrap();
            lab.replace(format!("{}LAYER{}", &document[..at], &document[at + 5..]));
        }
        child.say("flush");
        let flushed: u64 = child.await_point("flushed").parse().unwrap();
        child.succeed();
        assert!(opened > size * 9 / 10, "{opened} bytes cannot hold {size}");
        assert!(opened < size * 5 / 4, "opening {size} bytes took {opened}");
        let limit = if others_write { size * 9 / 4 } else { size * 5 / 4 };
        assert!(flushed < limit, "flushing {size} bytes took {flushed} of {limit}");
        let has_others = lab.text().contains("LAYER");
        assert_eq!(has_others, others_write, "what others wrote stays");
    }
}
