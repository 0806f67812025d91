//! Charts as SVG, drawn on the server: no script, and they print.
//!
//! Pure: figures in, SVG out. Colours come from the style sheet by class; every
//! text is escaped here, because the pages insert charts as they are.

use super::text;
use super::words::{Lang, either, t};
use crate::time::{DAY_MS, day_of, day_text};
use std::fmt::Write;
use tocsin_alerts::level::{Level, PerLevel};

/// The largest index, centi-points.
const TOP: f64 = 10_000.0;
/// Changes with a mark of their own, at most.
const MAX_MARKS: usize = 80;
/// Dates below the time axis.
const TICKS: i64 = 4;

/// A score and when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) time_ms: i64,
    /// Centi-points.
    pub(super) index: u16,
    pub(super) level: Level,
}

/// One bar: a label and micro-log-odds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) weight: i64,
}

/// The plot of the step line within its picture.
struct Plot {
    from_ms: i64,
    to_ms: i64,
}

impl Plot {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 210.0;
    const LEFT: f64 = 30.0;
    const RIGHT: f64 = 690.0;
    const UPPER: f64 = 8.0;
    const LOWER: f64 = 186.0;

    fn x(&self, time_ms: i64) -> f64 {
        let part = (time_ms - self.from_ms) as f64 / (self.to_ms - self.from_ms) as f64;
        Self::LEFT + part * (Self::RIGHT - Self::LEFT)
    }

    fn y(index: f64) -> f64 {
        Self::LOWER - index / TOP * (Self::LOWER - Self::UPPER)
    }
}

/// The index over time as a line of steps over bands of levels, up to
/// `until_ms`. Empty without points; `points` are in order of time.
pub(super) fn step_line(points: &[Point], thresholds: &PerLevel, until_ms: i64) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    let plot = Plot {
        from_ms: first.time_ms,
        to_ms: until_ms.max(last.time_ms).max(first.time_ms + 1),
    };
    let mut svg = open("steps", Plot::WIDTH, Plot::HEIGHT, t("index over time"));
    bands(&mut svg, thresholds);
    ticks(&mut svg, &plot);
    line(&mut svg, &plot, points);
    if points.len() <= MAX_MARKS {
        marks(&mut svg, &plot, points);
    }
    svg + "</svg>"
}

fn open(class: &str, width: f64, height: f64, title: &str) -> String {
    let title = text::escape(title);
    format!(
        "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{title}\">"
    )
}

fn bands(svg: &mut String, thresholds: &PerLevel) {
    // One character stands beside the plot; words have room within it alone.
    let (beside, anchor) = match Lang::now() {
        Lang::Chinese => (Plot::RIGHT + 5.0, ""),
        Lang::English => (Plot::RIGHT - 4.0, " text-anchor=\"end\""),
    };
    let (left, width) = (Plot::LEFT, Plot::RIGHT - Plot::LEFT);
    for (place, level) in Level::ALL.into_iter().enumerate() {
        let lower = f64::from(thresholds.of(level)) * 100.0;
        let above = Level::ALL
            .get(place + 1)
            .map(|level| f64::from(thresholds.of(*level)) * 100.0);
        let (top, bottom) = (Plot::y(above.unwrap_or(TOP)), Plot::y(lower));
        let _ = write!(
            svg,
            "<rect class=\"band {}\" x=\"{left}\" y=\"{top:.1}\" width=\"{width}\" \
             height=\"{:.1}\"/><text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text><text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\"{anchor}>{}</text>",
            level.name(),
            bottom - top,
            left - 4.0,
            bottom + 3.0,
            thresholds.of(level),
            beside,
            (top + bottom) / 2.0 + 4.0,
            either(level.chinese(), level.name()),
        );
    }
}

fn ticks(svg: &mut String, plot: &Plot) {
    let mut before = String::new();
    for tick in 0..TICKS {
        let time_ms = plot.from_ms + (plot.to_ms - plot.from_ms) * tick / (TICKS - 1);
        let label = tick_label(plot, time_ms);
        if label == before {
            continue;
        }
        let anchor = match tick {
            0 => "start",
            _ if tick == TICKS - 1 => "end",
            _ => "middle",
        };
        let (x, y) = (plot.x(time_ms), Plot::LOWER + 16.0);
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            text::escape(&label)
        );
        before = label;
    }
}

