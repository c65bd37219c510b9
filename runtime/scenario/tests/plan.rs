//! Plans of the scenarios in `plan/ok`, and problems of those in `plan/bad`: drop a file, get a test.
//! `UPDATE=1` writes what is found beside it.
#![expect(clippy::unwrap_used, reason = "helpers of tests end them")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tenzik_host_abi::{Capability, CapabilitySet};
use tenzik_policy::{Policy, PolicyFile, Profile};
use tenzik_scenario::plan::{
    AfterError, Block, CapsuleFacts, Missing, Plan, PlanRequest, PlanWorld, ProgramFacts, groups,
    plan,
};
use tenzik_scenario::{Problem, Scenario};

/// A machine with a few capsules and programs.
pub(crate) struct World;

const SCAN: &str = r#"
version = 1
[[exec]]
name = "nmap"
program = "/usr/bin/nmap"
args = ["{any...}"]
deadline = "60s"
[exec.holes.any]
type = "text"
pattern = ".*"
option = true
max_count = 99
[[exec]]
name = "date"
program = "/usr/bin/date"
args = ["-u"]
[[exec]]
name = "gone"
program = "/usr/bin/gone"
args = []
[secrets.token]
env = "TOKEN"
"#;

impl PlanWorld for World {
    fn policy(&self, path: &str) -> Result<Policy, Missing> {
        match path {
            "scan.toml" => Ok(PolicyFile::parse("scan.toml", SCAN).unwrap().policy),
            _ => Err(Missing {
                code: "machine_failure",
                message: format!("cannot read {path}: no such file"),
                remedy: "check the path".to_owned(),
            }),
        }
    }

    fn default_policy(&self) -> Policy {
        Profile::default().policy()
    }

    fn bounded(&self, policy: Policy) -> Policy {
        policy
    }

    fn capsule(&self, word: &str, policy: &Policy) -> Result<CapsuleFacts, Missing> {
        let needs = match word {
            "echo" | "gobuster-parse" | "nmap-parse" => CapabilitySet::default(),
            "hash" => CapabilitySet::default().with(Capability::Hash),
            "exec" | "nmap-scan" => CapabilitySet::default().with(Capability::Exec),
            _ => {
                return Err(Missing {
                    code: "unknown_capsule",
                    message: format!("unknown capsule {word}"),
                    remedy: "name one that exists".to_owned(),
                });
            }
        };
        if let Some(denied) = needs.iter().find(|need| !policy.grants.contains(*need)) {
            return Err(Missing {
                code: "capability_not_granted",
                message: format!("{word} needs {denied}, which the policy does not grant"),
                remedy: "grant it".to_owned(),
            });
        }
        Ok(CapsuleFacts {
            word: word.to_owned(),
            id: "0".repeat(64),
            needs,
            bytes: 100,
        })
    }

    fn program(&self, path: &Path) -> Result<ProgramFacts, Missing> {
        if path == Path::new("/usr/bin/gone") {
            return Err(Missing {
                code: "tool_missing",
                message: "there is no /usr/bin/gone".to_owned(),
                remedy: "install it".to_owned(),
            });
        }
        Ok(ProgramFacts {
            path: path.to_owned(),
            digest: "0".repeat(64),
            version: None,
        })
    }
}

/// Plans a text.
pub(crate) fn planned(text: &str, vars: &[(String, String)]) -> Result<Plan, Vec<Problem>> {
    let scenario = Scenario::parse(text)?;
    let request = PlanRequest {
        scenario: &scenario,
        source: text,
        directory: PathBuf::from("/scenario"),
        vars,
    };
    plan(&request, &World)
}

/// `--var` lines of a fixture: comments of the form `# var NAME=VALUE`.
fn vars(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# var "));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn shown(plan: &Plan) -> String {
    let id = |index: &usize| plan.nodes[*index].id.as_str();
    let ids = |list: &[usize]| list.iter().map(id).collect::<Vec<_>>().join(" ");
    let mut text = format!(
        "{} at {} vars {:?}\n",
        plan.name, plan.concurrency, plan.vars
    );
    for (number, group) in groups(plan).iter().enumerate() {
        writeln!(text, "group {number}: {}", ids(group)).unwrap();
    }
    for node in &plan.nodes {
        let block = node.parent.map_or(String::new(), |(parent, block)| {
            let block = match block {
                Block::Then => "then",
                Block::Else => "else",
                Block::Body => "do",
                Block::Fallback => "fallback",
            };
            format!(" in {} {block}", id(&parent))
        });
        writeln!(
            text,
            "{} {} {}{block} needs [{}] after [{}] {} {:?}{}",
            node.place,
            node.kind.key(),
            node.id,
            ids(&node.needs),
            ids(&node.after),
            node.effect.name(),
            node.timeout_ms,
            match node.on_error {
                AfterError::Stop => "",
                AfterError::Continue => " continue",
                AfterError::Fallback => " fallback",
            },
        )
        .unwrap();
    }
    for tool in &plan.tools {
        writeln!(
            text,
            "tool {} {} {}",
            id(&tool.node),
            tool.program.path.display(),
            tool.arguments
        )
        .unwrap();
    }
    text
}

