//! How states and moments are shown on pages, and what numbers look like: the same everywhere.

pub(super) use crate::figures::words::{
    NOTHING, bytes, count, maybe_rate, maybe_seconds, percent, rate, seconds, span,
};
use crate::figures::{real, words};
use crate::ladder::instant;
use maud::{Markup, html};

/// How long a call lasted: minutes and seconds.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A moment (milliseconds since 1970), in UTC to the second; the whole of it when one points at it.
pub(super) fn moment(ms: u64) -> Markup {
    let text = instant(ms);
    let short = text.split('.').next().unwrap_or_default();
    html! { time.number title={ (text) " UTC" } { (short) } }
}

/// The same in a list of what is mostly of today, of which the time is enough.
pub(super) fn moment_near(ms: u64, now_ms: u64) -> Markup {
    let day = |ms| instant(ms).split(' ').next().map(str::to_owned);
    if day(ms) != day(now_ms) {
        return moment(ms);
    }
    html! { time.number title={ (instant(ms)) " UTC" } { (time_of_day(ms)) } }
}

/// The time of day of a moment, in UTC.
pub(super) fn time_of_day(ms: u64) -> String {
    let text = instant(ms);
    let time = text.split(' ').nth(1).unwrap_or_default();
    time.split('.').next().unwrap_or_default().to_owned()
}

/// The state of something, in a word and a colour.
pub(super) fn state(word: &str) -> Markup {
    let tone = words::tone(word);
    html! { span class={ "pill " (tone) } { (word) } }
}

/// What is what, and its value.
pub(super) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (what, value) in facts {
                div { dt { (what) } dd { (value) } }
            }
        }
    }
}

/// Nothing is there, and what would be.
pub(super) fn empty(what: &str, teaches: &Markup) -> Markup {
    html! {
        div.empty {
            p.empty-what { (what) }
            p { (teaches) }
        }
    }
}

/// How full something is; from four fifths on it is told by more than the length of a bar.
pub(super) fn level(used: u64, bound: u64) -> Markup {
    let share = if bound == 0 {
        0.0
    } else {
        real(used) / real(bound)
    };
    let tone = match share {
        share if share >= 0.95 => "bad",
        share if share >= 0.8 => "warn",
        _ => "good",
    };
    html! {
        svg class={ "level " (tone) } viewBox="0 0 100 6" preserveAspectRatio="none" role="img"
            aria-label={ (percent(share)) " full" } {
            rect.ground width="100" height="6" {}
            @if used > 0 {
                rect.fill width=(format!("{:.1}", (share * 100.0).clamp(1.0, 100.0))) height="6" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_short_where_they_are_near() {
        assert_eq!(
            (clock(61_000), clock(3_661_000)),
            ("1:01".into(), "1:01:01".into())
        );
        assert_eq!(time_of_day(1_767_225_601_000), "00:00:01");
        let near = |ms| moment_near(ms, 1_767_225_700_000).into_string();
        assert!(near(1_767_225_601_000).contains(">00:00:01<"));
        assert!(near(1_767_225_599_000).contains(">2025-12-31 23:59:59<"));
    }

    #[test]
    fn levels_tell_their_tone() {
        assert!(level(0, 0).into_string().contains("good"));
        assert!(level(80, 100).into_string().contains("warn"));
        assert!(level(100, 100).into_string().contains("bad"));
        assert!(level(9, 1).into_string().contains("width=\"100.0\""));
    }
}