/// Dates, or within two days the time too.
fn tick_label(plot: &Plot, time_ms: i64) -> String {
    match plot.to_ms - plot.from_ms {
        span if span < 2 * DAY_MS => text::clock(time_ms).chars().take(16).collect(),
        _ => day_text(day_of(time_ms)),
    }
}

fn line(svg: &mut String, plot: &Plot, points: &[Point]) {
    let mut path = String::new();
    for (place, point) in points.iter().enumerate() {
        let (x, y) = (plot.x(point.time_ms), Plot::y(f64::from(point.index)));
        let _ = match place {
            0 => write!(path, "M{x:.1} {y:.1}"),
            _ => write!(path, "H{x:.1}V{y:.1}"),
        };
    }
    let _ = write!(svg, "<path class=\"line\" d=\"{path}H{}\"/>", Plot::RIGHT);
}

fn marks(svg: &mut String, plot: &Plot, points: &[Point]) {
    for point in points {
        let (x, y) = (plot.x(point.time_ms), Plot::y(f64::from(point.index)));
        let _ = write!(
            svg,
            "<circle class=\"mark {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{} {} {}</title>\
             </circle>",
            point.level.name(),
            text::clock(point.time_ms),
            text::index(point.index),
            either(point.level.chinese(), point.level.name()),
        );
    }
}

/// From `start` over every bar to the sum: each begins where the one before ends,
/// to the right where it adds to the score, to the left where it takes from it.
pub(super) fn waterfall(start: &Bar, bars: &[Bar], end: &str) -> String {
    const WIDTH: f64 = 520.0;
    const ROW: f64 = 21.0;
    let fall = Fall::of(start.weight, bars);
    let height = ROW * (bars.len() + 2) as f64;
    let mut svg = open(
        "waterfall",
        WIDTH,
        height,
        t("from the intercept over the categories to the score"),
    );
    let mut row = |place: usize, label: &str, from: i64, to: i64, class: &str, weight: i64| {
        let top = ROW * place as f64;
        let (left, right) = (fall.x(from.min(to)), fall.x(from.max(to)));
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.1}\">{}</text><rect class=\"{class}\" x=\"{left:.1}\" \
             y=\"{:.1}\" width=\"{:.1}\" height=\"13\"/><line class=\"joint\" x1=\"{:.1}\" \
             x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/><text class=\"figure\" x=\"{WIDTH}\" \
             y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            top + 15.0,
            text::escape(label),
            top + 4.0,
            right - left,
            fall.x(to),
            fall.x(to),
            top + 17.0,
            (top + ROW + 4.0).min(height),
            top + 15.0,
            text::log_odds(weight),
        );
    };
    row(0, &start.label, 0, start.weight, "total", start.weight);
    let mut sum = start.weight;
    for (place, bar) in bars.iter().enumerate() {
        let class = if bar.weight < 0 { "less" } else { "more" };
        row(
            place + 1,
            &bar.label,
            sum,
            sum + bar.weight,
            class,
            bar.weight,
        );
        sum += bar.weight;
    }
    row(bars.len() + 1, end, 0, sum, "total", sum);
    svg + "</svg>"
}

/// The scale of a waterfall: everything between its lowest and highest sums.
struct Fall {
    least: i64,
    most: i64,
}

impl Fall {
    const LEFT: f64 = 185.0;
    const RIGHT: f64 = 430.0;

    fn of(start: i64, bars: &[Bar]) -> Fall {
        let (mut least, mut most, mut sum) = (start.min(0), start.max(0), start);
        for bar in bars {
            sum += bar.weight;
            (least, most) = (least.min(sum), most.max(sum));
        }
        Fall { least, most }
    }

    fn x(&self, weight: i64) -> f64 {
        let span = (self.most - self.least).max(1) as f64;
        Self::LEFT + (weight - self.least) as f64 / span * (Self::RIGHT - Self::LEFT)
    }
}

