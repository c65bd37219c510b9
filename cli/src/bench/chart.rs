//! Latencies and throughput as a picture.

use crate::printer::grouped;
use crate::svg::Picture;

use super::plan::Receipts;
use super::result::{Measured, Warm};

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 492.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 400.0;

/// The curve of latencies: from where to where.
const CURVE: (f64, f64) = (70.0, 560.0);

/// The bars of throughput.
const BARS: (f64, f64) = (680.0, 975.0);

/// Room between two ticks of the time axis.
const TICK_WIDTH_MIN: f64 = 56.0;

const GRID: &str = "stroke=\"#d8dee4\" stroke-width=\"1\"";
const AXIS: &str = "stroke=\"#57606a\" stroke-width=\"1\"";

/// The picture of a measurement.
pub(crate) fn chart(measured: &Measured, title: &str) -> String {
    let style = ".s{fill:#57606a;font-size:11px}";
    let mut picture = Picture::new(WIDTH, HEIGHT, title, style);
    picture.text(
        (24.0, 28.0),
        title,
        "style=\"font-size:15px;font-weight:bold\"",
    );
    let varies = if measured.fuel.constant() {
        ""
    } else {
        " at most"
    };
    let subtitle = format!(
        "fuel{varies} {} · memory {} B · output {} B · cold {}",
        grouped(measured.fuel.max),
        grouped(measured.memory_bytes),
        grouped(measured.output_bytes),
        duration(measured.cold.total.p50_ns)
    );
    picture.text((24.0, 48.0), &subtitle, "class=\"s\"");
    latencies(&mut picture, measured);
    throughput(&mut picture, measured);
    legend(&mut picture, measured);
    picture.finish()
}

fn colour(receipts: Receipts) -> &'static str {
    match receipts {
        Receipts::None => "#2f6fbf",
        Receipts::Each => "#c2701c",
    }
}

/// Share of runs by time, the times on a logarithmic axis.
fn latencies(picture: &mut Picture, measured: &Measured) {
    picture.text(
        (CURVE.0, TOP - 12.0),
        "share of runs that took at most…",
        "class=\"s\"",
    );
    // The slowest hundredth would take most of the axis; it is in the numbers.
    let times = measured
        .warm
        .iter()
        .flat_map(|warm| [warm.times.min_ns, shown_max(warm)]);
    let (mut least, mut most) = (u64::MAX, 1);
    for time in times {
        least = least.min(time.max(1));
        most = most.max(time);
    }
    let scale = Logarithmic::new(least, most);
    for percent in [0_u32, 25, 50, 75, 100] {
        let y = BOTTOM - (BOTTOM - TOP) * f64::from(percent) / 100.0;
        picture.line((CURVE.0, y), (CURVE.1, y), GRID);
        picture.text(
            (CURVE.0 - 8.0, y + 4.0),
            &format!("{percent} %"),
            "class=\"s\" text-anchor=\"end\"",
        );
    }
    for tick in scale.ticks() {
        let x = scale.x(tick);
        picture.line((x, TOP), (x, BOTTOM), GRID);
        picture.text(
            (x, BOTTOM + 18.0),
            &duration(tick),
            "class=\"s\" text-anchor=\"middle\"",
        );
    }
    picture.line((CURVE.0, BOTTOM), (CURVE.1, BOTTOM), AXIS);
    for warm in &measured.warm {
        let count = u32::try_from(warm.curve.len().saturating_sub(1).max(1)).unwrap_or(1);
        let points: Vec<(f64, f64)> = (0_u32..)
            .zip(&warm.curve)
            .take_while(|(_, time)| **time <= most)
            .map(|(index, time)| {
                let y = BOTTOM - (BOTTOM - TOP) * f64::from(index) / f64::from(count);
                (scale.x((*time).max(1)), y)
            })
            .collect();
        let stroke = format!("stroke=\"{}\" stroke-width=\"2\"", colour(warm.receipts));
        picture.begin_titled(&described(warm));
        picture.polyline(&points, &stroke);
        picture.end_titled();
    }
}

fn shown_max(warm: &Warm) -> u64 {
    warm.times.p99_ns
}

fn described(warm: &Warm) -> String {
    let times = &warm.times;
    format!(
        "receipts {}: median {}, 95 % within {}, 99 % within {}, all within {}",
        warm.receipts.word(),
        duration(times.p50_ns),
        duration(times.p95_ns),
        duration(times.p99_ns),
        duration(times.max_ns)
    )
}

