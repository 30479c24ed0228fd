//! What reading a message allocates: nothing, as long as the index fits its inline room.

#![expect(unsafe_code, reason = "counting allocations takes an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use strowger_sip::proto::wire::{Builder, Edit, HeaderId, Limits, Message};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.with(Cell::get);
    let out = run();
    (out, COUNT.with(Cell::get) - before)
}

const INVITE: &[u8] = b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK74bf9a8d7c;rport\r\n\
Max-Forwards: 70\r\n\
Route: <sip:proxy.atlanta.example.com;lr>\r\n\
From: \"Alice\" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n\
To: \"Bob\" <sip:bob@biloxi.example.com>\r\n\
Call-ID: 3848276298220188511@atlanta.example.com\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:alice@192.0.2.101:5060;transport=udp>\r\n\
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 4\r\n\
\r\n\
v=0\n";

#[test]
fn reading_allocates_nothing() {
    let bytes = Bytes::from_static(INVITE);
    let (message, count) = allocations(|| Message::datagram(bytes, &Limits::DEFAULT).unwrap());
    assert_eq!(count, 0);
    let ((), count) = allocations(|| {
        assert!(message.via().unwrap().branch().is_some());
        assert!(message.from_tag().is_some() && message.to().unwrap().uri().is_ok());
        assert!(message.cseq().is_ok() && message.call_id().is_ok() && message.contact().is_some());
        assert!(message.lists(HeaderId::Allow, b"update") && message.routes().count() == 1);
    });
    assert_eq!(count, 0);
}

#[test]
fn writing_allocates_little() {
    let message = Message::datagram(Bytes::from_static(INVITE), &Limits::DEFAULT).unwrap();
    let source = "192.0.2.101:5060".parse().unwrap();
    let answer =
        || Builder::response_via(&message, 180, b"Ringing", Some(b"as58f4"), source).finish();
    let (answer, count) = allocations(answer);
    assert!(answer.is_ok());
    assert!(count <= 3, "{count}");
    let (copy, count) = allocations(|| {
        let mut edit = Edit::new(&message);
        edit.prepend(HeaderId::Via, b"SIP/2.0/UDP p;branch=z9hG4bK1")
            .remove_top(HeaderId::Route);
        edit.finish()
    });
    assert!(copy.is_ok());
    assert!(count <= 3, "{count}");
}
