//! What was measured, and its JSON.

use serde_json::{Value, json};
use tenzik_runtime::{COST_MODEL, Engine, Outcome};

use crate::subject::Subject;

use super::machine::Machine;
use super::plan::Receipts;
use super::statistics::Summary;

/// The version of the JSON, which a base has to have too.
pub(crate) const FORMAT: &str = "tenzik-bench-1";

/// Everything that was measured.
pub(crate) struct Measured {
    pub(crate) clock_ns: u64,
    pub(crate) fuel: Fuel,
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) host_calls: u64,
    pub(crate) cold: Cold,
    pub(crate) warm: Vec<Warm>,
    pub(crate) throughput: Vec<Throughput>,
}

/// Fuel of a run, and whether every run that was looked at used as much.
pub(crate) struct Fuel {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// Runs of a capsule that was not seen before; medians of the parts.
pub(crate) struct Cold {
    pub(crate) validate_ns: u64,
    pub(crate) compile_ns: u64,
    pub(crate) run_ns: u64,
    pub(crate) total: Summary,
}

/// Runs of a prepared capsule, one after the other.
pub(crate) struct Warm {
    pub(crate) receipts: Receipts,
    pub(crate) runs_per_sample: u64,
    pub(crate) noise_ns: u64,
    pub(crate) times: Summary,
    /// Times in the order of their size, at equal distances.
    pub(crate) curve: Vec<u64>,
}

/// Runs per second on some threads: the median of all rounds, the slowest and the fastest.
pub(crate) struct Throughput {
    pub(crate) threads: usize,
    pub(crate) receipts: Receipts,
    pub(crate) runs_per_second: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Fuel {
    /// The fuel of the first run.
    pub(crate) fn of(first: &Outcome) -> Fuel {
        let (min, max) = (first.usage.fuel, first.usage.fuel);
        Fuel { min, max }
    }

    /// Looks at one more run.
    pub(crate) fn see(&mut self, outcome: &Outcome) {
        self.min = self.min.min(outcome.usage.fuel);
        self.max = self.max.max(outcome.usage.fuel);
    }

    /// Whether all were equal.
    pub(crate) fn constant(&self) -> bool {
        self.min == self.max
    }
}

/// The JSON of a measurement: what `--json` prints, `--output` writes and `--against` reads.
pub(crate) fn object(subject: &Subject, measured: &Measured) -> Value {
    let id = subject.examination.validation().id();
    let cold = &measured.cold;
    let warm = measured.warm.iter().map(|warm| {
        let mut object = times(&warm.times);
        object["receipts"] = json!(warm.receipts.word());
        object["runs_per_sample"] = json!(warm.runs_per_sample);
        object["noise_ns"] = json!(warm.noise_ns);
        object
    });
    let throughput = measured.throughput.iter().map(|row| {
        json!({
            "threads": row.threads,
            "receipts": row.receipts.word(),
            "runs_per_second": row.runs_per_second,
            "min": row.min,
            "max": row.max,
        })
    });
    json!({
        "format": FORMAT,
        "status": "ok",
        "exit": 0,
        "capsule": subject.source.shown(),
        "capsule_id": id.map(|id| id.to_string()),
        "capsule_bytes": subject.examination.validation().bytes(),
        "input": { "bytes": subject.input.len(), "blake3": input_hash(subject) },
        "seed": subject.seed.to_string(),
        "now": subject.now.to_string(),
        "engine": Engine::identity(),
        "cost_model": COST_MODEL,
        "machine": Machine::this(),
        "clock_ns": measured.clock_ns,
        "fuel": {
            "units": measured.fuel.max,
            "min": measured.fuel.min,
            "constant": measured.fuel.constant(),
        },
        "memory_bytes": measured.memory_bytes,
        "output_bytes": measured.output_bytes,
        "host_calls": measured.host_calls,
        "cold": {
            "validate_ns": cold.validate_ns,
            "compile_ns": cold.compile_ns,
            "run_ns": cold.run_ns,
            "total": times(&cold.total),
        },
        "warm": warm.collect::<Vec<_>>(),
        "throughput": throughput.collect::<Vec<_>>(),
    })
}

fn times(times: &Summary) -> Value {
    json!({
        "samples": times.samples,
        "min_ns": times.min_ns,
        "p50_ns": times.p50_ns,
        "p95_ns": times.p95_ns,
        "p99_ns": times.p99_ns,
        "max_ns": times.max_ns,
    })
}

/// The digest that names the input in a base.
pub(crate) fn input_hash(subject: &Subject) -> String {
    blake3::hash(&subject.input).to_hex().to_string()
}