fn problems_shown(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        writeln!(
            text,
            "{} {}: {}",
            problem.place, problem.code, problem.message
        )
        .unwrap();
        writeln!(text, "    {}", problem.remedy).unwrap();
    }
    text
}

fn check(folder: &str, found: impl Fn(&str, &[(String, String)]) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plan")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = found(&text, &vars(&text));
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).ok().as_deref() != Some(&found) {
            wrong.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn plans() {
    check("ok", |text, vars| match planned(text, vars) {
        Ok(plan) => shown(&plan),
        Err(problems) => panic!("{text}\n{}", problems_shown(&problems)),
    });
}

#[test]
fn problems() {
    check("bad", |text, vars| match planned(text, vars) {
        Ok(plan) => panic!("{text}\n{}", shown(&plan)),
        Err(problems) => problems_shown(&problems),
    });
}

#[test]
fn the_digest_depends_on_everything() {
    let text = "version: 1\nname: a\nvars: { x: 1 }\nsteps:\n  - run: echo\n";
    let digest = |text: &str, vars: &[(&str, &str)]| {
        let vars: Vec<(String, String)> = vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        planned(text, &vars).unwrap().digest
    };
    let first = digest(text, &[]);
    assert_eq!(first, digest(text, &[]));
    assert_ne!(first, digest(&text.replace("echo", "hash"), &[]));
    assert_ne!(first, digest(text, &[("x", "2")]));
    assert_ne!(
        first,
        digest(
            &text.replace("steps:", "policies: { p: scan.toml }\nsteps:"),
            &[]
        )
    );
}

/// A chain of steps, and as many that need nothing.
pub(crate) fn wide_and_long(steps: usize) -> String {
    let mut text = "version: 1\nname: big\nsteps:\n  - { id: s0, run: echo }\n".to_owned();
    for number in 1..steps {
        let line = match number % 2 {
            0 => format!(
                "  - {{ id: s{number}, run: {{ capsule: echo, input: \"${{{{ steps.s{}.output }}}}\" }} }}\n",
                number - 2
            ),
            _ => format!("  - {{ id: s{number}, run: hash, when: vars.size() > 2 || true }}\n"),
        };
        text += &line.replace("vars.size() > 2 || true", "1 < 2 || 2 < 1");
    }
    text
}

#[test]
fn ten_thousand_steps_are_planned() {
    let plan = planned(&wide_and_long(10_000), &[]).unwrap();
    assert_eq!(plan.nodes.len(), 10_000);
    assert_eq!(groups(&plan).len(), 5_000);
}

#[test]
fn entries_of_a_let_see_those_above_them() {
    let text = "version: 1\nname: a\nsteps:\n  - let: { a: 1, b: \"${{ vars.a + 1 }}\" }\n";
    planned(text, &[]).unwrap();
    let below = text.replace("a: 1, b", "b");
    assert!(planned(&below, &[]).is_err());
    let itself = "version: 1\nname: a\nsteps:\n  - let: { a: \"${{ vars.a + 1 }}\" }\n";
    assert!(planned(itself, &[]).is_err());
}

#[test]
fn expressions_of_one_event_are_bounded_together() {
    use tenzik_scenario::driver::{Driver, DriverOptions, Event, StepState};
    let heavy = "vars.l.map(x, vars.l.map(y, vars.l.size() + x + y).size()).size()";
    let list = (0..300)
        .map(|number| number.to_string())
        .collect::<Vec<_>>();
    let mut text = format!(
        "version: 1\nname: a\nvars: {{ l: [{}] }}\nsteps:\n  - id: many\n    let:\n",
        list.join(",")
    );
    for number in 0..200 {
        writeln!(text, "      v{number}: \"${{{{ {heavy} }}}}\"").unwrap();
    }
    let plan = std::sync::Arc::new(planned(&text, &[]).unwrap());
    let options = DriverOptions {
        seed: [0; 32],
        session: None,
    };
    let mut driver = Driver::new(plan, options).unwrap();
    driver.handle(Event::Begin).unwrap();
    let step = driver.steps().next().unwrap();
    let StepState::Failed { message, .. } = &step.state else {
        panic!("{step:?}");
    };
    assert!(message.contains("evaluated together"), "{message}");
}
