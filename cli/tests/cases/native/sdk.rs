//! A script in a native run.

use tenzik_runtime::Limits;
use tenzik_sdk::native::{self, Ending};
use tenzik_sdk::{
    HostResult, Status, base64_decode, base64_encode, fail, hash_commit, hash_finish, hash_update,
    hash_verify, input_read, json_path, json_path_input, log, output_write, random_bytes,
    time_now_ms, trap,
};

use super::{Data, Op, Script, Seen, tenzik};

pub(super) fn limits(limits: &Limits) -> native::Limits {
    native::Limits {
        input_bytes_max: limits.input_bytes_max,
        output_bytes_base: limits.output_bytes_base,
        output_bytes_per_input_byte: limits.output_bytes_per_input_byte,
        log_bytes_max: limits.log_bytes_max,
        host_calls_base: limits.host_calls_base,
        host_call_input_bytes: limits.host_call_input_bytes,
        memory_bytes_max: limits.memory_bytes_max,
    }
}

pub(super) fn seen(script: &Script) -> Seen {
    let mut run = native::Run::new(&script.input)
        .seed(script.seed)
        .now_ms(script.now_ms)
        .limits(limits(&script.policy.limits))
        .tenzik(tenzik());
    for capability in tenzik_sdk::Capability::PURE {
        if !script.policy.grants.contains(capability) {
            run = run.deny(capability);
        }
    }
    let outcome = run.call(|| calls(&script.ops));
    Seen {
        ending: match &outcome.ending {
            Ending::Ok => "ok".to_owned(),
            Ending::Failure { code, message } => {
                format!("failure {code} {}", message.escape_ascii())
            }
            Ending::Fault { code, .. } if code.starts_with("trap") => format!("fault {code}"),
            Ending::Fault { code, message } => format!("fault {code} {message}"),
            Ending::Refused(capability) => format!("refused {capability}"),
        },
        output: outcome.output,
        log: outcome
            .log
            .into_iter()
            .map(|entry| (entry.level, entry.message.into_bytes()))
            .collect(),
        input_bytes: outcome.input_bytes,
        host_calls: outcome.host_calls,
    }
}

fn data(data: &Data) -> Vec<u8> {
    match data {
        Data::Bytes(bytes) => bytes.clone(),
        Data::Fill(byte, count) => vec![*byte; *count],
    }
}

fn observe(number: i32, bytes: &[u8]) {
    output_write(&number.to_le_bytes());
    output_write(bytes);
}

/// The handle of a new result is kept; what is observed is whether there is one.
fn keep(results: &mut Vec<HostResult>, result: Result<HostResult, Status>) {
    match result {
        Ok(result) => {
            results.push(result);
            observe(1, &[]);
        }
        Err(status) => observe(status.number(), &[]),
    }
}

fn calls(ops: &[Op]) -> i32 {
    let mut results: Vec<HostResult> = Vec::new();
    for op in ops {
        match op {
            Op::InputRead(count) => {
                let mut buffer = vec![0; *count];
                let count = input_read(&mut buffer);
                observe(i32::try_from(count).unwrap(), &buffer[..count]);
            }
            Op::OutputWrite(bytes) => output_write(&data(bytes)),
            Op::Log(level, message) => log(*level, message),
            Op::Fail(code, message) => fail(*code, &data(message)),
            Op::HashCommit(bytes) => observe(0, &hash_commit(&data(bytes))),
            Op::HashVerify(bytes, digest) => {
                observe(i32::from(hash_verify(&data(bytes), digest)), &[]);
            }
            Op::HashUpdate(bytes) => hash_update(&data(bytes)),
            Op::HashFinish => observe(0, &hash_finish()),
            Op::JsonPath(json, query) => keep(&mut results, json_path(&data(json), query)),
            Op::JsonPathInput(query) => keep(&mut results, json_path_input(query)),
            Op::Base64Encode(bytes) => keep(&mut results, base64_encode(&data(bytes))),
            Op::Base64Decode(text) => keep(&mut results, base64_decode(&data(text))),
            Op::ResultRead(index, count) => {
                let mut buffer = vec![0; *count];
                let count = results[*index].read(&mut buffer);
                observe(i32::try_from(count).unwrap(), &buffer[..count]);
            }
            Op::Time => observe(0, &time_now_ms().to_le_bytes()),
            Op::Random(count) => {
                let mut buffer = vec![0; *count];
                random_bytes(&mut buffer);
                observe(0, &buffer);
            }
            Op::Trap => trap(),
            Op::Return(code) => return *code,
        }
    }
    0
}
