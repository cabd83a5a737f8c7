//! `analyze`: a file of rows → exact sums → a report.
//!
//! Bytes become rows of text (`input`), rows are checked one by one (`row`), grouped by customer
//! (`distinct`, `totals`) and folded into [`Aggregates`](experiment_core::report::Aggregates) (`fold`).
//! Memory grows with the customers, not with the rows.

mod check;
mod columns;
mod distinct;
mod error;
mod flag;
mod fold;
mod input;
mod instant;
mod keys;
mod reading;
mod reject;
mod rejects_file;
mod request;
mod row;
mod totals;
mod value;
mod variants;

pub use error::{AnalyzeError, MAX_VARIANTS};
pub use flag::{FlagError, KindFlag, MetricFlag, NamedFlag, Requirement, Weights};
pub use input::Source;
pub use reading::{Reading, read};
pub use reject::Reason;
pub use rejects_file::RejectsFile;
pub use request::{Flags, MetricRequest, ROW_UNIT, Request, RequestError, RowKind, Unit};

use experiment_core::report::{Inputs, Report};

/// Reads `source` and analyses it: [`read`], then the core's report with its inputs, then what was read and left out.
///
/// # Errors
/// [`AnalyzeError`].
pub fn analyze(
    request: &Request,
    source: &mut Source<'_>,
    rejects: Option<RejectsFile>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, AnalyzeError> {
    let Reading { design, aggregates, input } = read(request, source, rejects, progress)?;
    let inputs = Inputs { design, aggregates, checks: vec![check::rejected_rows(&input)], decision: None };
    let report = inputs.report(None)?;
    Ok(Report { input: Some(input), inputs: Some(Box::new(inputs)), ..report })
}
