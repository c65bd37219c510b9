//! A script as a capsule in the engine.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use tenzik_runtime::{
    EngineOptions, HOST_FUNCTIONS, IMPORT_MODULE, Input, RejectClass, RunRequest, Runtime, Status,
    assemble,
};

use super::{Data, Op, Script, Seen};

/// Where the bytes of the script stand.
const DATA: usize = 0;
/// The number that is observed.
const NUMBER: usize = 1 << 20;
/// Where repeated bytes are made, up to 18 MiB of them.
const FILL: usize = 2 << 20;
/// Where host functions write, up to 10 MiB.
const BUFFER: usize = 20 << 20;
/// Pages of memory.
const PAGES: usize = 480;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new(&EngineOptions::one_shot()).unwrap());

pub(super) fn seen(script: &Script, called: &mut BTreeSet<&'static str>) -> Seen {
    let mut policy = script.policy.clone();
    policy.limits.module_bytes_max = 1 << 20;
    let module = assemble(&module(&script.ops)).unwrap();
    let examination = RUNTIME.examine(&module, &policy);
    let Some((capsule, permit)) = examination.admitted() else {
        let finding = examination.first_error().unwrap();
        assert_eq!(finding.code.class(), RejectClass::Policy, "{finding:?}");
        let denied = tenzik_runtime::Capability::PURE
            .into_iter()
            .find(|capability| !policy.grants.contains(*capability))
            .unwrap();
        return Seen {
            ending: format!("refused {denied}"),
            output: Vec::new(),
            log: Vec::new(),
            input_bytes: 0,
            host_calls: 0,
        };
    };
    let input = Input::from(script.input.as_slice());
    let prepared = RUNTIME
        .prepare_for(capsule, permit.limits(), &input)
        .unwrap();
    let request = RunRequest::new(input, script.now_ms, script.seed);
    let outcome = RUNTIME.execute(&prepared, permit, request).unwrap();
    let counts = outcome.usage.host_calls_by_function;
    called.extend(counts.iter().map(|(name, _)| name));
    Seen {
        ending: match &outcome.status {
            Status::Ok => "ok".to_owned(),
            Status::Failure { code, message } => {
                format!("failure {code} {}", message.escape_ascii())
            }
            Status::Fault(fault) if fault.code.code().starts_with("trap") => {
                format!("fault {}", fault.code.code())
            }
            Status::Fault(fault) => format!("fault {} {}", fault.code.code(), fault.message),
            Status::Refused(refused) => panic!("{refused:?}"),
        },
        output: outcome.output,
        log: outcome
            .log
            .into_iter()
            .map(|entry| (entry.level, entry.message))
            .collect(),
        input_bytes: outcome.usage.input_bytes,
        host_calls: outcome.usage.host_calls,
    }
}

/// A module under construction.
#[derive(Default)]
struct Module {
    body: String,
    data: Vec<u8>,
    imports: BTreeSet<&'static str>,
}

/// The text of a capsule that makes the calls of the script.
fn module(ops: &[Op]) -> String {
    let mut module = Module::default();
    for op in ops {
        module.op(op);
    }
    let mut text = String::from("(module\n");
    module.imports.insert("output_write");
    for row in HOST_FUNCTIONS {
        if !module.imports.contains(row.name) {
            continue;
        }
        let words = |types: &[tenzik_runtime::WasmType]| {
            let names: Vec<&str> = types.iter().map(|word| word.name()).collect();
            names.join(" ")
        };
        writeln!(
            text,
            "(import \"{IMPORT_MODULE}\" \"{0}\" (func ${0} (param {1}) (result {2})))",
            row.name,
            words(row.wasm_parameters),
            words(row.wasm_results)
        )
        .unwrap();
    }
    let data: String = module
        .data
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    write!(
        text,
        "(memory (export \"memory\") {PAGES})\n(data (i32.const {DATA}) \"{data}\")\n(func (export \"run\") (result i32) (local i32)\n{}(i32.const 0)))",
        module.body
    )
    .unwrap();
    text.replace("(param )", "").replace("(result )", "")
}

