//! Paths and queries, with problems for what can't be read.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use super::limits::MAX_QUERY_BYTES;
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use super::router::in_path;

/// The parts of the path that vary, percent-decoded, in order.
pub(crate) struct InPath<const N: usize>(pub(crate) [String; N]);

impl<const N: usize, S: Send + Sync> FromRequestParts<S> for InPath<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<InPath<N>, Problem> {
        let decode = |(name, sent)| match percent_decode_str(sent).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => {
                let error = FieldError::new(
                    "path",
                    format!("Invalid UTF-8 in `{name}`"),
                    "percent-encode it as UTF-8",
                );
                Err(Problem::of_field(Kind::InvalidParameter, error))
            }
        };
        let values = in_path(parts.uri.path()).into_iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let values = values.try_into();
        values.map(InPath).map_err(|_| Problem::internal("a call reads parts of a path that it has not"))
    }
}

/// Query parameters, taken out one by one.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        if text.len() > MAX_QUERY_BYTES {
            let detail = format!("is {} bytes long, the most is {MAX_QUERY_BYTES}", text.len());
            return Err(invalid("query", detail, "shorten it"));
        }
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Ok(Query { pairs, known: Vec::new() })
    }
}

impl Query {
    /// The parameter as sent; asking for one makes it known.
    ///
    /// # Errors
    /// It is there twice.
    pub(crate) fn take(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let mut found = None;
        while let Some(index) = self.pairs.iter().position(|(key, _)| key == name) {
            if found.is_some() {
                return Err(invalid(name, "is there twice", "send it once"));
            }
            found = Some(self.pairs.swap_remove(index).1);
        }
        Ok(found)
    }

    /// A flag: `?name`, `?name=true` or `?name=false`.
    ///
    /// # Errors
    /// It is there twice, or is neither.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        match self.take(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(other) => {
                let shown = shown(other);
                Err(invalid(name, format!("{shown:?} is not true or false"), "send true or false"))
            }
        }
    }

    /// Whether nothing is asked.
    pub(crate) fn is_bare(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Leaves out parameters without a value: a form sends its empty fields too.
    pub(crate) fn without_blanks(mut self) -> Query {
        self.pairs.retain(|(_, value)| !value.is_empty());
        self
    }

    /// The parameter as sent, which stays to be taken; empty where it is not there.
    pub(crate) fn peek(&self, name: &str) -> String {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Puts in a parameter that is not there.
    pub(crate) fn or(&mut self, name: &str, value: impl ToString) {
        if self.pairs.iter().all(|(key, _)| key != name) {
            self.pairs.push((name.to_owned(), value.to_string()));
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// There are parameters that nobody asked for.
    pub(crate) fn end(self) -> Result<(), Problem> {
        let unknown = |(name, _): &(String, String)| {
            let mend = did_you_mean(name, self.known.iter().copied(), || match self.known.as_slice() {
                [] => "this call has no parameters".to_owned(),
                known => format!("the parameters are {}", known.join(", ")),
            });
            let shown: String = name.chars().take(100).collect();
            FieldError::new(shown, "is not a parameter of this call", mend)
        };
        let errors: Vec<FieldError> = self.pairs.iter().map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::of_fields(Kind::InvalidParameter, errors)) }
    }
}

/// As much of what was sent as a message repeats.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A parameter that can't be used.
pub(crate) fn invalid(path: &str, detail: impl Into<String>, mend: impl Into<String>) -> Problem {
    Problem::of_field(Kind::InvalidParameter, FieldError::new(path, detail, mend))
}
