//! What is better written otherwise in a policy, or differs from what is on this machine.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tenzik_runtime::policy::{
    ArgumentPattern, ExecRule, HoleKind, NetworkScope, Origin, Rules, SecretSource, TargetRange,
};

use crate::failure::shown;

/// One thing worth a second look.
pub(super) struct Warning {
    /// Stable name.
    pub(super) code: &'static str,
    pub(super) at: Origin,
    pub(super) message: String,
    pub(super) remedy: &'static str,
}

/// Largest program whose digest is computed.
const PROGRAM_BYTES_MAX: u64 = 1 << 30;

/// Programs that run what their arguments say.
const INTERPRETERS: [&str; 16] = [
    "ash", "awk", "bash", "busybox", "dash", "env", "find", "ksh", "node", "perl", "php",
    "python3", "ruby", "sh", "xargs", "zsh",
];

/// Trees that hold far more than one task needs.
const BROAD_TREES: [&str; 8] = [
    "/", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/var",
];

/// Everything about `rules`.
pub(super) fn of(rules: &Rules) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (index, rule) in rules.exec.iter().enumerate() {
        let earlier = rules.exec.get(..index).unwrap_or_default();
        exec(rule, earlier, &mut warnings);
    }
    for tree in &rules.files {
        let mut add = adder(&tree.origin, &mut warnings);
        let is_written = tree.write || tree.append;
        look_at_tree(&tree.path, is_written, true, &mut add);
    }
    for rule in &rules.signals {
        let mut add = adder(&rule.origin, &mut warnings);
        if fs::metadata(&rule.program).is_err() {
            add(
                "program_missing",
                format!("{} is not there", shown(&rule.program)),
                "name an existing program",
            );
        }
    }
    for secret in &rules.secrets {
        let mut add = adder(&secret.origin, &mut warnings);
        if let SecretSource::File(path) = &secret.source {
            look_at_secret(path, &mut add);
        }
    }
    warnings
}

type Add<'a> = dyn FnMut(&'static str, String, &'static str) + 'a;

fn adder<'a>(
    at: &'a Origin,
    warnings: &'a mut Vec<Warning>,
) -> impl FnMut(&'static str, String, &'static str) + 'a {
    move |code, message, remedy| {
        warnings.push(Warning {
            code,
            at: at.clone(),
            message,
            remedy,
        });
    }
}

fn exec(rule: &ExecRule, earlier: &[ExecRule], warnings: &mut Vec<Warning>) {
    let mut add = adder(&rule.origin, warnings);
    look_at_program(rule, &mut add);
    let hides = |other: &&ExecRule| other.name == rule.name && other.arguments == rule.arguments;
    if let Some(other) = earlier.iter().find(hides) {
        let message = format!(
            "the rule is never used: {} has the same name and args",
            other.origin
        );
        add(
            "rule_shadowed",
            message,
            "remove one of them, or change its name or args",
        );
    }
    look_at_arguments(rule, &mut add);
    if rule.network == NetworkScope::Host {
        let message = "the program reaches whatever this machine reaches".to_owned();
        add(
            "network_host",
            message,
            "write network = \"targets\" and targets, if it works with them",
        );
    }
    for target in rule.targets.iter().filter(|target| is_broad(target)) {
        let message = format!("the target {target} holds more than 65,536 addresses");
        add("target_broad", message, "name the networks that are meant");
    }
    for (paths, is_written) in [(&rule.read, false), (&rule.write, true)] {
        for path in paths {
            look_at_tree(path, is_written, false, &mut add);
        }
    }
    let loads = |name: &&str| name.starts_with("LD_") || *name == "GLIBC_TUNABLES";
    let fixed = rule.env.iter().map(|(name, _)| name.as_str());
    let passed = rule.pass_env.iter().map(String::as_str);
    if let Some(name) = fixed.chain(passed).find(loads) {
        let message = format!("the variable {name} changes what code the program loads");
        add("env_loader", message, "remove it unless it is needed");
    }
    if rule.require.is_empty() {
        let message = "no layer of isolation is required: on a machine that lacks one the program runs with less".to_owned();
        add(
            "require_empty",
            message,
            "write require = [\"pidns\", …] with the layers that matter to you",
        );
    }
}

fn look_at_program(rule: &ExecRule, add: &mut Add<'_>) {
    let program = shown(&rule.program);
    let link = fs::symlink_metadata(&rule.program);
    if link.as_ref().is_ok_and(Metadata::is_symlink) && !rule.follow {
        let message = format!("{program} is a symbolic link: every request will be refused");
        add(
            "program_symlink",
            message,
            "name what it leads to, or write follow = true",
        );
    }
    let Ok(found) = fs::metadata(&rule.program) else {
        add(
            "program_missing",
            format!("{program} is not there: every request will fail"),
            "name an existing program",
        );
        return;
    };
    if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
        add(
            "program_not_executable",
            format!("{program} is no executable file"),
            "name a program",
        );
        return;
    }
    if let Some(who) = writers(&rule.program) {
        add(
            "program_writable",
            format!("{program} can be replaced by {who}"),
            "pin it with blake3, or correct the permissions",
        );
    }
    if found.permissions().mode() & 0o6000 != 0 {
        add(
            "program_setuid",
            format!("{program} has the setuid or setgid bit, which has no effect in isolation"),
            "expect it to run without those rights",
        );
    }
    match &rule.blake3 {
        None => add(
            "program_unpinned",
            format!("{program} may be any version"),
            "pin it: blake3 = the digest that b3sum prints",
        ),
        Some(pin) => match digest(&rule.program, &found) {
            Ok(Some(digest)) if digest == *pin => {}
            Ok(Some(_)) => add(
                "program_differs",
                format!("{program} has not the digest of blake3: every request will be refused"),
                "pin the program that is there, if you trust it",
            ),
            _ => add(
                "program_unread",
                format!("{program} cannot be read, so its digest was not compared"),
                "run the check as a user who may read it",
            ),
        },
    }
    let mut first = [0; 2];
    let is_script = fs::File::open(&rule.program)
        .and_then(|mut file| file.read_exact(&mut first))
        .is_ok_and(|()| first == *b"#!");
    if is_script {
        add(
            "program_script",
            format!(
                "{program} is a script: its interpreter is started, which a pin does not cover"
            ),
            "name the interpreter, with the script as a fixed argument",
        );
    }
}

