//! The modules that the contenders run, and how one capsule becomes the guest of every other ABI.

use crate::AnyError;

/// Echo for Extism, written for its ABI.
pub const EXTISM_ECHO: &str = include_str!("../guests/extism-echo.wat");

/// Echo for cosmwasm-vm, written for its ABI.
pub const COSMWASM_ECHO: &str = include_str!("../guests/cosmwasm-echo.wat");

/// About a millisecond of computing, as a capsule.
pub const COMPUTE: &str = include_str!("../guests/compute.wat");

const EXTISM_HOST: &str = include_str!("../guests/extism-host.wat");
const COSMWASM_HOST: &str = include_str!("../guests/cosmwasm-host.wat");

/// Bytes of a page of memory.
const PAGE_BYTES: u64 = 65_536;

/// Pages that a contract gets on top of the capsule's, for its regions.
const REGION_PAGES: u64 = 2;

/// The capsule as a plugin of Extism: its imports replaced by functions over Extism's.
///
/// # Errors
/// A capsule that imports something else, or that does not print.
pub fn extism_plugin(capsule: &[u8]) -> Result<Vec<u8>, AnyError> {
    let text = with_host(capsule, EXTISM_HOST)?;
    without_names(&wat::parse_str(text)?)
}

/// The capsule as a contract of cosmwasm-vm, without the instructions that this refuses.
///
/// # Errors
/// A capsule that imports something else, or that does not print.
pub fn cosmwasm_contract(capsule: &[u8]) -> Result<Vec<u8>, AnyError> {
    let text = with_host(capsule, COSMWASM_HOST)?;
    let text = text.replace("memory.copy", "call $copy");
    let text = text.replace("memory.fill", "call $fill");
    let mut pages = 0;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("(memory ") {
            let (name, size) = rest.rsplit_once(' ').ok_or("no size")?;
            pages = size.trim_end_matches(')').parse::<u64>()?;
            lines.push(format!("(memory {name} {})", pages + REGION_PAGES));
        } else {
            lines.push(line.to_owned());
        }
    }
    let heap = (pages * PAGE_BYTES).to_string();
    without_names(&wat::parse_str(lines.join("\n").replace("$heap", &heap))?)
}

/// Prints the capsule with `host` in the place of its imports: lines of `host` that import go to the
/// front, the rest to the end.
fn with_host(capsule: &[u8], host: &str) -> Result<String, AnyError> {
    let mut printed = String::new();
    let mut config = wasmprinter::Config::new();
    config.name_unnamed(true);
    config.print(capsule, &mut wasmprinter::PrintFmtWrite(&mut printed))?;
    let mut names = Vec::new();
    let mut text = Vec::new();
    let mut imports_at = None;
    for line in printed.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("(import \"tenzik\" \"") {
            let (function, rest) = rest.split_once('"').ok_or("an import without end")?;
            let id = identifier_after(rest, "(func ").ok_or("an import without name")?;
            names.push((id.to_owned(), format!("${function}")));
            imports_at.get_or_insert(text.len());
        } else if let Some(rest) = line.trim_start().strip_prefix("(export \"run\" ") {
            let id = identifier_after(rest, "(func ").ok_or("an export without name")?;
            names.push((id.to_owned(), "$run".to_owned()));
            text.push(line.to_owned());
        } else {
            text.push(line.to_owned());
        }
    }
    let is_import = |line: &&str| line.starts_with("(import");
    let imports = host.lines().filter(is_import).map(str::to_owned);
    let functions = host.lines().filter(|line| !is_import(line));
    let at = imports_at.unwrap_or(1);
    let end = text.iter().rposition(|line| line == ")").ok_or("no end")?;
    let mut whole: Vec<String> = text.iter().take(at).cloned().collect();
    whole.extend(imports);
    whole.extend(
        text.iter()
            .take(end)
            .skip(at)
            .map(|line| renamed(line, &names)),
    );
    whole.extend(functions.map(str::to_owned));
    whole.push(")".to_owned());
    Ok(whole.join("\n"))
}

fn identifier_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ')')?;
    rest.get(..end)
}

/// The module without its custom sections: the names above would make it half as large again.
fn without_names(module: &[u8]) -> Result<Vec<u8>, AnyError> {
    let (mut kept, mut rest) = (module.get(..8).ok_or("no header")?.to_vec(), &module[8..]);
    while let [id, after_id @ ..] = rest {
        let (mut len, mut bits, mut at) = (0_usize, 0, 0);
        while let Some(byte) = after_id.get(at) {
            len |= usize::from(byte & 0x7f) << bits;
            (bits, at) = (bits + 7, at + 1);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let end = 1 + at + len;
        if *id != 0 {
            kept.extend_from_slice(rest.get(..end).ok_or("a section is cut")?);
        }
        rest = rest.get(end..).ok_or("a section is cut")?;
    }
    Ok(kept)
}

/// The line with whole identifiers replaced.
fn renamed(line: &str, names: &[(String, String)]) -> String {
    let is_end = |c: char| c.is_whitespace() || c == '(' || c == ')';
    let mut out = String::new();
    for piece in line.split_inclusive(is_end) {
        let word = piece.trim_end_matches(is_end);
        match names.iter().find(|(from, _)| from == word) {
            Some((_, to)) => {
                out.push_str(to);
                out.push_str(piece.get(word.len()..).unwrap_or_default());
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// The module with a custom section that makes it a module nobody has seen.
pub fn unseen(module: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = module.to_vec();
    bytes.extend_from_slice(&[0, 10, 1, b'u']);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes
}
