//! Whether a number that stat(2) tells is the number of an owner.
//!
//! In a user namespace, the kernel shows the overflow id (65534, if nobody has changed it) for
//! each owner who has no number there. The number can also be somebody's own; then a file that was
//! given to it would belong to a stranger (`user_namespaces(7)`).

use super::access_list::Who;

/// What the kernel has if nobody has changed it.
const OVERFLOW: u32 = 65_534;

/// The user whom a file shows as `id`. A file of ours in the same place shows as `own`.
pub(super) fn user(id: u32, own: u32) -> Who {
    known(id, own, "/proc/sys/kernel/overflowuid", "/proc/self/uid_map")
}

/// The same for its group.
pub(super) fn group(id: u32, own: u32) -> Who {
    known(id, own, "/proc/sys/kernel/overflowgid", "/proc/self/gid_map")
}

fn known(id: u32, own: u32, overflow: &str, map: &str) -> Who {
    // Our own number is a number, unless it is the one that everybody has who has none.
    if !cfg!(any(target_os = "linux", target_os = "android")) || (id == own && id != OVERFLOW) {
        return Who::Known(id);
    }
    let is_overflow = id == OVERFLOW || id == overflow_id(overflow);
    if is_overflow && !is_complete(map) { Who::Unmapped } else { Who::Known(id) }
}

fn overflow_id(path: &str) -> u32 {
    let text = std::fs::read_to_string(path);
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(OVERFLOW)
}

/// Whether each id stands for itself, so that there is none without a number. It is so outside of
/// all user namespaces, where 65534 is the user `nobody`. Mounts can map ids, too.
fn is_complete(map: &str) -> bool {
    let read = std::fs::read_to_string;
    let is_whole = |map: String| map.split_whitespace().eq(["0", "0", "4294967295"]);
    read(map).is_ok_and(is_whole)
        && read("/proc/self/mountinfo").is_ok_and(|mounts| !mounts.contains("idmapped"))
}
