//! The loop, with a performer that does what the test says.

mod crashes;
mod running;
mod stored;
mod world;
