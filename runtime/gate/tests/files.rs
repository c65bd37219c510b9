//! Files below granted trees.

mod reading;
mod writing;
