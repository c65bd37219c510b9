//! docs/scenarios-expressions.md says what the code does.

use tenzik_scenario::cel::{functions_document, limits};

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/scenarios-expressions.md"
);

const BEGIN: &str =
    "<!-- rendered from the table of functions: UPDATE=1 cargo test -p tenzik-scenario -->\n";

const END: &str = "<!-- end -->\n";

#[test]
fn the_functions_of_the_documentation_are_those_of_the_table() {
    let text = std::fs::read_to_string(PATH).expect("docs/scenarios-expressions.md");
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the mark where the functions begin");
    let (_, after) = rest
        .split_once(END)
        .expect("the mark where the functions end");
    let wanted = format!("{before}{BEGIN}\n{}{END}{after}", functions_document());
    #[expect(
        clippy::disallowed_methods,
        reason = "UPDATE=1 accepts what is rendered"
    )]
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    if update {
        std::fs::write(PATH, &wanted).expect("docs/scenarios-expressions.md");
    }
    assert!(
        update || text == wanted,
        "docs/scenarios-expressions.md is not rendered from the table; UPDATE=1 writes it"
    );
}

#[test]
fn the_bounds_of_the_documentation_are_those_of_the_code() {
    assert_eq!(limits::SOURCE_BYTES_MAX, 8 << 10);
    assert_eq!(limits::NESTING_MAX, 64);
    assert_eq!(limits::COMPREHENSION_DEPTH_MAX, 3);
    assert_eq!(limits::STEPS_MAX, 1_000_000);
    assert_eq!(limits::PRODUCED_BYTES_MAX, 16 << 20);
    assert_eq!(limits::LIST_ELEMENTS_MAX, 100_000);
    assert_eq!(limits::STRING_BYTES_MAX, 4 << 20);
    assert_eq!(limits::VALUE_DEPTH_MAX, 96);
    assert_eq!(limits::CIDR_HOSTS_MAX, 65_536);
    assert_eq!(limits::PATTERN_BYTES_MAX, 1 << 10);
    assert_eq!(limits::PATTERN_PROGRAM_BYTES_MAX, 64 << 10);
    assert_eq!(limits::TEMPLATE_BYTES_MAX, 1 << 20);
    assert_eq!(limits::TEMPLATE_EXPRESSIONS_MAX, 1_000);
}
