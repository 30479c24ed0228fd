//! Ladders as SVG: one picture that carries its own colours for light and dark, and needs nothing from elsewhere.

use super::chart::{Chart, Mark, Row, Tone, seconds, stamp};
use super::text::instant;
use std::fmt::Write as _;
use strowger_node::Ladder;

/// How the picture is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// A file of its own: colours follow what the reader's system prefers.
    Alone,
    /// Within a page of the console, whose style has its rules and its colours (`--ink`, `--faint`, `--paper`, `--band`,
    /// `--message`, `--work`, `--time`, `--bad`). Every message is a link to `#step-N`.
    Within,
}

/// Distance of two rows.
const ROW: usize = 28;
/// Where lanes begin.
const TOP: usize = 92;
/// How much higher they do where the page says what call it is.
const HEAD: usize = 50;
/// Room for times.
const TIME: usize = 76;
/// Distance of two lanes.
const LANE: usize = 270;
/// Room behind the last lane, for its notes.
const END: usize = 200;
/// Letters that fit between two lanes.
const LETTERS: usize = 38;

const LIGHT: &str = "--ink:#1c2430;--faint:#8a94a3;--paper:#ffffff;--band:#f4f6f9;--message:#1f5fbf;--work:#2b7a4b;--time:#8a5a00;--bad:#b3261e";
const DARK: &str = "--ink:#e6eaf0;--faint:#7c8797;--paper:#12161c;--band:#1a2029;--message:#7db1ff;--work:#7bd49b;--time:#e0b25a;--bad:#ff8a80";

/// How the parts of a picture look; a page that has one within it has these rules among its own.
pub(crate) const STYLE: &str = "\
     .ladder{font:13px ui-sans-serif,system-ui,sans-serif}.ladder text{fill:var(--ink)}.ladder .paper{fill:var(--paper)}\
     .ladder .band{fill:var(--band)}.ladder .head{font-size:16px;font-weight:600}.ladder .faint{fill:var(--faint)}\
     .ladder .at{fill:var(--faint);font-size:12px;text-anchor:end;font-variant-numeric:tabular-nums}\
     .ladder .lane{stroke:var(--faint);stroke-width:1}.ladder .own{stroke-width:2}.ladder .who{text-anchor:middle;font-weight:600}\
     .ladder .message{stroke:var(--message);stroke-width:1.5}.ladder .again{stroke-dasharray:4 3}\
     .ladder .tip{fill:var(--message)}.ladder .label{text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:4px}\
     .ladder .work{fill:var(--work)}.ladder .time{fill:var(--time)}.ladder .bad{fill:var(--bad)}\
     .ladder a:hover text,.ladder a:focus text{text-decoration:underline}";

/// A recorded call as a picture.
#[must_use]
pub fn svg(ladder: &Ladder, page: Page) -> String {
    let chart = Chart::of(ladder);
    let width = TIME + LANE / 2 + LANE * chart.lanes.len().saturating_sub(1) + END;
    // A page says itself what call it is.
    let top = match page {
        Page::Alone => TOP,
        Page::Within => TOP - HEAD,
    };
    let height = top + ROW * (chart.rows.len() + 2);
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" class=\"ladder\">"
    );
    if page == Page::Alone {
        style(&mut svg);
    }
    let info = &ladder.info;
    let title = escape(&format!("Call {}: {} to {}", info.id, info.from, info.to));
    let _ = writeln!(svg, "<title>{title}</title>");
    let _ = writeln!(
        svg,
        "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"
    );
    if page == Page::Alone {
        let (began, lasted) = (instant(info.started), seconds(info.lasted));
        let when = escape(&format!("{began} UTC, {lasted}, {}", info.state));
        let _ = writeln!(
            svg,
            "<text class=\"head\" x=\"16\" y=\"26\">{title}</text>\n<text class=\"faint\" x=\"16\" y=\"46\">{when}</text>"
        );
    }
    lanes(&mut svg, &chart, top, height);
    for (n, row) in chart.rows.iter().enumerate() {
        draw(&mut svg, row, top + ROW * (n + 1), page);
    }
    svg.push_str("</svg>\n");
    svg
}

fn style(svg: &mut String) {
    let _ = writeln!(
        svg,
        "<style>svg.ladder{{{LIGHT}}}@media(prefers-color-scheme:dark){{svg.ladder{{{DARK}}}}}{STYLE}</style>"
    );
}

fn lane_x(lane: usize) -> usize {
    TIME + LANE / 2 + LANE * lane
}

fn lanes(svg: &mut String, chart: &Chart, top: usize, height: usize) {
    for (n, lane) in chart.lanes.iter().enumerate() {
        let x = lane_x(n);
        let class = if lane.own { "lane own" } else { "lane" };
        let (from, to) = (top - 8, height - ROW / 2);
        let _ = writeln!(
            svg,
            "<text class=\"who\" x=\"{x}\" y=\"{}\">{}</text><line class=\"{class}\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\"/>",
            top - 16,
            escape(&short(&lane.title)),
        );
    }
}

fn draw(svg: &mut String, row: &Row, y: usize, page: Page) {
    let _ = write!(
        svg,
        "<text class=\"at\" x=\"{}\" y=\"{}\">{}</text>",
        TIME - 10,
        y + 4,
        stamp(row.at)
    );
    match &row.mark {
        Mark::Arrow {
            from,
            to,
            label,
            again,
            step,
        } => {
            let (x1, x2) = (lane_x(*from), lane_x(*to));
            let class = if *again { "message again" } else { "message" };
            let (tip, end) = match x2 > x1 {
                true => (
                    format!("{x2},{y} {0},{1} {0},{2}", x2 - 9, y - 4, y + 4),
                    x2 - 9,
                ),
                false => (
                    format!("{x2},{y} {0},{1} {0},{2}", x2 + 9, y - 4, y + 4),
                    x2 + 9,
                ),
            };
            let (open, close) = match page {
                Page::Alone => (String::new(), ""),
                Page::Within => (format!("<a href=\"#step-{step}\">"), "</a>"),
            };
            let again = if *again { " (again)" } else { "" };
            let _ = writeln!(
                svg,
                "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\"/><polygon class=\"tip\" points=\"{tip}\"/>\
                 {open}<text class=\"label\" x=\"{}\" y=\"{}\">{}{again}<title>{}</title></text>{close}",
                usize::midpoint(x1, x2),
                y - 5,
                escape(&short(label)),
                escape(label),
            );
        }
        Mark::Note { lane, label, tone } => {
            let class = match tone {
                Tone::Work => "work",
                Tone::Time => "time",
                Tone::Bad => "bad",
            };
            let x = lane_x(*lane);
            let _ = writeln!(
                svg,
                "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/><text class=\"{class}\" x=\"{}\" y=\"{}\">{}<title>{}</title></text>",
                x + 10,
                y + 4,
                escape(&short(label)),
                escape(label),
            );
        }
    }
}

/// What fits between two lanes.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    let mut short: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// As text of XML: what messages say may be anything.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
