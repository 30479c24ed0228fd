//! What is not heard does not reach the adaptor, and is counted.

use super::*;

#[test]
fn what_is_denied_or_banned_is_dropped_unread_and_what_is_limited_is_handed_over() {
    let mut bench = Bench::new(10);
    let (mut stream, conn) = bench.connect();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let heard = bench.log.0.len();
    for verdict in [Verdict::Denied, Verdict::Banned] {
        bench.log.3 = Some(verdict);
        peer.send_to(b"x", bench.address(UDP)).unwrap();
        let mut refused = TcpStream::connect(bench.address(TCP)).unwrap();
        let patience = Some(Duration::from_secs(10));
        refused.set_read_timeout(patience).unwrap();
        bench.until(|net, _| {
            let counts = net.counts();
            let dropped = match verdict {
                Verdict::Denied => counts.denied,
                Verdict::Heard | Verdict::Refused | Verdict::Unanswered | Verdict::Banned => {
                    counts.banned
                }
            };
            dropped == 2
        });
        assert!(!matches!(refused.read(&mut [0; 1]), Ok(1..)));
    }
    assert_eq!(bench.log.0.len(), heard);
    // One that stands goes as soon as something comes on it.
    stream.write_all(b"x").unwrap();
    bench.until(|_, log| log.len() > heard);
    assert_eq!(bench.log.0.last(), Some(&Heard::Closed(conn)));
    assert_eq!(bench.net.counts().banned, 3);
    bench.log.3 = Some(Verdict::Refused);
    peer.send_to(b"y", bench.address(UDP)).unwrap();
    bench.until(
        |_, log| matches!(log.last(), Some(Heard::Datagram(_, bytes)) if bytes[..] == *b"y"),
    );
    assert_eq!(bench.net.counts().limited, 1);
}
