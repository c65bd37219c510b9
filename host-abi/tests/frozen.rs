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
