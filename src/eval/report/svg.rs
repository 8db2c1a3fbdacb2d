//! A drawing of lines and dots, by hand. No text of a customer or an article ever comes in here.

use std::fmt::Write as _;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 16.0;
const RIGHT: f64 = 28.0;
const BOTTOM: f64 = 52.0;

/// How the numbers along an axis read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Fractions of 1, in per cent.
    Share,
    /// As they are.
    Number,
}

impl Unit {
    fn label(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.0} %", value * 100.0),
            Self::Number => format!("{value:.0}"),
        }
    }
}

/// The ranges of the two axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
    pub(super) unit: Unit,
    /// Under the x axis and beside the y axis.
    pub(super) titles: (&'static str, &'static str),
}

/// A drawing under construction.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    frame: Frame,
    body: String,
}

impl Chart {
    pub(super) fn new(frame: Frame) -> Self {
        let mut chart = Self { frame, body: String::new() };
        chart.grid();
        chart
    }

    /// A line through points in data units.
    pub(super) fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let path: Vec<String> =
            points.iter().map(|(x, y)| format!("{:.1},{:.1}", self.x(*x), self.y(*y))).collect();
        self.push(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", path.join(" ")));
    }

    /// A dot with a label beside it.
    pub(super) fn dot(&mut self, at: (f64, f64), class: &str, label: &str) {
        let (x, y) = (self.x(at.0), self.y(at.1));
        self.push(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"));
        self.push(format_args!(
            "<text class=\"dot\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
            x + 9.0,
            y - 7.0
        ));
    }

    /// A dot without a label, its radius in units of the drawing.
    pub(super) fn disc(&mut self, at: (f64, f64), class: &str, radius: f64) {
        let (x, y) = (self.x(at.0), self.y(at.1));
        self.push(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>"
        ));
    }

    /// The finished drawing; `name` is what a screen reader says.
    pub(super) fn finish(self, name: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}\">{}</svg>",
            self.body
        )
    }

    fn grid(&mut self) {
        const STEPS: u32 = 5;
        let Frame { x, y, titles, .. } = self.frame;
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let (at_x, at_y) = (x.0 + (x.1 - x.0) * share, y.0 + (y.1 - y.0) * share);
            self.tick_x(at_x);
            self.tick_y(at_y);
        }
        let (middle, bottom) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 10.0);
        self.push(format_args!(
            "<text class=\"title\" x=\"{middle}\" y=\"{bottom}\">{}</text>",
            titles.0
        ));
        let middle = f64::midpoint(TOP, HEIGHT - BOTTOM);
        self.push(format_args!(
            "<text class=\"title\" transform=\"translate(14 {middle}) rotate(-90)\">{}</text>",
            titles.1
        ));
    }

    fn tick_x(&mut self, value: f64) {
        let (x, bottom) = (self.x(value), HEIGHT - BOTTOM);
        self.push(format_args!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
        ));
        self.push(format_args!(
            "<text class=\"tick\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 16.0,
            self.frame.unit.label(value)
        ));
    }

    fn tick_y(&mut self, value: f64) {
        let (y, right) = (self.y(value), WIDTH - RIGHT);
        self.push(format_args!(
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"
        ));
        self.push(format_args!(
            "<text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            self.frame.unit.label(value)
        ));
    }

    fn x(&self, value: f64) -> f64 {
        let (from, to) = self.frame.x;
        LEFT + (WIDTH - LEFT - RIGHT) * ((value - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        let (from, to) = self.frame.y;
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ((value - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        self.body.write_fmt(element).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_land_inside_the_frame() {
        let frame = Frame { x: (0.8, 1.0), y: (0.0, 1.0), unit: Unit::Share, titles: ("a", "b") };
        let chart = Chart::new(frame);
        let check = |x: f64, y: f64, expect: (f64, f64)| {
            assert!((chart.x(x) - expect.0).abs() < 1e-6 && (chart.y(y) - expect.1).abs() < 1e-6);
        };
        check(0.8, 0.0, (LEFT, HEIGHT - BOTTOM));
        check(1.0, 1.0, (WIDTH - RIGHT, TOP));
        check(0.0, 7.0, (LEFT, TOP));
        let mut chart = chart;
        chart.line(&[(0.8, 0.0), (1.0, 1.0)], "curve");
        let svg = chart.finish("n");
        assert!(svg.contains("points=\"56.0,308.0 532.0,16.0\"") && svg.contains("80 %"), "{svg}");
    }
}
