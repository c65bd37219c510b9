//! Pictures of plans and runs: SVG without scripts, fonts or anything from outside, and the language
//! of Graphviz. The same plan gives the same bytes; coordinates are whole numbers.

mod svg;

mod dot;
mod edges;
mod label;
mod layout;
mod plan;

mod gantt;
mod gantt_text;
mod ticks;
mod timeline;

pub use dot::dot;
pub use gantt::{gantt_inline, gantt_svg};
pub use gantt_text::gantt_text;
pub use plan::plan_svg;
pub use svg::STYLE;
pub use timeline::{Lane, Span, SpanKind, Timeline};

#[cfg(test)]
pub(crate) mod tests;
