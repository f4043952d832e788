//! What all the figures mean, in three sentences at the page's head. Each is made of what this run
//! measured, so that it holds whatever that is.

use super::figures::{ratio, time};

/// What the parts measured that the sentences are made of: in memory, in seconds.
#[derive(Default)]
pub(super) struct Facts {
    /// A free lock is acquired and released.
    pub(super) lock: Option<Free>,
    /// The longest wait if most processes contend.
    pub(super) longest: Option<Longest>,
    /// From SIGKILL to the next holder, the median.
    pub(super) takeover: Option<f64>,
    /// A flush that is not synced, of the smallest document and of the largest.
    pub(super) flush: Vec<Flush>,
}

pub(super) struct Free {
    pub(super) ours: f64,
    pub(super) reused: f64,
    pub(super) gix: f64,
}

#[derive(Default)]
pub(super) struct Longest {
    pub(super) processes: usize,
    pub(super) ours: f64,
    pub(super) gix: f64,
}

pub(super) struct Flush {
    pub(super) size: &'static str,
    /// To the same without a lock.
    pub(super) ratio: f64,
}

impl Facts {
    /// The sentences, or nothing if not all that they say was measured.
    pub(super) fn sentences(&self) -> Option<String> {
        let Free { ours, reused, gix } = self.lock.as_ref()?;
        let free = format!(
            "A free lock of `filelock` costs {}, {} through one handle; `gix-lock` costs {}, and says \
             nothing of its holder.",
            time(*ours),
            time(*reused),
            time(*gix)
        );
        let Longest { processes, ours, gix } = self.longest.as_ref()?;
        let wait = format!(
            "Among {processes} processes no wait was longer than {} (`gix-lock`: {}), and a killed \
             holder's lock passed on in {} (the median).",
            time(*ours),
            time(*gix),
            time(self.takeover?)
        );
        let (small, large) = (self.flush.first()?, self.flush.last()?);
        let flush = format!(
            "In memory, a flush takes {} times as long as the same without a lock for {}, and {} \
             times for {}.",
            ratio(small.ratio),
            small.size,
            ratio(large.ratio),
            large.size
        );
        Some([free, wait, flush].join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            lock: Some(Free { ours: 34.6e-6, reused: 13.4e-6, gix: 5.6e-6 }),
            longest: Some(Longest { processes: 128, ours: 0.171, gix: 1.9 }),
            takeover: Some(0.0065),
            flush: [("2 KB", 3.66), ("15 MB", 0.6), ("100 MB", 0.71)]
                .map(|(size, ratio)| Flush { size, ratio })
                .into(),
        }
    }

    #[test]
    fn the_head_says_what_was_measured_in_three_short_sentences() {
        let text = facts().sentences().expect("because all of it was measured");
        for figure in ["34.6 µs", "13.4 µs", "5.6 µs", "171.00 ms", "1900.00 ms", "6.50 ms"] {
            assert!(text.contains(figure), "{figure}: {text}");
        }
        assert!(text.contains("3.66 times") && text.contains("0.71 times for 100 MB."), "{text}");
        let sentences: Vec<_> = text.split_inclusive(". ").collect();
        assert_eq!(sentences.len(), 3, "{text}");
        for sentence in sentences {
            assert!(sentence.split_whitespace().count() <= 25, "{sentence}");
        }
    }

    #[test]
    fn the_head_says_nothing_of_what_was_not_measured() {
        assert_eq!(Facts { takeover: None, ..facts() }.sentences(), None);
        assert_eq!(Facts { flush: Vec::new(), ..facts() }.sentences(), None);
        assert_eq!(Facts::default().sentences(), None);
    }
}
