//! SBB entities as trees: the roots of a page, and of each the children once somebody opens it.

use super::frame::{Room, Visit};
use super::live::Look;
use super::{act, show};
use crate::api::{Params, Path, Problem, State, unexpected};
use axum::extract::State as Given;
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use strowger_node::control::{Reply, Request};
use strowger_node::listed::{EntityEntry, Page};

/// The way on in a list that comes in parts.
pub(super) fn pager(path: &str, first: bool, next: Option<&str>, filters: &str) -> Markup {
    let join = |query: &str| match (query.is_empty(), filters.is_empty()) {
        (true, true) => path.to_owned(),
        (true, false) => format!("{path}?{filters}"),
        (false, true) => format!("{path}?{query}"),
        (false, false) => format!("{path}?{filters}&{query}"),
    };
    html! {
        @if !first || next.is_some() {
            nav.pager aria-label="Pages of the list" {
                @if !first { a.button href=(join("")) { "First page" } }
                @if let Some(next) = next {
                    a.button rel="next" href=(join(&format!("after={}", act::segment(next)))) { "Next page" }
                } @else { span.quiet { "This is the last page." } }
            }
        }
    }
}

/// The trees whose roots are on a page of the list of a service's entities.
pub(super) fn trees(page: &Page<EntityEntry>, first: bool, path: &str) -> Markup {
    let roots = page.items.iter().filter(|entity| entity.parent.is_none());
    let roots: Vec<&EntityEntry> = roots.collect();
    html! {
        @if roots.is_empty() && page.next.is_none() && first {
            (show::empty("No entities", &html! { "A root entity is made when an initial event comes: for a B2BUA, a call." }))
        } @else {
            div.tree {
                @for entity in &roots { (node(entity)) }
                @if roots.is_empty() { p.quiet { "No roots on this page." } }
            }
            (pager(path, first, page.next.as_deref(), ""))
        }
    }
}

/// One entity in a tree. Its children come when it is opened.
fn node(entity: &EntityEntry) -> Markup {
    let path = format!("/console/entities/{}", act::segment(&entity.id));
    html! {
        @if entity.children.is_empty() {
            div.leaf { (line(entity, &path)) }
        } @else {
            details {
                summary hx-get={ (path) "/children" } hx-trigger="click once" hx-target="next .children" {
                    (line(entity, &path))
                    span.quiet { (entity.children.len()) @if entity.children.len() == 1 { " child" } @else { " children" } }
                }
                div.children { noscript { a href=(path) { "Its children" } } }
            }
        }
    }
}

fn line(entity: &EntityEntry, path: &str) -> Markup {
    html! {
        a.mono href=(path) { (entity.id) }
        span { (entity.sbb) }
        span.quiet { (show::span(entity.age_ms)) " old" }
        span.quiet { (show::count(entity.state_bytes)) " B of state" }
        span.quiet { (entity.activities.len()) @if entity.activities.len() == 1 { " activity" } @else { " activities" } }
    }
}

async fn ask(state: &State, id: &str) -> Result<EntityEntry, Problem> {
    let Reply::Entity(entity) = state.ask(Request::Entity { id: id.to_owned() }).await? else {
        return Err(unexpected());
    };
    Ok(*entity)
}

/// The children of an entity that are there; the others have gone meanwhile.
async fn family(state: &State, entity: &EntityEntry) -> Result<Vec<EntityEntry>, Problem> {
    let mut children = Vec::new();
    for id in &entity.children {
        match ask(state, id).await {
            Ok(child) => children.push(child),
            Err(problem) if problem.is_unknown() => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(children)
}

/// The children of an entity, to be put into a tree.
pub(super) async fn children(
    Given(state): Given<State>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let entity = ask(&state, &id).await?;
    let children = family(&state, &entity).await?;
    let text = html! { @for child in &children { (node(child)) } };
    Ok(Html(text.into_string()))
}

/// One entity.
pub(super) async fn one(
    Given(state): Given<State>,
    visit: Visit,
    Path(id): Path<String>,
    params: Params,
) -> Result<Html<String>, Problem> {
    params.end()?;
    let look = Look::of(&state, Arc::from(state.status(false).await?));
    let entity = ask(&state, &id).await?;
    let children = family(&state, &entity).await?;
    Ok(visit.still(
        Room::Services,
        &format!("Entity {id}"),
        &look,
        &body(&entity, &children),
    ))
}

fn body(entity: &EntityEntry, children: &[EntityEntry]) -> Markup {
    let service = format!("/console/services/{}", act::segment(&entity.service));
    html! {
        div.title {
            p.way { a href="/console/services" { "Services" } " / " a href=(service) { (entity.service) } }
            h1 { "Entity " span.mono { (entity.id) } }
            p.quiet { (entity.sbb) }
        }
        (show::facts(&[
            ("Parent", html! { @match &entity.parent {
                Some(parent) => a.mono href={ "/console/entities/" (act::segment(parent)) } { (parent) },
                None => { "none: it is a root" },
            } }),
            ("Age", html! { (show::span(entity.age_ms)) }),
            ("State", html! { (show::count(entity.state_bytes)) " B" }),
            ("Priority", html! { (entity.priority) }),
        ]))
        div.columns {
            section aria-labelledby="h-children" {
                h2 #h-children { "Children" }
                @if children.is_empty() { (show::empty("No children", &html! { "An SBB makes children through its relations." })) }
                @else { div.tree { @for child in children { (node(child)) } } }
            }
            section aria-labelledby="h-activities" {
                h2 #h-activities { "Attached to" }
                @if entity.activities.is_empty() { (show::empty("No activities", &html! { "It gets no events but those of its parent." })) }
                @else { ul.plain { @for id in &entity.activities { li { a.mono href={ "/console/activities/" (act::segment(id)) } { (id) } } } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(id: &str, parent: Option<&str>, children: &[&str]) -> EntityEntry {
        let mut entity = EntityEntry::default();
        entity.id = id.to_owned();
        entity.sbb = "leg 1.0 (<test>)".to_owned();
        entity.parent = parent.map(str::to_owned);
        entity.children = children.iter().map(|&id| id.to_owned()).collect();
        entity
    }

    #[test]
    fn a_page_has_the_roots_and_the_way_on() {
        let items = vec![
            entity("e1", None, &["e2"]),
            entity("e2", Some("e1"), &[]),
            entity("e3", None, &[]),
        ];
        let mut page = Page {
            items,
            next: Some("p 2".to_owned()),
        };
        let text = trees(&page, true, "/x").into_string();
        assert!(
            text.contains(">e1<") && text.contains(">e3<") && !text.contains(">e2<"),
            "{text}"
        );
        assert!(
            text.contains("/console/entities/e1/children") && text.contains("/x?after=p%202"),
            "{text}"
        );
        assert!(
            text.contains("&lt;test&gt;")
                && !text.contains("<test>")
                && !text.contains("First page")
        );
        (page.items, page.next) = (Vec::new(), None);
        assert!(
            trees(&page, true, "/x")
                .into_string()
                .contains("No entities")
        );
        let last = trees(&page, false, "/x").into_string();
        assert!(
            last.contains("First page") && last.contains("last page"),
            "{last}"
        );
    }

    #[test]
    fn a_pager_keeps_what_was_searched_for() {
        let text = pager("/p", false, Some("n"), "find=a%26b").into_string();
        assert!(
            text.contains("/p?find=a%26b&amp;after=n") && text.contains("\"/p?find=a%26b\""),
            "{text}"
        );
        assert!(pager("/p", true, None, "").into_string().is_empty());
    }
}
