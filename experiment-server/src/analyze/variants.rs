//! The variants of a file: met in any order, reported in a fixed one.

use experiment_core::report::VariantDesign;

use super::error::{AnalyzeError, MAX_VARIANTS, listing};
use super::request::Request;

/// Variants, numbered as they are met.
#[derive(Debug, Clone)]
pub(crate) struct Variants {
    column: String,
    names: Vec<String>,
}

/// The variants in the order of the report, the control first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arms {
    pub(crate) designs: Vec<VariantDesign>,
    /// Place in `designs` of each number given by [`Variants`].
    pub(crate) places: Vec<u16>,
}

impl Variants {
    pub(crate) fn new(column: &str) -> Variants {
        Variants { column: column.to_owned(), names: Vec::new() }
    }

    /// The number of a variant.
    pub(crate) fn intern(&mut self, name: &str) -> Result<u16, AnalyzeError> {
        let number = match self.names.iter().position(|known| known == name) {
            Some(number) => number,
            None if self.names.len() == MAX_VARIANTS => {
                let (column, example) = (self.column.clone(), name.to_owned());
                return Err(AnalyzeError::TooManyVariants { column, example });
            }
            None => {
                self.names.push(name.to_owned());
                self.names.len() - 1
            }
        };
        // At most MAX_VARIANTS, far below 2^16.
        Ok(number as u16)
    }

    /// Orders the variants and gives them their weights: the control first, the others sorted.
    pub(crate) fn arms(&self, request: &Request) -> Result<Arms, AnalyzeError> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.sort_unstable();
        let found = || listing(names.iter().copied());
        if let Some(weights) = &request.weights
            && let Some(variant) =
                names.iter().find(|name| !weights.0.iter().any(|(known, _)| known == *name))
        {
            return Err(AnalyzeError::Unweighted { variant: (*variant).to_owned(), found: found() });
        }
        let control = match &request.control {
            Some(control) if !names.contains(&control.as_str()) => {
                return Err(AnalyzeError::NoSuchControl { control: control.clone(), found: found() });
            }
            Some(control) => control,
            None => default_control(&names),
        };
        let weights = request.weights.as_ref();
        let mut all: Vec<&str> = names.clone();
        all.extend(weights.iter().flat_map(|weights| &weights.0).map(|(name, _)| name.as_str()));
        all.sort_unstable();
        all.dedup();
        if all.len() < 2 {
            let (column, variant) = (self.column.clone(), control.to_owned());
            return Err(AnalyzeError::OneVariant { column, variant });
        }
        all.sort_by_key(|name| *name != control);
        let weight = |name: &str| match weights {
            None => 1.0,
            Some(weights) => {
                weights.0.iter().find(|(known, _)| known == name).map_or(0.0, |(_, weight)| weight.to_f64())
            }
        };
        let place = |name: &String| all.iter().position(|other| other == name).unwrap_or_default() as u16;
        let places = self.names.iter().map(place).collect();
        let designs = all.iter().map(|name| VariantDesign {
            key: (*name).to_owned(),
            weight: weight(name),
            changes: Vec::new(),
        });
        Ok(Arms { designs: designs.collect(), places })
    }
}

/// The only variant named control, case aside, or else the first.
fn default_control<'a>(sorted: &[&'a str]) -> &'a str {
    let mut named = sorted.iter().filter(|name| name.eq_ignore_ascii_case("control"));
    match (named.next(), named.next()) {
        (Some(control), None) => control,
        _ => sorted.first().copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_control() {
        assert_eq!(default_control(&["A", "Control", "b"]), "Control");
        assert_eq!(default_control(&["A", "CONTROL", "control"]), "A");
        assert_eq!(default_control(&["x", "y"]), "x");
    }
}
