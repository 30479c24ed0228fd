//! Services: what each of them does and counts, its SBBs, how long its deliveries take, and the trees of its SBB entities.

use super::frame::{Room, Visit};
use super::live::{Look, Parts, Shown, View};
use super::{act, chart, entities, show, usage};
use crate::api::{Params, Path, Problem, State, unexpected};
use crate::figures::{quantile, real};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_config::Scope;
use strowger_node::control::{Reply, Request};
use strowger_node::status::{ServiceStatus, Status};

/// Trees on one page.
const TREES: u32 = 50;

pub(super) async fn list(
    Given(state): Given<State>,
    visit: Visit,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let shown = Shown::new(look, View::Services);
    let body = html! {
        div.title {
            h1 { "Services" }
            p.quiet { "What handles the events of the adaptors. An inactive service gets no new work." }
        }
        (table(&visit, &shown.look.status, &shown.parts))
    };
    Ok(visit.page(Room::Services, "Services", &shown, &body))
}

pub(super) fn parts(look: &Look, parts: &mut Parts) {
    for (place, service) in look.status.services.iter().enumerate() {
        figures(look, place, service, parts);
    }
}

/// Those of one service, of which its page shows more.
pub(super) fn parts_of(look: &Look, name: &str, parts: &mut Parts) {
    let mut services = look.status.services.iter().enumerate();
    if let Some((place, service)) = services.find(|(_, service)| service.name == name) {
        let (bounds, counts) = figures(look, place, service, parts);
        let deliveries = show::count(service.deliveries);
        parts.add(format!("{name}-deliveries"), html! { (deliveries) });
        parts.add(format!("{name}-spread"), chart::spread(&bounds, &counts));
    }
}

/// What all pages show of a service; how long its deliveries took lately, by buckets.
fn figures(
    look: &Look,
    place: usize,
    service: &ServiceStatus,
    parts: &mut Parts,
) -> (Vec<u64>, Vec<u64>) {
    let recent = &look.recent;
    let mut cell = |name: &str, part: Markup| parts.add(format!("{}-{name}", service.name), part);
    let rate = recent.rate(|status| Some(status.services.get(place)?.deliveries));
    let times = recent.times(|status| Some(&status.services.get(place)?.times));
    let (bounds, counts) = times.unwrap_or_default();
    let below = |share| show::maybe_seconds(quantile(&bounds, &counts, share));
    cell("state", show::state(&service.state));
    cell(
        "entities",
        html! { (show::count(service.entities.unwrap_or(0))) },
    );
    cell("rate", html! { (show::maybe_rate(rate)) });
    cell("half", html! { (below(0.5)) });
    cell("most", html! { (below(0.99)) });
    cell("rollbacks", troubles(service.rollbacks));
    cell("panics", troubles(service.panics));
    (bounds, counts)
}

/// How often something happened that should not.
fn troubles(n: u64) -> Markup {
    html! { @if n > 0 { span.trouble { (show::count(n)) } } @else { "0" } }
}

fn table(visit: &Visit, status: &Status, parts: &Parts) -> Markup {
    if status.services.is_empty() {
        return show::empty(
            "No services",
            &html! { "A table " code { "[services.NAME]" } " of the configuration makes one; " code { "strowger new" } " begins a service of your own." },
        );
    }
    html! {
        div.wide {
            table {
                thead { tr {
                    th scope="col" { "Service" }
                    th scope="col" { "State" }
                    th.number scope="col" { "Entities" }
                    th.number scope="col" { "Deliveries/s" }
                    th.number scope="col" { "Half below" }
                    th.number scope="col" { "99 of 100 below" }
                    th.number scope="col" { "Rolled back" }
                    th.number scope="col" { "Panics" }
                    th scope="col" { "Durability" }
                    th { span.sr { "Change" } }
                } }
                tbody {
                    @for service in &status.services {
                        @let cell = |name: &str| parts.word(&format!("{}-{name}", service.name));
                        tr {
                            th scope="row" {
                                a href={ "/console/services/" (act::segment(&service.name)) } { (service.name) }
                                span.quiet.below { (service.component) }
                            }
                            td { (cell("state")) }
                            td.number { (cell("entities")) }
                            td.number { (cell("rate")) }
                            td.number { (cell("half")) }
                            td.number { (cell("most")) }
                            td.number { (cell("rollbacks")) }
                            td.number { (cell("panics")) }
                            td { (service.durability) }
                            td.act { (change(visit, service)) }
                        }
                    }
                }
            }
        }
    }
}

