//! Figures as they are printed.

pub(super) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

pub(super) fn micros(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

pub(super) fn millis(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

/// In the unit that fits.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 1e-3 { micros(seconds) } else { millis(seconds) }
}
