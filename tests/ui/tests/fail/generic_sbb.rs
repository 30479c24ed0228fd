use std::marker::PhantomData;
use strowger::prelude::*;

struct Bell<T>(PhantomData<T>);

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl<T> Bell<T> {}

fn main() {}
