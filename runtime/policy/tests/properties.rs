//! What holds for every rule and every request.

use tenzik_policy::{
    ArgumentPattern, FileAccess, HoleKind, Rules, decide_artifact, decide_exec, decide_file,
    decide_secret,
};

use crate::dice::Dice;
use crate::rules;

const HOLES: [&str; 8] = [
    "type = \"integer\"\nmin = -9\nmax = 99\noption = true",
    "type = \"integer\"\nmax = 99",
    "type = \"ports\"\nmax = 100",
    "type = \"address\"",
    "type = \"hostname\"\nnames = [\"example.org\", \"*.example.net\"]",
    "type = \"enum\"\nvalues = [\"a\", \"b c\", \"$(id)\"]",
    "type = \"path\"\nbelow = \"/srv\"",
    "type = \"text\"\npattern = '[ -~]*'",
];

/// Values that fit one of the holes, and attacks.
const VALUES: [&str; 32] = [
    "7",
    "99",
    "100",
    "-5",
    "007",
    "22,80",
    "1-50",
    "127.0.0.1",
    "127.0.0.0/9",
    "10.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "example.org",
    "x.example.net",
    "a",
    "b c",
    "$(id)",
    "/srv/x",
    "/srv/../etc",
    "/etc/x",
    "-oN",
    "--",
    "-",
    "",
    "127.0.0.1;id",
    "a\nb",
    "a\0b",
    "\u{661}",
    "\u{ff11}",
    "plain text",
    "`id`",
    "{h}",
];

/// A policy of random templates. All rules have one name.
fn policy(dice: &mut Dice) -> String {
    let mut text = String::from("version = 1\n");
    for _ in 0..=dice.roll(3) {
        let mut args = Vec::new();
        let mut holes = String::new();
        let many = dice.roll(6);
        for index in 0..dice.roll(5) {
            let literal = ["", "-x", "--flag=", "lit"][dice.roll(4)];
            if dice.roll(3) == 0 {
                args.push(format!("'{literal}'"));
                continue;
            }
            let dots = if index == many { "..." } else { "" };
            args.push(format!("'{literal}{{h{index}{dots}}}'"));
            holes += &format!("[exec.holes.h{index}]\n{}\n", HOLES[dice.roll(HOLES.len())]);
        }
        text += &format!(
            "[[exec]]\nname = \"t\"\nprogram = \"/bin/t\"\ntargets = [\"127.0.0.0/8\", \"::1\"]\nread = [\"/srv\"]\nargs = [{}]\n{holes}",
            args.join(", ")
        );
    }
    text
}

/// Arguments that often fit: literals of a template, and values.
fn request(dice: &mut Dice, rules: &Rules) -> Vec<String> {
    let rule = &rules.exec[dice.roll(rules.exec.len())];
    let mut argv = vec!["t".to_owned()];
    for pattern in &rule.arguments {
        let times = if pattern
            .hole
            .as_ref()
            .is_some_and(|hole| hole.count_max.is_some())
        {
            1 + dice.roll(3)
        } else {
            1
        };
        for _ in 0..times {
            let value = if pattern.hole.is_some() {
                VALUES[dice.roll(VALUES.len())]
            } else {
                ""
            };
            argv.push(format!("{}{value}{}", pattern.prefix, pattern.suffix));
        }
    }
    match dice.roll(8) {
        0 => argv.push(VALUES[dice.roll(VALUES.len())].to_owned()),
        1 if argv.len() > 1 => drop(argv.pop()),
        2 if argv.len() > 1 => {
            let at = 1 + dice.roll(argv.len() - 1);
            argv[at] = String::from_utf8_lossy(&{
                let count = dice.roll(12);
                dice.bytes(count)
            })
            .into_owned();
        }
        _ => {}
    }
    argv
}

