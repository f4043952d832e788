//! Files have no streams here: OS locks tell who lives (Linux, macOS and the BSDs).

use std::path::Path;

use super::{Dir, StreamAnswer};

/// There is none.
#[derive(Debug)]
pub(crate) enum Stream {}

impl Stream {
    pub(crate) fn open(_: &Path, _: &Dir, _: &str) -> Option<Self> {
        None
    }
}

pub(crate) fn is_stream_of(_: &str, _: &str) -> bool {
    false
}

pub(crate) fn ask_stream(_: &Dir, _: &str) -> StreamAnswer {
    StreamAnswer::NotTold
}
