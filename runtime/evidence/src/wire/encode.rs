//! A statement as canonical JSON.

use std::fmt::Write as _;

use crate::{
    BatchProof, Digest, ErrorCode, Label, PublicKey, ReceiptBody, Signature, Timestamp, TreeHash,
    hex,
};

/// An empty text with room for a common receipt, which has about 1,200 bytes.
pub(crate) fn buffer() -> String {
    String::with_capacity(2048)
}

/// Appends the canonical JSON of a receipt; without signature and proof, that of its body.
pub(crate) fn encode(
    json: &mut String,
    body: &ReceiptBody,
    signature: Option<&Signature>,
    proof: Option<&BatchProof>,
) {
    let statement = body.statement();
    let verdict = &statement.verdict;
    let run = verdict.run();
    let effects = run.and_then(|run| run.effects.as_ref());
    let mut object = Object::new(json);
    object.field("batch_index", proof.map(|proof| u64::from(proof.index())));
    object.field("batch_path", proof.map(BatchProof::path));
    object.field("batch_size", proof.map(|proof| u64::from(proof.size())));
    object.field("capsule_bytes", Some(statement.capsule_bytes));
    object.field("capsule_id", verdict.capsule_id().as_ref());
    object.field("cost_model", run.map(|run| &run.cost_model));
    object.field("engine", run.map(|run| &run.engine));
    object.field("error_code", verdict.error_code());
    object.field("failure_code", verdict.failure_code());
    object.field("fuel_exact", run.map(|run| run.fuel_exact));
    object.field("fuel_used", run.map(|run| run.fuel_used));
    object.field("grants", Some(statement.grants.as_str()));
    object.field("host_calls", run.map(|run| run.host_calls));
    object.field("input_bytes", run.map(|run| run.input_bytes));
    object.field("input_commit", run.map(|run| &run.input_commit));
    object.field("input_complete", run.map(|run| run.input_complete));
    object.field(
        "isolation",
        effects.map(|effects| effects.isolation.as_str()),
    );
    object.field(
        "isolation_missing",
        effects.map(|effects| effects.isolation_missing.as_str()),
    );
    object.field("limits", Some(statement.limits.as_str()));
    object.field("machine_bound", verdict.is_machine_bound().then_some(true));
    object.field("memory_bytes", run.map(|run| run.memory_bytes));
    object.field("node_id", Some(body.node_id()));
    object.field("nonce", Some(&statement.nonce.as_bytes()[..]));
    object.field("now", run.map(|run| run.now));
    object.field("output_bytes", run.map(|run| run.output_bytes));
    object.field("output_commit", run.map(|run| &run.output_commit));
    object.field("policy_commit", Some(&statement.policy_commit));
    object.field(
        "process_deadline_ms",
        effects.map(|effects| effects.process_deadline_ms),
    );
    object.field("processes", effects.map(|effects| effects.processes));
    object.field("refused_by", verdict.refused_by());
    object.field("run_id", effects.map(|effects| &effects.run_id));
    object.field("seed", run.map(|run| run.seed));
    object.field(
        "signature",
        signature.map(|signature| &signature.as_bytes()[..]),
    );
    object.field("status", Some(verdict.status().name()));
    object.field("timestamp", Some(statement.timestamp));
    object.field("transcript_commit", run.map(|run| &run.transcript_commit));
    object.field("version", Some(body.version().name()));
    object.finish();
}

/// A JSON object under construction. Names and values need no escapes.
struct Object<'a> {
    json: &'a mut String,
    separator: &'static str,
}

impl Object<'_> {
    fn new(json: &mut String) -> Object<'_> {
        Object {
            json,
            separator: "{\"",
        }
    }

    fn field(&mut self, name: &str, value: Option<impl Value>) {
        let Some(value) = value else { return };
        self.json.push_str(self.separator);
        self.separator = ",\"";
        self.json.push_str(name);
        self.json.push_str("\":");
        value.push_to(self.json);
    }

    /// Ends an object that has at least one field.
    fn finish(self) {
        self.json.push('}');
    }
}

/// A value of a field.
trait Value {
    fn push_to(&self, json: &mut String);
}

impl Value for bool {
    fn push_to(&self, json: &mut String) {
        json.push_str(if *self { "true" } else { "false" });
    }
}

impl Value for &str {
    fn push_to(&self, json: &mut String) {
        json.push('"');
        json.push_str(self);
        json.push('"');
    }
}

impl Value for &[u8] {
    fn push_to(&self, json: &mut String) {
        json.push('"');
        hex::push(json, self);
        json.push('"');
    }
}

macro_rules! display_value {
    ($($type:ty),+) => {
        $(impl Value for $type {
            fn push_to(&self, json: &mut String) {
                // Writing to a `String` cannot fail.
                let _ = write!(json, "\"{self}\"");
            }
        })+
    };
}

display_value!(i32);

impl Value for Timestamp {
    fn push_to(&self, json: &mut String) {
        hex::ascii(&self.to_ascii()).push_to(json);
    }
}

impl Value for u64 {
    fn push_to(&self, json: &mut String) {
        // The largest has 20 digits.
        let mut digits = [b'0'; 20];
        let mut first = digits.len();
        let mut rest = *self;
        while rest > 0 || first == digits.len() {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        hex::ascii(&digits[first..]).push_to(json);
    }
}

impl Value for &[TreeHash] {
    fn push_to(&self, json: &mut String) {
        json.push('"');
        for hash in *self {
            hex::push(json, hash.as_bytes());
        }
        json.push('"');
    }
}

impl Value for &Digest {
    fn push_to(&self, json: &mut String) {
        (&self.as_bytes()[..]).push_to(json);
    }
}

impl Value for &PublicKey {
    fn push_to(&self, json: &mut String) {
        (&self.as_bytes()[..]).push_to(json);
    }
}

impl Value for &Label {
    fn push_to(&self, json: &mut String) {
        self.as_str().push_to(json);
    }
}

impl Value for &ErrorCode {
    fn push_to(&self, json: &mut String) {
        self.as_str().push_to(json);
    }
}