fn digest(path: &Path, found: &Metadata) -> io::Result<Option<[u8; 32]>> {
    if found.len() > PROGRAM_BYTES_MAX {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    let file = fs::File::open(path)?.take(PROGRAM_BYTES_MAX);
    hasher.update_reader(file)?;
    Ok(Some(*hasher.finalize().as_bytes()))
}

/// Who besides root and its owner can change or replace a file, if anybody.
fn writers(path: &Path) -> Option<&'static str> {
    for (depth, part) in path.ancestors().enumerate() {
        let Ok(found) = fs::metadata(part) else {
            continue;
        };
        let mode = found.permissions().mode();
        // In a directory with the sticky bit only owners replace files.
        let is_sticky = depth > 0 && mode & 0o1000 != 0;
        if mode & 0o002 != 0 && !is_sticky {
            return Some("everybody");
        }
        if mode & 0o020 != 0 && !is_sticky && found.gid() != 0 {
            return Some("a group");
        }
    }
    None
}

fn look_at_arguments(rule: &ExecRule, add: &mut Add<'_>) {
    let name = rule
        .program
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let holes = || {
        rule.arguments
            .iter()
            .filter_map(|pattern| pattern.hole.as_ref())
    };
    if INTERPRETERS.contains(&name.as_str()) && holes().next().is_some() {
        let message =
            format!("{name} runs what its arguments say, and some of them come from the capsule");
        add(
            "program_interpreter",
            message,
            "name the program that it would run",
        );
    }
    for hole in holes().filter(|hole| hole.option) {
        let message = format!(
            "a value of the hole {} may be an option of the program",
            hole.name
        );
        add(
            "hole_option",
            message,
            "write the option into args, or its forms as values of an enum",
        );
    }
    for pattern in &rule.arguments {
        if let Some(hole) = &pattern.hole
            && is_option_name(pattern)
        {
            let message = format!(
                "the hole {} stands where the name of an option would",
                hole.name
            );
            add("hole_after_hyphen", message, "write the option out");
        }
    }
    for hole in holes() {
        if let HoleKind::Text { pattern, .. } = &hole.kind
            && pattern.matches("$(id); x/../y")
        {
            let message = format!("any text fits the hole {}", hole.name);
            add(
                "hole_text_broad",
                message,
                "choose a type, or a pattern of the characters that are needed",
            );
        }
    }
}

/// Whether a value would continue the name of an option: `-{x}` or `--no-{x}`.
fn is_option_name(pattern: &ArgumentPattern) -> bool {
    pattern.prefix.starts_with('-')
        && !pattern.prefix.contains('=')
        && pattern.prefix.trim_matches('-').len() < 2
}

/// Whether a target holds more than 65,536 addresses, loopback apart.
fn is_broad(target: &TargetRange) -> bool {
    let bits = target.network.max_prefix_len() - target.network.prefix_len();
    !target.network.addr().is_loopback() && bits > 16
}

fn look_at_tree(path: &Path, is_written: bool, must_be_directory: bool, add: &mut Add<'_>) {
    let name = shown(path);
    if BROAD_TREES.iter().any(|tree| Path::new(tree) == path) {
        add(
            "tree_broad",
            format!("the tree {name} holds far more than one task needs"),
            "name the directories that are needed",
        );
    }
    match fs::metadata(path) {
        Err(_) => add(
            "tree_missing",
            format!("{name} is not there"),
            "make it, or remove it from the policy",
        ),
        Ok(found) if must_be_directory && !found.is_dir() => {
            add(
                "tree_no_directory",
                format!("{name} is no directory"),
                "name a directory",
            );
        }
        Ok(found) => {
            let mode = found.permissions().mode();
            if is_written && mode & 0o002 != 0 {
                add(
                    "tree_writable",
                    format!("everybody may write into {name}"),
                    "use a directory of your own",
                );
            }
        }
    }
}

fn look_at_secret(path: &Path, add: &mut Add<'_>) {
    let name = shown(path);
    match fs::metadata(path) {
        Err(_) => add(
            "secret_missing",
            format!("{name} is not there, or cannot be looked at"),
            "make the file, or name another",
        ),
        Ok(found) if found.permissions().mode() & 0o004 != 0 => {
            add(
                "secret_readable",
                format!("everybody may read {name}"),
                "chmod 600",
            );
        }
        Ok(_) => {}
    }
}
