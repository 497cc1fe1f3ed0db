//! Joins the mentions of one actor: full and short names, acronyms, titles, descriptions and pronouns.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
