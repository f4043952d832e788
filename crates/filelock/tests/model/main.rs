//! The protocol as a model, explored exhaustively by `explore.rs`. `stateright` finds the same
//! states, and shows the shortest way to the harm that a broken rule does.
//!
//! The file system is the state that processes share. It says what the lock's name stands for; each
//! directory's record, sticky bit and age; and which process has which OS lock. A step is one
//! system call of one process. Between any two steps any other process may make its own (a stall, a
//! stop), and time may pass or be set back. A process may be killed: the kernel closes its
//! descriptors and drops its OS locks. A call may fail, and a waiter may give up. Processes of one
//! kind, and inodes, are interchangeable: one state of each kind is explored.
//!
//! # Bounds
//!
//! | | by default | with `FILELOCK_MODEL_LONG=1` |
//! |---|---|---|
//! | publishers | 3 of one acquisition each, or 2 of two each; 2 die | 4 of one, 2 die; 3 of two, 1 dies |
//! | … beside a dead foreign lock | 3, nobody dies, no call fails, no clock is set back | 3, 2 die |
//! | … beside a foreign peer | 2, 1 dies, no call fails, no clock is set back | 2, 1 dies; 3, nobody dies, no call fails |
//! | handles (they move) | 3 of one, or 2 of two; 2 die | 2 of three, 2 die; 3 of two, 1 dies |
//! | … beside one-shots, the version before | 1 and 1 of two, 1 and 2 of one; 2 die | 1 and 2 of two, 1 dies |
//! | … beside each of three foreign peers | 2, 1 dies, no call fails, no clock is set back | 2 of two, 1 dies |
//! | … or one-shots, and another user | 1 and 1 of two, 2 and 1 or 1 and 2 of one; 2 die | 2 and 1, 1 and 2 of one, calls fail |
//! | … beside a person who breaks a lock | 2 of one, 1 of two; 1 dies | 3 of one, nobody dies, the clock stands |
//! | made in place | 3, 2 die; where time decides, none | 3, 2 die |
//! | … where a stream tells (Windows) | 2 of one, 2 die | 2 of two, 2 die; 3, 1 dies, no call fails |
//! | … where time decides, and the machine sleeps | 2, none dies | 3, 2 die |
//! | … where time decides, and records cannot be removed | 2, none dies | 2, 2 die |
//! | both ways at once | 1 and 1, of two each, 2 die | 2 and 1, or 1 and 2, of one |
//! | an age, as the clock tells it | fresh, past the grace, past the TTL | the same |
//!
//! Each test prints its configuration and the number of its unique states (`--nocapture`): 41,757
//! for three publishers, 1.4 million for four. A minute by default, some more with the larger
//! bounds.
//!
//! # Steps
//!
//! | model | stands for | calls |
//! |---|---|---|
//! | `claim::prepare` | `claim::prepare::Preparation::new`, `drop`, `claim::publish::publish` | mkdir, open, flock, create, write, fchmod, rename; unlink, rmdir |
//! | `streams::open_stream` | `sys::windows::stream::Stream::open` | create the stream |
//! | `claim::claim_in_place` | `claim::in_place::attempt`, `is_in_place` | mkdir, open, flock, create, write, fchmod, lstat, read; unlink, lstat, rmdir, close |
//! | `claim::hand_over`, `hold` | `acquire::hand_over`, `guard::verify`, `renew` | lstat, read, write |
//! | `claim::hold` | `guard::release::give_up` | lstat, read, fchmod (in place), unlink, lstat, rmdir and close |
//! | `claim::move_back` | `guard::move_back::move_back` | read, lstat, rename, lstat, rename |
//! | `claim::prepare`, `Reissue…` | `claim::reissue::reissue` | lstat, fstatat, write |
//! | `breaker` | `inspect::break_lock`, `clear::bar::bar` | open, read, create a file, lstat, read again, unlink, lstat, rmdir |
//! | `clear::poll` | `wait::look`, `clear::sweep::piece` | lstat of the lock, or of a preparation |
//! | `clear::judge` | `judge::judge`, `directory::judge_directory`, `kernel::ask_kernel`, `still_holds`, `file::judge_file` | open, fstat, open and read, flock, lstat, read again |
//! | `clear::clear` | `clear::directory::unlink_record`, `remove_directory` | unlink, lstat, rmdir, close |
//! | `streams::ask_stream` | `judge::kernel::ask_stream`, `judge::clock::by_time` | open the stream |
//! | `exchange::judge_others` | `judge::others::judge_others` | lstat, open and read, flock, lstat, read again |
//! | `exchange::exchange` | `claim::exchange::exchange` | flock, lstat and read, rename, lstat, rename |
//! | `clear::clear`, `ClearLock` | `clear::directory::keep_from_takers` | flock |
//! | `clear_file::clear_file` | `clear::file::private_file`, `remove_file`, `put_back` | create, flock, lstat; lstat, rename, lstat, rename, unlink |
//! | `clear::sweep` | `clear::sweep::remove_if_left_over` | open, flock, lstat, unlink, rmdir and close |
//! | `clear::was_away`, `Sleep`, `Renewed` | `wait::may_act`, `wait::away` | |
//! | `claim::hold`, `ReleaseExpire` | `claim::expire` | open, write |
//! | `model::fail` | each look's `Err` arm; a guard dropped because its release failed | |
//! | `peers` | the three Go generations, with their fault | |
//!
//! Two calls are one step if no process can tell the difference. These are `fstat` for an identity,
//! and a `close` without an OS lock. So are opening a record and reading it, and `fchmod` of the
//! record and writing it.
//!
//! # What is simpler, and on which side it errs
//!
//! - A waiter may judge and sweep at every poll, and act on the clock's word as often as it likes:
//!   more than it does. Where a lock can only be got by doing so, it stands for the next call.
//! - Who judges a lock of a kernel-backed holder may see its directory as unchanged for a TTL.
//! - Inode numbers do not come back while anybody remembers them: `src` keeps what it judges open.
//! - The last look at an expired record before it is cleared is left out. So is the touching of
//!   directories. Without them more can happen. A claim in place that was slow to open leaves what
//!   it made, whatever it took.
//! - Preparing anew is not limited to 8 times. A record is not torn by its renewal. All but a
//!   guest run as one user.
//! - Each release of a handle may move the lock, however old that is. If its rename fails, it does
//!   not, just as for an acquisition that is not one of a row. Two acquisitions of a handle have
//!   one token. A judge that reads the second one's record takes it for the first one's, and is
//!   refused in both cases.
//! - A machine sleeps for longer than the TTL, or it counts as time that goes by. Each call that is
//!   under way notices that, and its half a TTL ends for all at once. By then each holder has
//!   renewed. A release that failed is not tried again.
//! - A waiter's 50 ms for an owner on its way out are over at any moment, and at once after the
//!   grace.
//! - The file, or the dead lock of another user, that bars a handle's private name is never swept.
//!   Nobody forks.
//! - A record with a stream loses that only with its holder. A claimant that was stopped before it
//!   opens its own, by name, can open another's in the making. That one then has none, which its
//!   record says: it goes by time.
//!
//! # What does not hold
//!
//! What the model found wrong with `src` has been mended there. It is now a rule to break
//! (`config::Broken`), and a test shows the shortest way to the harm.

#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod breaker;
mod calls;
mod canonical;
mod check;
mod claim;
mod clear;
mod clear_file;
mod config;
mod exchange;
mod exclusion;
mod explore;
mod graph;
mod in_place;
mod model;
mod moved;
mod mutations;
mod peers;
mod progress;
mod properties;
mod state;
mod streams;
mod users;
mod with_peers;
mod words;
mod world;
