//! One call, from its turn to its outcome. Its time is the adaptor's to keep: it cancels what takes longer.

use super::connect::connect;
use super::pool::{Place, Sender};
use super::{Shared, broken, unsent};
use crate::fields;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use strowger_http::driver::Dial;
use strowger_http::{Failure, FailureKind};

/// Sends a request and reads its answer.
pub(super) async fn send(dial: Dial, shared: &Shared) -> Result<strowger_http::Response, Failure> {
    let place = Place {
        secure: dial.secure,
        host: dial.host.clone(),
        port: dial.addresses.first().map_or(0, |address| address.port()),
    };
    let _turn = shared.pool.turn(&place).await;
    let mut request = request(&dial).ok_or_else(|| unsent(FailureKind::Protocol))?;
    let (mut sender, response) = loop {
        let kept = shared.pool.take(&place);
        let reused = kept.is_some();
        let mut sender = match kept {
            Some(sender) => sender,
            None => connect(&dial, shared).await?,
        };
        // The other side may have closed it by now.
        if sender.ready().await.is_err() && reused {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => break (sender, response),
            Err(mut error) => match error.take_message() {
                // Nothing of it was sent: it goes over another connection.
                Some(unused) if reused => request = unused,
                Some(_) => return Err(unsent(FailureKind::Closed)),
                None => return Err(broken(why(error.error()))),
            },
        }
    };
    let most = u64::from(shared.settings.borrow().client.response_bytes);
    let response = read(response, most).await?;
    if sender.ready().await.is_ok() {
        keep(shared, &place, sender);
    }
    Ok(response)
}

fn keep(shared: &Shared, place: &Place, sender: Sender) {
    shared.pool.put(place, sender);
}

/// The request as hyper writes it: with its length.
fn request(dial: &Dial) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(dial.body.clone()));
    *request.method_mut() = Method::from_bytes(dial.method.as_str().as_bytes()).ok()?;
    *request.uri_mut() = dial.path.parse().ok()?;
    let map = request.headers_mut();
    map.insert(HOST, HeaderValue::from_str(&dial.authority).ok()?);
    map.insert(USER_AGENT, HeaderValue::from_static("strowger"));
    if dial.headers.get("user-agent").is_some() {
        map.remove(USER_AGENT);
    }
    fields::write(&dial.headers, map);
    Some(request)
}

async fn read(response: Response<Incoming>, most: u64) -> Result<strowger_http::Response, Failure> {
    let (head, mut body) = response.into_parts();
    let told = body.size_hint().exact();
    if told.is_some_and(|told| told > most) {
        return Err(broken(FailureKind::TooLarge));
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(why(&error)))?;
        if let Ok(piece) = frame.into_data() {
            if (whole.len() + piece.len()) as u64 > most {
                return Err(broken(FailureKind::TooLarge));
            }
            whole.extend_from_slice(&piece);
        }
    }
    Ok(strowger_http::Response {
        status: head.status.as_u16(),
        headers: fields::read(&head.headers),
        body: whole.freeze(),
    })
}

/// What went wrong with a request that may have been seen.
fn why(error: &hyper::Error) -> FailureKind {
    if error.is_parse_too_large() {
        FailureKind::TooLarge
    } else if error.is_parse() || error.is_parse_status() {
        FailureKind::Protocol
    } else {
        FailureKind::Closed
    }
}
