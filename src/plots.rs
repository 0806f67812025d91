//! Plots as SVG for documents that stand alone: every one brings its own colours.
//!
//! Pure: figures in, SVG out; every text is escaped here.

use crate::serve::text::escape;
use std::fmt::Write;

const LEFT: f64 = 48.0;
const RIGHT: f64 = 500.0;
const UPPER: f64 = 12.0;
const LOWER: f64 = 250.0;
const INK: &str = "#1d2430";
const LINE: &str = "#1f6feb";
const FAINT: &str = "#cfd6df";
const LESS: &str = "#2f9e6e";
const MORE: &str = "#c0392b";

/// A value with an interval, at a place from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Where, 0 to 1.
    pub at: f64,
    /// The value.
    pub value: f64,
    /// The interval's begin.
    pub low: f64,
    /// Its end.
    pub high: f64,
}

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 540 {height}\" width=\"540\" role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"{INK}\">",
        escape(title)
    )
}

fn x(part: f64) -> f64 {
    LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
}

fn y(part: f64) -> f64 {
    LOWER - part.clamp(0.0, 1.0) * (LOWER - UPPER)
}

/// Axes from 0 to 1 across and 0 to `top` up.
fn axes(svg: &mut String, across: &str, top: f64) {
    for tick in 0..=4 {
        let part = f64::from(tick) / 4.0;
        let _ = write!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"{FAINT}\"/><text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{3}</text><text x=\"{4:.1}\" y=\"{5}\" text-anchor=\"middle\">{part}</text>",
            y(part),
            LEFT - 6.0,
            y(part) + 4.0,
            short(part * top),
            x(part),
            LOWER + 15.0,
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        (LEFT + RIGHT) / 2.0,
        LOWER + 31.0,
        escape(across)
    );
}

/// A number with as few digits as tell it.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

/// Predicted against observed: on the diagonal, probabilities hold.
pub fn reliability(marks: &[Mark]) -> String {
    let mut svg = open("reliability", 290.0);
    axes(
        &mut svg,
        "预测概率 predicted probability · 实际比例 observed share ↑",
        1.0,
    );
    let _ = write!(
        svg,
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{FAINT}\" stroke-width=\"2\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    dots(&mut svg, marks, 1.0);
    svg + "</svg>"
}

/// Values with intervals over places from 0 to 1, joined.
pub fn curve(title: &str, across: &str, marks: &[Mark]) -> String {
    let top = marks
        .iter()
        .map(|mark| mark.high)
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    let mut svg = open(title, 290.0);
    axes(&mut svg, across, top);
    let points = marks
        .iter()
        .map(|mark| format!("{:.1},{:.1}", x(mark.at), y(mark.value / top)));
    let points: Vec<String> = points.collect();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{LINE}\" stroke-width=\"1.5\"/>",
        points.join(" ")
    );
    dots(&mut svg, marks, top);
    svg + "</svg>"
}

fn dots(svg: &mut String, marks: &[Mark], top: f64) {
    for mark in marks {
        let _ = write!(
            svg,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{2:.1}\" stroke=\"{LINE}\"/><circle cx=\"{0:.1}\" cy=\"{3:.1}\" r=\"3.5\" fill=\"{LINE}\"><title>{4} ({5} to {6})</title></circle>",
            x(mark.at),
            y(mark.low / top),
            y(mark.high / top),
            y(mark.value / top),
            short(mark.value),
            short(mark.low),
            short(mark.high),
        );
    }
}

/// From where to where each label's values go, and their middle: one line each,
/// zero marked, all on one scale.
pub fn spreads(title: &str, lines: &[(String, [f64; 3])]) -> String {
    const ROW: f64 = 18.0;
    const BEGIN: f64 = 250.0;
    const END: f64 = 525.0;
    let all = || lines.iter().flat_map(|(_, values)| values);
    let low = all().copied().fold(0.0, f64::min);
    let high = all()
        .copied()
        .fold(0.0, f64::max)
        .max(low + f64::MIN_POSITIVE);
    let place = |value: f64| BEGIN + (value - low) / (high - low) * (END - BEGIN);
    let height = ROW * lines.len() as f64 + 20.0;
    let mut svg = open(title, height);
    let _ = write!(
        svg,
        "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{1}\" stroke=\"{FAINT}\"/><text x=\"{0:.1}\" y=\"{2}\" text-anchor=\"middle\">0</text><text x=\"{END}\" y=\"{2}\" text-anchor=\"end\">{3}</text>",
        place(0.0),
        height - 16.0,
        height - 4.0,
        short(high)
    );
    for (row, (label, [from, middle, to])) in lines.iter().enumerate() {
        let centre = ROW * row as f64 + 10.0;
        let colour = if *middle < 0.0 || (*middle == 0.0 && to.abs() < from.abs()) {
            LESS
        } else {
            MORE
        };
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.1}\">{}</text><line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{centre:.1}\" y2=\"{centre:.1}\" stroke=\"{colour}\" stroke-width=\"5\" stroke-opacity=\".45\"/><circle cx=\"{:.1}\" cy=\"{centre:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
            centre + 4.0,
            escape(label),
            place(*from),
            place(*to),
            place(*middle)
        );
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_hold_what_they_are_given_and_no_odd_numbers() {
        let mark = |at: f64, value: f64| Mark {
            at,
            value,
            low: value / 2.0,
            high: value,
        };
        for svg in [
            reliability(&[mark(0.2, 0.3), mark(0.9, 1.0)]),
            curve("a <b>", "across", &[mark(0.0, 3.0), mark(1.0, 0.0)]),
            curve("empty", "across", &[]),
            spreads("none", &[]),
            spreads("flat", &[("<x>".to_owned(), [0.0; 3])]),
        ] {
            assert!(svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"));
            assert!(!svg.contains("<b>") && !svg.contains("<x>"), "{svg}");
        }
        assert_eq!(reliability(&[mark(0.2, 0.3)]).matches("<circle").count(), 1);
    }
}
