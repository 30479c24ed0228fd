//! Alphabets, cutting and putting together, from outside: what TS 23.038 and TS 23.040 say, and what must survive it.

mod alphabets;
mod joining;
mod languages;
mod splitting;
