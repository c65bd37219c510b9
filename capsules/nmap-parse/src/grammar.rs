//! The names that have a meaning: elements, attributes, entities and values of the XML declaration.

/// An element, named by a control character: these occur neither in names nor in JSON, so among
/// both an element can mark its place.
///
/// Their order has a meaning. What always waits for the end of its parent is below [`NMAPRUN`]. From
/// there on come a streamed element, the elements whose attributes belong to its object, and the
/// items of the array that ends that object; see `report.rs`.
pub type Element = char;

/// Any other element.
pub const UNKNOWN: Element = '\x00';
/// What contains the root.
pub const DOCUMENT: Element = '\x01';
/// The XML declaration.
pub const DECLARATION: Element = '\x02';
/// The document type declaration.
pub const DOCTYPE: Element = '\x03';
pub const FINISHED: Element = '\x04';
pub const HOSTS: Element = '\x05';
pub const HOSTNAME: Element = '\x06';
pub const ADDRESS: Element = '\x07';
pub const OSMATCH: Element = '\x08';
pub const CPE: Element = '\x09';
pub const NMAPRUN: Element = '\x0a';
pub const HOST: Element = '\x0b';
pub const STATUS: Element = '\x0c';
pub const PORT: Element = '\x0d';
pub const STATE: Element = '\x0e';
pub const SERVICE: Element = '\x0f';
pub const SCRIPT: Element = '\x10';
pub const PORTS: Element = '\x11';
pub const HOSTNAMES: Element = '\x12';
pub const OS: Element = '\x13';
pub const RUNSTATS: Element = '\x14';

// Contexts of names that are not those of elements and attributes.
pub const ENTITY: Element = '\x15';
pub const VERSION: Element = '\x16';
pub const ENCODING: Element = '\x17';
pub const STANDALONE: Element = '\x18';
const CONTEXTS: usize = 0x19;

/// The name is an attribute without meaning, only the JSON key of the row before, or a known value.
pub const KEY: char = '\x19';
/// An attribute that is a JSON string.
pub const TEXT: char = '\x1a';
/// An attribute that is a JSON number.
pub const NUMBER: char = '\x1b';
/// An attribute that is a JSON string under the name in the next row.
pub const TEXT_AS: char = '\x1c';
/// An attribute that is a JSON number under the name in the next row.
pub const NUMBER_AS: char = '\x1d';
/// The bit that tells numbers from strings.
pub const NUMBER_BIT: u32 = 1;
/// The value is the encoding US-ASCII.
pub const ASCII: char = '\x01';
/// What to add to the code of an entity for its character.
pub const ENTITY_SHIFT: u32 = 0x21;

/// Context, name and code.
type Row = (Element, &'static str, char);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (DOCUMENT, "xml", DECLARATION),
    (DECLARATION, "version", VERSION),
    (DECLARATION, "encoding", ENCODING),
    (DECLARATION, "standalone", STANDALONE),
    (VERSION, "1.0", KEY),
    (VERSION, "1.1", KEY),
    (ENCODING, "utf-8", KEY),
    (ENCODING, "us-ascii", ASCII),
    (STANDALONE, "yes", KEY),
    (STANDALONE, "no", KEY),
    (DOCTYPE, "SYSTEM", '\x01'),
    (DOCTYPE, "PUBLIC", '\x02'),
    (ENTITY, "lt", entity('<')),
    (ENTITY, "gt", entity('>')),
    (ENTITY, "amp", entity('&')),
    (ENTITY, "quot", entity('"')),
    (ENTITY, "apos", entity('\'')),
    (DOCUMENT, "nmaprun", NMAPRUN),
    (NMAPRUN, "scanner", TEXT),
    (NMAPRUN, "args", TEXT),
    (NMAPRUN, "start", NUMBER),
    (NMAPRUN, "host", HOST),
    (NMAPRUN, "runstats", RUNSTATS),
    (HOST, "status", STATUS),
    (HOST, "address", ADDRESS),
    (HOST, "hostnames", HOSTNAMES),
    (HOST, "ports", PORTS),
    (HOST, "os", OS),
    (PORT, "protocol", TEXT),
    (PORT, "portid", NUMBER_AS),
    (PORT, "port", KEY),
    (PORT, "state", STATE),
    (PORT, "service", SERVICE),
    (PORT, "script", SCRIPT),
    (SCRIPT, "id", TEXT),
    (SCRIPT, "output", TEXT),
    (STATUS, "state", TEXT_AS),
    (STATUS, "status", KEY),
    (STATE, "state", TEXT),
    (STATE, "reason", TEXT),
    (SERVICE, "name", TEXT_AS),
    (SERVICE, "service", KEY),
    (SERVICE, "product", TEXT),
    (SERVICE, "version", TEXT),
    (SERVICE, "extrainfo", TEXT),
    (SERVICE, "cpe", CPE),
    (FINISHED, "exit", TEXT),
    (FINISHED, "errormsg", TEXT_AS),
    (FINISHED, "error", KEY),
    (HOSTS, "up", NUMBER),
    (HOSTS, "down", NUMBER),
    (HOSTS, "total", NUMBER),
    (HOSTNAME, "name", TEXT),
    (ADDRESS, "addr", TEXT),
    (ADDRESS, "addrtype", TEXT_AS),
    (ADDRESS, "type", KEY),
    (OSMATCH, "name", TEXT),
    (OSMATCH, "accuracy", NUMBER),
    (PORTS, "port", PORT),
    (HOSTNAMES, "hostname", HOSTNAME),
    (OS, "osmatch", OSMATCH),
    (RUNSTATS, "finished", FINISHED),
    (RUNSTATS, "hosts", HOSTS),
];

const fn entity(character: char) -> char {
    (character as u8 - ENTITY_SHIFT as u8) as char
}

/// Where the table is in the parser's memory.
pub const TABLE_AT: usize = 0xfe00;
pub const TABLE_BYTES: usize = 480;

/// A zero, then for each context its rows and a zero. A row is the name and the code.
pub static TABLE: [u8; TABLE_BYTES] = pack().0;
/// Where in the parser's memory the rows of each context begin.
pub static CONTEXT_STARTS: [u16; 32] = pack().1;

const fn pack() -> ([u8; TABLE_BYTES], [u16; 32]) {
    let mut table = [0; TABLE_BYTES];
    let mut starts = [TABLE_AT as u16; 32];
    let mut at = 1;
    let mut context = 0;
    while context < CONTEXTS {
        let start = at;
        let mut row = 0;
        while row < ROWS.len() {
            let (owner, name, code) = ROWS[row];
            if owner as usize == context {
                let mut index = 0;
                while index < name.len() {
                    table[at] = name.as_bytes()[index];
                    at += 1;
                    index += 1;
                }
                table[at] = code as u8;
                at += 1;
            }
            row += 1;
        }
        if at > start {
            starts[context] = (TABLE_AT + start) as u16;
            at += 1;
        }
        context += 1;
    }
    (table, starts)
}
