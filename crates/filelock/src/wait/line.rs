//! The waiters of this process stand in line, one line for each lock. The first one looks at the
//! disk and tries; the others sleep until they are first.
//!
//! Nothing of the lock rests on it. It is for hundreds of threads or tasks that want one lock. They
//! get it one after the other, and do not all look at the disk. They learn at once that this
//! process has released it. Other processes compete with the first one alone.
//!
//! | step | if the waiter is dropped here, or does not run |
//! |---|---|
//! | it stands in line | the line closes up |
//! | it is first, and looks every few milliseconds | the next one is first, and is woken |
//! | it is first, and is not polled for [`WATCH`] | the next one that wakes up sends it to the end |
//! | it has the lock | it is in line no more, the next one is first |
//! | this process releases the lock | the first one is woken |
//!
//! Nobody waits for the mutex of the lines for long. Another thread may have had it when this
//! process was forked, and that thread does not exist here. A waiter that does not get it waits
//! without a line.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::holder::Holder;
use crate::process::ProcessId;

/// How often one who is not first wakes up to see whether the first one still is at it.
pub(crate) const WATCH: Duration = Duration::from_millis(250);

/// How often a mutex is tried. Each is held for less than a microsecond.
const TRIES: u32 = 1000;

/// How many stand in lines: without any, nobody looks at these.
static IN_LINE: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Lines> = Mutex::new(Lines { process: None, lines: BTreeMap::new() });

struct Lines {
    /// Whose waiters these are. A forked child has a copy of its parent's.
    process: Option<ProcessId>,
    /// By the lock's name.
    lines: BTreeMap<PathBuf, Line>,
}

struct Line {
    waiters: VecDeque<Arc<Waiter>>,
    /// When the first one was last seen at work.
    active: Instant,
    /// Who holds the lock, as the first one has seen.
    holder: Option<Holder>,
}

/// One that waits: a thread by the condition variable, a task by its waker.
#[derive(Debug, Default)]
struct Waiter {
    is_first: AtomicBool,
    call: Mutex<Call>,
    called: Condvar,
}

#[derive(Debug, Default)]
struct Call {
    is_called: bool,
    waker: Option<Waker>,
}

impl Waiter {
    fn wake(&self) {
        let Some(mut call) = patiently(&self.call) else { return };
        call.is_called = true;
        let waker = call.waker.take();
        drop(call);
        self.called.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The content of a mutex that everybody holds for a moment only; `None`, if a thread has it that
/// is not here.
fn patiently<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(content) => return Some(content),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

/// The lines of this process. `None`: they are not to be had.
fn lines() -> Option<MutexGuard<'static, Lines>> {
    lines_if(|process| process.number == std::process::id())
}

/// As [`lines`]. `is_ours` says whether a process is this one; if not, the lines are those of a
/// parent.
fn lines_if(is_ours: fn(ProcessId) -> bool) -> Option<MutexGuard<'static, Lines>> {
    let mut lines = patiently(&LINES)?;
    if !lines.process.is_some_and(is_ours) {
        lines.process = Some(ProcessId::current());
        lines.lines.clear();
        IN_LINE.store(0, Ordering::SeqCst);
    }
    Some(lines)
}

/// Tells the first one in line that this process has released the lock.
pub(crate) fn released(lock: &Path) {
    if IN_LINE.load(Ordering::SeqCst) == 0 {
        return;
    }
    let first = lines().and_then(|lines| lines.lines.get(lock)?.waiters.front().cloned());
    // Not while the mutex is held: a waker can do anything, such as dropping the task.
    if let Some(first) = first {
        first.wake();
    }
}

/// One acquisition's place in line, once it has one.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<Place>);

#[derive(Debug)]
struct Place {
    lock: PathBuf,
    waiter: Arc<Waiter>,
    process: ProcessId,
}

impl Turn {
    /// Whether it may try now. Stands in line if there is one.
    pub(crate) fn comes(&mut self, lock: &Path) -> bool {
        match &self.0 {
            None if IN_LINE.load(Ordering::SeqCst) == 0 => true,
            None => {
                self.0 = Place::at_the_end(lock, false);
                self.is_first()
            }
            Some(place) => self.is_first() || place.overtake(),
        }
    }

