//! Function names, looked up only when a finding needs one.

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::finding::Finding;

/// Longest name that is copied out of a module, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// Fills in the function names of `findings` from the name section, else from the exports.
/// Anything malformed is passed over: names are an aid.
pub(crate) fn resolve(bytes: &[u8], findings: &mut [Finding]) {
    if findings
        .iter()
        .all(|finding| finding.location.function_index.is_none())
    {
        return;
    }
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ExportSection(exports)) => {
                for export in exports.into_iter().map_while(Result::ok) {
                    if export.kind == wasmparser::ExternalKind::Func {
                        assign(findings, export.index, export.name, false);
                    }
                }
            }
            Ok(Payload::CustomSection(section)) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names.into_iter().map_while(Result::ok) {
                        if let Name::Function(functions) = name {
                            for naming in functions.into_iter().map_while(Result::ok) {
                                assign(findings, naming.index, naming.name, true);
                            }
                        }
                    }
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

fn assign(findings: &mut [Finding], index: u32, name: &str, replace: bool) {
    let name = shortened(name);
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.location.function_index == Some(index))
    {
        if replace || finding.location.function_name.is_none() {
            finding.location.function_name = Some(name.clone());
        }
    }
}

/// `name` up to the longest that is copied.
pub(crate) fn shortened(name: &str) -> String {
    name.chars()
        .scan(0, |bytes, character| {
            *bytes += character.len_utf8();
            (*bytes <= NAME_BYTES_MAX).then_some(character)
        })
        .collect()
}
