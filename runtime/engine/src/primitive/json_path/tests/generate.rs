//! Documents and queries at random, the same for the same seed.

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % sides
    }

    pub(super) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }
}

const SCALARS: [&str; 18] = [
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "2.5",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\"",
    "\"ab\"",
    "\"b\"",
    "\"abc\"",
    "\"\\u0061\"",
    "\"\u{e4}\"",
    "\"\\n\"",
    "\"\u{1f600}\"",
];

/// A document. Members are in the order of their names, because the oracle sorts them.
pub(super) fn document(dice: &mut Dice, depth: usize) -> String {
    let children = dice.roll(5);
    match dice.roll(if depth == 0 { 1 } else { 5 }) {
        1 | 2 => {
            let elements: Vec<String> = (0..children).map(|_| document(dice, depth - 1)).collect();
            format!(
                "[{}]",
                elements.join(if dice.roll(2) == 0 { "," } else { " , " })
            )
        }
        3 | 4 => {
            let mut members = Vec::new();
            for name in ["a", "b", "c", "\u{e4}"] {
                if dice.roll(2) == 0 {
                    members.push(format!("\"{name}\": {}", document(dice, depth - 1)));
                }
            }
            format!("{{{}}}", members.join(","))
        }
        _ => dice.pick(&SCALARS).to_owned(),
    }
}

pub(super) fn segments(dice: &mut Dice, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..dice.roll(4) {
        match dice.roll(8) {
            0..3 => text += dice.pick(&[".a", ".b", ".c", ".\u{e4}", ".*"]),
            3 => text += dice.pick(&["..a", "..*", "..b", "..[0]", "..[1:]"]),
            _ => {
                let selectors: Vec<String> = (0..1 + dice.roll(2))
                    .map(|_| selector(dice, depth))
                    .collect();
                text += &format!("[{}]", selectors.join(dice.pick(&[",", " , "])));
            }
        }
    }
    text
}

fn selector(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(if depth == 0 { 6 } else { 12 }) {
        0 => dice
            .pick(&["'a'", "\"b\"", "'\\u0063'", "\"\u{e4}\"", "''"])
            .to_owned(),
        1 => "*".to_owned(),
        2 | 3 => dice.pick(&["0", "1", "2", "-1", "-2", "-5"]).to_owned(),
        4 | 5 => {
            let bounds = ["", "", "0", "1", "2", "-1", "-2", "3", "-9", "9"];
            let steps = ["", ":", ":1", ":2", ":-1", ":-2", ":0"];
            format!(
                "{}:{}{}",
                dice.pick(&bounds),
                dice.pick(&bounds),
                dice.pick(&steps)
            )
        }
        _ => format!("?{}", condition(dice, depth - 1)),
    }
}

fn condition(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(if depth == 0 { 8 } else { 12 }) {
        0 | 1 => format!(
            "{}{}{}",
            dice.pick(&["", "!"]),
            dice.pick(&["@", "@", "$"]),
            segments(dice, depth)
        ),
        2 => {
            let function = dice.pick(&["match", "search", "!match"]);
            let pattern = dice.pick(&[
                "'a'",
                "'a.*'",
                "'[a-b]+'",
                "'.'",
                "'(a|bc)?'",
                "\"\\\\p{L}*\"",
                "'[^a]'",
                "'b{1,2}'",
            ]);
            format!("{function}({},{pattern})", operand(dice, depth))
        }
        3..8 => {
            let sign = dice.pick(&["==", "!=", "<", "<=", ">", ">="]);
            // The oracle has `nothing <= nothing` false, and `[] > [1]` and
            // `false >= true` true; RFC 9535 table 11 has
            // the opposite.
            let right = if sign.starts_with(['<', '>']) {
                dice.pick(&["1", "1.0", "-1", "2.5", "'a'", "'ab'", "''"])
                    .to_owned()
            } else {
                operand(dice, depth)
            };
            format!("{}{sign}{right}", operand(dice, depth))
        }
        8 => format!("({})", condition(dice, depth - 1)),
        9 => format!("!({})", condition(dice, depth - 1)),
        10 => format!(
            "{}&&{}",
            condition(dice, depth - 1),
            condition(dice, depth - 1)
        ),
        _ => format!(
            "{} || {}",
            condition(dice, depth - 1),
            condition(dice, depth - 1)
        ),
    }
}

const LITERALS: [&str; 11] = [
    "1", "1.0", "0", "-1", "2.5", "true", "null", "'a'", "\"ab\"", "''", "'\u{e4}'",
];

fn operand(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(10) {
        0..3 => dice.pick(&LITERALS).to_owned(),
        3..6 => dice
            .pick(&[
                "@", "@.a", "@['b']", "@[0]", "@.a.b", "@[1].c", "$.a", "$[0].b", "$",
            ])
            .to_owned(),
        6 => format!("length({})", dice.pick(&["@", "@.a", "@[0]", "$.b", "$"])),
        7 => format!("count({}{})", dice.pick(&["@", "$"]), segments(dice, depth)),
        8 => format!("value({}{})", dice.pick(&["@", "$"]), segments(dice, depth)),
        _ => "length(value(@..a))".to_owned(),
    }
}

/// Changes a few characters.
pub(super) fn mutated(dice: &mut Dice, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.roll(3) {
        let at = dice.roll(chars.len() + 1);
        let char = dice.pick(&ALPHABET).chars().next().unwrap_or('$');
        match dice.roll(4) {
            0 if at < chars.len() => {
                chars.remove(at);
            }
            1 if at < chars.len() => chars[at] = char,
            2 => chars.truncate(at.max(1)),
            _ => chars.insert(at, char),
        }
    }
    chars.into_iter().collect()
}

const ALPHABET: [&str; 40] = [
    "$", "@", ".", "[", "]", "'", "\"", "\\", "*", "?", ",", ":", "(", ")", "!", "=", "<", ">",
    "&", "|", "-", "0", "1", "9", "a", "b", "e", "E", "n", "t", "u", "_", "{", "}", "#", "\n",
    "\u{e4}", "\u{a0}", "\u{0}", " ",
];
