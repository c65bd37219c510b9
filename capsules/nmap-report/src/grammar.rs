//! The names that have a meaning: elements, attributes, entities and values of the XML declaration.

use crate::parser::TABLE_AT;

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
/// The context of a row that cannot be found by its name and follows the row before it.
const SAME: Element = '\x1f';
/// What stands behind a name while it is compared with others. None of these ends so.
pub const NAME_STOP: char = '\x1e';

/// The name is an attribute without meaning or only a JSON key.
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
/// The value is the encoding US-ASCII; an element that is marked nowhere else.
pub const ASCII: Element = DOCUMENT;
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
    (VERSION, "1.0", DECLARATION),
    (VERSION, "1.1", DECLARATION),
    (ENCODING, "utf-8", DECLARATION),
    (ENCODING, "us-ascii", ASCII),
    (STANDALONE, "yes", DECLARATION),
    (STANDALONE, "no", DECLARATION),
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
    (SAME, "port", KEY),
    (PORT, "state", STATE),
    (PORT, "service", SERVICE),
    (PORT, "script", SCRIPT),
    (SCRIPT, "id", TEXT),
    (SCRIPT, "output", TEXT),
    (STATUS, "state", TEXT_AS),
    (SAME, "status", KEY),
    (STATE, "state", TEXT),
    (STATE, "reason", TEXT),
    (SERVICE, "name", TEXT_AS),
    (SAME, "service", KEY),
    (SERVICE, "product", TEXT),
    (SERVICE, "version", TEXT),
    (SERVICE, "extrainfo", TEXT),
    (SERVICE, "cpe", CPE),
    (FINISHED, "exit", TEXT),
    (FINISHED, "errormsg", TEXT_AS),
    (SAME, "error", KEY),
    (HOSTS, "up", NUMBER),
    (HOSTS, "down", NUMBER),
    (HOSTS, "total", NUMBER),
    (HOSTNAME, "name", TEXT),
    (ADDRESS, "addr", TEXT),
    (ADDRESS, "addrtype", TEXT_AS),
    (SAME, "type", KEY),
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

pub const TABLE_BYTES: usize = 460;
/// There are more slots than rows that can be found by their names.
const SLOTS: usize = 64;
/// The place of a slot is this times the slot, and what [`Slots::places`] says.
const SLOPE: usize = 4;

/// What identifies most names among those of one context.
pub const fn hash(first: u8, last: u8, length: usize) -> usize {
    2 * first as usize + 4 * last as usize + length
}

/// Where in the parser's memory to look for a name: at the only row that can have it in `context`,
/// or at the end of a row if there is none.
///
/// No row says to which context it belongs: in each context a name leads to another slot, so what
/// finds a row by its name and slot has its context.
pub fn place(context: Element, hash: usize) -> usize {
    let slot = (hash + usize::from(SLOT_TABLE.shifts[context as usize & 31])) % SLOTS;
    TABLE_AT + SLOPE * slot + usize::from(SLOT_TABLE.places[slot])
}

/// The rows in the order of their slots, after a zero. A row is the name and the code.
pub const TABLE: [u8; TABLE_BYTES] = PACKED.0;
static SLOT_TABLE: Slots = PACKED.1;
const PACKED: ([u8; TABLE_BYTES], Slots) = pack();

struct Slots {
    /// What to add to the hash of a name for its slot, for each context.
    shifts: [u8; 32],
    /// Where the row of each slot is.
    places: [u8; SLOTS],
}

const fn pack() -> ([u8; TABLE_BYTES], Slots) {
    let (shifts, slots) = arrange();
    let mut table = [0; TABLE_BYTES];
    let mut places = [0; SLOTS];
    let mut at = 1;
    let mut slot = 0;
    while slot < SLOTS {
        let mut row = slots[slot];
        // An empty slot leads to the end of the row before it.
        let place = if row == NONE { at - 1 } else { at };
        assert!(place >= SLOPE * slot && place - SLOPE * slot < 256);
        places[slot] = (place - SLOPE * slot) as u8;
        while row != NONE {
            let (_, name, code) = ROWS[row];
            let mut index = 0;
            while index < name.len() {
                table[at] = name.as_bytes()[index];
                at += 1;
                index += 1;
            }
            table[at] = code as u8;
            at += 1;
            row = if row + 1 < ROWS.len() && ROWS[row + 1].0 as u8 == SAME as u8 {
                row + 1
            } else {
                NONE
            };
        }
        slot += 1;
    }
    (table, Slots { shifts, places })
}

const NONE: usize = usize::MAX;

/// Gives each context a shift of its own such that all rows are in different slots. Contexts with
/// many rows choose first.
const fn arrange() -> ([u8; 32], [usize; SLOTS]) {
    let mut shifts = [0; 32];
    let mut slots = [NONE; SLOTS];
    let mut taken = 0u64;
    let mut count = SLOTS;
    while count > 0 {
        count -= 1;
        let mut context = 0;
        while context < CONTEXTS {
            let mut shift = 0;
            let mut rest = if rows_of(context) == count { SLOTS } else { 0 };
            while rest > 0 {
                rest -= 1;
                if let (0, Some(with)) = (taken >> shift & 1, insert(context, shift, slots)) {
                    slots = with;
                    taken |= 1 << shift;
                    shifts[context] = shift as u8;
                    rest = 0;
                }
                shift += 1;
            }
            context += 1;
        }
    }
    assert!(taken.count_ones() as usize == CONTEXTS);
    // Only a known value can be empty, and the end of a row would equal it.
    let mut context = VERSION as usize;
    while context < CONTEXTS {
        let slot = (hash(NAME_STOP as u8, KEY as u8, 0) + shifts[context] as usize) % SLOTS;
        assert!(slots[slot] != NONE);
        context += 1;
    }
    (shifts, slots)
}

const fn rows_of(context: usize) -> usize {
    let mut count = 0;
    let mut row = 0;
    while row < ROWS.len() {
        count += (ROWS[row].0 as usize == context) as usize;
        row += 1;
    }
    count
}

/// Adds the rows of `context` to `slots`, unless one is taken.
const fn insert(context: usize, shift: usize, mut slots: [usize; SLOTS]) -> Option<[usize; SLOTS]> {
    let mut row = 0;
    while row < ROWS.len() {
        let (owner, name, _) = ROWS[row];
        if owner as usize == context {
            let name = name.as_bytes();
            let slot = (hash(name[0], name[name.len() - 1], name.len()) + shift) % SLOTS;
            if slots[slot] != NONE {
                return None;
            }
            slots[slot] = row;
        }
        row += 1;
    }
    Some(slots)
}
