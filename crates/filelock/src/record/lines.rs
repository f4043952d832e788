//! The lines of a record, and the numbers in them.

/// The record's name inside the lock directory.
pub(crate) const NAME: &str = "holder";

/// The width of the stamp. Fixed, so that a renewal overwrites it in place with one write.
pub(super) const STAMP_DIGITS: usize = 19;

/// The stamp as it stands in a record.
pub(crate) fn stamp_digits(stamp: i64) -> String {
    format!("{:0STAMP_DIGITS$}", stamp.max(0))
}

/// Writes the stamp's digits over those that stand in `at`.
pub(super) fn put_stamp(at: &mut [u8; STAMP_DIGITS], stamp: i64) {
    let mut left = stamp.max(0);
    for digit in at.iter_mut().rev() {
        *digit = b'0' + u8::try_from(left % 10).expect("because it is one digit");
        left /= 10;
    }
}

pub(super) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Digits only: no sign, no blank. `i64::MAX` has 19 digits, as every stamp has.
pub(super) fn decimal(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    bytes
        .iter()
        .try_fold(0_i64, |number, byte| number.checked_mul(10)?.checked_add(i64::from(byte - b'0')))
}
