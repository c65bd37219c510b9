//! The rows of the table, in the order of their names.

use super::super::Type::{Bool, Bytes, Double, Dyn, Int, List, Map, String, Type as TypeOf, Uint};
use super::{Function, Run, Signature, Style, conversions, json, lists, network, strings};
use crate::cel::Type;

const fn takes(parameters: &'static [Type], result: Type) -> Signature {
    Signature {
        parameters,
        repeats: false,
        result,
    }
}

const fn repeats(parameters: &'static [Type], result: Type) -> Signature {
    Signature {
        parameters,
        repeats: true,
        result,
    }
}

type Examples = &'static [(&'static str, &'static str)];

const fn row(
    name: &'static str,
    style: Style,
    signatures: &'static [Signature],
    run: Run,
    about: &'static str,
    examples: Examples,
) -> Function {
    Function {
        name,
        style,
        signatures,
        about,
        examples,
        is_standard: false,
        run,
    }
}

const fn standard(function: Function) -> Function {
    Function {
        is_standard: true,
        ..function
    }
}

use Style::{Either, Global, Method};

/// All functions.
pub(super) static FUNCTIONS: &[Function] = &[
    standard(row(
        "bool",
        Global,
        &[takes(&[Bool], Bool), takes(&[String], Bool)],
        conversions::bool,
        "`true`, `True`, `TRUE`, `t` or `1`, and the same for false.",
        &[(r#"bool("true")"#, "true")],
    )),
    standard(row(
        "bytes",
        Global,
        &[takes(&[Bytes], Bytes), takes(&[String], Bytes)],
        conversions::bytes,
        "The UTF-8 bytes of a string.",
        &[(r#"size(bytes("é"))"#, "2")],
    )),
    row(
        "charAt",
        Method,
        &[takes(&[String, Int], String)],
        strings::char_at,
        "The character at a position; the position behind the last one gives the empty string.",
        &[(r#""abc".charAt(1)"#, r#""b""#)],
    ),
    row(
        "cidr_hosts",
        Global,
        &[takes(&[String], List)],
        network::cidr_hosts,
        "The host addresses of a network, at most 65,536: without network and broadcast address. An address gives itself.",
        &[(r#"cidr_hosts("10.0.0.0/30")"#, r#"["10.0.0.1","10.0.0.2"]"#)],
    ),
    standard(row(
        "contains",
        Method,
        &[takes(&[String, String], Bool)],
        strings::contains,
        "Whether a string contains another one. Whether a list has an element says `in`.",
        &[(r#""open ports".contains("port")"#, "true")],
    )),
    row(
        "distinct",
        Method,
        &[takes(&[List], List)],
        lists::distinct,
        "The list without the elements that are equal to one before.",
        &[("[2, 1, 2, 1.0].distinct()", "[2,1]")],
    ),
    standard(row(
        "double",
        Global,
        &[
            takes(&[Double], Double),
            takes(&[Int], Double),
            takes(&[Uint], Double),
            takes(&[String], Double),
        ],
        conversions::double,
        "The nearest double.",
        &[("double(3) / 2.0", "1.5"), (r#"double("2.5")"#, "2.5")],
    )),
    standard(row(
        "dyn",
        Global,
        &[takes(&[Dyn], Dyn)],
        conversions::dynamic,
        "The value itself, of which the check before the run knows no type.",
        &[("[dyn(1), 'a'][0] == 1", "true")],
    )),
    standard(row(
        "endsWith",
        Method,
        &[takes(&[String, String], Bool)],
        strings::ends_with,
        "Whether a string ends with another one.",
        &[(r#""a.json".endsWith(".json")"#, "true")],
    )),
    row(
        "first",
        Method,
        &[takes(&[List], Dyn)],
        lists::first,
        "The first element; null if there is none.",
        &[("[3, 4].first()", "3"), ("[].first()", "null")],
    ),
    row(
        "flatten",
        Method,
        &[takes(&[List], List), takes(&[List, Int], List)],
        lists::flatten,
        "The list with the elements of its lists in their place, so many levels deep; default 1.",
        &[
            ("[[1, 2], [3, [4]], 5].flatten()", "[1,2,3,[4],5]"),
            ("[[1, [2, [3]]]].flatten(2)", "[1,2,[3]]"),
        ],
    ),
    row(
        "in_cidr",
        Global,
        &[takes(&[String, String], Bool)],
        network::in_cidr,
        "Whether an address, or a whole network, lies in a network. A host name is an error.",
        &[(r#"in_cidr("10.1.2.3", "10.0.0.0/8")"#, "true")],
    ),
    row(
        "indexOf",
        Method,
        &[
            takes(&[String, String], Int),
            takes(&[String, String, Int], Int),
        ],
        strings::index_of,
        "Where a string first contains another one, at or behind a position; -1 if it does not.",
        &[(r#""banana".indexOf("an", 2)"#, "3")],
    ),
    standard(row(
        "int",
        Global,
        &[
            takes(&[Int], Int),
            takes(&[Uint], Int),
            takes(&[Double], Int),
            takes(&[String], Int),
        ],
        conversions::int,
        "The int; of a double without its fraction, of a string of decimal digits.",
        &[(r#"int("-12")"#, "-12"), ("int(2.9)", "2")],
    )),
    row(
        "join",
        Method,
        &[takes(&[List], String), takes(&[List, String], String)],
        lists::join,
        "The strings of a list one behind the other, with a string between them.",
        &[(r#"["22", "80"].join(",")"#, r#""22,80""#)],
    ),
    row(
        "json",
        Global,
        &[takes(&[String], Dyn)],
        json::read,
        "The value of a JSON text.",
        &[(r#"json("{\"a\": [1, 2.5]}").a"#, "[1,2.5]")],
    ),
    row(
        "keys",
        Method,
        &[takes(&[Map], List)],
        lists::keys,
        "The keys of a map, in their order.",
        &[(r#"{"b": 1, "a": 2}.keys()"#, r#"["a","b"]"#)],
    ),
    row(
        "last",
        Method,
        &[takes(&[List], Dyn)],
        lists::last,
        "The last element; null if there is none.",
        &[("[3, 4].last()", "4")],
    ),
    row(
        "lastIndexOf",
        Method,
        &[
            takes(&[String, String], Int),
            takes(&[String, String, Int], Int),
        ],
        strings::last_index_of,
        "Where a string last contains another one, at or before a position; -1 if it does not.",
        &[(r#""banana".lastIndexOf("an")"#, "3")],
    ),
    row(
        "lines",
        Method,
        &[takes(&[String], List)],
        strings::lines,
        "The lines of a string, without their ends.",
        &[(r#""a\nb\r\n".lines()"#, r#"["a","b"]"#)],
    ),
    row(
        "lower",
        Method,
        &[takes(&[String], String)],
        strings::lower,
        "The string in lower case.",
        &[(r#""ÄB".lower()"#, r#""äb""#)],
    ),
    row(
        "lowerAscii",
        Method,
        &[takes(&[String], String)],
        strings::lower_ascii,
        "The string with A to Z in lower case.",
        &[(r#""ÄB".lowerAscii()"#, r#""Äb""#)],
    ),
    standard(row(
        "matches",
        Either,
        &[takes(&[String, String], Bool)],
        strings::matches,
        "Whether a regular expression (RE2) matches a part of a string.",
        &[(r#""port 22".matches("[0-9]+$")"#, "true")],
    )),
    row(
        "max",
        Global,
        &[takes(&[List], Dyn), repeats(&[Dyn, Dyn], Dyn)],
        lists::max,
        "The largest of numbers or strings, or of the elements of a list.",
        &[("max(1, 2.5, 2)", "2.5"), ("max([3, 1])", "3")],
    ),
    row(
        "min",
        Global,
        &[takes(&[List], Dyn), repeats(&[Dyn, Dyn], Dyn)],
        lists::min,
        "The smallest of numbers or strings, or of the elements of a list.",
        &[("min(1, 2.5)", "1"), (r#"min(["b", "a"])"#, r#""a""#)],
    ),
    row(
        "replace",
        Method,
        &[
            takes(&[String, String, String], String),
            takes(&[String, String, String, Int], String),
        ],
        strings::replace,
        "The string with another one in place of a part, everywhere or so many times.",
        &[(r#""a-b-c".replace("-", "+", 1)"#, r#""a+b-c""#)],
    ),
    row(
        "reverse",
        Method,
        &[takes(&[List], List), takes(&[String], String)],
        lists::reverse,
        "The list or string from its end to its beginning.",
        &[("[1, 2].reverse()", "[2,1]")],
    ),
    standard(row(
        "size",
        Either,
        &[
            takes(&[String], Int),
            takes(&[Bytes], Int),
            takes(&[List], Int),
            takes(&[Map], Int),
        ],
        lists::size,
        "The number of characters, bytes, elements or entries.",
        &[(r#""né".size()"#, "2"), ("size([1, 2])", "2")],
    )),
    row(
        "slice",
        Method,
        &[takes(&[List, Int, Int], List)],
        lists::slice,
        "The elements from a position up to one, which is left out.",
        &[("[1, 2, 3, 4].slice(1, 3)", "[2,3]")],
    ),
    row(
        "sort",
        Method,
        &[takes(&[List], List)],
        lists::sort,
        "The list in ascending order; equal elements keep theirs. All are numbers, strings, bools or bytes.",
        &[("[3, 1.5, 2].sort()", "[1.5,2,3]")],
    ),
    row(
        "split",
        Method,
        &[
            takes(&[String, String], List),
            takes(&[String, String, Int], List),
        ],
        strings::split,
        "The parts of a string between another one, at most so many; the last one has the rest.",
        &[(r#""a,b,c".split(",", 2)"#, r#"["a","b,c"]"#)],
    ),
    standard(row(
        "startsWith",
        Method,
        &[takes(&[String, String], Bool)],
        strings::starts_with,
        "Whether a string starts with another one.",
        &[(r#""nmap-scan".startsWith("nmap")"#, "true")],
    )),
    standard(row(
        "string",
        Global,
        &[
            takes(&[String], String),
            takes(&[Bool], String),
            takes(&[Int], String),
            takes(&[Uint], String),
            takes(&[Double], String),
            takes(&[Bytes], String),
        ],
        conversions::string,
        "The value as text; bytes must be UTF-8. `to_json` is for lists and maps.",
        &[("string(1.5)", r#""1.5""#)],
    )),
    row(
        "substring",
        Method,
        &[
            takes(&[String, Int], String),
            takes(&[String, Int, Int], String),
        ],
        strings::substring,
        "The characters from a position to the end, or up to a position, which is left out.",
        &[(r#""abcd".substring(1, 3)"#, r#""bc""#)],
    ),
    row(
        "sum",
        Method,
        &[takes(&[List], Dyn)],
        lists::sum,
        "The sum of numbers of one type; 0 of none.",
        &[("[1, 2, 3].sum()", "6")],
    ),
    row(
        "to_json",
        Global,
        &[takes(&[Dyn], String)],
        json::write,
        "The value as JSON text without blanks.",
        &[(r#"to_json({"a": [1, null]})"#, r#""{\"a\":[1,null]}""#)],
    ),
    row(
        "trim",
        Method,
        &[takes(&[String], String)],
        strings::trim,
        "The string without white space at its beginning and end.",
        &[(r#"" a b\n".trim()"#, r#""a b""#)],
    ),
    standard(row(
        "type",
        Global,
        &[takes(&[Dyn], TypeOf)],
        conversions::type_of,
        "The type, to compare with `null_type`, `bool`, `int`, `uint`, `double`, `string`, `bytes`, `list`, `map` or `type`.",
        &[("type(1) == int", "true")],
    )),
    standard(row(
        "uint",
        Global,
        &[
            takes(&[Uint], Uint),
            takes(&[Int], Uint),
            takes(&[Double], Uint),
            takes(&[String], Uint),
        ],
        conversions::uint,
        "The uint; of a double without its fraction, of a string of decimal digits.",
        &[("uint(7) == 7u", "true")],
    )),
    row(
        "upper",
        Method,
        &[takes(&[String], String)],
        strings::upper,
        "The string in upper case.",
        &[(r#""straße".upper()"#, r#""STRASSE""#)],
    ),
    row(
        "upperAscii",
        Method,
        &[takes(&[String], String)],
        strings::upper_ascii,
        "The string with a to z in upper case.",
        &[(r#""äb".upperAscii()"#, r#""äB""#)],
    ),
    row(
        "values",
        Method,
        &[takes(&[Map], List)],
        lists::values,
        "The values of a map, in the order of their keys.",
        &[(r#"{"b": 1, "a": 2}.values()"#, "[2,1]")],
    ),
];

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn the_rows_are_in_the_order_of_their_names() {
        assert!(FUNCTIONS.is_sorted_by(|left, right| left.name < right.name));
    }
}
