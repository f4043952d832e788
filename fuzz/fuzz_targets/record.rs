//! Any bytes as the record of a lock. They are invalid, or a record that reads back as it is
//! written, and of which no part says anything else.

#![no_main]

use filelock::testing::rewrite_record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(record) = rewrite_record(bytes) else { return };
    assert_eq!(rewrite_record(&record).as_ref(), Some(&record));
    let lines: Vec<&[u8]> = record.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(matches!(lines.len(), 3 | 4), "{:?}", String::from_utf8_lossy(&record));
    assert_eq!(lines[1].len(), "1700000000123456789\n".len());
    // Whoever reads while it is being written sees its beginning.
    for end in 0..record.len() {
        if let Some(seen) = rewrite_record(&record[..end]) {
            let seen: Vec<&[u8]> = seen.split_inclusive(|byte| *byte == b'\n').collect();
            assert_eq!(seen[..2], lines[..2], "the pid or the stamp is another one");
            assert!(seen.get(3).is_none_or(|kernel| lines.get(3) == Some(kernel)));
        }
    }
});
