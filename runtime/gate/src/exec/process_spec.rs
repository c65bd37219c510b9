//! From a rule and its arguments to the process that is started.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use tenzik_policy::{EnvValue, ExecRule, NetworkScope, Protocol};
use tenzik_process::{Layer, LayerSet, Network, ProcessSpec, Target};

use crate::gate::GateHalt;
use crate::secrets::{self, Secrets};

/// Looks up variables of tenzik's own environment.
pub(crate) struct Environment(pub(crate) secrets::Environment);

impl Environment {
    /// The process that `rule` admits with these arguments, the name first.
    pub(crate) fn spec(
        &self,
        rule: &ExecRule,
        argv: &[String],
        known: &Secrets,
    ) -> Result<ProcessSpec, GateHalt> {
        let arguments = argv.iter().map(|argument| text(argument.as_bytes()));
        Ok(ProcessSpec {
            follow: rule.follow,
            blake3: rule.blake3,
            arguments: arguments.collect::<Result<_, _>>()?,
            env: self.variables(rule, known)?,
            cwd: rule.cwd.clone(),
            read: rule.read.clone(),
            write: rule.write.clone(),
            network: network(rule),
            stdin: rule.stdin,
            stdin_bytes_max: rule.stdin_bytes_max,
            stdout_bytes_max: rule.stdout_bytes_max,
            stderr_bytes_max: rule.stderr_bytes_max,
            deadline: Duration::from_millis(rule.deadline_ms),
            memory_bytes_max: rule.memory_bytes_max,
            processes_max: rule.processes_max,
            file_bytes_max: rule.file_bytes_max,
            require: required(rule),
            ..ProcessSpec::new(&rule.program)
        })
    }

    fn variables(
        &self,
        rule: &ExecRule,
        known: &Secrets,
    ) -> Result<Vec<(CString, CString)>, GateHalt> {
        let mut variables = Vec::new();
        for name in &rule.pass_env {
            if let Some(value) = (self.0)(name) {
                variables.push((text(name.as_bytes())?, text(value.as_bytes())?));
            }
        }
        for (name, value) in &rule.env {
            let value = match value {
                EnvValue::Text(value) => text(value.as_bytes())?,
                EnvValue::Secret(secret) => {
                    let value = known
                        .resolve(secret)
                        .map_err(|error| GateHalt::Machine(error.to_string()))?;
                    text(value.expose())?
                }
            };
            variables.retain(|(passed, _)| passed.as_bytes() != name.as_bytes());
            variables.push((text(name.as_bytes())?, value));
        }
        Ok(variables)
    }
}

/// Bytes without a zero in them. The message does not repeat them: they may be a secret.
fn text(bytes: &[u8]) -> Result<CString, GateHalt> {
    CString::new(bytes).map_err(|_| {
        let message = "an argument or variable of a process has a zero byte in it";
        GateHalt::BadArgument(message.to_owned())
    })
}

fn network(rule: &ExecRule) -> Network {
    match rule.network {
        NetworkScope::None => Network::None,
        NetworkScope::Host => Network::Host,
        NetworkScope::Targets => Network::Targets(rule.targets.iter().map(target).collect()),
    }
}

fn target(range: &tenzik_policy::TargetRange) -> Target {
    Target {
        protocol: range.protocol.map(|protocol| match protocol {
            Protocol::Tcp => tenzik_process::Protocol::Tcp,
            Protocol::Udp => tenzik_process::Protocol::Udp,
        }),
        address: range.network.network(),
        prefix: range.network.prefix_len(),
        ports: range.ports,
    }
}

/// The layers of a rule; both lists have the same names, which a test holds.
fn required(rule: &ExecRule) -> LayerSet {
    let layers = rule.require.iter();
    layers
        .filter_map(|layer| Layer::from_name(layer.name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use tenzik_process::Layer;

    #[test]
    fn both_lists_of_layers_are_the_same() {
        let policy = tenzik_policy::Layer::ALL.iter().map(|layer| layer.name());
        let process = Layer::ALL.iter().map(|layer| layer.name());
        assert!(policy.eq(process));
    }
}
