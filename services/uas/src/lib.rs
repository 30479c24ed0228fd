//! An answering service.
