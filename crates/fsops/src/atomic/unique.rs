//! The unique part of a temporary's name.
//!
//! A person can call a copy `state.json.tmp-20261128noon`. So the last characters are a check of
//! those before them. Of the names that a person gives, one in fourteen million has the right ones.
//! The check is not of the file's name, which a volume can list in another spelling.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many characters it has.
pub(super) const UNIQUE: usize = 12;

/// How many of them nobody can foretell. The others are their check.
const RANDOM: usize = 8;

const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new one, of letters and digits.
pub(super) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // A forked child has the same keys, but another number.
    let seed = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut unique = String::with_capacity(UNIQUE);
    unique.extend(digits(RandomState::new().hash_one(seed)).take(RANDOM));
    let check = fnv1a(unique.as_bytes());
    unique.extend(digits(check).take(UNIQUE - RANDOM));
    unique
}

/// Whether this can be one that we made.
pub(super) fn is_unique(part: &[u8]) -> bool {
    let Some((random, check)) = part.split_at_checked(RANDOM) else { return false };
    part.len() == UNIQUE
        && random.iter().all(u8::is_ascii_alphanumeric)
        && digits(fnv1a(random)).zip(check).all(|(digit, byte)| digit == char::from(*byte))
}

/// The digits of `number` to base 62, the last one first. The first ten are as good as it is: they
/// are less than 60 bits.
fn digits(number: u64) -> impl Iterator<Item = char> {
    std::iter::successors(Some(number), |number| Some(number / 62)).map(|number| {
        let digit = usize::try_from(number % 62).expect("because it is below 62");
        char::from(CHARACTERS[digit])
    })
}

/// FNV-1a, 64 bits: the same in each version of this crate, since one cleans up after another.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    let mix = |number: u64, byte: &u8| (number ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_new_and_has_its_check() {
        let made: BTreeSet<_> = (0..1000).map(|_| unique()).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|it| it.len() == UNIQUE && is_unique(it.as_bytes())), "{made:?}");
    }

    #[test]
    fn with_one_character_changed_left_out_or_added_it_is_not_ours() {
        for made in (0..100).map(|_| unique()) {
            for at in 0..UNIQUE {
                for other in ["x", "y", "", "zz", ".", "ü"] {
                    let mut changed = made.clone();
                    changed.replace_range(at..=at, other);
                    assert!(changed == made || !is_unique(changed.as_bytes()), "{made}, {changed}");
                }
            }
        }
        for never in ["", "backup", "20261128noon", "Ab0Cd1Ef2Gh3", "0123456789ab", "beforechange"]
        {
            assert!(!is_unique(never.as_bytes()), "{never}");
        }
    }

    /// Another version must know it.
    #[test]
    fn the_check_is_what_it_always_was() {
        assert!(is_unique(b"01234567hPbO"), "{:?}", digits(fnv1a(b"01234567")).collect::<String>());
        // The offset basis, and the number of "a" (FNV's reference).
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
