//! Whether another process keeps a lock whose own has ended.
//!
//! ```text
//! step                          the holder releases and ends, or another one acquires,
//!                               before the next step
//! the look: token T stands      the second step says "ended", and the third does not find T
//!   there, its OS lock is held
//! T's process has ended         nobody releases for it any more. If another process keeps the OS
//!                               lock, takers are refused. If none does, the third step finds it
//!                               free
//! the look once more: T, its    true at this moment. What comes after is not said
//!   OS lock is held
//! ```
//!
//! A process gives its OS locks up before it counts as ended, and no other acquisition has T. Only
//! its owner takes a lock directory's exclusive OS lock. So if T's is held in the third step,
//! another process has a share in it.
//!
//! A waiter does not ask at each poll: it costs a file in `/proc`, and a second look at times. It
//! is asked when an error is made, and when a caller inspects the lock.

use crate::holder::Holder;
use crate::judge::judge;
use crate::judge::occupant::Found;
use crate::names::Names;
use crate::options::LockOptions;

/// The holder as it is to be told: with its heir, if it has ended. If another one has the lock by
/// now, that one.
pub(crate) fn settled(
    holder: Holder,
    names: &Names,
    options: &LockOptions,
    asks_kernel: bool,
) -> Holder {
    if !holder.has_ended() {
        return holder;
    }
    match judge(names, options, asks_kernel) {
        Found::Occupied(occupant) => occupant.holder(&options.environment).seen_again(&holder),
        Found::Nothing | Found::NotALock(_) => holder,
    }
}
