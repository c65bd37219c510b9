//! tenzik beside its peers, in one process and in turn. Writes `benches/README.md` and its plot.
//!
//! `cargo run --release` measures everything; `--quick` takes few rounds and prints the tables
//! instead of writing them.

mod contender;
mod guests;
mod live;
mod machine;
mod measure;
mod plot;
mod report;
mod scenario;
mod workload;

use std::path::Path;

/// Anything that ends the benchmark.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Rounds of a measurement; the median counts.
const ROUNDS: usize = 41;

/// Rounds of a first look.
const ROUNDS_QUICK: usize = 5;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--live", what, count] => {
            println!("{}", live::resident_bytes_of(what, count.parse()?)?);
            Ok(())
        }
        [] => {
            let results = scenario::all(ROUNDS)?;
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            std::fs::write(folder.join("peers.svg"), plot::svg(&results))?;
            std::fs::write(folder.join("README.md"), report::page(&results))?;
            Ok(())
        }
        ["--quick"] => {
            println!("{}", report::page(&scenario::all(ROUNDS_QUICK)?));
            Ok(())
        }
        _ => Err("usage: tenzik-peers [--quick]".into()),
    }
}
