//! What a reader wants to see of an experiment, and the address that says so.

use experiment_core::time::Day;

/// How effects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    /// Variant − control, on the metric's own scale.
    #[default]
    Absolute,
    /// Over the control.
    Relative,
    /// As what they come to among so many customers.
    Scaled(u64),
}

/// What a reader wants to see. Two readers of one address see the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// How effects are shown.
    pub shown: Shown,
    /// The dimension to slice by.
    pub by: Option<String>,
    /// The day at whose end it is read; now, where none is named.
    pub as_of: Option<Day>,
}

impl Wish {
    /// The query, with its question mark; empty where nothing is wished for.
    #[must_use]
    pub fn query(&self) -> String {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return String::new();
        }
        format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    }

    /// Names and values of the query, each where it is wished for.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = match self.shown {
            Shown::Absolute => Vec::new(),
            Shown::Relative => vec![("effects", "relative".to_owned())],
            Shown::Scaled(customers) => {
                vec![("effects", "scaled".to_owned()), ("customers", customers.to_string())]
            }
        };
        pairs.extend(self.by.iter().map(|by| ("by", by.clone())));
        pairs.extend(self.as_of.map(|day| ("as_of", day.to_string())));
        pairs
    }

    /// What a form keeps that asks for something else: everything but `asked`, and what belongs to it.
    pub(super) fn kept(&self, asked: &str) -> Vec<(&'static str, String)> {
        let belongs = |name: &str| name == asked || (asked == "effects" && name == "customers");
        self.pairs().into_iter().filter(|(name, _)| !belongs(name)).collect()
    }

    /// The same, with effects shown otherwise.
    #[must_use]
    pub fn with_shown(&self, shown: Shown) -> Wish {
        Wish { shown, ..self.clone() }
    }

    /// The same, read at another time.
    #[must_use]
    pub fn with_as_of(&self, as_of: Option<Day>) -> Wish {
        Wish { as_of, ..self.clone() }
    }

    /// The same, sliced by another dimension.
    #[must_use]
    pub fn with_by(&self, by: Option<&str>) -> Wish {
        Wish { by: by.map(str::to_owned), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_everything() {
        assert_eq!(Wish::default().query(), "");
        let wish = Wish {
            shown: Shown::Scaled(100_000),
            by: Some("plan & price".to_owned()),
            as_of: Some("2026-03-01".parse().unwrap()),
        };
        assert_eq!(wish.query(), "?effects=scaled&customers=100000&by=plan+%26+price&as_of=2026-03-01");
        assert_eq!(
            wish.with_by(None).with_shown(Shown::Relative).query(),
            "?effects=relative&as_of=2026-03-01"
        );
    }
}
