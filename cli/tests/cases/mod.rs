//! The cases.

mod authoring;
mod bench;
mod bundles;
mod capsules;
mod code_cache;
mod contract;
mod docs;
mod first_party;
mod gate;
mod languages;
mod limits;
mod native;
mod nmap;
mod policy;
mod prebuilt;
mod profile;
mod receipts;
mod sarif;
mod sdks;
mod secrets;
mod signatures;
mod size;
mod testing;
mod undo;
mod validate;
mod watch;
