//! Runs git with hooks, helpers and the configuration of repositories out of action.
//!
//! The input is `{"op": "clone", "repository": "...", "directory": "/..."}`, where `op` is `clone`,
//! `pull`, `status` or `log`; only `clone` has a `repository`; `clone` and `log` may have `"depth": N`.
//! The output is one line of JSON. docs/capsules.md has both, and the codes of failures.
//!
//! # What git is kept from executing
//! - Hooks, file system monitors, pagers, editors, askpass programs, ssh, credential helpers and
//!   transports other than https and files: arguments override what a repository says.
//! - Filters, merge drivers, commands of remotes and whatever else a repository can name: its
//!   configuration is listed first, and any key that is not known to be harmless ends the run
//!   ([`config`]).
//! - Submodules: nothing recurses into them.

#![no_std]

mod arguments;
mod config;
mod report;

use arguments::{Operation, Request};
use program::Pieces;
use report::Report;
use request::{Field, Message, NUMBER, REQUEST, REQUIRED, TEXT, fields, read};

/// Longest request, and one byte.
const REQUEST_BYTES: usize = (32 << 10) + 1;
/// Longest request of the program: a directory stands there twice.
const ARGUMENTS_BYTES: usize = 2 * REQUEST_BYTES + 2048;

/// The state of a run.
struct State {
    pieces: Pieces,
    output: Report,
    request: [u8; REQUEST_BYTES],
    arguments: [u8; ARGUMENTS_BYTES],
}

fn git(state: &mut State) {
    let table = [
        Field("op", TEXT | REQUIRED),
        Field("repository", TEXT),
        Field("directory", TEXT | REQUIRED),
        Field("depth", NUMBER),
    ];
    let [name, repository, directory, depth] = fields(read(&mut state.request), &table);
    let operation = match name {
        b"\"clone\"" => Operation::Clone,
        b"\"pull\"" => Operation::Pull,
        b"\"status\"" => Operation::Status,
        b"\"log\"" => Operation::Log,
        _ => Message::new(b"the op is none of clone, pull, status and log").fail(REQUEST),
    };
    if (operation == Operation::Clone) == repository.is_empty() {
        Message::new(b"clone needs a repository, and the other operations take none").fail(REQUEST);
    }
    if !depth.is_empty() && !matches!(operation, Operation::Clone | Operation::Log) {
        Message::new(b"only clone and log take a depth").fail(REQUEST);
    }
    let request = Request {
        repository,
        directory,
        depth,
    };
    let buffer = &mut state.arguments;
    if operation != Operation::Clone {
        let process = request.start(Operation::Config, buffer);
        config::check(process, &mut state.pieces);
    }
    let output = &mut state.output;
    output.bytes(b"{\"op\":");
    output.bytes(name);
    let process = request.start(operation, buffer);
    match operation {
        Operation::Status => report::status(process, &mut state.pieces, output),
        Operation::Log => report::log(process, &mut state.pieces, output),
        _ => {
            report::end(process);
            // The commit that is there now.
            let process = request.start(Operation::Head, buffer);
            report::head(process, &mut state.pieces, output);
        }
    }
    output.bytes(b"}\n");
    output.flush();
}

tenzik_sdk::capsule!(
    git,
    State = State {
        pieces: Pieces::new(),
        output: Report::new(),
        request: [0; REQUEST_BYTES],
        arguments: [0; ARGUMENTS_BYTES],
    }
);

#[cfg(test)]
mod tests;
