//! The JSON object that a capsule is asked with.
//!
//! A request is one object whose values are texts, whole numbers, booleans and lists of texts. It is
//! read in place: a value is handed out as it is written, so that a text goes into the request of a
//! program without being decoded and encoded. Unknown keys, keys written with escapes, keys that
//! stand there twice, `null`, other numbers and anything behind the object are refused. Whatever is
//! refused ends the run with code [`REQUEST`] and the offset of the byte where it was noticed.

#![no_std]

mod fields;
mod message;
mod scanner;

pub use fields::{FLAG, Field, LIST, NUMBER, REQUIRED, TEXT, fields, items, read};
pub use message::{Message, REQUEST, UNREADABLE, refuse};
pub use scanner::decode;

#[cfg(test)]
mod tests;
