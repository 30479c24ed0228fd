//! How it looks: a line about the node, its figures, a course of its deliveries, and the tables, in whatever room there is.
//!
//! Everything is drawn into a buffer of characters, whether a terminal is behind it or not.

use super::pane::{Cell, Order, Pane, Row, Tone};
use super::view::View;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use strowger_management::figures::words::{bytes, count, maybe_seconds, percent, rate, span};
use strowger_management::figures::{Recent, real};
use strowger_node::status::Status;

/// Characters of a name before its figure.
const NAME: usize = 12;
/// Lines that a table has at least: its name, its columns, a row.
const LEAST: u16 = 3;
/// Lines for the tables with which there is room for an empty one above them.
const ROOMY: u16 = 17;
const KEYS: &str = "q quit  ? help  Tab table  ←→ sort by  r reverse  ↑↓ scroll  p pause";
const HELP: [&str; 13] = [
    "q, Esc, Ctrl-C   end",
    "Tab, Shift-Tab   the next table, the one before",
    "← →              sort it by another column",
    "r                the other way round",
    "↑ ↓, j k         a line up or down",
    "PgUp PgDn        ten of them",
    "Home End         to the beginning, to the end",
    "p, Space         stand still, and go on",
    "?, h             this; any key closes it",
    "",
    "PER S: of the last ten seconds, as are HALF and",
    "99 %: half of the deliveries, and 99 of 100, took",
    "no longer, what was done for their commit included.",
];

/// Colours, if there are any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Look {
    pub(super) has_colours: bool,
}

impl Look {
    /// What the environment asks for (no-color.org).
    pub(super) fn here() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            has_colours: !refused,
        }
    }

    fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        match (tone, self.has_colours) {
            (Tone::Plain, _) => style,
            (Tone::Dim, true) => style.fg(Color::DarkGray),
            (Tone::Good, true) => style.fg(Color::Green),
            (Tone::Warn, true) => style.fg(Color::Yellow),
            (Tone::Bad, true) => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            (Tone::Dim | Tone::Good, false) => style,
            (Tone::Warn | Tone::Bad, false) => style.add_modifier(Modifier::BOLD),
        }
    }

    fn accent(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if self.has_colours {
            style.fg(Color::Cyan)
        } else {
            style
        }
    }
}

/// Draws it.
pub(super) fn draw(view: &View, look: Look, area: Rect, buffer: &mut Buffer) {
    let mut paper = Paper { look, area, buffer };
    paper.title(view);
    paper.figures(view);
    paper.troubles(view);
    let keys = paper.cut_last();
    let panes = view.panes();
    let room = share(paper.area.height, view.focus, &panes);
    for (place, (pane, height)) in panes.iter().zip(room).enumerate() {
        let order = view.orders.get(place).copied().unwrap_or(Order::by(0));
        let area = paper.cut(height);
        paper.pane(area, pane, order, view.focus == place);
    }
    paper.keys(keys, view);
    if view.has_help {
        paper.help(area);
    }
}

/// It all as text, in as many lines as it takes.
pub(super) fn text(view: &View, width: u16) -> String {
    let lines: usize = view.panes().iter().map(|pane| pane.lines() + 3).sum();
    let height = u16::try_from(lines + 16).unwrap_or(u16::MAX).min(2_000);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let look = Look { has_colours: false };
    let mut paper = Paper {
        look,
        area,
        buffer: &mut buffer,
    };
    paper.title(view);
    paper.figures(view);
    paper.troubles(view);
    for (pane, order) in view.panes().iter().zip(view.orders) {
        let area = paper.cut(height_of(pane));
        paper.pane(area, pane, order, false);
    }
    lines_of(&buffer)
}

/// The characters of a buffer, without what is empty at its end.
pub(super) fn lines_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let mut text = String::new();
    for line in buffer.content().chunks(width) {
        let line: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// Lines that a table takes if it may: with its name, its columns, and an empty one after it.
fn height_of(pane: &Pane) -> u16 {
    u16::try_from(pane.lines().max(1) + 3).unwrap_or(u16::MAX)
}

/// How the tables share so many lines: each its least, then those that are short of the most, then empty lines between.
fn share(height: u16, focus: usize, panes: &[Pane; 3]) -> [u16; 3] {
    let wanted = [0, 1, 2].map(|n: usize| panes.get(n).map_or(0, height_of));
    let mut given = [0; 3];
    let mut left = height;
    let order = [focus, (focus + 1) % 3, (focus + 2) % 3];
    for n in order {
        let part = LEAST.min(left);
        given[n] = part;
        left -= part;
    }
    for gap in [1, 0] {
        while left > 0 {
            let short = |n: usize| wanted[n].saturating_sub(gap + given[n]);
            let most = (0..3).max_by_key(|&n| (short(n), n == focus));
            let Some(n) = most.filter(|&n| short(n) > 0) else {
                break;
            };
            given[n] += 1;
            left -= 1;
        }
    }
    given
}

/// What is drawn on: what is left of it, from the top.
struct Paper<'a> {
    look: Look,
    area: Rect,
    buffer: &'a mut Buffer,
}