/// The values that an accepted request puts into the holes of a template, by a second way of matching:
/// all ways to spread the arguments are tried.
fn derivations<'t>(
    template: &'t [ArgumentPattern],
    arguments: &[String],
) -> Option<Vec<(&'t ArgumentPattern, String)>> {
    let Some((first, rest)) = template.split_first() else {
        return arguments.is_empty().then(Vec::new);
    };
    let value = |argument: &String| {
        let inner = argument
            .strip_prefix(first.prefix.as_str())?
            .strip_suffix(first.suffix.as_str())?;
        Some(inner.to_owned())
    };
    let most = first
        .hole
        .as_ref()
        .and_then(|hole| hole.count_max)
        .unwrap_or(1) as usize;
    (1..=most.min(arguments.len())).find_map(|count| {
        let mut own: Vec<_> = arguments[..count]
            .iter()
            .map(|argument| Some((first, value(argument)?)))
            .collect::<Option<_>>()?;
        own.extend(derivations(rest, &arguments[count..])?);
        Some(own)
    })
}

#[test]
fn accepted_arguments_derive_from_the_template_and_no_value_is_an_option() {
    let mut dice = Dice::new(1);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let rules = rules(&policy(&mut dice));
        for _ in 0..10 {
            let argv = request(&mut dice, &rules);
            let Ok(decision) = decide_exec(&rules, &argv) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            let values = derivations(&decision.rule.arguments, &argv[1..]).unwrap_or_else(|| {
                panic!(
                    "{argv:?} does not derive from {:?}",
                    decision.rule.arguments
                )
            });
            for (pattern, value) in values {
                let Some(hole) = &pattern.hole else {
                    assert_eq!(value, "");
                    continue;
                };
                assert!(
                    !value.is_empty() && !value.chars().any(char::is_control),
                    "{argv:?}"
                );
                assert!(hole.option || !value.starts_with('-'), "{argv:?}");
                assert!(is_plain(&hole.kind, &value), "{value:?} in {:?}", hole.kind);
            }
            // The same request is decided in the same way, and by the first rule that admits it.
            assert_eq!(decide_exec(&rules, &argv), Ok(decision));
            let first = Rules {
                exec: rules.exec[..decision.index].to_vec(),
                ..Rules::default()
            };
            assert!(decide_exec(&first, &argv).is_err());
        }
    }
    assert!(
        accepted > 500 && refused > 500,
        "{accepted} accepted, {refused} refused"
    );
}

/// Holes with a type let no character through that a shell would act on.
fn is_plain(kind: &HoleKind, value: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".-:/,".contains(&byte);
    match kind {
        HoleKind::Integer { .. } | HoleKind::Ports { .. } => value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b",-".contains(&byte)),
        HoleKind::Address | HoleKind::Hostname { .. } => value.bytes().all(harmless),
        HoleKind::Path { below } => {
            value.starts_with(below.to_str().unwrap()) && !value.contains("..")
        }
        HoleKind::Enum { values } => values.iter().any(|known| known == value),
        HoleKind::Text { pattern, .. } => pattern.matches(value),
    }
}

#[test]
fn decisions_are_total() {
    let mut dice = Dice::new(2);
    let text = policy(&mut dice)
        + "[[files]]\npath = \"/srv\"\naccess = [\"read\"]\n[artifacts]\n[secrets.t]\nenv = \"T\"\n";
    let rules = rules(&text);
    for _ in 0..20_000 {
        let mut bytes = {
            let count = dice.roll(40);
            dice.bytes(count)
        };
        if dice.roll(2) == 0 {
            bytes.splice(0..0, b"/srv/".iter().copied());
        }
        let refusals = [
            decide_file(&rules, &bytes, FileAccess::ALL[dice.roll(3)]).err(),
            decide_secret(&rules, &bytes).err(),
            decide_artifact(&rules, &bytes).err(),
            decide_exec(
                &rules,
                &["t".into(), String::from_utf8_lossy(&bytes).into_owned()],
            )
            .err(),
        ];
        for refusal in refusals.into_iter().flatten() {
            assert!(
                refusal
                    .message
                    .chars()
                    .all(|character| (' '..='~').contains(&character) || character == '…'),
                "{refusal}"
            );
            assert!(refusal.message.len() < 4_096 && !refusal.remedy.is_empty());
        }
        if let Ok(decision) = decide_file(&rules, &bytes, FileAccess::Read) {
            assert_eq!(
                decision
                    .tree
                    .path
                    .join(&decision.relative)
                    .as_os_str()
                    .as_encoded_bytes(),
                bytes
            );
            assert!(
                decision
                    .relative
                    .components()
                    .all(|part| matches!(part, std::path::Component::Normal(_)))
            );
        }
    }
}
