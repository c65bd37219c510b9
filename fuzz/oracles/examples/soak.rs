//! Runs an oracle over random inputs for some time, without a fuzzer:
//! `cargo run --release -p tenzik-oracles --features tools --example soak -- ORACLE SECONDS SEED`.

use std::time::{Duration, Instant};
use std::{env, error};

use tenzik_oracles::{Dice, ORACLES, executable_seed, mutated, seeds};

fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, seconds, seed] = arguments.as_slice() else {
        return Err("give the name of an oracle, seconds and a seed".into());
    };
    let oracle = ORACLES.iter().find(|oracle| oracle.name == name);
    let oracle = oracle.ok_or("there is no such oracle")?;
    let (seconds, seed): (u64, u64) = (seconds.parse()?, seed.parse()?);
    let seeds = seeds(name);
    let mut dice = Dice::new(seed);
    let started = Instant::now();
    let mut inputs = 0_u64;
    while started.elapsed() < Duration::from_secs(seconds) {
        let input = match name.as_str() {
            "execute" => executable_seed(dice.draw()),
            _ => mutated(&mut dice, &seeds),
        };
        (oracle.check)(&input);
        inputs += 1;
    }
    println!("{name}: {inputs} inputs from seed {seed}");
    Ok(())
}