    /// Stands in line after a try that failed, and tells the others who holds the lock.
    pub(crate) fn line_up(&mut self, lock: &Path, holder: Option<&Holder>) {
        if self.0.is_none() {
            self.0 = Place::at_the_end(lock, true);
        }
        if let Some(place) = &self.0
            && self.is_first()
            // Nobody would ask, if there is nobody else.
            && IN_LINE.load(Ordering::SeqCst) > 1
            && let Some(mut lines) = lines()
            && let Some(line) = lines.lines.get_mut(&place.lock)
        {
            line.active = Instant::now();
            if line.waiters.len() > 1 && line.holder.as_ref() != holder {
                line.holder = holder.cloned();
            }
        }
    }

    /// Without a place, nobody is before it.
    pub(crate) fn is_first(&self) -> bool {
        let place = self.0.as_ref();
        place.is_none_or(|place| place.waiter.is_first.load(Ordering::SeqCst))
    }

    /// Who holds the lock, as the first one in line has seen.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let place = self.0.as_ref().filter(|_| !self.is_first())?;
        lines()?.lines.get(&place.lock)?.holder.clone()
    }

    /// Sleeps for so long, or until it is called.
    pub(crate) fn sleep(&self, pause: Duration) {
        let Some(Place { waiter, .. }) = &self.0 else { return std::thread::sleep(pause) };
        let until = Instant::now().checked_add(pause);
        let Some(mut call) = patiently(&waiter.call) else { return std::thread::sleep(pause) };
        while !std::mem::take(&mut call.is_called) {
            let left = until.map_or(pause, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return;
            }
            let woken = waiter.called.wait_timeout(call, left);
            call = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Whether it is called; if not, the task is woken when it is.
    pub(crate) fn poll_called(&self, context: &Context<'_>) -> Poll<()> {
        let Some(Place { waiter, .. }) = &self.0 else { return Poll::Pending };
        let Some(mut call) = patiently(&waiter.call) else { return Poll::Pending };
        if std::mem::take(&mut call.is_called) {
            return Poll::Ready(());
        }
        if call.waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
            call.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Place {
    /// `makes`: even if there is no line yet.
    fn at_the_end(lock: &Path, makes: bool) -> Option<Self> {
        // Where the next number in another namespace can be ours, too.
        let mut lines = lines_if(ProcessId::is_current)?;
        let process = lines.process?;
        if !makes && !lines.lines.contains_key(lock) {
            return None;
        }
        let line = lines.lines.entry(lock.to_owned()).or_insert_with(|| Line {
            waiters: VecDeque::new(),
            active: Instant::now(),
            holder: None,
        });
        let waiter = Arc::<Waiter>::default();
        waiter.is_first.store(line.waiters.is_empty(), Ordering::SeqCst);
        if line.waiters.len() == 1 {
            // While it was alone, it did not say that it is at work.
            line.active = Instant::now();
        }
        line.waiters.push_back(Arc::clone(&waiter));
        IN_LINE.fetch_add(1, Ordering::SeqCst);
        Some(Self { lock: lock.to_owned(), waiter, process })
    }

    /// Sends the first one to the end if it has not been at work for a while: a task that is not
    /// polled. Returns whether we are first by that.
    fn overtake(&self) -> bool {
        let Some(mut lines) = lines() else { return true };
        let Some(line) = lines.lines.get_mut(&self.lock) else { return true };
        if line.active.elapsed() < WATCH {
            return false;
        }
        line.active = Instant::now();
        line.waiters.rotate_left(1);
        if let Some(last) = line.waiters.back() {
            last.is_first.store(false, Ordering::SeqCst);
        }
        let Some(first) = line.waiters.front().cloned() else { return true };
        first.is_first.store(true, Ordering::SeqCst);
        drop(lines);
        let is_ours = Arc::ptr_eq(&first, &self.waiter);
        if !is_ours {
            first.wake();
        }
        is_ours
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A forked child has no share in its parent's lines.
        if !self.process.is_current() {
            return;
        }
        let Some(mut lines) = lines() else { return };
        let Some(line) = lines.lines.get_mut(&self.lock) else { return };
        line.waiters.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
        IN_LINE.fetch_sub(1, Ordering::SeqCst);
        let Some(first) = line.waiters.front().cloned() else {
            lines.lines.remove(&self.lock);
            return;
        };
        let is_new = !first.is_first.swap(true, Ordering::SeqCst);
        if is_new {
            line.active = Instant::now();
        }
        drop(lines);
        if is_new {
            first.wake();
        }
    }
}
