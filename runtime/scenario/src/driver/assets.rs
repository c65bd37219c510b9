//! Groups of targets: addresses, names and networks, in order and without duplicates.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};

use crate::cel::Root;
use crate::place::Place;
use crate::scenario::{AssetGroup, ValueTemplate};
use crate::target::{Host, LeftOut, NoTarget, host, left_out, network};

use super::environment::Scene;
use super::evaluate::{scalars, value, wrong};
use super::failure::Failure;
use super::limits::TARGETS_MAX;

/// The groups of a step as a map of lists of texts.
///
/// # Errors
/// A value that is no target, a group that does not exist, and more targets than a group may have.
pub(super) fn groups(groups: &[AssetGroup], scene: Scene<'_>) -> Result<Value, Failure> {
    let mut made = Map::new();
    for group in groups {
        let targets = {
            let scene = Scene {
                own: Some((Root::Assets, &made)),
                ..scene
            };
            targets(group, scene)?
        };
        made.insert(group.name.value.clone(), targets);
    }
    Ok(Value::Object(made))
}

/// The targets of one group.
fn targets(group: &AssetGroup, scene: Scene<'_>) -> Result<Value, Failure> {
    let mut targets = Targets {
        group,
        excluded: Excluded::new(group, scene)?,
        found: Vec::new(),
        known: HashSet::new(),
    };
    for (text, place) in texts(&group.hosts, "a host", scene)? {
        targets.add(read(host(&text), place)?, place)?;
    }
    for (text, place) in texts(&group.cidrs, "a network", scene)? {
        targets.add_network(read(network(&text), place)?, place)?;
    }
    for name in &group.groups {
        let Some(Value::Array(others)) = scene.group(&name.value) else {
            return Err(Failure::expression(format!(
                "{}: there is no group {} yet; define it before, or make this step need its step",
                name.place, name.value
            )));
        };
        for other in others.iter().filter_map(Value::as_str) {
            match other.parse::<IpNet>() {
                Ok(network) => targets.add_whole(network, name.place)?,
                Err(_) => targets.add(read(host(other), name.place)?, name.place)?,
            }
        }
    }
    Ok(Value::Array(targets.found))
}

struct Targets<'a> {
    group: &'a AssetGroup,
    excluded: Excluded,
    found: Vec<Value>,
    known: HashSet<String>,
}

impl Targets<'_> {
    fn add(&mut self, target: Host, place: Place) -> Result<(), Failure> {
        if self.excluded.has(&target) {
            return Ok(());
        }
        let text = match target {
            Host::Address(address) => address.to_string(),
            Host::Name(name) => name,
        };
        self.push(text, place)
    }

    fn push(&mut self, text: String, place: Place) -> Result<(), Failure> {
        if !self.known.insert(text.clone()) {
            return Ok(());
        }
        if self.found.len() == TARGETS_MAX {
            return Err(self.too_many(place));
        }
        self.found.push(Value::String(text));
        Ok(())
    }

    fn too_many(&self, place: Place) -> Failure {
        Failure::new(
            "too_many_targets",
            format!(
                "{place}: group {} has more than {TARGETS_MAX} targets; split it, or set expand: false",
                self.group.name.value
            ),
        )
    }

    fn add_network(&mut self, network: IpNet, place: Place) -> Result<(), Failure> {
        if !self.group.expand {
            return self.add_whole(network, place);
        }
        // Twice the limit, since what is left out does not count. Larger networks are not counted.
        let bits = network.max_prefix_len() - network.prefix_len();
        if bits > 17 {
            return Err(self.too_many(place));
        }
        for address in network.hosts() {
            self.add(Host::Address(address), place)?;
        }
        Ok(())
    }

    fn add_whole(&mut self, network: IpNet, place: Place) -> Result<(), Failure> {
        match self.excluded.cover(&network) {
            Cover::All => Ok(()),
            Cover::None => self.push(network.to_string(), place),
            Cover::Some => Err(Failure::expression(format!(
                "{place}: exclude leaves out a part of network {network}, which is not expanded; \
                 set expand: true, or name the parts that are meant"
            ))),
        }
    }
}

/// The texts of a list of templates, each a text or a list of texts.
fn texts(
    templates: &[ValueTemplate],
    what: &str,
    scene: Scene<'_>,
) -> Result<Vec<(String, Place)>, Failure> {
    let mut found = Vec::new();
    for template in templates {
        let place = template.place();
        scalars(value(template, &scene)?, |text| found.push((text, place)))
            .map_err(|other| wrong(place, what, &other, "a text or a list of texts"))?;
    }
    Ok(found)
}

/// What a text stands for, or why a step with it at `place` fails.
fn read<T>(found: Result<T, NoTarget>, place: Place) -> Result<T, Failure> {
    found.map_err(|NoTarget { message, remedy }| {
        Failure::expression(format!("{place}: {message}; {remedy}"))
    })
}

enum Cover {
    None,
    Some,
    All,
}

/// What a group leaves out: names, and addresses in ranges that do not overlap.
struct Excluded {
    names: HashSet<String>,
    ranges: Vec<(IpAddr, IpAddr)>,
}

impl Excluded {
    fn new(group: &AssetGroup, scene: Scene<'_>) -> Result<Excluded, Failure> {
        let mut names = HashSet::new();
        let mut networks = Vec::new();
        for (text, place) in texts(&group.exclude, "what is left out", scene)? {
            match read(left_out(&text), place)? {
                LeftOut::Network(network) => networks.push(network),
                LeftOut::Name(name) => drop(names.insert(name.to_ascii_lowercase())),
            }
        }
        let mut ranges: Vec<(IpAddr, IpAddr)> = IpNet::aggregate(&networks)
            .iter()
            .map(|network| (network.network(), network.broadcast()))
            .collect();
        ranges.sort_unstable();
        Ok(Excluded { names, ranges })
    }

    fn has(&self, host: &Host) -> bool {
        match host {
            Host::Name(name) => self.names.contains(&name.to_ascii_lowercase()),
            Host::Address(address) => {
                let behind = self.ranges.partition_point(|(first, _)| first <= address);
                behind > 0 && self.ranges[behind - 1].1 >= *address
            }
        }
    }

    fn cover(&self, network: &IpNet) -> Cover {
        let (first, last) = (network.network(), network.broadcast());
        let behind = self.ranges.partition_point(|(from, _)| *from <= last);
        match behind.checked_sub(1).map(|index| self.ranges[index]) {
            Some((from, to)) if from <= first && to >= last => Cover::All,
            // Ranges of IPv6 come after all of IPv4, so the last one may be of the other kind.
            Some((_, to)) if to >= first => Cover::Some,
            _ => Cover::None,
        }
    }
}
