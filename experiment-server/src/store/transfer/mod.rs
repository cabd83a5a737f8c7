//! Facts as text: out of one store and into another, the same bits.
//!
//! An export is the log line by line, in its order, after the lists that stand beside it. An import goes
//! through the writer, which appends what it does not know yet and tells what does not fit.

mod csv;
mod export;
mod import;
mod line;
mod lists;
mod read;
mod replay;
mod replay_catalog;

pub use export::{ExportError, ExportFormat, Exported};
pub use import::{ImportError, ImportNews, Imported};
pub use line::LineError;
pub use read::check_export_line;

pub(super) use replay::{Outcome as ReplayOutcome, Replay};
