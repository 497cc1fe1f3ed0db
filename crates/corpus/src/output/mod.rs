//! What was found, in the formats of other tools.

pub use brat::brat;
pub use conll::conll;
pub use page::page;
pub use read::{read_records, read_tables};
pub use tables::{Table, Tables};

mod brat;
mod conll;
mod page;
mod read;
mod tables;
