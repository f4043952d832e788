//! How many tests ran, as the test harness says.

/// What the test harness counted.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counted {
    /// From lines as "test result: ok. 12 passed; 0 failed; 0 ignored; …".
    pub(super) fn of(text: &str) -> Self {
        let mut counted = Self::default();
        for line in text.lines().filter(|line| line.starts_with("test result:")) {
            let words: Vec<_> =
                line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                let Ok(number) = pair[0].parse::<u64>() else { continue };
                match pair[1] {
                    "passed" => counted.passed += number,
                    "failed" => counted.failed += number,
                    "ignored" => counted.ignored += number,
                    _ => {}
                }
            }
        }
        counted
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let run = self.passed + self.failed;
        write!(f, "{run} tests run, {} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 { write!(f, ", {} ignored", self.ignored) } else { Ok(()) }
    }
}
