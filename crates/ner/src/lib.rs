//! Finds named entities with a transformer: people, organizations, places, groups and more.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
