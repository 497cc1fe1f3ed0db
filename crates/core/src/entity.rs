use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::{ActorId, Span};

/// A name in the text.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entity {
    /// Its words.
    pub span: Span,
    /// What is named.
    pub kind: EntityKind,
    /// The calibrated probability, 0 to 1, that span and kind are right.
    pub score: f32,
    /// Whom it names, once the actors of the document are known.
    pub actor: Option<ActorId>,
}

/// What an [`Entity`] is: the nine kinds of the Worldwide English newswire data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum EntityKind {
    /// A person, real or invented.
    Person,
    /// A company, party, agency, institution, team.
    Organization,
    /// A country, city, region, river, mountain.
    Location,
    /// A nationality, religious or political group, or its adjective.
    Norp,
    /// A building, airport, road, bridge.
    Facility,
    /// A thing made: vehicle, weapon, food, software.
    Product,
    /// A date or period.
    Date,
    /// A sum of money.
    Money,
    /// Any other name: event, work, law, language.
    Misc,
}

impl EntityKind {
    /// All of them, in the order in which tables show them.
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::Organization,
        Self::Location,
        Self::Norp,
        Self::Facility,
        Self::Product,
        Self::Date,
        Self::Money,
        Self::Misc,
    ];

    /// The kind's name in records: lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organization => "organization",
            Self::Location => "location",
            Self::Norp => "norp",
            Self::Facility => "facility",
            Self::Product => "product",
            Self::Date => "date",
            Self::Money => "money",
            Self::Misc => "misc",
        }
    }

    /// The kind's label in CoNLL-2003, whose four kinds cover all but dates and sums of money.
    #[must_use]
    pub const fn conll(self) -> Option<&'static str> {
        match self {
            Self::Person => Some("PER"),
            Self::Organization => Some("ORG"),
            Self::Location | Self::Facility => Some("LOC"),
            Self::Norp | Self::Product | Self::Misc => Some("MISC"),
            Self::Date | Self::Money => None,
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is no [`EntityKind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseEntityKindError(String);

impl fmt::Display for ParseEntityKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no entity kind; the kinds are", self.0)?;
        for (i, kind) in EntityKind::ALL.into_iter().enumerate() {
            write!(f, "{} {kind}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl core::error::Error for ParseEntityKindError {}

impl FromStr for EntityKind {
    type Err = ParseEntityKindError;

    /// Reads a kind's name in any case, or one of the short labels in common use (`PER`, `ORG`,
    /// `LOC`, `GPE`, `FAC`, `MISC`).
    fn from_str(label: &str) -> Result<Self, Self::Err> {
        Ok(match label.to_ascii_lowercase().as_str() {
            "person" | "per" => Self::Person,
            "organization" | "organisation" | "org" => Self::Organization,
            "location" | "loc" | "gpe" => Self::Location,
            "norp" => Self::Norp,
            "facility" | "fac" => Self::Facility,
            "product" => Self::Product,
            "date" => Self::Date,
            "money" => Self::Money,
            "misc" | "miscellaneous" => Self::Misc,
            _ => return Err(ParseEntityKindError(label.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in EntityKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.name().to_uppercase().parse(), Ok(kind));
        }
        let err = "planet".parse::<EntityKind>().unwrap_err().to_string();
        assert!(
            err.contains("`planet`") && err.contains("person, organization"),
            "{err}"
        );
    }
}
