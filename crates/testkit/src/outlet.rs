//! What a child writes: read by threads, so that it never waits for its parent to read.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::entry::SIGN;

/// Everything that a child wrote so far, for the message of a failed test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript(Arc<Mutex<String>>);

impl Transcript {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    }
}

/// Reads both streams until their ends. The points that the child reports come out of the receiver,
/// which is disconnected when the child's standard output is closed.
pub(crate) fn listen(
    out: impl Read + Send + 'static,
    err: impl Read + Send + 'static,
) -> (Receiver<String>, Transcript) {
    let (points, receiver) = mpsc::channel();
    let transcript = Transcript::default();
    for (stream, points) in [
        (Box::new(out) as Box<dyn Read + Send>, Some(points)),
        (Box::new(err) as Box<dyn Read + Send>, None),
    ] {
        let transcript = transcript.clone();
        thread::spawn(move || read(stream, points.as_ref(), &transcript));
    }
    (receiver, transcript)
}

fn read(stream: impl Read, points: Option<&Sender<String>>, transcript: &Transcript) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    // An error ends it as the end of the stream does: there is nobody to tell.
    while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        transcript.add(&text);
        if let Some(points) = points
            && let Some(point) = text.strip_prefix(SIGN)
        {
            let _ = points.send(point.trim_end_matches('\n').to_owned());
        }
        line.clear();
    }
}
