//! Signing in and out, and the colours that somebody likes: what the browser keeps, in cookies.
//!
//! The token is kept as it is, in a cookie for the pages alone (`/console`), which no script reads and no other site's page
//! makes the browser send. Its name has the node's port: nodes on one machine do not take each other's. What changes
//! something must come from a page of this origin ([`is_own`]), whatever the cookie.

use super::frame::Visit;
use crate::api::{Params, Peer, Problem, State};
use axum::extract::{Extension, State as Given};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The cookie with somebody's colours.
const THEME: &str = "strowger-theme";
/// How long colours are remembered, in seconds.
const THEME_AGE: u32 = 365 * 86_400;

/// Which colours somebody likes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Theme {
    /// Those of the system.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn text(self) -> &'static str {
        self.word().unwrap_or("auto")
    }

    /// What the page is told, if anything.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// The colours that the browser remembers.
pub(super) fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, THEME).map_or(Theme::Auto, Theme::read)
}

/// The token that the browser keeps.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    let kept = cookie(headers, &name(headers))?;
    // What is not UTF-8 is no token of anybody.
    Some(percent_decode_str(kept).decode_utf8_lossy().into_owned())
}

/// Whether a change comes from a page of this origin. Browsers say so: to a page they trust by the site, else by the origin.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let (origin, host) = (text("origin"), text("host"));
    let authority = origin
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, authority)| authority);
    authority
        .zip(host)
        .is_some_and(|(from, own)| from.eq_ignore_ascii_case(own))
}

/// Has the browser forget the token.
pub(super) fn forget(headers: &HeaderMap) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!(
        "{}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict",
        name(headers)
    ))
    .ok()
}

/// The page to go on with, as a parameter.
pub(super) fn next(here: &str) -> String {
    format!("next={}", utf8_percent_encode(here, NON_ALPHANUMERIC))
}

/// Signing in.
pub(super) async fn door(visit: Visit, mut params: Params) -> Result<Response, Problem> {
    let next: Option<String> = params.take("next")?;
    params.end()?;
    Ok(visit
        .bare("Sign in", &form(&own(next), None))
        .into_response())
}

