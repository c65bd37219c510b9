//! Turns an nmap XML report into one line of compact JSON.
//!
//! The report is read once, in two pages of memory whatever its size. Ports and their
//! scripts are written as they are read; what may come in any order around them waits until its
//! host or port ends, so a report in any order of elements is accepted.
//!
//! # What is read
//! ```text
//! nmaprun @scanner @args @start            {"scanner","args","start",
//!   host                                     "hosts":[{
//!     status @state                            "status",
//!     ports/port @protocol @portid             "ports":[{"protocol","port",
//!       state @state @reason                     "state","reason",
//!       service @name @product                   "service","product",
//!               @version @extrainfo              "version","extrainfo",
//!       script @id @output                       "scripts":[{"id","output"}],
//!       service/cpe text()                       "cpe":["…"]}],
//!     address @addr @addrtype                  "addresses":[{"addr","type"}],
//!     hostnames/hostname @name                 "hostnames":["…"],
//!     os/osmatch @name @accuracy               "os":[{"name","accuracy"}]}],
//!   runstats/finished @exit @errormsg        "runstats":{"exit","error",
//!   runstats/hosts @up @down @total            "up","down","total"}}
//! ```
//! - An absent attribute is an absent key, an empty one the empty string. Arrays and `runstats` are
//!   always present. Within an object the keys follow the report.
//! - `start`, `portid`, `accuracy`, `up`, `down` and `total` are decimal numbers of at most 15
//!   digits; leading zeros are dropped.
//! - Of several `status`, `state`, `service`, `finished` or runstats `hosts` elements in one place
//!   the first counts; the `cpe` elements of every `service` do.
//! - Elements in other places, among them everything in `hosthint`, are only checked.
//!
//! # What is refused, with the offset of the byte where it was noticed
//! Everything that XML 1.0 calls not well-formed, except that names may contain any character but
//! white space, quotes and `< > & / = ? [ ;`, and that the characters of a public identifier and
//! references in the XML declaration are not checked. Also an internal DTD subset, an encoding
//! other than UTF-8 and US-ASCII, and a root that is not `nmaprun`.
//!
//! # Limits
//! - The names of the open elements and of the attributes of one tag: 12,032 bytes together.
//! - What waits for the end of a host and its current port: 27,904 bytes of JSON.
//! - Attribute values that are written as they are read (`args`, `output` …) have no limit.

#![no_std]

mod parser;

mod characters;
mod grammar;
mod markup;
mod report;
mod texts;

pub use parser::{Parser, Source};
