//! The capsule `nmap-parse`: it never faults, its output is JSON, and its native twin agrees.

use std::sync::OnceLock;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use tenzik_nmap_native::{Ending, parse};
use tenzik_runtime::{Examination, Status};

use crate::running::{Way, admitted, run};

const NMAP_PARSE: &[u8] = include_bytes!("../../../capsules/prebuilt/nmap-parse.wasm");

/// Checks what must hold for the report `bytes`.
///
/// # Panics
/// When it does not.
pub fn nmap(bytes: &[u8]) {
    static CAPSULE: OnceLock<Examination> = OnceLock::new();
    let capsule = CAPSULE.get_or_init(|| admitted(NMAP_PARSE));
    let outcome = run(capsule, bytes, Way::Pooled);
    let (ending, output) = parse(bytes);
    match outcome.status {
        Status::Ok => {
            assert_eq!(ending, Ending::Ok);
            assert_report(&outcome.output);
            assert_well_formed(bytes);
        }
        Status::Failure { code, message } => {
            assert!(
                message.iter().all(|byte| (b' '..=b'~').contains(byte)),
                "{message:?}"
            );
            assert_eq!(ending, Ending::Failure { code, message });
        }
        Status::Fault(fault) => panic!("{fault:?}"),
        Status::Refused(refused) => panic!("{refused:?}"),
    }
    assert_eq!(outcome.output, output);
}

/// One line with the object that the capsule documents.
fn assert_report(output: &[u8]) {
    let line = output.strip_suffix(b"\n").unwrap();
    assert!(line.iter().all(|byte| *byte >= b' '));
    let report: Value = serde_json::from_slice(line).unwrap();
    assert!(report["hosts"].is_array() && report["runstats"].is_object());
}

/// Another reader of XML, a lenient one, finds nothing wrong either.
fn assert_well_formed(report: &[u8]) {
    let mut reader = Reader::from_reader(report);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                element
                    .attributes()
                    .for_each(|attribute| drop(attribute.unwrap()));
            }
            Event::Eof => return,
            _ => {}
        }
        buffer.clear();
    }
}
