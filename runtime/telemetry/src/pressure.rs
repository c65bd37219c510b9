//! Pressure stall information (Documentation/accounting/psi.rst of Linux).
//!
//! ```text
//! some avg10=0.00 avg60=0.88 avg300=1.36 total=14374501540
//! full avg10=0.00 avg60=0.00 avg300=0.00 total=0
//! ```

use crate::files::{Files, after, decimal};
use crate::sample::Pressure;

/// The pressure on `cpu`, `memory` or `io`.
pub(crate) fn read(files: &mut Files, resource: &str) -> Option<Pressure> {
    let text = files.text(format!("proc/pressure/{resource}"))?;
    Some(Pressure {
        some_avg10: avg10(text, "some ")?,
        full_avg10: avg10(text, "full "),
    })
}

fn avg10(text: &str, key: &str) -> Option<f64> {
    let value = after(text, key)?
        .split_ascii_whitespace()
        .find_map(|field| field.strip_prefix("avg10="))?;
    decimal(value).filter(|share| *share <= 100.0)
}
