//! Throughput of `nmap-parse` over a large report, beside a native reader that visits the same
//! attributes.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot do its work has to stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quick_xml::Reader;
use quick_xml::events::Event;
use tenzik_benches::{NMAP_PARSE, examined, report_of};
use tenzik_runtime::{EngineOptions, Input, RunRequest, Runtime, Status};

/// Size of the report.
const REPORT_BYTES: usize = 8 << 20;

/// Reads every attribute and every text of the report: what a native parser would have to do.
fn native(report: &[u8]) -> usize {
    let mut reader = Reader::from_reader(report);
    let mut buffer = Vec::new();
    let mut seen = 0;
    loop {
        match reader
            .read_event_into(&mut buffer)
            .expect("the report is well-formed")
        {
            Event::Start(element) | Event::Empty(element) => {
                for attribute in element.attributes() {
                    let attribute = attribute.expect("the report is well-formed");
                    seen += attribute
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .expect("known entities")
                        .len();
                }
            }
            Event::Text(text) => seen += text.len(),
            Event::Eof => return seen,
            _ => {}
        }
        buffer.clear();
    }
}

fn throughput(criterion: &mut Criterion) {
    let report: Arc<[u8]> = Arc::from(report_of(REPORT_BYTES));
    let runtime = Runtime::new(&EngineOptions::default()).expect("the runtime is set up");
    let (examination, _) = examined(NMAP_PARSE).expect("the capsule is valid");
    let (capsule, permit) = examination.admitted().expect("the capsule is admitted");
    let prepared = runtime.prepare(capsule).expect("the capsule compiles");
    let run = || {
        let request = RunRequest::new(Input::Bytes(Arc::clone(&report)), 0, 0);
        let outcome = runtime
            .execute(&prepared, permit, request)
            .expect("the machine works");
        assert_eq!(outcome.status, Status::Ok);
        outcome
    };
    let mut group = criterion.benchmark_group("nmap_8MiB");
    group
        .throughput(Throughput::Bytes(report.len() as u64))
        .sample_size(20);
    group.bench_function("tenzik_nmap-parse", |bencher| {
        bencher.iter(|| black_box(run()))
    });
    group.bench_function("native_quick-xml", |bencher| {
        bencher.iter(|| black_box(native(&report)))
    });
    group.finish();
}

criterion_group!(benches, throughput);
criterion_main!(benches);
