//! What the tests share: runtimes, runs, inputs.

use std::io;
use std::sync::{Arc, OnceLock};

use tenzik_runtime::{
    EngineOptions, Examination, Input, InputStream, Outcome, Policy, RunRequest, Runtime, Severity,
    Status, assemble,
};

pub const NOW_MS: i64 = 1_763_596_800_000;

/// With a pool of instances, as libraries have it.
pub fn pooled() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::new(&EngineOptions {
            pool_instances: 16,
            cache_modules_max: 100,
            optimise_after_us: None,
            code_store: None,
        })
        .unwrap()
    })
}

/// With a pool, and with the fastest code from the first run on.
pub fn optimised() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::new(&EngineOptions {
            pool_instances: 16,
            cache_modules_max: 100,
            optimise_after_us: Some(0),
            code_store: None,
        })
        .unwrap()
    })
}

/// Without a pool, as a process has it that runs one capsule once.
pub fn on_demand() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Runtime::new(&EngineOptions {
            pool_instances: 0,
            cache_modules_max: 100,
            optimise_after_us: None,
            code_store: None,
        })
        .unwrap()
    })
}

/// A run over `input` with what does not matter.
pub fn request(input: Input) -> RunRequest {
    RunRequest::new(input, NOW_MS, 7)
}

/// The assembled bytes of `text`.
pub fn wasm(text: &str) -> Vec<u8> {
    assemble(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Runs an accepted module on the pooled engine.
pub fn run(bytes: &[u8], policy: &Policy, input: Input) -> Outcome {
    run_request(bytes, policy, request(input))
}

/// Runs an accepted module on the pooled engine.
pub fn run_request(bytes: &[u8], policy: &Policy, request: RunRequest) -> Outcome {
    let examination = pooled().examine(bytes, policy);
    let (capsule, permit) = examination
        .admitted()
        .unwrap_or_else(|| panic!("rejected: {:#?}", examination.findings()));
    let prepared = pooled()
        .prepare_for(capsule, permit.limits(), &request.input)
        .unwrap();
    pooled().execute(&prepared, permit, request).unwrap()
}

/// The codes of all errors, sorted, each once.
pub fn error_codes(examination: &Examination) -> Vec<&'static str> {
    let errors = examination
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut codes: Vec<&str> = errors.map(|finding| finding.code.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The outcome in one word or two, as a fixture writes it.
pub fn status_text(status: &Status) -> String {
    match status {
        Status::Ok => "ok".to_owned(),
        Status::Failure { code, message } => {
            format!("failure {code} {:?}", String::from_utf8_lossy(message))
        }
        Status::Refused(refused) => format!("refused {}", refused.code),
        Status::Fault(fault) => format!("fault {}", fault.code.code()),
    }
}

/// Bytes as a stream that does not know its length, so that compiled code has to look at the clock.
pub struct Unsized {
    bytes: Arc<[u8]>,
    offset: usize,
}

impl Unsized {
    pub fn input(bytes: &[u8]) -> Input {
        Input::Stream(Box::new(Unsized {
            bytes: Arc::from(bytes),
            offset: 0,
        }))
    }
}

impl InputStream for Unsized {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Pieces of an odd size: the capsule must not see how its input arrives.
        let rest = &self.bytes[self.offset..];
        let count = rest.len().min(buffer.len()).min(777);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.offset += count;
        Ok(count)
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.offset = 0;
        Ok(true)
    }
}
