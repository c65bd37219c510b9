//! The oracles over inputs that are the same each time.

#![cfg(test)]

mod seeded;
