//! The world as the protocol sees it: the clock, this process, this kernel, and what the file
//! system can do. All of it comes in here, so that a test can set it.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sys;

/// What a test can set. Without the feature `testing` it always is the default.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "testing"), allow(unreachable_pub, reason = "public with `testing`"))]
pub struct Environment {
    /// Added to the wall clock, in nanoseconds.
    pub clock_offset: i64,
    /// How locks are claimed and judged. `None`: the best way that the file system allows.
    pub way: Option<Way>,
    /// Another name for the running kernel.
    pub kernel_id: Option<String>,
    /// Whether a denial can pass, as on Windows. Then it is waited out. `None`: as the system is.
    pub denials_pass: Option<bool>,
    /// Another second witness of this boot (macOS: the number of `/dev`).
    pub boot_device: Option<u64>,
}

/// How a lock is claimed, and what its holder is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), allow(unreachable_pub, reason = "public with `testing`"))]
pub enum Way {
    /// Prepared in private and published by one exclusive rename; judged by the kernel.
    Published,
    /// Made by `mkdir` at the final name; judged by the kernel.
    InPlace,
    /// Made by `mkdir` at the final name; judged by time, as on a network file system: OS locks
    /// are neither taken nor believed.
    ByTime,
}

impl Environment {
    /// Whether the kernel is asked whether holders live. `is_local`: its OS locks on this file
    /// system mean something.
    pub(crate) fn asks_kernel(&self, is_local: bool) -> bool {
        is_local && self.way != Some(Way::ByTime)
    }

    /// Whether a holder that the kernel does not vouch for otherwise may keep its record's stream
    /// open, and is asked for it.
    pub(crate) fn uses_streams(&self) -> bool {
        self.way != Some(Way::ByTime)
    }

    /// The way to claim a lock. `asks_kernel`: see there.
    pub(crate) fn way(&self, asks_kernel: bool) -> Way {
        match self.way {
            _ if !asks_kernel => Way::ByTime,
            Some(way) => way,
            None => Way::Published,
        }
    }

    /// Whether what is denied now can be allowed soon.
    pub(crate) fn denials_pass(&self) -> bool {
        self.denials_pass.unwrap_or(sys::DENIALS_PASS)
    }

    /// Wall-clock time in unix nanoseconds.
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        now.saturating_add(self.clock_offset)
    }

    /// How long ago `stamp` is; zero if it is in the future.
    pub(crate) fn age(&self, stamp: i64) -> Duration {
        let nanos = self.now().saturating_sub(stamp);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }

    /// The running kernel's name; empty when it has none.
    pub(crate) fn kernel_id(&self) -> String {
        self.kernel_id.clone().or_else(sys::kernel_id).unwrap_or_default()
    }

    /// The second witness of this boot, if the system has one.
    pub(crate) fn boot_device(&self) -> Option<u64> {
        self.boot_device.or_else(sys::boot_device)
    }

    /// Whether a record is of this boot of this kernel: by its name, or by the second witness. A
    /// sandbox can hide the one from the holder, or from us. What neither has is never recognised.
    pub(crate) fn is_this_boot(&self, kernel: &str, device: Option<u64>) -> bool {
        let ours = self.kernel_id();
        (!ours.is_empty() && kernel == ours) || (device.is_some() && device == self.boot_device())
    }
}

/// A moment by two clocks: the one is never set, the other goes on while the machine sleeps.
#[derive(Debug)]
pub(crate) struct Moment(Instant, i64);

impl Moment {
    pub(crate) fn now(environment: &Environment) -> Self {
        Self(Instant::now(), environment.now())
    }

    /// The longer of what the two say.
    pub(crate) fn elapsed(&self, environment: &Environment) -> Duration {
        self.0.elapsed().max(environment.age(self.1))
    }
}

/// A name that nothing else has: 16 hexadecimal digits.
pub(crate) fn unique_name() -> String {
    let mut name = String::with_capacity(16);
    push_hexadecimal(&mut name, unique_number(std::process::id()), 16);
    name
}

/// A token that no other acquisition has: 24 hexadecimal digits. The last 8 are the same in all
/// tokens of this process; they are drawn at random. `process`: its number.
pub(crate) fn new_token(process: u32) -> String {
    let mut token = String::with_capacity(24);
    push_hexadecimal(&mut token, unique_number(process), 16);
    push_hexadecimal(&mut token, mark_of_this_process().into(), 8);
    token
}

/// Adds the last `digits` hexadecimal digits of `number`. Each acquisition of a handle does this.
/// `format!` takes longer for it than the number itself.
fn push_hexadecimal(text: &mut String, number: u64, digits: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for place in (0..digits).rev() {
        let digit = usize::try_from(number >> (4 * place) & 0xf).expect("because it is below 16");
        text.push(char::from(DIGITS[digit]));
    }
}

/// Whether `token` is one of this process. A forked child has its parent's mark.
pub(crate) fn is_token_of_this_process(token: &str) -> bool {
    token.len() == 24 && token[16..] == format!("{:08x}", mark_of_this_process())
}

fn mark_of_this_process() -> u32 {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key());
    u32::try_from(hash >> 32).expect("because 32 bits are left")
}

/// A number that no other call gets. It is hashed from the process, the time and a counter, under a
/// key that the system drew at random. Unique also in a forked child, which has its parent's key
/// and counter but not its pid. It need not be secret. `process`: the number of this process.
pub(crate) fn unique_number(process: u32) -> u64 {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((key(), process, time, count))
}

/// Drawn at random for this process, and its forked children.
fn key() -> u64 {
    // Not behind a lock: another thread could have had it when this process was forked.
    static KEY: AtomicU64 = AtomicU64::new(0);
    let key = KEY.load(Ordering::Relaxed);
    if key != 0 {
        return key;
    }
    let drawn = RandomState::new().hash_one(()) | 1;
    let first = KEY.compare_exchange(0, drawn, Ordering::Relaxed, Ordering::Relaxed);
    first.map_or_else(|others| others, |_| drawn)
}
