//! Which configuration of a repository git may see.

use program::Pieces;
use request::Message;
use tenzik_sdk::Process;

/// Code of a run that a repository could make execute something.
const UNSAFE: i32 = 1002;

/// The keys that a repository may set: what is before and behind a `*`, which stands for anything.
/// All others are refused, for some of them name programs. What `core` can name is overridden by
/// arguments; `alias` and `pager` have no effect on what is called here.
const HARMLESS: [(&[u8], &[u8]); 22] = [
    (b"core.", b""),
    (b"remote.", b".url"),
    (b"remote.", b".pushurl"),
    (b"remote.", b".fetch"),
    (b"remote.", b".tagopt"),
    (b"remote.", b".prune"),
    (b"branch.", b".remote"),
    (b"branch.", b".merge"),
    (b"branch.", b".rebase"),
    (b"branch.", b".description"),
    (b"submodule.", b".url"),
    (b"submodule.", b".active"),
    (b"extensions.objectformat", b""),
    (b"extensions.refstorage", b""),
    (b"user.", b""),
    (b"init.", b""),
    (b"push.", b""),
    (b"advice.", b""),
    (b"color.", b""),
    (b"alias.", b""),
    (b"pager.", b""),
    (b"gui.", b""),
];

/// Ends the run if `process`, which lists the keys, lists one that is not known to be harmless.
pub(crate) fn check(mut process: Process, pieces: &mut Pieces) {
    while let Some(piece) = pieces.next(&mut process) {
        let fits = |(before, behind): &(&[u8], &[u8])| {
            piece
                .bytes
                .strip_prefix(*before)
                .is_some_and(|rest| rest.ends_with(behind))
        };
        if !HARMLESS.iter().any(fits) {
            let mut message = Message::new(b"the configuration of the repository sets ");
            message.text(piece.bytes.get(..200).unwrap_or(piece.bytes));
            message.text(b", by which git could execute a program; remove it there");
            message.fail(UNSAFE);
        }
    }
    crate::report::end(process);
}
