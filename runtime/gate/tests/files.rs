//! Files below granted trees.

mod protected;
mod reading;
mod writing;
