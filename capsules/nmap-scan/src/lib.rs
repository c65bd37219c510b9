//! Scans ports with nmap and writes what it finds as the capsule nmap-parse does.
//!
//! The input is `{"target": "127.0.0.1", "ports": "1-1024"}`; instead of `target` it may have
//! `"targets": ["...", ...]`, and it may have `"scan": "connect"` and `"services": true`. The report
//! of nmap is read while nmap writes it. docs/capsules.md has the arguments and the codes of failures.

#![no_std]

use nmap_report::{Parser, Source};
use program::{Arguments, finish, log_errors};
use request::{
    FLAG, Field, LIST, Message, REQUEST, REQUIRED, TEXT, UNREADABLE, fields, items, read,
};
use tenzik_sdk::Process;

/// Longest request, and one byte.
const REQUEST_BYTES: usize = (64 << 10) + 1;
/// Longest request of the program.
const ARGUMENTS_BYTES: usize = REQUEST_BYTES + 256;

/// No shell, no DNS, no ping: only the ports that are asked for are touched, by ordinary
/// connections, also where nmap believes to be root.
const FIXED: &str =
    "\"nmap\",\"-sT\",\"-n\",\"-Pn\",\"--unprivileged\",\"--noninteractive\",\"-oX\",\"-\"";

/// The report of a process.
struct Scan {
    process: Option<Process>,
    ended: bool,
}

impl Source for Scan {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = match &mut self.process {
            Some(process) => process.read(buffer),
            None => 0,
        };
        self.ended = count < buffer.len();
        count
    }

    /// A report that ends too soon is told by the end of nmap; one that is none is not worth waiting
    /// for.
    fn fail(&mut self, message: &[u8]) -> ! {
        let mut text = Message::new(b"the report of nmap: ");
        text.text(message);
        if self.ended
            && let Some(mut process) = self.process.take()
        {
            let first = log_errors(&mut process);
            finish(process, b"nmap", &first);
            text.text(b"; its first words: ");
            text.text(first.bytes());
        }
        text.fail(UNREADABLE)
    }
}

/// Everything, with what is used most in front: small offsets make small code.
#[repr(C)]
struct State {
    parser: Parser<Scan>,
    request: [u8; REQUEST_BYTES],
    arguments: [u8; ARGUMENTS_BYTES],
}

fn nmap_scan(state: &mut State) {
    let table = [
        Field("target", TEXT),
        Field("targets", LIST),
        Field("ports", TEXT | REQUIRED),
        Field("scan", TEXT),
        Field("services", FLAG),
    ];
    let [target, list, ports, scan, services] = fields(read(&mut state.request), &table);
    if target.is_empty() == list.is_empty() {
        Message::new(b"the request needs either target or targets").fail(REQUEST);
    }
    if !matches!(scan, b"" | b"\"connect\"") {
        Message::new(b"the only scan is connect").fail(REQUEST);
    }
    let targets = if list.is_empty() { target } else { items(list) };
    let mut arguments = Arguments::new(&mut state.arguments, FIXED);
    if services == b"true" {
        arguments.json(b",\"-sV\"");
    }
    if targets.contains(&b':') {
        arguments.json(b",\"-6\"");
    }
    arguments.json(b",\"-p\",");
    arguments.json(ports);
    arguments.json(b",");
    arguments.json(targets);
    let parser = &mut state.parser;
    parser.source.process = Some(arguments.start());
    parser.start();
    parser.document();
    if let Some(mut process) = parser.source.process.take() {
        let first = log_errors(&mut process);
        finish(process, b"nmap", &first);
    }
}

tenzik_sdk::capsule!(
    nmap_scan,
    State = State {
        request: [0; REQUEST_BYTES],
        arguments: [0; ARGUMENTS_BYTES],
        parser: Parser::new(Scan {
            process: None,
            ended: false
        }),
    }
);

#[cfg(test)]
mod tests;
