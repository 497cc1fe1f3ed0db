//! Colours for people at a terminal; `anstream` takes them out elsewhere and under `NO_COLOR`.

use anstyle::{AnsiColor, Style};

pub(crate) const HEADING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const FOR: Style = AnsiColor::Green.on_default();
pub(crate) const AGAINST: Style = AnsiColor::Red.on_default();
