//! What a running program writes.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use testkit::wait_until;

use crate::support::WATCHDOG;

/// What a program writes to one stream: read by a thread, so that it never waits for us to read.
pub(crate) struct Outlet {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Outlet {
    pub(crate) fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::default();
        let reader = stream.map(|mut stream| {
            let bytes: Arc<Mutex<Vec<u8>>> = Arc::clone(&bytes);
            std::thread::spawn(move || {
                let mut part = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = stream.read(&mut part) {
                    bytes.lock().unwrap().extend_from_slice(&part[..length]);
                }
            })
        });
        Self { bytes, reader }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Returns once `text` was written.
    #[track_caller]
    pub(crate) fn await_text(&self, text: &str) {
        wait_until(WATCHDOG, || {
            let has_ended = self.has_ended();
            let said = self.text();
            assert!(!has_ended || said.contains(text), "it ended without {text:?}: {said}");
            said.contains(text)
        });
    }
}
