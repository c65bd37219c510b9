//! The JSON of `nmap-parse` to rows: docs/nmap-parse.md.

use serde_json::{Map, Value, json};

use super::ROWS_MAX;

/// Characters of an address or name of a host that each of its rows repeats; names have at most 253.
const HOST_CHARACTERS_MAX: usize = 256;

/// Whether a map is a report: it has hosts, and says what scanned them or how it ended.
pub(super) fn is_report(map: &Map<String, Value>) -> bool {
    map.get("hosts").is_some_and(Value::is_array)
        && map.get("runstats").is_some_and(Value::is_object)
}

/// A row for each port; a host that is up without one has a row of its own.
pub(super) fn rows(report: &Map<String, Value>, rows: &mut Vec<Value>) {
    let empty = Vec::new();
    let list = |value: Option<&'_ Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let hosts = report.get("hosts").and_then(Value::as_array);
    for host in hosts.unwrap_or(&empty) {
        let names = Names::of(host);
        if list(host.get("ports")) == 0 && host.get("status") == Some(&json!("up")) {
            rows.push(names.row(Map::from_iter([("state".to_owned(), json!("up"))])));
        }
        let ports = host.get("ports").and_then(Value::as_array);
        for port in ports.unwrap_or(&empty) {
            if rows.len() > ROWS_MAX {
                return;
            }
            rows.push(names.row(port_cells(port)));
        }
    }
}

/// What every row of a host repeats.
struct Names {
    host: Option<String>,
    hostname: Option<String>,
}

impl Names {
    fn of(host: &Value) -> Names {
        let addresses = host.get("addresses").and_then(Value::as_array);
        // Hardware addresses come after those of the network.
        let address = addresses
            .into_iter()
            .flatten()
            .min_by_key(|address| address.get("type") == Some(&json!("mac")))
            .and_then(|address| address.get("addr")?.as_str());
        let hostname = host.pointer("/hostnames/0").and_then(Value::as_str);
        let short = |text: &str| text.chars().take(HOST_CHARACTERS_MAX).collect::<String>();
        Names {
            host: address.or(hostname).map(short),
            hostname: hostname.map(short),
        }
    }

    fn row(&self, mut cells: Map<String, Value>) -> Value {
        for (key, name) in [("host", &self.host), ("hostname", &self.hostname)] {
            if let Some(name) = name {
                cells.insert(key.to_owned(), json!(name));
            }
        }
        Value::Object(cells)
    }
}

fn port_cells(port: &Value) -> Map<String, Value> {
    let mut cells = Map::new();
    for key in ["port", "protocol", "state", "service", "product", "version"] {
        if let Some(value) = port.get(key) {
            cells.insert(key.to_owned(), value.clone());
        }
    }
    cells
}
