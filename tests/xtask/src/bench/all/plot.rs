//! Plots as SVG: bars in groups, and lines over rates. They look like the other figures of the documentation, in light and dark.
//!
//! What is drawn depends on nothing but what is given, so that a plot can be compared with a file.

use std::fmt::Write as _;

use crate::bench::all::figure::shown;

/// A plot's words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) title: &'a str,
    /// Unit of what is drawn.
    pub(crate) unit: &'a str,
    /// What stands below: where the figures come from.
    pub(crate) below: &'a str,
}

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// What stands behind the value, such as a ratio.
    pub(crate) more: String,
    /// Drawn as ours, not as a peer's.
    pub(crate) ours: bool,
}

/// Bars that are compared with each other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) bars: Vec<Bar>,
}

/// A line over the rates: values at them, where there are any.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 900.0;
const STYLE: &str = "svg.figure{--ink:#1c2430;--faint:#66717f;--rule:#b9c1cc;--paper:#ffffff;--own:#2b7a4b;--peer:#8a93a0;\
--c0:#1f5fbf;--c1:#2b7a4b;--c2:#8a5a00;--c3:#b3261e;--c4:#6a3fb5;--c5:#00727a}\
@media(prefers-color-scheme:dark){svg.figure{--ink:#e6eaf0;--faint:#95a0af;--rule:#414b59;--paper:#12161c;--own:#7bd49b;--peer:#717c8a;\
--c0:#7db1ff;--c1:#7bd49b;--c2:#e0b25a;--c3:#ff8a80;--c4:#bda1ff;--c5:#63d2d9}}\
.figure{font:14px ui-sans-serif,system-ui,sans-serif}.figure text{fill:var(--ink)}.figure .paper{fill:var(--paper)}\
.figure .name{font-weight:600}.figure .faint{fill:var(--faint)}.figure .small{font-size:12.5px}.figure .end{text-anchor:end}\
.figure .mid{text-anchor:middle}.figure .own{fill:var(--own)}.figure .peer{fill:var(--peer)}\
.figure .rule{stroke:var(--rule);stroke-width:1;fill:none}.figure .line{stroke-width:2;fill:none}";
const COLOURS: usize = 6;

/// Horizontal bars, a cluster below the other, all to one scale.
pub(crate) fn bars(words: Words<'_>, clusters: &[Cluster]) -> String {
    const LEFT: f64 = 190.0;
    const ROOM: f64 = 560.0;
    const STEP: f64 = 24.0;
    const HEAD: f64 = 30.0;
    let all = clusters.iter().flat_map(|cluster| &cluster.bars);
    let most = all.map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let mut body = String::new();
    let mut y = 58.0;
    for cluster in clusters {
        line(
            &mut body,
            format_args!(
                "<text x=\"20\" y=\"{y:.0}\" class=\"name\">{}</text>",
                plain(&cluster.name)
            ),
        );
        y += HEAD - 18.0;
        for bar in &cluster.bars {
            let (long, base) = (ROOM * bar.value.max(0.0) / most, y + 14.0);
            let class = if bar.ours { "own" } else { "peer" };
            line(
                &mut body,
                format_args!(
                    "<text x=\"{:.0}\" y=\"{base:.0}\" class=\"small end\">{}</text>",
                    LEFT - 10.0,
                    plain(&bar.name)
                ),
            );
            line(
                &mut body,
                format_args!(
                    "<rect x=\"{LEFT:.0}\" y=\"{y:.0}\" width=\"{long:.1}\" height=\"18\" rx=\"2\" class=\"{class}\"/>"
                ),
            );
            let more = if bar.more.is_empty() {
                String::new()
            } else {
                format!(" <tspan class=\"faint\">{}</tspan>", plain(&bar.more))
            };
            let value = shown(bar.value, words.unit);
            line(
                &mut body,
                format_args!(
                    "<text x=\"{:.1}\" y=\"{base:.0}\" class=\"small\">{value}{more}</text>",
                    LEFT + long + 8.0
                ),
            );
            y += STEP;
        }
        y += HEAD;
    }
    whole(words, &body, y)
}

/// Where lines are drawn.
const LEFT: f64 = 80.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 330.0;

/// Lines over rates; both axes are logarithmic, since rates and latencies go over decades.
pub(crate) fn lines(words: Words<'_>, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| &series.points);
    let across = Axis::over(points().map(|point| point.0), LEFT, RIGHT);
    let up = Axis::over(points().map(|point| point.1), BOTTOM, TOP).whole();
    let mut rates: Vec<f64> = points().map(|point| point.0).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut body = grid(words.unit, &across, &rates, &up);
    for (n, series) in series.iter().enumerate() {
        body.push_str(&drawn(n, series, &across, &up));
    }
    let legend = TOP + 22.0 * series.len() as f64;
    whole(words, &body, legend.max(BOTTOM + 40.0) + 10.0)
}

/// Marks of both axes.
fn grid(unit: &str, across: &Axis, rates: &[f64], up: &Axis) -> String {
    let mut grid = String::new();
    for mark in up.marks() {
        let (y, text) = (up.at(mark), shown(mark, unit));
        let (x, below) = (LEFT - 8.0, y + 4.0);
        line(
            &mut grid,
            format_args!("<path class=\"rule\" d=\"M{LEFT:.0} {y:.1} H{RIGHT:.0}\"/>"),
        );
        line(
            &mut grid,
            format_args!(
                "<text x=\"{x:.0}\" y=\"{below:.1}\" class=\"small faint end\">{text}</text>"
            ),
        );
    }
    for rate in rates {
        let (x, y, text) = (across.at(*rate), BOTTOM + 20.0, shown(*rate, "/s"));
        line(
            &mut grid,
            format_args!("<path class=\"rule\" d=\"M{x:.1} {BOTTOM:.0} v5\"/>"),
        );
        line(
            &mut grid,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.0}\" class=\"small faint mid\">{text}/s</text>"
            ),
        );
    }
    grid
}

