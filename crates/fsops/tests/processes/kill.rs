//! Writers that are killed at any moment.

use std::fs;
use std::time::Duration;

use fsops::{AtomicFile, Durability, remove_left_over_temporaries};
use std::io::Write;
use testkit::{ChildTest, wait_until};

use crate::support::{Lab, WATCHDOG};

/// 200 KB that say how they begin.
fn content(n: u64) -> String {
    format!("{n}\n").repeat(200_000 / (n.to_string().len() + 1))
}

fn number_in(text: &str) -> u64 {
    let n = text.lines().next().and_then(|line| line.parse().ok()).expect("because it is whole");
    assert_eq!(text, content(n), "neither the old content nor the new");
    n
}

#[test]
fn child_writes_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("FILE");
    for n in parent.number("FROM").. {
        let mut file = AtomicFile::create(&path, Durability::Atomic).unwrap();
        for part in content(n).as_bytes().chunks(10_000) {
            file.write_all(part).unwrap();
        }
        file.commit().unwrap();
        // Ends here if there is nobody any more to kill it.
        parent.at("written", "");
    }
}

#[test]
fn a_killed_writer_leaves_whole_content_and_at_most_one_temporary() {
    const KILLS: usize = 20;
    let lab = Lab::new();
    fs::write(lab.target(), content(0)).unwrap();
    let mut from = 1;
    for kill in 0..KILLS {
        let mut child = ChildTest::new(module_path!(), "child_writes_until_it_is_killed")
            .var("FILE", lab.target())
            .var("FROM", from.to_string())
            .spawn();
        let written = || number_in(&fs::read_to_string(lab.target()).unwrap());
        wait_until(WATCHDOG, || written() >= from);
        // At another moment of a write each time.
        std::thread::sleep(Duration::from_micros(kill as u64 * 237));
        child.kill();
        from = written() + 1;
        assert!(lab.names().len() <= kill + 2, "{:?}", lab.names());
    }
    let left = lab.names().len() - 1;
    let removed = remove_left_over_temporaries(lab.target(), Duration::ZERO).unwrap();
    assert_eq!((removed, lab.names()), (left, vec!["state.json".to_owned()]));
}