/// The way to what can be done about it.
fn change(visit: &Visit, service: &ServiceStatus) -> Markup {
    let path = |verb: &str| format!("/console/services/{}/{verb}", act::segment(&service.name));
    html! {
        @if visit.may(Scope::Operate) {
            @if service.state == "active" { (act::link(&path("deactivate"), "Deactivate…")) }
            @else { (act::link(&path("activate"), "Activate…")) }
        }
    }
}

pub(super) async fn one(
    Given(state): Given<State>,
    visit: Visit,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<Html<String>, Problem> {
    let mut part = params.part()?;
    params.end()?;
    part.limit = part.limit.or(Some(TREES));
    let first = part.after.is_none();
    let look = Look::of(&state, Arc::from(state.status(true).await?));
    let service = look
        .status
        .services
        .iter()
        .find(|service| service.name == name);
    let service =
        service.ok_or_else(|| Problem::unknown(format!("there is no service `{name}`")))?;
    let request = Request::Entities {
        part,
        service: Some(name.clone()),
        min_age: 0,
    };
    let Reply::Entities(page) = state.ask(request).await.map_err(Problem::into_wrong)? else {
        return Err(unexpected());
    };
    let shown = Shown::new(look.clone(), View::Service(name.clone()));
    let path = format!("/console/services/{}", act::segment(&name));
    let body = html! {
        (head(&visit, service, &shown.parts))
        div.columns {
            section aria-labelledby="h-spread" {
                h2 #h-spread { "How long deliveries take" }
                (shown.parts.block(&format!("{name}-spread")))
            }
            section aria-labelledby="h-sbbs" { h2 #h-sbbs { "SBBs" } (sbbs(service)) }
        }
        (usage::section(service))
        section aria-labelledby="h-entities" {
            h2 #h-entities { "SBB entities" }
            p.quiet { "Trees by their roots. An entity is open for the children that it has." }
            (entities::trees(&page, first, &path))
        }
    };
    Ok(visit.page(Room::Services, &name, &shown, &body))
}

fn head(visit: &Visit, service: &ServiceStatus, parts: &Parts) -> Markup {
    let cell = |name: &str| parts.word(&format!("{}-{name}", service.name));
    html! {
        div.title {
            p.way { a href="/console/services" { "Services" } }
            h1 { (service.name) }
            (cell("state"))
            p.quiet { (service.component) ", durability " (service.durability) }
            div.tools { (change(visit, service)) }
        }
        (show::facts(&[
            ("Entities", cell("entities")),
            ("Deliveries/s", cell("rate")),
            ("Half below", cell("half")),
            ("99 of 100 below", cell("most")),
            ("Deliveries", cell("deliveries")),
            ("Rolled back", cell("rollbacks")),
            ("Panics", cell("panics")),
        ]))
    }
}

fn sbbs(service: &ServiceStatus) -> Markup {
    let most = service
        .sbbs
        .iter()
        .map(|sbb| sbb.deliveries)
        .max()
        .unwrap_or(0)
        .max(1);
    html! {
        table {
            thead.quiet { tr { th scope="col" { "SBB" } th.number scope="col" { "Entities" } th.number scope="col" { "Deliveries" } th { span.sr { "Share" } } } }
            tbody {
                @for sbb in &service.sbbs {
                    tr {
                        td { (sbb.sbb) }
                        td.number { (show::count(sbb.entities)) }
                        td.number { (show::count(sbb.deliveries)) }
                        td { svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect.fill width=(format!("{:.1}", 100.0 * real(sbb.deliveries) / real(most))) height="10" {}
                        } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::Theme;
    use super::*;
    use crate::api::Caller;

    fn visit(name: &str, scope: Scope) -> Visit {
        let name = name.to_owned();
        Visit {
            caller: Some(Caller { name, scope }),
            theme: Theme::Auto,
            here: "/console/services".to_owned(),
        }
    }

    #[test]
    fn a_service_shows_what_may_be_done_to_it() {
        let (mut status, mut service) = (Status::default(), ServiceStatus::default());
        (service.name, service.state, service.rollbacks) = ("b2bua".into(), "active".into(), 3);
        status.services.push(service);
        let look = Look::sample(status);
        let mut shown = Parts::default();
        parts(&look, &mut shown);
        let of = |visit: &Visit| table(visit, &look.status, &shown).into_string();
        let noc = of(&visit("noc", Scope::Operate));
        assert!(
            noc.contains("/console/services/b2bua/deactivate") && noc.contains("class=\"trouble\""),
            "{noc}"
        );
        assert!(!of(&visit("eve", Scope::Read)).contains("deactivate"));
        assert!(!of(&visit("local", Scope::Read)).contains("deactivate"));
    }

    #[test]
    fn no_services_are_explained() {
        let text = table(
            &visit("noc", Scope::Admin),
            &Status::default(),
            &Parts::default(),
        );
        assert!(text.into_string().contains("strowger new"));
    }
}
