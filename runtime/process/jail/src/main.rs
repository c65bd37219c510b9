//! The helper `tenzik-jail`.

fn main() -> std::process::ExitCode {
    tenzik_jail::run_helper()
}
