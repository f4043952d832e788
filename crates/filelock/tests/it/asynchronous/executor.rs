//! A timer and an executor of a few lines, such as a program without a runtime has them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use filelock::AcquireError;

/// A timer of our own: a thread sleeps, and wakes the task.
pub(super) struct Sleep(Duration, Option<Arc<Mutex<Alarm>>>);

#[derive(Default)]
struct Alarm {
    has_rung: bool,
    waker: Option<Waker>,
}

pub(super) fn sleep(pause: Duration) -> Sleep {
    Sleep(pause, None)
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let pause = self.0;
        let alarm = self.1.get_or_insert_with(|| {
            let alarm = Arc::<Mutex<Alarm>>::default();
            let to_ring = Arc::downgrade(&alarm);
            thread::spawn(move || {
                thread::sleep(pause);
                let Some(alarm) = to_ring.upgrade() else { return };
                let mut alarm = alarm.lock().unwrap();
                alarm.has_rung = true;
                if let Some(waker) = alarm.waker.take() {
                    waker.wake();
                }
            });
            alarm
        });
        let mut alarm = alarm.lock().unwrap();
        if alarm.has_rung {
            return Poll::Ready(());
        }
        alarm.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Runs a future in this thread, which sleeps until it is woken.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    #[derive(Default)]
    struct Bell(Mutex<bool>, Condvar);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() = true;
            self.1.notify_one();
        }
    }
    let bell = Arc::<Bell>::default();
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let mut rung = bell.0.lock().unwrap();
        while !std::mem::take(&mut *rung) {
            rung = bell.1.wait(rung).unwrap();
        }
    }
}

/// One poll, which nobody is woken after.
pub(super) fn once<T>(
    future: Pin<&mut impl Future<Output = Result<T, AcquireError>>>,
) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(guard) => Some(guard.unwrap()),
        Poll::Pending => None,
    }
}