/// The line with its points and its place in the legend.
fn drawn(n: usize, series: &Series, across: &Axis, up: &Axis) -> String {
    let mut drawn = String::new();
    let colour = n % COLOURS;
    // Beyond the colours, lines are dashed.
    let dash = match n < COLOURS {
        true => "",
        false => " stroke-dasharray=\"6 4\"",
    };
    let class = format!("class=\"line\" style=\"stroke:var(--c{colour})\"{dash}");
    let points = series.points.iter();
    let at: Vec<(f64, f64)> = points.map(|(x, y)| (across.at(*x), up.at(*y))).collect();
    let way: Vec<String> = at.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    line(
        &mut drawn,
        format_args!("<path {class} d=\"M{}\"/>", way.join(" L")),
    );
    for (x, y) in at {
        line(
            &mut drawn,
            format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" style=\"fill:var(--c{colour})\"/>"
            ),
        );
    }
    let y = TOP + 10.0 + 22.0 * n as f64;
    let (from, stroke, x) = (RIGHT + 24.0, y - 4.0, RIGHT + 56.0);
    line(
        &mut drawn,
        format_args!("<path {class} d=\"M{from:.0} {stroke:.0} h24\"/>"),
    );
    let name = plain(&series.name);
    line(
        &mut drawn,
        format_args!("<text x=\"{x:.0}\" y=\"{y:.0}\" class=\"small\">{name}</text>"),
    );
    drawn
}

/// A logarithmic axis from one place to another.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for value in values.filter(|value| *value > 0.0) {
            (least, most) = (least.min(value), most.max(value));
        }
        if !least.is_finite() {
            (least, most) = (1.0, 10.0);
        }
        // Some room on either side; a single value lies in the middle.
        Self {
            least: least / 1.25,
            most: most * 1.25,
            from,
            to,
        }
    }

    /// The same from a mark to a mark.
    fn whole(mut self) -> Self {
        let all: Vec<f64> = Self::all_marks().collect();
        let below = all.iter().rfind(|mark| **mark <= self.least);
        let above = all.iter().find(|mark| **mark >= self.most);
        (self.least, self.most) = (
            below.copied().unwrap_or(self.least),
            above.copied().unwrap_or(self.most),
        );
        self
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.max(self.least) / self.least).ln() / (self.most / self.least).ln();
        self.from + (self.to - self.from) * share
    }

    /// 1, 2 and 5 of each decade that is there.
    fn marks(&self) -> Vec<f64> {
        Self::all_marks()
            .filter(|mark| *mark >= self.least && *mark <= self.most)
            .collect()
    }

    fn all_marks() -> impl Iterator<Item = f64> {
        (-9..12).flat_map(|decade| [1.0, 2.0, 5.0].map(|n| n * 10_f64.powi(decade)))
    }
}

fn whole(words: Words<'_>, body: &str, height: f64) -> String {
    let (title, unit, below) = (plain(words.title), plain(words.unit), plain(words.below));
    let y = height + 8.0;
    let height = height + 24.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" class=\"figure\">\n\
         <style>{STYLE}</style>\n<title>{title}</title>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"20\" y=\"30\" class=\"name\">{title}<tspan class=\"faint\"> in {unit}</tspan></text>\n\
         {body}<text x=\"20\" y=\"{y}\" class=\"small faint\">{below}</text>\n</svg>\n"
    )
}

fn line(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(body, "{text}");
}

/// Text as XML has it.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words {
        title: "CPU <per> call",
        unit: "us",
        below: "one & only",
    };

    fn bar(name: &str, value: f64, ours: bool) -> Bar {
        let more = if ours { "0.50" } else { "" };
        let (name, more) = (name.to_owned(), more.to_owned());
        Bar {
            name,
            value,
            more,
            ours,
        }
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let name = "200/s".to_owned();
        let bars = vec![bar("peer", 100.0, false), bar("ours", 50.0, true)];
        let svg = super::bars(WORDS, &[Cluster { name, bars }]);
        assert!(
            svg.contains("width=\"560.0\" height=\"18\" rx=\"2\" class=\"peer\""),
            "{svg}"
        );
        assert!(
            svg.contains("width=\"280.0\" height=\"18\" rx=\"2\" class=\"own\""),
            "{svg}"
        );
        assert!(
            svg.contains("class=\"small\">50 <tspan class=\"faint\">0.50</tspan></text>"),
            "{svg}"
        );
        assert!(
            svg.contains("<title>CPU &lt;per&gt; call</title>") && svg.contains("one &amp; only")
        );
    }

    #[test]
    fn lines_go_from_point_to_point() {
        let series = Series {
            name: "a".to_owned(),
            points: vec![(100.0, 1.0), (1_000.0, 10.0)],
        };
        let svg = lines(WORDS, &[series]);
        assert_eq!(svg.matches("<circle").count(), 2);
        // The marks of the decade, and both ends of the line.
        for text in [">1<", ">2<", ">5<", ">10<", "100/s", "1,000/s", " L"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for svg in [bars(WORDS, &[]), lines(WORDS, &[])] {
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn an_axis_is_logarithmic() {
        let axis = Axis::over([1.0, 100.0].into_iter(), 0.0, 100.0);
        assert!((axis.at(10.0) - 50.0).abs() < 0.01);
        assert_eq!(axis.marks().len(), 7);
    }
}
