//! What a service counts of its own work, on its page.

use super::show;
use maud::{Markup, html};
use strowger_node::status::{SampleStatus, ServiceStatus, UsageStatus};

/// A section of its own; nothing where the service has no usage parameters.
pub(super) fn section(service: &ServiceStatus) -> Markup {
    html! {
        @if !service.usage.is_empty() {
            section aria-labelledby="h-usage" {
                h2 #h-usage { "Usage" }
                p.quiet { "What the service itself counts, in each set since that was made or reset." }
                div.wide { (table(&service.usage)) }
            }
        }
    }
}

fn table(sets: &[UsageStatus]) -> Markup {
    html! {
        table {
            thead.quiet { tr {
                th scope="col" { "SBB" }
                th scope="col" { "Set" }
                th scope="col" { "Parameter" }
                th.number scope="col" { "Count" }
                th.number scope="col" { "Least" }
                th.number scope="col" { "Mean" }
                th.number scope="col" { "Greatest" }
                th.number scope="col" { "95 of 100 below" }
                th scope="col" { "Unit" }
            } }
            tbody {
                @for set in sets {
                    @for (name, n) in &set.counters {
                        tr {
                            (of(set, name))
                            td.number { (show::count(*n)) }
                            td {} td {} td {} td {} td {}
                        }
                    }
                    @for (name, sample) in &set.samples {
                        tr { (of(set, name)) (cells(sample)) }
                    }
                }
            }
        }
    }
}

fn of(set: &UsageStatus, parameter: &str) -> Markup {
    html! {
        td { (set.sbb) }
        td { @if set.set.is_empty() { span.quiet { "unnamed" } } @else { (set.set) } }
        td { (parameter) }
    }
}

/// A sample without values has none of the rest.
fn cells(sample: &SampleStatus) -> Markup {
    html! {
        td.number { (show::count(sample.count)) }
        @if sample.count == 0 { td {} td {} td {} td {} } @else {
            td.number { (show::count(sample.min)) }
            td.number { (format!("{:.1}", sample.mean)) }
            td.number { (show::count(sample.max)) }
            td.number { (show::count(sample.p95)) }
        }
        td { (sample.unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_of_each_set_has_a_line() {
        let mut service = ServiceStatus::default();
        assert_eq!(section(&service).into_string(), "");
        let mut set = UsageStatus::default();
        set.counters.insert("tried".into(), 12_345);
        let mut sample = SampleStatus::default();
        (sample.count, sample.mean, sample.unit) = (3, 11.666, "ms".into());
        set.samples.insert("setup".into(), sample);
        service.usage.push(set);
        let text = section(&service).into_string();
        for told in ["unnamed", "tried", "setup", "11.7", "ms"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert_eq!(text.matches("<tr>").count(), 3, "{text}");
    }
}