impl Module {
    fn op(&mut self, op: &Op) {
        match op {
            Op::InputRead(count) => {
                let call = self.call("input_read", &format!("{BUFFER} {count}"));
                self.observe_count(&call);
            }
            Op::OutputWrite(data) => {
                let bytes = self.place(data);
                let call = self.call("output_write", &bytes);
                self.line(&call);
            }
            Op::Log(level, message) => {
                let message = self.place(&Data::Bytes(message.clone().into_bytes()));
                let call = self.call("log", &format!("{} {message}", *level as i32));
                self.line(&call);
            }
            Op::Fail(code, message) => {
                let message = self.place(message);
                let call = self.call("fail", &format!("{code} {message}"));
                self.line(&call);
            }
            Op::HashCommit(data) => {
                let bytes = self.place(data);
                let call = self.call("hash_commit", &format!("{bytes} {BUFFER}"));
                self.observe_buffer(&call, 32);
            }
            Op::HashVerify(data, digest) => {
                let bytes = self.place(data);
                let digest = self.place(&Data::Bytes(digest.to_vec()));
                let digest = digest.split(' ').next().unwrap().to_owned();
                let call = self.call("hash_verify", &format!("{bytes} {digest}"));
                self.observe_number(&call);
                self.write(BUFFER, "(i32.const 0)");
            }
            Op::HashUpdate(data) => {
                let bytes = self.place(data);
                let call = self.call("hash_update", &bytes);
                self.line(&call);
            }
            Op::HashFinish => {
                let call = self.call("hash_finish", &BUFFER.to_string());
                self.observe_buffer(&call, 32);
            }
            Op::JsonPath(json, query) => {
                let json = self.place(json);
                let query = self.place(&Data::Bytes(query.to_vec()));
                self.keep("json_path", &format!("{json} {query}"));
            }
            Op::JsonPathInput(query) => {
                let query = self.place(&Data::Bytes(query.to_vec()));
                self.keep("json_path_input", &query);
            }
            Op::Base64Encode(data) => {
                let bytes = self.place(data);
                self.keep("base64_encode", &bytes);
            }
            Op::Base64Decode(data) => {
                let bytes = self.place(data);
                self.keep("base64_decode", &bytes);
            }
            Op::ResultRead(index, count) => {
                // Handles count the results from 1.
                let call = self.call("result_read", &format!("{} {BUFFER} {count}", index + 1));
                self.observe_count(&call);
            }
            Op::Time => {
                let call = self.call("time_now_ms", "");
                self.observe_buffer(&format!("(i64.store (i32.const {BUFFER}) {call})"), 8);
            }
            Op::Random(count) => {
                let call = self.call("random_bytes", &format!("{BUFFER} {count}"));
                self.observe_buffer(&call, *count);
            }
            Op::Trap => self.line("(unreachable)"),
            Op::Return(code) => self.line(&format!("(return (i32.const {code}))")),
        }
    }

    fn line(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push('\n');
    }

    /// A call with constant arguments.
    fn call(&mut self, name: &'static str, arguments: &str) -> String {
        self.imports.insert(name);
        let mut call = format!("(call ${name}");
        for argument in arguments.split_whitespace() {
            write!(call, " (i32.const {argument})").unwrap();
        }
        call + ")"
    }

    /// Address and length of `data`.
    fn place(&mut self, data: &Data) -> String {
        match data {
            Data::Bytes(bytes) => {
                let address = DATA + self.data.len();
                self.data.extend_from_slice(bytes);
                format!("{address} {}", bytes.len())
            }
            Data::Fill(byte, count) => {
                self.line(&format!(
                    "(memory.fill (i32.const {FILL}) (i32.const {byte}) (i32.const {count}))"
                ));
                format!("{FILL} {count}")
            }
        }
    }

    /// Makes a call that returns a handle or a status; of a handle 1 is observed.
    fn keep(&mut self, name: &'static str, arguments: &str) {
        let call = self.call(name, arguments);
        self.line(&format!("(local.set 0 {call})"));
        self.observe_number(
            "(select (i32.const 1) (local.get 0) (i32.gt_s (local.get 0) (i32.const 0)))",
        );
        self.write(BUFFER, "(i32.const 0)");
    }

    fn observe_count(&mut self, call: &str) {
        self.observe_number(call);
        self.write(BUFFER, &format!("(i32.load (i32.const {NUMBER}))"));
    }

    fn observe_number(&mut self, call: &str) {
        self.line(&format!("(i32.store (i32.const {NUMBER}) {call})"));
        self.write(NUMBER, "(i32.const 4)");
    }

    fn observe_buffer(&mut self, call: &str, count: usize) {
        self.line(call);
        self.observe_number("(i32.const 0)");
        self.write(BUFFER, &format!("(i32.const {count})"));
    }

    fn write(&mut self, address: usize, count: &str) {
        self.line(&format!(
            "(call $output_write (i32.const {address}) {count})"
        ));
    }
}