impl Paper<'_> {
    /// The next lines, as many of them as there are.
    fn cut(&mut self, height: u16) -> Rect {
        let height = height.min(self.area.height);
        let cut = Rect {
            height,
            ..self.area
        };
        self.area.y += height;
        self.area.height -= height;
        cut
    }

    /// The last line, where there are more than a few.
    fn cut_last(&mut self) -> Option<Rect> {
        if self.area.height <= LEAST {
            return None;
        }
        self.area.height -= 1;
        let y = self.area.y + self.area.height;
        Some(Rect {
            y,
            height: 1,
            ..self.area
        })
    }

    fn line(&mut self, line: &Line<'_>) {
        let at = self.cut(1);
        self.write(at, line);
    }

    fn write(&mut self, at: Rect, line: &Line<'_>) {
        if at.height > 0 {
            self.buffer.set_line(at.x, at.y, line, at.width);
        }
    }

    fn title(&mut self, view: &View) {
        let status = &view.status;
        let mut left = vec![
            Span::styled("strowger ", self.look.accent()),
            Span::styled(
                crate::table::clean(&status.node),
                Style::new().add_modifier(Modifier::BOLD),
            ),
            Span::raw("  "),
            Span::styled(
                status.state.clone(),
                self.look.style(Tone::of(&status.state)),
            ),
            Span::raw(format!(", up {}", span(status.uptime_ms))),
        ];
        let dim = self.look.style(Tone::Dim);
        let more = format!("  process {}, version {}", status.pid, status.version);
        let right = match view.is_paused {
            true => format!("{} paused", view.clock),
            false => view.clock.clone(),
        };
        let at = self.cut(1);
        let taken: usize = left.iter().map(Span::width).sum();
        let room = usize::from(at.width);
        if taken + more.chars().count() + right.chars().count() + 2 <= room {
            left.push(Span::styled(more, dim));
        }
        let line = Line::from(left);
        let gap = room.saturating_sub(right.chars().count());
        self.write(at, &line);
        if line.width() + 2 <= gap {
            let gap = u16::try_from(gap).unwrap_or(at.width);
            let style = match view.is_paused {
                true => self.look.style(Tone::Warn),
                false => dim,
            };
            self.buffer.set_string(at.x + gap, at.y, right, style);
        }
    }

    /// Figures with their names, and the course of deliveries.
    fn figures(&mut self, view: &View) {
        let (status, recent) = (&view.status, &view.recent);
        let mean = |of: fn(&strowger_management::figures::Sample) -> f64| recent.mean(of);
        let below = |of: fn(&Recent, f64) -> Option<f64>, share| maybe_seconds(of(recent, share));
        let counts = &status.counts;
        let resident = bytes(real(status.process.resident_bytes));
        let files = count(status.process.open_files);
        self.row(
            "load",
            &[
                ("cores", format!("{:.2}", mean(|s| s.cores))),
                ("of the shard's", percent(mean(|s| s.shard))),
                ("memory", resident),
                ("files", files),
            ],
        );
        self.row(
            "per second",
            &[
                ("begun", rate(mean(|s| s.begun))),
                ("events", rate(mean(|s| s.events))),
                ("deliveries", rate(mean(|s| s.deliveries))),
                ("datagrams", rate(mean(|s| s.datagrams))),
                ("bytes", bytes(mean(|s| s.bytes))),
            ],
        );
        self.row(
            "deliveries",
            &[
                ("half", below(Recent::delivery, 0.5)),
                ("99 %", below(Recent::delivery, 0.99)),
                ("sync half", below(Recent::sync, 0.5)),
                ("sync 99 %", below(Recent::sync, 0.99)),
            ],
        );
        self.row(
            "there are",
            &[
                ("activities", count(counts.activities)),
                ("entities", count(counts.entities)),
                ("timers", count(counts.timers)),
                ("events", count(counts.events)),
                ("held", count(counts.outputs)),
            ],
        );
        self.course(recent);
    }

    /// A line of figures; those for which there is no room are left out.
    fn row(&mut self, name: &str, figures: &[(&str, String)]) {
        let dim = self.look.style(Tone::Dim);
        let mut line = Line::from(Span::styled(format!("{name:<NAME$}"), self.look.accent()));
        let room = usize::from(self.area.width);
        for (name, figure) in figures {
            let next = [
                Span::styled(format!("{name} "), dim),
                Span::raw(format!("{figure}   ")),
            ];
            let width: usize = next.iter().map(Span::width).sum();
            if line.width() + width <= room + 3 {
                line.spans.extend(next);
            }
        }
        self.line(&line);
    }

    /// Deliveries a second, a character for each of the last looks.
    fn course(&mut self, recent: &Recent) {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let room = usize::from(self.area.width).saturating_sub(NAME + 20);
        let begin = recent.samples.len().saturating_sub(room);
        let samples = recent.samples.get(begin..).unwrap_or_default();
        let most = samples.iter().map(|s| s.deliveries).fold(0.0, f64::max);
        let bar = |of: f64| {
            let mut bars = (1_u8..).zip(BARS);
            let found = bars.find(|(eighths, _)| of * 8.0 <= most * f64::from(*eighths));
            found.map_or('█', |(_, bar)| bar)
        };
        let course: String = samples.iter().map(|s| bar(s.deliveries)).collect();
        let line = Line::from(vec![
            Span::raw(" ".repeat(NAME)),
            Span::styled(course, self.look.style(Tone::Good)),
            Span::styled(
                format!("  at most {} /s", rate(most)),
                self.look.style(Tone::Dim),
            ),
        ]);
        self.line(&line);
    }

    /// What should not be, a line each.
    fn troubles(&mut self, view: &View) {
        let mut troubles = Vec::new();
        if let Some(failure) = &view.failure {
            troubles.push(format!("NOT ANSWERING since {}: {failure}", view.clock));
        }
        let Status {
            refusing,
            drain,
            counts,
            ..
        } = &*view.status;
        if let Some(drain) = drain {
            let left = span(drain.left_ms);
            troubles.push(format!("STOPPING: {left} left to finish what is there"));
        }
        if !refusing.is_empty() {
            troubles.push(format!("REFUSING NEW WORK: {}", refusing.join(", ")));
        }
        if counts.quarantined > 0 {
            let n = counts.quarantined;
            troubles.push(format!(
                "QUARANTINED: {n} deliveries, see strowger quarantine list"
            ));
        }
        for trouble in troubles {
            let line = Line::styled(trouble, self.look.style(Tone::Bad));
            self.line(&line);
        }
        // An empty line, where there is room for such a thing.
        if self.area.height > ROOMY {
            self.cut(1);
        }
    }

    fn pane(&mut self, area: Rect, pane: &Pane, order: Order, is_focus: bool) {
        if area.height == 0 {
            return;
        }
        let body = usize::from(area.height.saturating_sub(2));
        let lines = pane.lines();
        let above = order.above.min(lines.saturating_sub(body));
        let columns = pane.fitting(usize::from(area.width));
        let sorted = columns.iter().any(|(place, _)| *place == order.column);
        self.name(area, pane, (above, body, lines), (is_focus, sorted, order));
        let at = |n: usize| Rect {
            y: area.y + u16::try_from(n).unwrap_or(u16::MAX - area.y),
            height: 1,
            ..area
        };
        if pane.rows.is_empty() {
            if area.height > 1 {
                let dim = self.look.style(Tone::Dim);
                self.write(at(1), &Line::styled(pane.empty, dim));
            }
            return;
        }
        if area.height > 1 {
            let head = self.head(pane, &columns, order);
            self.write(at(1), &head);
        }
        // The last line of a table that has room for it stays empty.
        let drawn = pane
            .rows
            .iter()
            .flat_map(|row| self.lines(row, pane, &columns));
        let drawn: Vec<Line<'_>> = drawn.skip(above).take(body).collect();
        for (n, line) in drawn.iter().enumerate() {
            self.write(at(n + 2), line);
        }
    }

    /// The name of a table, and what of it is seen.
    fn name(
        &mut self,
        area: Rect,
        pane: &Pane,
        (above, body, lines): (usize, usize, usize),
        (is_focus, sorted, order): (bool, bool, Order),
    ) {
        let mut text = format!("{} {}", pane.name, pane.rows.len());
        if lines > body && body > 0 {
            text = format!("{text}, lines {}–{} of {lines}", above + 1, above + body);
        }
        // The mark is on a column that is not seen.
        if !sorted && let Some(column) = pane.columns.get(order.column) {
            text = format!("{text}, by {}", column.name.to_lowercase());
        }
        let style = match is_focus {
            true => self.look.accent(),
            false => Style::new().add_modifier(Modifier::BOLD),
        };
        let left = format!("{} {text} ", if is_focus { "▶" } else { "─" });
        let rule = usize::from(area.width).saturating_sub(left.chars().count());
        let line = Line::from(vec![
            Span::styled(left, style),
            Span::styled("─".repeat(rule), self.look.style(Tone::Dim)),
        ]);
        self.write(area, &line);
    }

    fn head(&self, pane: &Pane, columns: &[(usize, usize)], order: Order) -> Line<'static> {
        let mut spans = Vec::new();
        for &(place, width) in columns {
            let Some(column) = pane.columns.get(place) else {
                continue;
            };
            let mark = match (place == order.column, order.reversed != column.is_number) {
                (false, _) => "",
                (true, true) => "▼",
                (true, false) => "▲",
            };
            let name = format!("{}{mark}", column.name);
            let style = match mark {
                "" => self.look.style(Tone::Dim),
                _ => self.look.accent(),
            };
            spans.push(Span::styled(placed(&name, width, column.is_number), style));
        }
        Line::from(spans)
    }

    /// A row, and what is below it.
    fn lines(&self, row: &Row, pane: &Pane, columns: &[(usize, usize)]) -> Vec<Line<'static>> {
        let mut spans = Vec::new();
        for &(place, width) in columns {
            let (Some(cell), Some(column)) = (row.cells.get(place), pane.columns.get(place)) else {
                continue;
            };
            let text = placed(&cell.text, width, column.is_number);
            spans.push(Span::styled(text, self.look.style(cell.tone)));
        }
        let mut lines = vec![Line::from(spans)];
        let width = |n: usize| {
            let cells = row.parts.iter().filter_map(|part| part.get(n));
            cells
                .map(|cell: &Cell| cell.text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths = [width(0).min(40), width(1), width(2)];
        for (n, part) in row.parts.iter().enumerate() {
            let last = n + 1 == row.parts.len();
            let branch = if last { "└ " } else { "├ " };
            let mut spans = vec![Span::styled(branch, self.look.style(Tone::Dim))];
            for (cell, width) in part.iter().zip(widths) {
                let text = crate::table::cut(&cell.text, width);
                let text = placed(&text, width, false);
                spans.push(Span::styled(text, self.look.style(cell.tone)));
            }
            lines.push(Line::from(spans));
        }
        lines
    }

    fn keys(&mut self, at: Option<Rect>, view: &View) {
        if let Some(at) = at {
            let keys = match view.is_paused {
                true => "paused: p goes on  q quit  ? help",
                false => KEYS,
            };
            let line = Line::styled(keys, self.look.style(Tone::Dim));
            self.write(at, &line);
        }
    }

    /// What keys do, over everything.
    fn help(&mut self, area: Rect) {
        let widest = HELP.iter().map(|line| line.chars().count()).max();
        let width = u16::try_from(widest.unwrap_or(0) + 4).unwrap_or(u16::MAX);
        let height = u16::try_from(HELP.len() + 2).unwrap_or(u16::MAX);
        let (width, height) = (width.min(area.width), height.min(area.height));
        let x = area.x + (area.width - width) / 2;
        let y = area.y + (area.height - height) / 2;
        let inner = usize::from(width.saturating_sub(2));
        let edge = |left: &str, right: &str| format!("{left}{}{right}", "─".repeat(inner));
        let body = HELP.iter().map(|line| {
            let line = crate::table::cut(line, inner.saturating_sub(2));
            format!("│ {line:<room$} │", room = inner.saturating_sub(2))
        });
        let lines = std::iter::once(edge("╭", "╮"))
            .chain(body)
            .take(usize::from(height.saturating_sub(1)))
            .chain(std::iter::once(edge("╰", "╯")));
        for (n, line) in lines.enumerate() {
            let y = y + u16::try_from(n).unwrap_or(0);
            let style = self.look.accent();
            if y < area.y + area.height {
                self.buffer.set_stringn(x, y, line, width.into(), style);
            }
        }
    }
}

/// A field of this width, with what is between it and the next.
fn placed(text: &str, width: usize, right: bool) -> String {
    match right {
        true => format!("{text:>width$}  "),
        false => format!("{text:<width$}  "),
    }
}

#[cfg(test)]
mod tests;
