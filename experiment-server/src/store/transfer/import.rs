//! An export read line by line and handed to the writer in batches.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::super::command::Command;
use super::super::error::{IntakeError, StoreError};
use super::super::pending::Pending;
use super::super::{MAX_PROPOSALS, Store};
use super::line::{EXPORT_FORMAT, EndLine, ExportLine};
use super::lists::Lists;
use super::read::Line;
use super::replay::{Beside, Outcome, Replay};

/// Longest line in bytes; a group may have many values.
const MAX_LINE_BYTES: u64 = 64 << 20;
/// Bytes of records that are handed over at once.
const BATCH_BYTES: usize = 8 << 20;
/// Batches under way: one is written while the next is read.
const BATCHES: usize = 2;
/// How far the fold may be behind before the reading waits for it, in facts.
const MAX_BEHIND: u64 = 200_000;

/// What became of an export that was read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Facts that are in the log now and were not before.
    pub new: u64,
    /// Facts that were there already.
    pub present: u64,
    /// Lines that were not taken; each was told.
    pub refused: u64,
    /// Whether the file goes to its own end.
    pub whole: bool,
}

/// What happens on the way.
#[derive(Debug, Clone, Copy)]
pub enum ImportNews<'a> {
    /// So many bytes are read.
    Read(u64),
    /// A line was not taken.
    Refused {
        /// Its number, 1 for the first.
        line: u64,
        /// Why not, and the mend.
        why: &'a str,
    },
}

/// An import came to an end too early: what was taken in until then stays, and repeating it is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file can't be read.
    #[error("line {line} cannot be read")]
    Read {
        /// The line.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing of it was taken in.
    #[error("{detail}; mend: name a file that `experiment export` wrote")]
    NotAnExport {
        /// What it begins with.
        detail: String,
    },
    /// The store takes nothing in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The store is failing.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Takes in what [`Store::export`] wrote, in its order. What is there already is left alone, so an
    /// import may be repeated; what contradicts it is told and left out. `received_at` is kept, unless facts
    /// that are there came later: then it is that of the last of them.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn import(
        &self,
        source: &mut dyn BufRead,
        told: &mut dyn FnMut(ImportNews<'_>),
    ) -> Result<Imported, ImportError> {
        self.wait_for_blocking(self.log_position())?;
        let mut import = Import {
            store: self,
            told,
            imported: Imported::default(),
            lists: Lists::default(),
            catalog: 0,
            defined: BTreeSet::new(),
            begun_at: None,
            batch: Batch::default(),
            under_way: VecDeque::new(),
        };
        let (mut number, mut bytes, mut line) = (0, 0, Vec::new());
        loop {
            number += 1;
            line.clear();
            let read = source.take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            let read = read.map_err(|source| ImportError::Read { line: number, source })?;
            if read == 0 {
                break;
            }
            if read as u64 == MAX_LINE_BYTES {
                let source = io::Error::other(format!("it has more than {MAX_LINE_BYTES} bytes"));
                return Err(ImportError::Read { line: number, source });
            }
            bytes += read as u64;
            import.line(number, &line)?;
            if import.batch.is_full() {
                import.hand_over()?;
                (import.told)(ImportNews::Read(bytes));
            }
        }
        import.hand_over()?;
        import.answers(0)?;
        import.imported.whole = import.begun_at.is_none() && number > 1;
        Ok(import.imported)
    }

    /// Hands a batch to the writer, once it has room.
    fn replay(&self, batch: &Arc<Vec<Replay>>) -> Result<Answers, ImportError> {
        let behind = self.log_position().saturating_sub(MAX_BEHIND);
        if behind > self.position() {
            self.wait_for_blocking(behind)?;
        }
        Ok(self.send(batch.len(), |reply| Command::Replay { batch: Arc::clone(batch), reply }))
    }
}

/// What becomes of a batch.
type Answers = Pending<Vec<Outcome>, IntakeError>;

/// One file on its way in.
struct Import<'a> {
    store: &'a Store,
    told: &'a mut dyn FnMut(ImportNews<'_>),
    imported: Imported,
    lists: Lists,
    /// The last version of what experiments share.
    catalog: u32,
    /// Experiments that are defined in the file.
    defined: BTreeSet<String>,
    /// The line after which the export under way began; `None` outside of one.
    begun_at: Option<u64>,
    batch: Batch,
    /// Answers to come, with the lines that they are about.
    under_way: VecDeque<(Answers, Vec<u64>)>,
}

