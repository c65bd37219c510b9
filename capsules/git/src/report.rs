//! The output of git as JSON.

use program::{Pieces, finish, finish_with, log_errors};
use request::{Message, UNREADABLE};
use tenzik_sdk::{Output, Process};

/// The keys of a commit, in the order of the format that git is asked for.
const COMMIT: [&[u8]; 5] = [
    b"{\"commit\":",
    b",\"author\":",
    b",\"email\":",
    b",\"time\":",
    b",\"subject\":",
];

/// The output of one run.
pub(crate) type Report = Output<4096>;

/// Waits for the end of `process`, which has to be a good one.
pub(crate) fn end(mut process: Process) {
    let first = log_errors(&mut process);
    finish(process, b"git", &first);
}

/// Ends the run because what was read is no output of git; that git failed is the better reason.
fn unreadable(process: Process) -> ! {
    end(process);
    Message::new(b"the output of git is cut off or of another form").fail(UNREADABLE)
}

/// Appends the commit that `process` names.
pub(crate) fn head(mut process: Process, pieces: &mut Pieces, output: &mut Report) {
    output.bytes(b",\"head\":");
    let Some(piece) = pieces.next(&mut process) else {
        // Nothing was committed yet.
        output.bytes(b"null");
        let first = log_errors(&mut process);
        return finish_with(process, b"git", &first, 1);
    };
    let commit = piece.bytes.trim_ascii_end();
    if !matches!(commit.len(), 40 | 64) || !commit.iter().all(u8::is_ascii_hexdigit) {
        unreadable(process);
    }
    json_text::write(output, commit);
    end(process);
}

/// Appends the branch and the changed files that `process` lists.
pub(crate) fn status(mut process: Process, pieces: &mut Pieces, output: &mut Report) {
    output.bytes(b",\"branch\":{");
    let mut headers = 0;
    let mut entries = 0;
    while let Some(piece) = pieces.next(&mut process) {
        let bytes = piece.bytes;
        if !piece.whole {
            unreadable(process);
        }
        if let (0, Some(header)) = (entries, bytes.strip_prefix(b"# ")) {
            if let Some((key, value)) = field(header.strip_prefix(b"branch.").unwrap_or(&[]), 0) {
                comma(output, headers);
                headers += 1;
                json_text::write(output, key);
                output.byte(b':');
                json_text::write(output, value);
            }
            continue;
        }
        // Before the path of each kind of entry so many fields stand.
        let before = match bytes.first() {
            Some(b'1') => 8,
            Some(b'u') => 10,
            Some(b'?') => 1,
            _ => unreadable(process),
        };
        let Some((fields, path)) = field(bytes, before - 1) else {
            unreadable(process);
        };
        let state = match before {
            1 => fields,
            _ => fields.get(2..4).unwrap_or(&[]),
        };
        output.bytes(if entries == 0 {
            b"},\"entries\":["
        } else {
            b","
        });
        entries += 1;
        output.bytes(b"{\"status\":");
        json_text::write(output, state);
        output.bytes(b",\"path\":");
        let whole = json_text::write(output, path);
        close(output, whole);
    }
    if entries == 0 {
        output.bytes(b"},\"entries\":[");
    }
    output.byte(b']');
    end(process);
}

/// Appends the commits that `process` lists.
pub(crate) fn log(mut process: Process, pieces: &mut Pieces, output: &mut Report) {
    output.bytes(b",\"commits\":[");
    let mut count = 0;
    let mut keys = COMMIT.iter();
    let mut whole = true;
    while let Some(piece) = pieces.next(&mut process) {
        if !piece.whole {
            unreadable(process);
        }
        if keys.len() == 0 {
            keys = COMMIT.iter();
        }
        if keys.len() == COMMIT.len() {
            comma(output, count);
            count += 1;
            whole = true;
        }
        output.bytes(keys.next().unwrap_or(&COMMIT[0]));
        whole &= json_text::write(output, piece.bytes);
        if keys.len() == 0 {
            close(output, whole);
        }
    }
    if count > 0 && keys.len() > 0 {
        unreadable(process);
    }
    output.byte(b']');
    end(process);
}

/// Ends an object, and says so if a text of it was not UTF-8.
fn close(output: &mut Report, whole: bool) {
    output.bytes(if whole { b"}" } else { b",\"lossy\":true}" });
}

fn comma(output: &mut Report, before: usize) {
    if before > 0 {
        output.byte(b',');
    }
}

/// What is before and behind the space that `before` spaces precede.
fn field(text: &[u8], before: usize) -> Option<(&[u8], &[u8])> {
    let mut spaces = text.iter().enumerate().filter(|(_, byte)| **byte == b' ');
    let (at, _) = spaces.nth(before)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