/// One bar for a line of a table; `largest` is the largest size in the table.
pub(super) fn cell(weight: i64, largest: u64) -> String {
    const WIDTH: f64 = 120.0;
    let (x, width, class) = extent(weight, largest.max(1), WIDTH / 2.0, WIDTH / 2.0 - 1.0);
    let svg = open("cell", WIDTH, 12.0, &text::log_odds(weight));
    format!(
        "{svg}<line class=\"zero\" x1=\"60\" x2=\"60\" y1=\"0\" y2=\"12\"/><rect \
         class=\"{class}\" x=\"{x:.1}\" y=\"2\" width=\"{width:.1}\" height=\"8\"/></svg>"
    )
}

/// Where a bar begins, how long it is, and its class.
fn extent(weight: i64, largest: u64, zero: f64, reach: f64) -> (f64, f64, &'static str) {
    let width = weight.unsigned_abs() as f64 / largest as f64 * reach;
    match weight < 0 {
        true => (zero - width, width, "less"),
        false => (zero, width, "more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_alerts::level::Policy;

    fn steps(points: &[(i64, u16)], until: i64) -> String {
        let point = |(time_ms, index): &(i64, u16)| Point {
            time_ms: *time_ms,
            index: *index,
            level: Level::Blue,
        };
        let points: Vec<Point> = points.iter().map(point).collect();
        step_line(&points, &Policy::default().thresholds, until)
    }

    fn attribute<'a>(svg: &'a str, after: &str) -> &'a str {
        let rest = svg.split(after).nth(1).unwrap();
        rest.split('"').next().unwrap()
    }

    #[test]
    fn the_line_steps_at_each_change_and_goes_on_to_now() {
        let svg = steps(&[(0, 0), (10 * DAY_MS, 10_000)], 20 * DAY_MS);
        let path = attribute(&svg, "class=\"line\" d=\"");
        assert_eq!(path, "M30.0 186.0H360.0V8.0H690");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("1970-01-01") && svg.contains("1970-01-21"));
    }

    #[test]
    fn one_point_at_one_instant_is_a_level_line() {
        let svg = steps(&[(5, 4_000)], 5);
        assert_eq!(attribute(&svg, "class=\"line\" d=\""), "M30.0 114.8H690");
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(steps(&[], 5), "");
    }

    #[test]
    fn there_is_a_band_for_every_level_and_they_fill_the_plot() {
        let svg = steps(&[(0, 0)], 1);
        let bands: Vec<&str> = svg.split("class=\"band ").skip(1).collect();
        assert_eq!(bands.len(), 5);
        let height = |band: &str| attribute(band, "height=\"").parse::<f64>().unwrap();
        let sum: f64 = bands.iter().map(|band| height(band)).sum();
        assert!((sum - 178.0).abs() < 0.5, "{sum}");
    }

    #[test]
    fn many_changes_are_drawn_without_marks() {
        let points: Vec<(i64, u16)> = (0..500).map(|n| (n * DAY_MS, n as u16)).collect();
        assert!(!steps(&points, 0).contains("<circle"));
    }

    #[test]
    fn a_waterfall_goes_on_where_it_was_and_labels_are_escaped() {
        let bar = |label: &str, weight| Bar {
            label: label.to_owned(),
            weight,
        };
        let start = bar("from", -4_000_000);
        let svg = waterfall(&start, &[bar("A <b>", 3_000_000), bar("B", -500_000)], "to");
        assert!(svg.contains("A &lt;b&gt;") && !svg.contains("<b>"));
        // 245 wide from -4 to 0: A from -4 to -1, B back to -1.5.
        assert!(
            svg.contains("class=\"more\" x=\"185.0\" y=\"25.0\" width=\"183.8\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"less\" x=\"338.1\" y=\"46.0\" width=\"30.6\""),
            "{svg}"
        );
        assert!(svg.contains("−4.000000") && svg.contains("−1.500000"));
        let nothing = waterfall(&bar("from", 0), &[], "to");
        assert!(!nothing.contains("NaN") && !nothing.contains("inf"));
    }

    #[test]
    fn a_cell_stays_within_its_width() {
        let svg = cell(i64::MIN, i64::MIN.unsigned_abs());
        assert_eq!(attribute(&svg, "class=\"less\" x=\""), "1.0");
        assert!(cell(0, 0).contains("width=\"0.0\""));
    }
}
