//! Readers and writers at the same time.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fsops::{AtomicFile, Durability};

use crate::support::Lab;

/// Content that tells whether it is whole: one letter, over and over, as often as is said in front.
fn content(writer: u8, round: usize) -> Vec<u8> {
    let length = 1 + (round * 7919 + usize::from(writer) * 104_729) % 60_000;
    let mut bytes = format!("{length}:").into_bytes();
    bytes.resize(bytes.len() + length, b'a' + writer);
    bytes
}

fn assert_whole(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (length, letters) = text.split_once(':').expect("because even nothing is announced");
    assert_eq!(letters.len(), length.parse::<usize>().unwrap());
    assert!(letters.bytes().all(|letter| letter == letters.as_bytes()[0]), "mixed");
}

#[test]
fn readers_see_the_old_or_the_new_content_whole() {
    // Wine lets nobody replace a file that is open, and who replaces it has a look at it first.
    const WRITERS: u8 = if cfg!(windows) { 1 } else { 3 };
    const ROUNDS: usize = if cfg!(windows) { 30 } else { 150 };
    for lab in Lab::everywhere() {
        let path = &lab.target();
        fs::write(path, content(0, 0)).unwrap();
        // Each writer has a share in it, however it ends.
        let writing = Arc::new(());
        let seen = AtomicUsize::new(0);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let share = Arc::clone(&writing);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let bytes = content(writer, round);
                        let mut file = AtomicFile::create(path, Durability::Atomic).unwrap();
                        // In parts, so that a reader of the temporary would see half of it.
                        for part in bytes.chunks(10_000) {
                            file.write_all(part).unwrap();
                        }
                        file.commit().unwrap();
                    }
                    drop(share);
                });
            }
            for reader in 0..2 {
                let (writing, seen) = (&writing, &seen);
                scope.spawn(move || {
                    while Arc::strong_count(writing) > 1 {
                        let bytes = if reader == 0 {
                            fs::read(path).unwrap()
                        } else {
                            fsops::read(path).unwrap().bytes.expect("because it is never missing")
                        };
                        assert_whole(&bytes);
                        seen.fetch_add(1, Ordering::Relaxed);
                        if cfg!(windows) {
                            // Wine lets nobody replace a file that is open, whatever its readers
                            // share.
                            thread::sleep(std::time::Duration::from_millis(20));
                        }
                    }
                });
            }
        });
        assert!(seen.into_inner() > 3, "nobody was reading");
        assert_eq!(lab.names(), ["state.json"]);
    }
}
