#!/usr/bin/env python3
"""What nmap-parse means, on ElementTree: `reference.py REPORT.xml` prints the JSON of a report.

The order of keys is not part of the meaning. ElementTree decides what is well-formed."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree


def number(text):
    if not re.fullmatch("[0-9]+", text) or int(text) >= 10**15:
        raise ValueError(f"{text!r} is not a number")
    return int(text)


def pick(element, **keys):
    """The attributes of `element` that `keys` names: key="attribute" or key=("attribute", number)."""
    picked = {}
    for key, source in keys.items():
        attribute, convert = source if isinstance(source, tuple) else (source, str)
        if element is not None and attribute in element.attrib:
            picked[key] = convert(element.get(attribute))
    return picked


def own_text(element):
    return (element.text or "") + "".join(child.tail or "" for child in element)


def port(element):
    return {
        **pick(element, protocol="protocol", port=("portid", number)),
        **pick(element.find("state"), state="state", reason="reason"),
        **pick(element.find("service"), service="name", product="product", version="version", extrainfo="extrainfo"),
        "cpe": [own_text(cpe) for cpe in element.findall("service/cpe")],
        "scripts": [pick(script, id="id", output="output") for script in element.findall("script")],
    }


def host(element):
    return {
        **pick(element.find("status"), status="state"),
        "addresses": [pick(address, addr="addr", type="addrtype") for address in element.findall("address")],
        "hostnames": [name.get("name") for name in element.findall("hostnames/hostname") if "name" in name.attrib],
        "ports": [port(each) for each in element.findall("ports/port")],
        "os": [pick(match, name="name", accuracy=("accuracy", number)) for match in element.findall("os/osmatch")],
    }


def report(text):
    root = ElementTree.fromstring(text)
    if root.tag != "nmaprun":
        raise ValueError("root is not nmaprun")
    return {
        **pick(root, scanner="scanner", args="args", start=("start", number)),
        "hosts": [host(each) for each in root.findall("host")],
        "runstats": {
            **pick(root.find("runstats/finished"), exit="exit", error="errormsg"),
            **pick(root.find("runstats/hosts"), up=("up", number), down=("down", number), total=("total", number)),
        },
    }


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        json.dump(report(file.read()), sys.stdout, ensure_ascii=False, separators=(",", ":"))
        print()
