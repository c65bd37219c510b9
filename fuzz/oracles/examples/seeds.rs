//! Writes the inputs that the repository has for an oracle to a folder:
//! `cargo run -p tenzik-oracles --features tools --example seeds -- ORACLE FOLDER`.

use std::{env, error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(oracle), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("give the name of an oracle and a folder".into());
    };
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    for (index, seed) in tenzik_oracles::seeds(&oracle).iter().enumerate() {
        fs::write(folder.join(format!("seed-{index:03}")), seed)?;
    }
    Ok(())
}