/// Signs somebody in who has a token.
pub(super) async fn sign_in(
    Given(state): Given<State>,
    Extension(peer): Extension<Peer>,
    visit: Visit,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Problem> {
    let mut fields = Params::read(&body)?;
    let token: String = fields.take("token")?.unwrap_or_default();
    let next = own(fields.take("next")?);
    fields.end()?;
    let config = state.config();
    if let Err(problem) = state
        .access()
        .known(Some(token.trim()), peer, &config.management)
    {
        let page = visit.bare("Sign in", &form(&next, Some(&problem)));
        return Ok((problem.status(), page).into_response());
    }
    let kept = utf8_percent_encode(token.trim(), NON_ALPHANUMERIC);
    let secure = if config.management.tls.is_some() {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{}={kept}; Path=/console; HttpOnly; SameSite=Strict{secure}",
        name(&headers)
    );
    Ok(with_cookie(
        Redirect::to(&next),
        HeaderValue::from_str(&cookie).ok(),
    ))
}

/// Signs somebody out.
pub(super) async fn sign_out(headers: HeaderMap) -> Response {
    with_cookie(Redirect::to("/console"), forget(&headers))
}

/// Remembers somebody's colours.
pub(super) async fn colours(body: String) -> Result<Response, Problem> {
    let mut fields = Params::read(&body)?;
    let theme = Theme::read(&fields.take::<String>("theme")?.unwrap_or_default());
    let next = own(fields.take("next")?);
    fields.end()?;
    let cookie = format!(
        "{THEME}={}; Path=/console; Max-Age={THEME_AGE}; HttpOnly; SameSite=Strict",
        theme.text()
    );
    Ok(with_cookie(
        Redirect::to(&next),
        HeaderValue::from_str(&cookie).ok(),
    ))
}

/// A page of the console to go on with, whatever was asked for.
fn own(next: Option<String>) -> String {
    let fits = |next: &String| {
        let rest = next.strip_prefix("/console");
        let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        rest.is_some()
            && next
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(fits).unwrap_or_else(|| "/console".to_owned())
}

fn form(next: &str, refused: Option<&Problem>) -> Markup {
    html! {
        div.door {
            h1 { "Sign in" }
            p { "Changes need a token, and so does looking from another machine." }
            form method="post" action="/console/sign-in" {
                input type="hidden" name="next" value=(next);
                label for="token" { "Token" }
                input #token type="password" name="token" autocomplete="current-password" required autofocus
                    aria-describedby=[refused.map(|_| "refused")];
                @if let Some(problem) = refused {
                    p.refused #refused role="alert" { (problem.detail()) " (" (problem.code()) ")" }
                }
                button.main { "Sign in" }
            }
            p.quiet {
                "The token is one of those in " code { "[management.tokens]" } ", or while there are none the one in the file "
                code { "management.token" } " in the node's data directory. It is kept in a cookie until the browser is closed or you sign out."
            }
        }
    }
}

fn with_cookie(answer: impl IntoResponse, cookie: Option<HeaderValue>) -> Response {
    let mut response = answer.into_response();
    // A 303: what follows is a GET.
    debug_assert_eq!(
        response.status(),
        StatusCode::SEE_OTHER,
        "answers of forms lead on"
    );
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The cookie with the token, which is named for the port: browsers do not tell ports apart.
fn name(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let port = host
        .and_then(|host| host.rsplit_once(':'))
        .map_or("", |(_, port)| port);
    match port.parse::<u16>() {
        Ok(port) => format!("strowger-token-{port}"),
        Err(_) => "strowger-token".to_owned(),
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok());
    let pairs = fields
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .into_iter()
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_token_of_this_node_is_taken_from_among_others() {
        let kept = "a=b; strowger-token-9=other; strowger-token-8088=x%3By%20z";
        let asked = headers(&[("host", "localhost:8088"), ("cookie", kept)]);
        assert_eq!(token(&asked).as_deref(), Some("x;y z"));
        let two = headers(&[
            ("host", "h"),
            ("cookie", "a=b"),
            ("cookie", "strowger-token=t"),
        ]);
        assert_eq!(token(&two).as_deref(), Some("t"));
        assert_eq!(
            token(&headers(&[("host", "h:1"), ("cookie", "strowger-token=t")])),
            None
        );
    }

    #[test]
    fn changes_come_from_this_origin_alone() {
        let own = |pairs: &[(&'static str, &str)]| is_own(&headers(pairs));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(
                !own(&[
                    ("sec-fetch-site", site),
                    ("origin", "http://h:1"),
                    ("host", "h:1")
                ]),
                "{site}"
            );
        }
        assert!(own(&[("origin", "http://h:1"), ("host", "H:1")]));
        assert!(!own(&[("origin", "http://h:2"), ("host", "h:1")]));
        assert!(!own(&[("origin", "null"), ("host", "h:1")]));
        assert!(!own(&[("host", "h:1")]));
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        let to = |next: &str| own(Some(next.to_owned()));
        assert_eq!(to("/console/calls?find=a"), "/console/calls?find=a");
        assert_eq!(to("/console?x=1"), "/console?x=1");
        for foreign in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/consoles",
            "/console/\\evil",
            "/console/\r\nx: y",
            "/v1/stop",
        ] {
            assert_eq!(to(foreign), "/console", "{foreign}");
        }
    }

    #[test]
    fn colours_go_round() {
        let mut theme = Theme::Auto;
        for text in ["auto", "light", "dark", "auto"] {
            assert_eq!((theme.text(), Theme::read(text)), (text, theme));
            theme = theme.next();
        }
    }
}
