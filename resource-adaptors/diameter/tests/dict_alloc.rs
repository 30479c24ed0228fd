//! What holding a message to its definition allocates: nothing, as long as the message is good.

#![expect(unsafe_code, reason = "counting allocations takes an allocator")]
#![expect(clippy::unwrap_used, reason = "a test fails where an assumption does")]

mod dict_support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dict_support::{good, request};
use strowger_diameter::proto::dict::{Dictionary, Level, credit, s6a, validate};

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
fn a_good_message_is_held_to_its_definition_without_an_allocation() {
    let dictionary = Dictionary::standard();
    for command in [&credit::CREDIT_CONTROL_COMMAND, &s6a::UPDATE_LOCATION] {
        let named = command.request.iter().filter(|member| {
            member.avp.name != "Termination-Cause" && member.avp.name != "Requested-Action"
        });
        let all: Vec<u8> = named
            .flat_map(|member| good(member.avp, command.application))
            .collect();
        let message = request(command, &all);
        let before = COUNT.with(Cell::get);
        let judged = validate(&message, &dictionary, Level::Full);
        let found = dictionary.avp(263, 0).is_some() && dictionary.command(4, 272).is_some();
        assert_eq!(COUNT.with(Cell::get) - before, 0);
        assert!(judged.is_ok() && found);
    }
}
