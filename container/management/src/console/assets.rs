//! What pages load: style, scripts, the mark. All of it is in the binary; nothing comes from another host.
//!
//! A path has the hash of what it leads to, so that browsers keep a file for good and a new binary's is another one. htmx and
//! its extension for server-sent events are vendored as they were published (0BSD, their licences beside them).

use crate::api::{Path, Problem};
use axum::http::header;
use axum::response::IntoResponse;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, type and text. The style has that of ladders, too.
const ASSETS: [(&str, &str, &[&str]); 5] = [
    (
        "console.css",
        "text/css; charset=utf-8",
        &[include_str!("assets/console.css"), crate::ladder::STYLE],
    ),
    ("console.js", SCRIPT, &[include_str!("assets/console.js")]),
    ("htmx.js", SCRIPT, &[include_str!("assets/htmx.min.js")]),
    ("sse.js", SCRIPT, &[include_str!("assets/sse.min.js")]),
    (
        "icon.svg",
        "image/svg+xml",
        &[include_str!("assets/icon.svg")],
    ),
];

/// The paths, in the order of [`ASSETS`].
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let path = |(name, _, texts): &(&str, &str, &[&str])| {
        let hash = Sha256::digest(texts.concat().as_bytes());
        let hash: String = hash
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("/console/assets/{hash}/{name}")
    };
    ASSETS.iter().map(path).collect()
});

/// Where something is.
pub(super) fn path(name: &str) -> &'static str {
    let place = ASSETS.iter().position(|(own, ..)| *own == name);
    place
        .and_then(|place| PATHS.get(place))
        .map_or("", |path| path)
}

/// One of them. Needs no token.
pub(super) async fn asset(
    Path((_, name)): Path<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let asset = ASSETS.iter().find(|(own, ..)| *own == name);
    let (_, kind, texts) = asset.ok_or_else(|| Problem::unknown("there is no such file"))?;
    let fields = [
        (header::CONTENT_TYPE, *kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((fields, texts.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_path_of_its_content() {
        for (name, ..) in ASSETS {
            assert!(
                path(name).ends_with(&format!("/{name}")) && path(name).len() > 30,
                "{name}"
            );
        }
        assert_eq!(path("none"), "");
    }

    #[test]
    fn no_asset_leads_to_another_host() {
        for (name, _, texts) in ASSETS {
            for text in texts {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(
                    !text.contains("http://")
                        && !text.contains("https://")
                        && !text.contains("@import"),
                    "{name}"
                );
            }
        }
    }
}
