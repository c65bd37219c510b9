//! The parser of the capsules `nmap-parse` and `nmap-scan`, compiled for this machine.
//!
//! A fuzzer sees which branches native code takes, but not those of WebAssembly. The modules are the
//! files of the capsules themselves; this crate stands in for the SDK, so that reading, writing and
//! failing go to memory instead of a host.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

#[path = "../../../capsules/nmap-report/src/parser.rs"]
mod parser;

#[path = "../../../capsules/nmap-report/src/characters.rs"]
mod characters;
#[path = "../../../capsules/nmap-report/src/grammar.rs"]
mod grammar;
#[path = "../../../capsules/nmap-report/src/markup.rs"]
mod markup;
#[path = "../../../capsules/nmap-report/src/report.rs"]
mod report;
#[path = "../../../capsules/nmap-report/src/texts.rs"]
mod texts;

// The modules name the SDK.
extern crate self as tenzik_sdk;

/// How the parser ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It read the whole report.
    Ok,
    /// It called `fail`.
    Failure {
        /// The capsule's own code.
        code: i32,
        /// The message.
        message: Vec<u8>,
    },
}

#[derive(Default)]
struct World {
    input: Vec<u8>,
    offset: usize,
    output: Vec<u8>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// Parses `report`: how that ended, and the output.
///
/// # Panics
/// When the parser panics.
pub fn parse(report: &[u8]) -> (Ending, Vec<u8>) {
    WORLD.replace(World {
        input: report.to_vec(),
        ..World::default()
    });
    let mut parser = Box::new(parser::Parser::new(Report));
    let run = catch_unwind(AssertUnwindSafe(|| {
        parser.start();
        parser.document();
    }));
    let ending = match run {
        Ok(()) => Ending::Ok,
        Err(payload) => match payload.downcast::<Ending>() {
            Ok(failure) => *failure,
            Err(panic) => resume_unwind(panic),
        },
    };
    (ending, WORLD.take().output)
}

/// The report of the call.
struct Report;

impl parser::Source for Report {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        WORLD.with_borrow_mut(|world| {
            let rest = world.input.get(world.offset..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(rest) {
                *to = *from;
            }
            world.offset += count;
            count
        })
    }

    /// Ends the parser. No panic hook hears of it.
    fn fail(&mut self, message: &[u8]) -> ! {
        resume_unwind(Box::new(Ending::Failure {
            code: 1,
            message: message.to_vec(),
        }))
    }
}

/// Appends `bytes` to the output, like the host function.
fn output_write(bytes: &[u8]) {
    WORLD.with_borrow_mut(|world| world.output.extend_from_slice(bytes));
}
