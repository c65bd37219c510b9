//! `benches/peers.svg`: bars on a logarithmic scale.

use crate::report::time;
use crate::scenario::{Results, Table};

const WIDTH: f64 = 860.0;
const LABELS: f64 = 290.0;
const ROW: f64 = 22.0;
const HEAD: f64 = 34.0;

/// The plot: a warm echo of 1 KB, a warm parser of 5 KB, and the same parser cold.
pub fn svg(results: &Results) -> String {
    let panels = [
        ("warm, echo of 1 KB", &results.warm, 0),
        ("warm, parser of 5 KB", &results.warm, 2),
        ("cold, parser of 5 KB", &results.cold, 1),
    ];
    let mut body = String::new();
    let mut y = 0.0;
    for (title, table, column) in panels {
        y = panel(&mut body, title, table, column, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{y}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

/// Draws one column of a table from `y` on; returns where it ends.
fn panel(body: &mut String, title: &str, table: &Table, column: usize, mut y: f64) -> f64 {
    let Some(measured) = table.measured.get(column) else {
        return y;
    };
    body.push_str(&format!(
        "<text x=\"8\" y=\"{}\" font-weight=\"bold\" fill=\"#222222\">{title}</text>\n",
        y + 22.0
    ));
    y += HEAD;
    let times = || measured.iter().map(|measured| measured.ns.log10());
    let least = times().fold(f64::INFINITY, f64::min) - 0.4;
    let most = times().fold(f64::NEG_INFINITY, f64::max);
    for measured in measured {
        let width = (measured.ns.log10() - least) / (most - least) * (WIDTH - LABELS - 90.0);
        let ours = measured.name.contains("tenzik");
        let color = if ours { "#0b6e4f" } else { "#9aa5b1" };
        let name = measured.name.replace("**", "");
        let middle = y + 14.0;
        body.push_str(&format!(
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\" fill=\"#222222\">{name}</text>\n\
             <rect x=\"{LABELS}\" y=\"{}\" width=\"{width:.1}\" height=\"14\" fill=\"{color}\"/>\n\
             <text x=\"{:.1}\" y=\"{middle}\" fill=\"#222222\">{}</text>\n",
            LABELS - 8.0,
            y + 3.0,
            LABELS + width + 6.0,
            time(measured.ns)
        ));
        y += ROW;
    }
    y + 10.0
}
