//! The helper `tenzik-jail`.

fn main() {}