/// Facts for the writer, and the lines they came from.
#[derive(Default)]
struct Batch {
    facts: Vec<Replay>,
    lines: Vec<u64>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, line: u64, record: Vec<u8>, beside: Beside) {
        self.bytes += record.len();
        self.facts.push(Replay { record, beside });
        self.lines.push(line);
    }

    fn is_full(&self) -> bool {
        self.facts.len() >= MAX_PROPOSALS || self.bytes >= BATCH_BYTES
    }
}

impl Import<'_> {
    fn line(&mut self, number: u64, bytes: &[u8]) -> Result<(), ImportError> {
        let text = std::str::from_utf8(bytes).map(|text| text.trim_end_matches(['\n', '\r']));
        let Ok(text) = text else { return self.broken(number, "it is not UTF-8; mend: export again") };
        let text = if number == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let read = match Line::read(text) {
            Ok(read) => read,
            Err(error) => return self.broken(number, &error.to_string()),
        };
        match (read, self.begun_at) {
            (Line::Export(line), None) => return self.begin(number, &line),
            (Line::Export(_), Some(_)) => {
                // As good as the file's end: what was cut off is told, and the next export is read.
                self.refuse(
                    number,
                    "the export before it has no end record: it was cut off; mend: export it again",
                );
                self.begun_at = None;
                return self.line(number, bytes);
            }
            (_, None) => return self.broken(number, "no export begins before it"),
            (Line::End(line), Some(begun_at)) => self.end(number, begun_at, &line),
            (Line::Group { name, values, gone }, _) => self.lists.group(name, values, gone),
            (Line::Override(line), _) => {
                if let Err(error) = self.lists.overriding(line) {
                    self.refuse(number, &error.to_string());
                }
            }
            (Line::Definition { experiment, record }, _) => {
                let list = self.lists.overrides_of(&experiment).cloned();
                self.defined.insert(experiment);
                self.batch.push(number, record, Beside::Overrides(list));
            }
            (Line::Catalog { version, record }, _) => {
                let is_last = version == self.catalog;
                let groups = self.lists.groups(is_last);
                self.batch.push(number, record, Beside::Groups { groups, is_last });
            }
            (Line::Fact(record), _) => self.batch.push(number, record, Beside::Nothing),
        }
        Ok(())
    }

    fn begin(&mut self, number: u64, line: &ExportLine<'_>) -> Result<(), ImportError> {
        if line.format != EXPORT_FORMAT {
            let found = line.format;
            let detail = format!("the export has format {found}, this version reads {EXPORT_FORMAT}");
            return Err(ImportError::NotAnExport { detail });
        }
        (self.lists, self.catalog, self.begun_at) = (Lists::default(), line.catalog, Some(number));
        self.defined.clear();
        Ok(())
    }

    fn end(&mut self, number: u64, begun_at: u64, line: &EndLine) {
        let found = number - begun_at - 1;
        if found != line.records {
            let detail = format!("the export had {} records, and {found} are here", line.records);
            self.refuse(number, &format!("{detail}; mend: export it again"));
        }
        let undefined = self.lists.overridden().find(|key| !self.defined.contains(*key));
        if let Some(key) = undefined.map(str::to_owned) {
            self.refuse(
                number,
                &format!("there is a list of overrides and no definition of {key:?}; mend: export it again"),
            );
        }
        self.begun_at = None;
    }

    /// A line that says nothing: of a first one nothing is expected any more.
    fn broken(&mut self, number: u64, why: &str) -> Result<(), ImportError> {
        if number == 1 {
            return Err(ImportError::NotAnExport { detail: format!("line 1: {why}") });
        }
        self.refuse(number, why);
        Ok(())
    }

    fn refuse(&mut self, line: u64, why: &str) {
        self.imported.refused += 1;
        (self.told)(ImportNews::Refused { line, why });
    }

    fn hand_over(&mut self) -> Result<(), ImportError> {
        let Batch { facts, lines, .. } = std::mem::take(&mut self.batch);
        if facts.is_empty() {
            return Ok(());
        }
        self.answers(BATCHES - 1)?;
        self.under_way.push_back((self.store.replay(&Arc::new(facts))?, lines));
        Ok(())
    }

    /// Waits until no more than `most` batches are under way.
    fn answers(&mut self, most: usize) -> Result<(), ImportError> {
        while self.under_way.len() > most {
            let Some((pending, lines)) = self.under_way.pop_front() else { return Ok(()) };
            for (line, outcome) in lines.into_iter().zip(pending.wait()?) {
                match outcome {
                    Outcome::New => self.imported.new += 1,
                    Outcome::Present => self.imported.present += 1,
                    Outcome::Refused(why) => self.refuse(line, &why),
                }
            }
        }
        Ok(())
    }
}
