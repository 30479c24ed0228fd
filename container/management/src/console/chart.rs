//! Small charts as SVG in the page: the course of one figure over the last minutes, and how times are spread.
//!
//! Colours are the page's; what a chart shows is also said in words.

use super::show;
use crate::figures::{KEPT, Recent, Sample, real};
use maud::{Markup, html};
use std::fmt::Write as _;

/// Height of a chart; its width has a unit a second.
const HEIGHT: f64 = 40.0;
/// Seconds that it shows at least: a young node's would be a needle.
const LEAST: f64 = 60.0;

/// The course of a figure of all samples.
pub(super) fn course(recent: &Recent, of: impl Fn(&Sample) -> f64) -> Markup {
    let values = recent.samples.iter().map(|sample| Some(of(sample)));
    draw(recent, &values.collect::<Vec<_>>())
}

/// The course of how long deliveries took.
pub(super) fn latency(recent: &Recent, share: f64) -> Markup {
    draw(recent, &recent.deliveries(share))
}

/// The largest of a figure of all samples.
pub(super) fn peak(recent: &Recent, of: impl Fn(&Sample) -> f64) -> f64 {
    recent.samples.iter().map(of).fold(0.0, f64::max)
}

/// A line over a filled ground, interrupted where nothing is known. The right edge is now.
fn draw(recent: &Recent, values: &[Option<f64>]) -> Markup {
    let total = recent.samples.iter().map(|sample| sample.span).sum::<f64>();
    let width = total.clamp(LEAST, KEPT.as_secs_f64());
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let y = |value: f64| match most > 0.0 {
        true => HEIGHT - 1.5 - (HEIGHT - 6.0) * value / most,
        false => HEIGHT - 1.5,
    };
    let mut x = width - recent.samples.iter().map(|sample| sample.span).sum::<f64>();
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    for (sample, value) in recent.samples.iter().zip(values) {
        x += sample.span;
        match value {
            Some(value) => line.push((x, y(*value))),
            None => lines.push(std::mem::take(&mut line)),
        }
    }
    lines.push(line);
    lines.retain(|line| line.len() > 1);
    html! {
        svg.course viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            line.base x1="0" x2=(width) y1=(HEIGHT - 0.5) y2=(HEIGHT - 0.5) {}
            @for line in &lines {
                path.ground d=(path(line, true)) {}
                path.line d=(path(line, false)) {}
            }
        }
    }
}

fn path(line: &[(f64, f64)], closed: bool) -> String {
    let mut path = String::new();
    for (n, (x, y)) in line.iter().enumerate() {
        // A text takes whatever is written.
        let _ = write!(path, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' });
    }
    if closed && let (Some((first, _)), Some((last, _))) = (line.first(), line.last()) {
        let _ = write!(path, "L{last:.1} {HEIGHT}L{first:.1} {HEIGHT}Z");
    }
    path
}

/// How times are spread: a row for each bucket between the first and the last that have any.
pub(super) fn spread(le_ns: &[u64], counts: &[u64]) -> Markup {
    let used = |n: &u64| *n > 0;
    let most = counts.iter().copied().max().unwrap_or(0);
    let (Some(first), Some(last)) = (counts.iter().position(used), counts.iter().rposition(used))
    else {
        return show::empty(
            "Nothing measured in the last seconds",
            &html! { "One delivery in 61 is measured. With traffic, a bar for each range of times is here." },
        );
    };
    let below = |bucket: usize| match le_ns.get(bucket) {
        Some(le) => format!("≤ {}", show::seconds(real(*le) / 1e9)),
        None => "longer".to_owned(),
    };
    html! {
        table.spread {
            thead.quiet { tr { th scope="col" { "took" } th scope="col" { "share" } th.number scope="col" { "measured" } } }
            tbody {
                @for bucket in first..=last {
                    @let n = counts.get(bucket).copied().unwrap_or(0);
                    tr {
                        td.number { (below(bucket)) }
                        td { svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect.fill width=(format!("{:.1}", 100.0 * real(n) / real(most))) height="10" {}
                        } }
                        td.number { (show::count(n)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::History;
    use std::sync::Arc;
    use std::time::{Duration, Instant};
    use strowger_node::status::Status;

    #[test]
    fn a_course_is_drawn_up_to_now_and_without_gaps_of_its_own() {
        let (mut history, start) = (History::default(), Instant::now());
        assert!(
            !course(&history.recent(), |s| s.events)
                .into_string()
                .contains("<path")
        );
        for n in 0..4 {
            let mut status = Status::default();
            status.kernel.events = n * n;
            history.add(start + Duration::from_secs(n), &Arc::new(status));
        }
        let drawn = course(&history.recent(), |s| s.events).into_string();
        assert!(
            drawn.contains("M58.0 ") && drawn.contains("L60.0 4.5"),
            "{drawn}"
        );
        // Nothing was delivered, so nothing is known of how long it took.
        let unknown = latency(&history.recent(), 0.99).into_string();
        assert!(!unknown.contains("<path"), "{unknown}");
    }

    #[test]
    fn a_spread_begins_and_ends_with_what_was_measured() {
        let drawn = spread(&[1_000, 2_000, 4_000], &[0, 5, 0, 1]).into_string();
        assert_eq!(drawn.matches("<tr>").count(), 4, "{drawn}");
        assert!(drawn.contains("≤ 2.0 µs") && drawn.contains("longer"));
        assert!(
            spread(&[1], &[0, 0])
                .into_string()
                .contains("Nothing measured")
        );
    }
}
