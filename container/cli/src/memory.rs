//! The allocator of the process.

use mimalloc::MiMalloc;

/// Many small objects of a few sizes that live as long as calls: what this allocator keeps together.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Gives memory that is free back to the system, which by itself the allocator does only while somebody allocates.
#[expect(
    unsafe_code,
    reason = "a call of the allocator's own interface, which is C"
)]
pub(crate) fn give_back() {
    // SAFETY: it takes nothing and may be called on any thread at any time.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
