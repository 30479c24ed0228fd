//! Session descriptions of one who has no media: RFC 3264 section 6, every stream accepted and inactive, its formats
//! with the names that the offer gives them.

use std::net::SocketAddr;

/// An offer of one audio stream.
pub(crate) fn offer(at: SocketAddr) -> Vec<u8> {
    let mut out = head(at);
    stream(&mut out, "audio", at.port(), "RTP/AVP", "0");
    out.into_bytes()
}

/// The answer to an offer: each of its streams, with the formats that it offers.
pub(crate) fn answer(offer: &[u8], at: SocketAddr) -> Vec<u8> {
    let mut out = head(at);
    let offer = String::from_utf8_lossy(offer);
    for line in offer.lines() {
        if let Some((kind, port, protocol, formats)) = line.strip_prefix("m=").and_then(parts) {
            // A stream that is offered with port 0 is declined by its offerer.
            let port = if port == "0" { 0 } else { at.port() };
            stream(&mut out, kind, port, protocol, formats);
        } else if line.starts_with("a=rtpmap:") {
            // A format of the dynamic range means nothing without it (RFC 3264 6.1); clients refuse such an answer.
            out.push_str(line.trim_end());
            out.push_str("\r\n");
        }
    }
    out.into_bytes()
}

fn head(at: SocketAddr) -> String {
    let family = if at.is_ipv4() { "IP4" } else { "IP6" };
    let ip = at.ip();
    // RFC 4566 5.2 allows `-` for the user name, SIPp's own `regexp` does not.
    format!("v=0\r\no=strowger 0 0 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n")
}

fn stream(out: &mut String, kind: &str, port: u16, protocol: &str, formats: &str) {
    out.push_str(&format!(
        "m={kind} {port} {protocol} {formats}\r\na=inactive\r\n"
    ));
}

/// Media, port, protocol and formats of an `m=` line.
fn parts(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (kind, rest) = line.trim_end().split_once(' ')?;
    let (port, rest) = rest.split_once(' ')?;
    let (protocol, formats) = rest.split_once(' ')?;
    Some((kind, port, protocol, formats))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_is_answered_in_order_with_its_formats() {
        let offer = b"v=0\r\no=- 5 5 IN IP4 h\r\ns=-\r\nc=IN IP4 h\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 96\r\n\
            a=rtpmap:96 opus/48000/2\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\nm=broken\r\n";
        let at: SocketAddr = "127.0.0.1:9".parse().expect("an address");
        let answer = String::from_utf8(answer(offer, at)).expect("text");
        assert_eq!(
            answer,
            "v=0\r\no=strowger 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio 9 RTP/AVP 8 96\r\na=inactive\r\na=rtpmap:96 opus/48000/2\r\nm=video 0 RTP/AVP 31\r\na=inactive\r\n"
        );
    }

    #[test]
    fn a_late_offer_is_one_audio_stream() {
        let at: SocketAddr = "[::1]:9".parse().expect("an address");
        let offer = String::from_utf8(offer(at)).expect("text");
        assert!(
            offer.contains("c=IN IP6 ::1\r\n")
                && offer.ends_with("m=audio 9 RTP/AVP 0\r\na=inactive\r\n")
        );
    }
}
