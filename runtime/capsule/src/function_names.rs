//! Names of functions, for people: from the name section, else from exports and imports.

use std::collections::BTreeMap;

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::names::shortened;

/// Most functions whose names are kept; a valid capsule has no more.
const FUNCTIONS_MAX: usize = 8_192;

/// The names of a module's functions. They are what the module says: text from outside.
#[derive(Clone, Debug, Default)]
pub struct FunctionNames {
    names: BTreeMap<u32, String>,
    functions: u64,
}

impl FunctionNames {
    /// The names in `module`, each at most 256 bytes. Anything malformed is passed over, so there
    /// may be none.
    pub fn of(module: &[u8]) -> FunctionNames {
        let mut names = FunctionNames::default();
        let mut sections = BTreeMap::new();
        for payload in Parser::new(0).parse_all(module) {
            let Ok(payload) = payload else { break };
            names.see(payload, &mut sections);
        }
        names.names.append(&mut sections);
        names
    }

    fn see(&mut self, payload: Payload<'_>, sections: &mut BTreeMap<u32, String>) {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports().map_while(Result::ok) {
                    if let TypeRef::Func(_) = import.ty {
                        let index = u32::try_from(self.functions).unwrap_or(u32::MAX);
                        add(&mut self.names, index, import.name);
                        self.functions += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => self.functions += u64::from(section.count()),
            Payload::ExportSection(section) => {
                for export in section.into_iter().map_while(Result::ok) {
                    if export.kind == wasmparser::ExternalKind::Func {
                        add(&mut self.names, export.index, export.name);
                    }
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else {
                    return;
                };
                for name in names.into_iter().map_while(Result::ok) {
                    if let Name::Function(functions) = name {
                        for naming in functions.into_iter().map_while(Result::ok) {
                            add(sections, naming.index, naming.name);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// These names, and those of `other` where it has any.
    #[must_use]
    pub fn or_better(mut self, other: FunctionNames) -> FunctionNames {
        self.names.extend(other.names);
        self
    }

    /// The name of the function with this index, imported functions counted first.
    pub fn name(&self, index: u32) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// Functions of the module, imported ones too.
    pub fn functions(&self) -> u64 {
        self.functions
    }

    /// Whether no function has a name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The first name of a function stays.
fn add(names: &mut BTreeMap<u32, String>, index: u32, name: &str) {
    if names.len() < FUNCTIONS_MAX {
        names.entry(index).or_insert_with(|| shortened(name));
    }
}