/// Runs per second by number of threads; a thin line from the slowest to the fastest round.
fn throughput(picture: &mut Picture, measured: &Measured) {
    picture.text(
        (BARS.0, TOP - 12.0),
        "runs per second, by threads",
        "class=\"s\"",
    );
    let most = measured
        .throughput
        .iter()
        .map(|row| row.max)
        .max()
        .unwrap_or(1)
        .max(1);
    let step = nice_step(most);
    let top = most.div_ceil(step) * step;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture has no more precision"
    )]
    let y = |rate: u64| BOTTOM - (BOTTOM - TOP) * rate as f64 / top as f64;
    for tick in (0..=top / step).map(|tick| tick * step) {
        picture.line((BARS.0, y(tick)), (BARS.1, y(tick)), GRID);
        picture.text(
            (BARS.0 - 8.0, y(tick) + 4.0),
            &grouped(tick),
            "class=\"s\" text-anchor=\"end\"",
        );
    }
    let count = u32::try_from(measured.throughput.len().max(1)).unwrap_or(1);
    let width = (BARS.1 - BARS.0) / f64::from(count);
    let mut groups: Vec<(usize, f64, f64)> = Vec::new();
    for (index, row) in (0_u32..).zip(&measured.throughput) {
        let x = BARS.0 + f64::from(index) * width;
        let bar = (width * 0.8).min(60.0);
        let left = x + (width - bar) / 2.0;
        picture.begin_titled(&format!(
            "{} threads, receipts {}: {} runs per second, {} to {} in its rounds",
            row.threads,
            row.receipts.word(),
            grouped(row.runs_per_second),
            grouped(row.min),
            grouped(row.max)
        ));
        let fill = format!("fill=\"{}\" rx=\"2\"", colour(row.receipts));
        let at = y(row.runs_per_second);
        picture.rectangle((left, at), (bar, BOTTOM - at), &fill);
        let middle = left + bar / 2.0;
        picture.line((middle, y(row.min)), (middle, y(row.max)), AXIS);
        picture.end_titled();
        match groups.last_mut() {
            Some((threads, _, end)) if *threads == row.threads => *end = x + width,
            _ => groups.push((row.threads, x, x + width)),
        }
    }
    for (threads, start, end) in groups {
        let x = f64::midpoint(start, end);
        picture.text(
            (x, BOTTOM + 18.0),
            &threads.to_string(),
            "class=\"s\" text-anchor=\"middle\"",
        );
    }
    picture.line((BARS.0, BOTTOM), (BARS.1, BOTTOM), AXIS);
}

fn legend(picture: &mut Picture, measured: &Measured) {
    let mut x = CURVE.0;
    for warm in &measured.warm {
        let fill = format!("fill=\"{}\" rx=\"2\"", colour(warm.receipts));
        picture.rectangle((x, BOTTOM + 40.0), (12.0, 12.0), &fill);
        let text = match warm.receipts {
            Receipts::None => "without receipts",
            Receipts::Each => "each run with a signed receipt",
        };
        picture.text((x + 18.0, BOTTOM + 50.0), text, "");
        x += 170.0;
    }
    let note = "left: up to the slowest 99th percentile; right: the median round, with a line from the slowest to the fastest";
    picture.text((CURVE.0, BOTTOM + 74.0), note, "class=\"s\"");
}

/// A logarithmic axis.
struct Logarithmic {
    least: f64,
    most: f64,
    first: u64,
    last: u64,
}

impl Logarithmic {
    fn new(least: u64, most: u64) -> Logarithmic {
        let (first, last) = (least.max(1), most.max(least.saturating_add(1)));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a picture has no more precision"
        )]
        let (low, high) = ((first as f64).ln(), (last as f64).ln());
        // At least a quarter of an octave, so that equal times are not stretched to a slope.
        let middle = f64::midpoint(low, high);
        let half = ((high - low) / 2.0 * 1.04).max(0.12);
        Logarithmic {
            least: middle - half,
            most: middle + half,
            first,
            last,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture has no more precision"
    )]
    fn x(&self, time: u64) -> f64 {
        let part = ((time as f64).ln() - self.least) / (self.most - self.least);
        CURVE.0 + (CURVE.1 - CURVE.0) * part.clamp(0.0, 1.0)
    }

    /// Round times on the axis, each with room for its text.
    fn ticks(&self) -> Vec<u64> {
        let coarse = self.multiples(&[10, 20, 50]);
        let ticks = if coarse.len() < 3 {
            self.multiples(&[10, 12, 15, 20, 25, 30, 40, 50, 60, 80])
        } else {
            coarse
        };
        let mut shown: Vec<u64> = Vec::new();
        for tick in ticks {
            let room = shown
                .last()
                .is_none_or(|last| self.x(tick) - self.x(*last) >= TICK_WIDTH_MIN);
            if room {
                shown.push(tick);
            }
        }
        shown
    }

    /// These tenths of every power of ten, as far as they are on the axis.
    fn multiples(&self, tenths: &[u64]) -> Vec<u64> {
        let mut ticks: Vec<u64> = Vec::new();
        let mut power = 1_u64;
        while power <= self.last && power < u64::MAX {
            for digits in tenths {
                let tick = power.saturating_mul(*digits) / 10;
                let fits = tick >= self.first && tick <= self.last;
                if fits && ticks.last().is_none_or(|last| *last < tick) {
                    ticks.push(tick);
                }
            }
            power = power.saturating_mul(10);
        }
        ticks
    }
}

/// A round number so that about five of them reach `most`.
fn nice_step(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for digit in [1, 2, 5] {
            let step = power.saturating_mul(digit);
            if most / step <= 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A time with three digits and its unit.
pub(crate) fn duration(ns: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = ns as f64;
    let (value, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (value / 1e3, "µs"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    let places = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::{Logarithmic, duration, nice_step};

    #[test]
    fn axes_have_few_round_ticks() {
        for (least, most) in [
            (1, 1),
            (1_500, 9_000),
            (1, u64::MAX),
            (0, 0),
            (u64::MAX, u64::MAX),
        ] {
            let scale = Logarithmic::new(least, most);
            assert!(scale.ticks().len() <= 9);
            assert!(scale.x(most.max(1)).is_finite());
        }
        for most in [1, 7, 1_234_567, u64::MAX] {
            assert!(most / nice_step(most) <= 5);
        }
    }

    #[test]
    fn durations_have_three_digits() {
        for (ns, text) in [
            (999, "999 ns"),
            (1_552, "1.55 µs"),
            (20_000, "20 µs"),
            (123_456_789, "123 ms"),
            (2_500_000_000, "2.5 s"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }
}
