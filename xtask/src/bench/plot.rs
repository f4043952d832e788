//! Plots as SVG, readable on light and dark ground. They have no ground of their own, and greys and
//! colours of middle tone that suit both. If the viewer says which ground it is, they have better
//! ones.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const STYLE: &str = "<style>\
text{font:13px system-ui,sans-serif;fill:#656d76}\
.name{fill:#57606a}.grid{stroke:#8b949e;stroke-opacity:.3;fill:none}\
.line{fill:none;stroke-width:2.2}.s0{stroke:#0969da}.s1{stroke:#bc6c00}.s2{stroke:#1a7f37}.s3{stroke:#bf3989}\
.b0{fill:#0969da}.b1{fill:#bc6c00}.b2{fill:#1a7f37}.b3{fill:#bf3989}.b4{fill:#6e7781}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.name{fill:#c9d1d9}\
.s0{stroke:#58a6ff}.s1{stroke:#e3a04a}.s2{stroke:#3fb950}.s3{stroke:#f778ba}\
.b0{fill:#58a6ff}.b1{fill:#e3a04a}.b2{fill:#3fb950}.b3{fill:#f778ba}.b4{fill:#8b949e}}\
</style>";

/// Starts a picture, whose height is known by now.
fn svg(height: f64, inside: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\">{STYLE}\n{inside}</svg>\n"
    )
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, class: &str, words: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{words}</text>"
    );
}

/// Horizontal bars from zero, in groups; equal names have equal colours.
pub(super) fn bars(groups: &[(impl AsRef<str>, Vec<(&'static str, f64)>)]) -> String {
    const LEFT: f64 = 220.0;
    const ROOM: f64 = WIDTH - LEFT - 90.0;
    let mut names: Vec<&str> = Vec::new();
    let (mut out, mut y) = (String::new(), 6.0);
    for (group, bars) in groups {
        text(&mut out, (0.0, y + 13.0), "start", "name", group.as_ref());
        y += 22.0;
        let longest = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
        for (name, value) in bars {
            let color = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            let length = (value / longest * ROOM).max(1.0);
            text(&mut out, (LEFT - 8.0, y + 13.0), "end", "", name);
            let _ = writeln!(
                out,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"16\" rx=\"2\" class=\"b{}\"/>",
                color % 5
            );
            let digits = usize::from(*value < 100.0);
            text(
                &mut out,
                (LEFT + length + 6.0, y + 13.0),
                "start",
                "",
                &format!("{value:.digits$}"),
            );
            y += 22.0;
        }
        y += 10.0;
    }
    svg(y, &out)
}

/// What the horizontal axis shows. Both are logarithmic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Across {
    /// Kilobytes.
    Sizes,
    /// Shares, by how many nines: 10 stands for 90 %, 100 for 99 %. See [`tail`].
    Nines,
}

/// One line for each of `series`.
pub(super) fn lines(
    across: Across,
    (label, up): (&str, &str),
    series: &[(String, Vec<(f64, f64)>)],
) -> String {
    const BOTTOM: f64 = 300.0;
    const TOP: f64 = 44.0;
    const LEFT: f64 = 62.0;
    const RIGHT: f64 = WIDTH - 34.0;
    let points = || series.iter().flat_map(|(_, points)| points);
    let xs = decades(points().map(|point| point.0));
    let ys = decades(points().map(|point| point.1));
    let across_at = |x: f64| LEFT + (x.log10() - xs.0) / (xs.1 - xs.0) * (RIGHT - LEFT);
    let up_at = |y: f64| BOTTOM - (y.log10() - ys.0) / (ys.1 - ys.0) * (BOTTOM - TOP);
    let mut out = String::new();
    for x in ticks(xs) {
        let at = across_at(x);
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{at:.1} {TOP}V{BOTTOM}\"/>");
        let tick = match across {
            Across::Sizes => x.to_string(),
            Across::Nines => format!("{} %", 100.0 - 100.0 / x),
        };
        text(&mut out, (at, BOTTOM + 18.0), "middle", "", &tick);
    }
    for y in ticks(ys) {
        let at = up_at(y);
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
        text(&mut out, (LEFT - 6.0, at + 4.0), "end", "", &y.to_string());
    }
    text(&mut out, (RIGHT, BOTTOM + 38.0), "end", "", label);
    text(&mut out, (LEFT - 6.0, TOP - 12.0), "end", "", up);
    let mut legend = LEFT + 8.0;
    for (number, (name, points)) in series.iter().enumerate() {
        let dash = ["", "7 4", "2 4", "10 4 2 4"][number % 4];
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", across_at(*x), up_at(*y));
        }
        let class = number % 4;
        let style = format!("class=\"line s{class}\" stroke-dasharray=\"{dash}\"");
        let _ = writeln!(out, "<path {style} d=\"{path}\"/>");
        let _ = writeln!(out, "<path {style} d=\"M{legend:.1} 16h26\"/>");
        text(&mut out, (legend + 32.0, 20.0), "start", "name", name);
        legend += 56.0 + 7.5 * f64::from(u32::try_from(name.len()).unwrap_or(0));
    }
    svg(BOTTOM + 46.0, &out)
}

/// The powers of ten around `values`, as exponents.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    (low, high.max(low + 1.0))
}

#[allow(clippy::cast_possible_truncation, reason = "exponents of ten are small")]
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    (low as i32..=high as i32).map(|exponent| 10_f64.powi(exponent)).collect()
}

/// For [`Across::Nines`]: what nine in ten of the sorted `values` do not exceed, then 99 in a
/// hundred, and so on. `values` are in seconds, the result is in milliseconds.
pub(super) fn tail(values: &[f64]) -> Vec<(f64, f64)> {
    let steps = (0..).map(|step| 10_f64.powf(f64::from(step) / 16.0));
    let point = |one_in: f64| {
        let value = super::rounds::percentile(values, 100.0 - 100.0 / one_in);
        (one_in, value.max(1e-6) * 1e3)
    };
    #[allow(clippy::cast_precision_loss, reason = "how many were measured")]
    let count = values.len() as f64;
    steps.take_while(|one_in| *one_in <= count).map(point).collect()
}
