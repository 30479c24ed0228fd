//! What is built is what is read, for any tree of AVPs; and reading it allocates nothing.

#![expect(unsafe_code, reason = "counting allocations takes an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use strowger_diameter::proto::dict::base;
use strowger_diameter::proto::wire::{AvpBuf, Avps, Builder, Message, flag};

/// An AVP to be: of another code than any group's, or a Proxy-Info with members.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Leaf(u32, u32, u8, Vec<u8>),
    Group(Vec<Tree>),
}

fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let codes = prop_oneof![Just(263), Just(264), 60_000..60_010_u32];
    let vendors = prop_oneof![Just(0), Just(10415), 1..9_u32];
    let flags = prop_oneof![Just(0), Just(flag::MANDATORY), Just(flag::PROTECTED)];
    let leaf = (codes, vendors, flags, vec(any::<u8>(), 0..24))
        .prop_map(|(code, vendor, flags, data)| Tree::Leaf(code, vendor, flags, data));
    let tree = leaf.prop_recursive(5, 40, 6, |inner| vec(inner, 0..6).prop_map(Tree::Group));
    vec(tree, 0..8)
}

fn write(trees: &[Tree], out: &mut AvpBuf) {
    for tree in trees {
        match tree {
            Tree::Leaf(code, vendor, flags, data) => {
                out.put(*code, *vendor, *flags, data);
            }
            Tree::Group(members) => {
                out.group(&base::PROXY_INFO, |group| write(members, group));
            }
        }
    }
}

fn read(avps: Avps<'_>) -> Vec<Tree> {
    avps.map(|avp| {
        if avp.is(&base::PROXY_INFO) {
            Tree::Group(read(avp.group()))
        } else {
            let flags = avp.flags & !flag::VENDOR;
            Tree::Leaf(avp.code, avp.vendor, flags, avp.data.to_vec())
        }
    })
    .collect()
}

proptest! {
    #[test]
    fn what_is_built_is_what_is_read(trees in trees(), ids in any::<(u32, u32)>()) {
        let mut builder = Builder::request(272, 4);
        write(&trees, builder.body());
        let bytes = builder.finish(ids.0, ids.1).unwrap();
        let message = Message::parse(bytes.clone()).unwrap();
        prop_assert_eq!((message.header().hop_by_hop, message.header().end_to_end), ids);
        prop_assert_eq!(read(message.avps()), trees);
        let mut again = Builder::request(272, 4);
        for avp in message.avps() {
            again.raw(avp);
        }
        prop_assert_eq!(again.finish(ids.0, ids.1).unwrap(), bytes);
    }
}

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

#[test]
fn reading_allocates_nothing() {
    let mut builder = Builder::request(272, 4);
    builder
        .avp(&base::SESSION_ID, "gw.example;1;2")
        .identities("gw.example", "example");
    builder.group(&base::PROXY_INFO, |info| {
        info.avp(&base::PROXY_HOST, "p.example")
            .avp(&base::PROXY_STATE, b"xyz");
    });
    let bytes = builder.finish(1, 2).unwrap();
    let before = COUNT.with(Cell::get);
    let message = Message::parse(bytes).unwrap();
    let info = message.find(&base::PROXY_INFO).unwrap();
    assert_eq!(
        info.group().get(&base::PROXY_HOST).unwrap().identity(),
        Ok("p.example")
    );
    assert_eq!(message.session_id(), Some("gw.example;1;2"));
    assert_eq!(message.avps().count(), 4);
    assert_eq!(COUNT.with(Cell::get), before);
}
