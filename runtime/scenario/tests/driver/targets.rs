//! Groups of targets: what they hold, in which order, and what they refuse.

use serde_json::{Value, json};
use tenzik_scenario::driver::{StepState, TARGETS_MAX};
use tenzik_scenario::plan::NodeKind;
use tenzik_scenario::{AssetGroup, Located, Place};

use super::outline;
use super::values::{alone, begun, failure};

/// A group: hosts, networks, groups, what is left out.
type Parts<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [&'a str]);

fn group(name: &str, (hosts, cidrs, groups, exclude): Parts<'_>, expand: bool) -> AssetGroup {
    let values = |texts: &[&str]| texts.iter().map(|text| outline::value(text)).collect();
    let located = |text: &str| Located {
        value: text.to_owned(),
        place: Place::default(),
    };
    AssetGroup {
        name: located(name),
        hosts: values(hosts),
        cidrs: values(cidrs),
        groups: groups.iter().map(|name| located(name)).collect(),
        exclude: values(exclude),
        expand,
    }
}

fn targets(groups: Vec<AssetGroup>) -> Result<Value, String> {
    let (driver, _) = begun(alone(NodeKind::Assets(groups)));
    match driver.step("a") {
        Some(step) if matches!(step.state, StepState::Ok { .. }) => {
            Ok(step.output.as_ref().clone())
        }
        _ => Err(failure(&driver, "a")),
    }
}

fn of(parts: Parts<'_>) -> Result<Value, String> {
    let found = targets(vec![group("g", parts, true)])?;
    Ok(found["g"].clone())
}

#[test]
fn networks_give_their_hosts() {
    let of = |cidr| of((&[], &[cidr], &[], &[]));
    assert_eq!(of("10.0.0.0/30"), Ok(json!(["10.0.0.1", "10.0.0.2"])));
    assert_eq!(of("10.0.0.3/30"), Ok(json!(["10.0.0.1", "10.0.0.2"])));
    assert_eq!(of("10.0.0.0/31"), Ok(json!(["10.0.0.0", "10.0.0.1"])));
    assert_eq!(of("10.0.0.7/32"), Ok(json!(["10.0.0.7"])));
    assert_eq!(of("10.0.0.7"), Ok(json!(["10.0.0.7"])));
    assert_eq!(of("fd00::4/127"), Ok(json!(["fd00::4", "fd00::5"])));
    assert_eq!(of("FD00:0::9/128"), Ok(json!(["fd00::9"])));
    for wrong in [
        "10.0.0.0/33",
        "10.0.0/8",
        "",
        "web",
        "10.0.0.0/-1",
        "::/129",
    ] {
        assert!(
            of(wrong).is_err_and(|why| why.contains("is no network")),
            "{wrong}"
        );
    }
}

#[test]
fn targets_keep_their_order_and_come_once() {
    let found = of((
        &[
            "b",
            "10.0.0.2",
            "a",
            "b",
            "::1",
            "0:0:0:0:0:0:0:1",
            "[\"c\",[\"d\"]]",
        ],
        &["10.0.0.0/29"],
        &[],
        &["10.0.0.4/31", "A", "10.0.0.1"],
    ));
    assert_eq!(
        found,
        Ok(json!([
            "b", "10.0.0.2", "::1", "c", "d", "10.0.0.3", "10.0.0.6"
        ]))
    );
}

#[test]
fn groups_take_in_groups_before_them() {
    let found = targets(vec![
        group("db", (&["x", "10.1.0.1"], &[], &[], &[]), true),
        group("net", (&[], &["10.0.0.0/24"], &[], &[]), false),
        group("all", (&["y"], &[], &["db", "net"], &["x"]), true),
    ]);
    assert_eq!(
        found,
        Ok(
            json!({"db": ["x", "10.1.0.1"], "net": ["10.0.0.0/24"], "all": ["y", "10.1.0.1", "10.0.0.0/24"]})
        )
    );
    let late = targets(vec![group("a", (&[], &[], &["b"], &[]), true)]);
    assert!(late.is_err_and(|why| why.contains("there is no group b yet")));
}

#[test]
fn nothing_that_is_left_out_hides_in_a_network() {
    let whole = |exclude| {
        targets(vec![group(
            "g",
            (&[], &["10.0.0.0/24"], &[], &[exclude]),
            false,
        )])
    };
    assert_eq!(whole("10.0.0.0/8"), Ok(json!({"g": []})));
    assert_eq!(whole("10.0.1.0/24"), Ok(json!({"g": ["10.0.0.0/24"]})));
    assert_eq!(whole("fd00::/8"), Ok(json!({"g": ["10.0.0.0/24"]})));
    assert!(whole("10.0.0.5").is_err_and(|why| why.contains("a part of network 10.0.0.0/24")));
}

#[test]
fn hostile_hosts_are_refused() {
    let long = "x".repeat(1_025);
    for wrong in [
        "-oG/tmp/x",
        "\"\"",
        "a b",
        "a\u{1b}[31m",
        "10.0.0.0/8",
        &long,
        "{\"a\":1}",
    ] {
        let found = of((&[wrong], &[], &[], &[]));
        assert!(
            found.is_err_and(|why| why.len() < 300 && !why.contains('\u{1b}')),
            "{wrong}"
        );
    }
}

#[test]
fn a_group_is_bounded() {
    let count = of((&[], &["10.0.0.0/16"], &[], &[])).map(|found| found.as_array().map(Vec::len));
    assert_eq!(count, Ok(Some(TARGETS_MAX - 2)));
    let full = of((&[], &["10.0.0.0/15"], &[], &["10.1.0.0/16", "10.0.0.0/32"]));
    assert_eq!(
        full.map(|found| found.as_array().map(Vec::len)),
        Ok(Some(TARGETS_MAX - 1))
    );
    for wrong in ["10.0.0.0/15", "0.0.0.0/0", "::/0", "fd00::/64"] {
        let found = of((&[], &[wrong], &[], &[]));
        assert!(
            found.is_err_and(|why| why.starts_with("too_many_targets")),
            "{wrong}"
        );
    }
}
