//! Released rows of the table never change: capsules were built against them.

use tenzik_host_abi::{Capability, HOST_FUNCTIONS, LogLevel, Status, WasmType};

/// Every row of ABI version 1 as it was released.
const VERSION_1: &str = "\
input_read (i32, i32) -> (i32) always 100 + 1/16
output_write (i32, i32) -> () always 100 + 1/16
log (i32, i32, i32) -> () always 200 + 2/1
fail (i32, i32, i32) -> () always 200 + 2/1
result_read (i32, i32, i32) -> (i32) always 100 + 1/16
hash_commit (i32, i32, i32) -> () hash 400 + 3/1
hash_verify (i32, i32, i32) -> (i32) hash 400 + 3/1
hash_update (i32, i32) -> () hash 100 + 3/1
hash_finish (i32) -> () hash 400 + 0/1
json_path (i32, i32, i32, i32) -> (i32) json 1000 + 10/1
json_path_input (i32, i32) -> (i32) json 1000 + 10/1
base64_encode (i32, i32) -> (i32) base64 200 + 2/1
base64_decode (i32, i32) -> (i32) base64 200 + 2/1
time_now_ms () -> (i64) time 50 + 0/1
random_bytes (i32, i32) -> () random 400 + 3/1
exec_start (i32, i32) -> (i32) exec 20000 + 4/1
exec_write (i32, i32, i32) -> (i32) exec 100 + 1/4
exec_close (i32) -> (i32) exec 100 + 0/1
exec_read (i32, i32, i32, i32) -> (i32) exec 100 + 1/4
exec_wait (i32) -> (i32) exec 1000 + 0/1
file_read (i32, i32) -> (i32) file_read 5000 + 4/1
file_create (i32, i32, i32) -> (i32) file_write 5000 + 4/1
file_write (i32, i32, i32) -> (i32) file_write 100 + 1/4
file_commit (i32) -> (i32) file_write 20000 + 0/1
file_undo (i32, i32) -> (i32) file_write 100000 + 4/1
process_signal (i32, i32) -> (i32) process_signal 5000 + 4/1
artifact_create (i32, i32) -> (i32) artifact 5000 + 4/1
artifact_write (i32, i32, i32) -> (i32) artifact 100 + 1/4
artifact_commit (i32) -> (i32) artifact 20000 + 0/1
secret_open (i32, i32) -> (i32) secret 2000 + 4/1
exec_write_secret (i32, i32) -> (i32) secret 1000 + 0/1
";

#[test]
fn rows_of_version_1() {
    let types = |types: &[WasmType]| {
        let names: Vec<&str> = types.iter().map(|wasm_type| wasm_type.name()).collect();
        names.join(", ")
    };
    let rows: String = HOST_FUNCTIONS
        .iter()
        .filter(|row| row.since == 1)
        .map(|row| {
            format!(
                "{} ({}) -> ({}) {} {} + {}/{}\n",
                row.name,
                types(row.wasm_parameters),
                types(row.wasm_results),
                row.needs.map_or("always", Capability::name),
                row.cost_base,
                row.cost_units,
                row.cost_bytes,
            )
        })
        .collect();
    assert_eq!(rows, VERSION_1);
}

#[test]
fn numbers_that_guests_see() {
    let statuses: Vec<(i32, &str)> = Status::ALL
        .iter()
        .map(|status| (status.number(), status.name()))
        .collect();
    let expected = [
        (-1, "invalid_json"),
        (-2, "invalid_query"),
        (-3, "invalid_base64"),
        (-4, "too_deep"),
        (-5, "too_large"),
        (-6, "too_complex"),
        (-7, "not_found"),
        (-8, "already_exists"),
        (-9, "timed_out"),
        (-10, "exceeded"),
        (-11, "closed"),
        (-12, "io"),
    ];
    assert_eq!(statuses, expected);
    for (number, name) in [
        (0, "error"),
        (1, "warning"),
        (2, "information"),
        (3, "debug"),
        (4, "trace"),
    ] {
        assert_eq!(
            LogLevel::from_number(number).map(LogLevel::name),
            Some(name)
        );
    }
    assert_eq!(LogLevel::from_number(5), None);
    assert_eq!(LogLevel::from_number(-1), None);
}

#[test]
fn every_row_is_documented_and_unique() {
    for (index, row) in HOST_FUNCTIONS.iter().enumerate() {
        assert!(row.doc.trim().len() > 20, "{}", row.name);
        assert!(row.cost_base > 0 && row.cost_bytes > 0, "{}", row.name);
        assert_eq!(
            row.parameters.len(),
            row.wasm_parameters.len(),
            "{}",
            row.name
        );
        let rest = &HOST_FUNCTIONS[index + 1..];
        assert!(
            rest.iter().all(|other| other.name != row.name),
            "{}",
            row.name
        );
    }
}
