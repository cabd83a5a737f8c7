//! A log made again from a backup, under a new name, in a folder that holds none.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use experiment_core::time::Timestamp;
use redb::{
    Database, Durability, Key, ReadableDatabase, ReadableTableMetadata, TableDefinition, TableHandle, Value,
    WriteTransaction,
};
use xxhash_rust::xxh3::Xxh3;

use super::backup::{BACKUP_FORMAT, Backup, END, MAGIC, ROW, ROWS_A_STEP, TABLE};
use super::bytes::hex;
use super::disk::{Directory, Disk};
use super::error::StoreError;
use super::recover::{Identity, random_log_id};
use super::tables::{
    FACTS, KEYS, LOG_FILE, LOG_FORMAT, LOG_IDENTITY, LOG_META, STATE_FILE, Trying, WithTable, each_log_table,
    is_readable, open_log,
};

/// The log while it is being made.
const UNFINISHED: &str = "log.redb.restoring";
/// Bytes of rows that are put into a table at once.
const BATCH_BYTES: usize = 4 << 20;

/// A backup was not restored, or is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It can't be read.
    #[error("{path:?} cannot be read; mend: name a file that `experiment backup` wrote")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not begin like one.
    #[error("{path:?} is not a backup; mend: name a file that `experiment backup` wrote")]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// Of another version.
    #[error(
        "{path:?} has format {found}, this version reads format {known}; mend: use the version that wrote it"
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format this version knows.
        known: u32,
    },
    /// It ends before its end.
    #[error("{path:?} is cut off; mend: take another backup, this one was not finished")]
    CutOff {
        /// The file.
        path: PathBuf,
    },
    /// The bytes are not those that were written.
    #[error("{path:?} is damaged: {detail}; mend: take another backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// There are facts in the folder.
    #[error("{path:?} holds a store already; mend: restore into an empty or new folder")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder can't be written to.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a backup to its end and says what it holds, if it is whole.
///
/// # Errors
/// [`RestoreError`].
pub fn check_backup(file: &Path) -> Result<Backup, RestoreError> {
    read(file, &mut |_| Ok(()))
}

/// Makes a log in `folder`, which must hold none, of what the backup in `file` holds. The log has a new
/// name, so that a state of the old one is never taken for its fold, and is there only once it is whole.
/// `progress` is told how many facts of how many are restored.
///
/// # Errors
/// [`RestoreError`]; the folder is as it was then.
pub fn restore(
    file: &Path,
    folder: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, RestoreError> {
    let occupied = || [LOG_FILE, STATE_FILE].iter().any(|name| folder.join(name).exists());
    if occupied() {
        return Err(RestoreError::Occupied { path: folder.to_owned() });
    }
    // Before anything is made of it.
    let backup = check_backup(file)?;
    let unusable =
        |error: io::Error| StoreError::Folder { path: folder.to_owned(), detail: error.to_string() };
    let disk = Directory::make(folder)?;
    disk.remove(UNFINISHED).map_err(unusable)?;
    let made = make_log(file, &disk, &backup, progress);
    if made.is_err() {
        // What is wrong matters more than a file that the next try removes.
        let _ = disk.remove(UNFINISHED);
    }
    made?;
    if occupied() {
        return Err(RestoreError::Occupied { path: folder.to_owned() });
    }
    disk.rename(UNFINISHED, LOG_FILE).map_err(unusable)?;
    Ok(backup)
}

fn make_log(
    file: &Path,
    disk: &dyn Disk,
    backup: &Backup,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), RestoreError> {
    let log = open_log(disk, UNFINISHED)?;
    let mut rows = Rows { log: &log, table: String::new(), rows: Vec::new(), bytes: 0 };
    let facts = FACTS.name();
    let mut restored = 0;
    read(file, &mut |part| match part {
        Part::Table(name) => rows.begin(name),
        Part::Row(key, value) => {
            rows.push(key, value)?;
            if rows.table == facts {
                restored += 1;
                if restored % ROWS_A_STEP == 0 {
                    progress(restored, backup.facts);
                }
            }
            Ok(())
        }
    })?;
    rows.flush()?;
    rename_log(&log, file, backup)
}

/// Gives the log a name of its own, and makes all of it durable.
fn rename_log(log: &Database, file: &Path, backup: &Backup) -> Result<(), RestoreError> {
    let damaged = |detail: &str| RestoreError::Damaged { path: file.to_owned(), detail: detail.to_owned() };
    let reading = log.begin_read().trying("reading the log")?;
    let meta = reading.open_table(LOG_META).map_err(|_| damaged("it does not say which log it is of"))?;
    let old = Identity::read(file, &meta)?.ok_or_else(|| damaged("it does not say which log it is of"))?;
    let facts = reading.open_table(FACTS).map_err(|_| damaged("it has no facts"))?;
    if hex(&old.id) != backup.log_id || facts.len().trying("reading the log")? != backup.facts {
        return Err(damaged("it holds another log than it says"));
    }
    let new = Identity { id: random_log_id()?, ..old };
    let mut transaction = log.begin_write().trying("restoring the log")?;
    transaction.set_durability(Durability::Immediate).trying("restoring the log")?;
    transaction
        .open_table(LOG_META)
        .trying("restoring the log")?
        .insert(LOG_IDENTITY, new.encode().as_slice())
        .trying("restoring the log")?;
    Ok(transaction.commit().trying("restoring the log")?)
}

/// Rows on their way into the log.
struct Rows<'a> {
    log: &'a Database,
    /// The table they belong to.
    table: String,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Rows<'_> {
    fn begin(&mut self, table: &str) -> Result<(), StoreError> {
        self.flush()?;
        table.clone_into(&mut self.table);
        // An empty table is one too, and an unknown one is told at once.
        self.insert()
    }

    fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.rows.push((key.to_owned(), value.to_owned()));
        self.bytes += key.len() + value.len();
        if self.bytes < BATCH_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.rows.is_empty() { Ok(()) } else { self.insert() }
    }

    fn insert(&mut self) -> Result<(), StoreError> {
        let mut transaction = self.log.begin_write().trying("restoring the log")?;
        // Nothing counts before the last commit.
        transaction.set_durability(Durability::None).trying("restoring the log")?;
        let mut insert = Insert {
            transaction: &transaction,
            table: &self.table,
            rows: std::mem::take(&mut self.rows),
            known: false,
        };
        each_log_table(&mut insert)?;
        if !insert.known {
            let detail = format!("it has a table {:?} that this version does not know", self.table);
            return Err(StoreError::Corrupt { what: "the backup".to_owned(), detail });
        }
        self.bytes = 0;
        transaction.commit().trying("restoring the log")
    }
}

/// Puts rows into the table of this name.
struct Insert<'a> {
    transaction: &'a WriteTransaction,
    table: &'a str,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    known: bool,
}

impl WithTable for Insert<'_> {
    type Error = StoreError;

    fn with<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        if table.name() != self.table {
            return Ok(());
        }
        self.known = true;
        let mut open = self.transaction.open_table(table).trying("restoring the log")?;
        for (key, value) in std::mem::take(&mut self.rows) {
            let fits = |width: Option<usize>, bytes: &[u8]| width.is_none_or(|width| width == bytes.len());
            if !fits(K::fixed_width(), &key) || !fits(V::fixed_width(), &value) {
                let what = format!("the table {:?} of the backup", self.table);
                return Err(StoreError::Corrupt { what, detail: "a row has another length".to_owned() });
            }
            open.insert(K::from_bytes(&key), V::from_bytes(&value)).trying("restoring the log")?;
        }
        Ok(())
    }
}

/// What comes out of a backup, in its order.
enum Part<'a> {
    /// The rows of this table follow.
    Table(&'a str),
    /// A key and its value.
    Row(&'a [u8], &'a [u8]),
}

/// Reads a backup from its beginning to its end, and makes sure that it is whole; `each` gets its parts
/// before that is known.
fn read(
    path: &Path,
    each: &mut dyn FnMut(Part<'_>) -> Result<(), StoreError>,
) -> Result<Backup, RestoreError> {
    let source = |source| RestoreError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(source)?;
    let mut reader = Parts { from: BufReader::with_capacity(1 << 20, file), sum: Xxh3::new(), path };
    let mut magic = Vec::new();
    reader.take(MAGIC.len(), &mut magic).map_err(|error| match error {
        RestoreError::CutOff { path } => RestoreError::NotABackup { path },
        error => error,
    })?;
    if magic != MAGIC {
        return Err(RestoreError::NotABackup { path: path.to_owned() });
    }
    let format = u32::from_le_bytes(reader.array()?);
    let log_format = u32::from_le_bytes(reader.array()?);
    // A log of a format before is brought up when it is opened.
    for (found, known, fits) in
        [(format, BACKUP_FORMAT, format == BACKUP_FORMAT), (log_format, LOG_FORMAT, is_readable(log_format))]
    {
        if !fits {
            return Err(RestoreError::OtherFormat { path: path.to_owned(), found, known });
        }
    }
    let log_id = hex(&reader.array::<16>()?);
    let facts = u64::from_le_bytes(reader.array()?);
    let made_at = Timestamp(i64::from_le_bytes(reader.array()?));
    let (mut key, mut value) = (Vec::new(), Vec::new());
    let (mut rows, mut keys, mut has_table, mut is_keys) = (0, 0, false, false);
    loop {
        match reader.array::<1>()? {
            [TABLE] => {
                reader.field(&mut key)?;
                let name = std::str::from_utf8(&key).map_err(|_| reader.damaged("a name is not UTF-8"))?;
                each(Part::Table(name))?;
                has_table = true;
                is_keys = name == KEYS.name();
            }
            [ROW] if has_table => {
                reader.field(&mut key)?;
                reader.field(&mut value)?;
                each(Part::Row(&key, &value))?;
                rows += 1;
                keys += u64::from(is_keys);
            }
            [END] => break,
            _ => return Err(reader.damaged("a row begins like none")),
        }
    }
    let told = u64::from_le_bytes(reader.array()?);
    let sum = reader.sum.digest();
    if u64::from_le_bytes(reader.array()?) != sum {
        return Err(reader.damaged("its checksum is another"));
    }
    if told != rows {
        return Err(reader.damaged("it has another number of rows than it says"));
    }
    match reader.from.read(&mut [0]) {
        Ok(0) => Ok(Backup { log_id, facts, rows, keys, made_at }),
        Ok(_) => Err(reader.damaged("it goes on after its end")),
        Err(error) => Err(source(error)),
    }
}

/// Reads, and sums up what was read.
struct Parts<'a> {
    from: BufReader<File>,
    sum: Xxh3,
    path: &'a Path,
}

impl Parts<'_> {
    /// So many bytes, in place of what `into` holds. Lengths may be damaged: memory is taken as bytes come.
    fn take(&mut self, length: usize, into: &mut Vec<u8>) -> Result<(), RestoreError> {
        into.clear();
        let read = self.from.by_ref().take(length as u64).read_to_end(into);
        match read {
            Ok(read) if read == length => {
                self.sum.update(into);
                Ok(())
            }
            Ok(_) => Err(RestoreError::CutOff { path: self.path.to_owned() }),
            Err(source) => Err(RestoreError::Read { path: self.path.to_owned(), source }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let mut bytes = [0; N];
        match self.from.read_exact(&mut bytes) {
            Ok(()) => {
                self.sum.update(&bytes);
                Ok(bytes)
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(RestoreError::CutOff { path: self.path.to_owned() })
            }
            Err(source) => Err(RestoreError::Read { path: self.path.to_owned(), source }),
        }
    }

    fn field(&mut self, into: &mut Vec<u8>) -> Result<(), RestoreError> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        self.take(length, into)
    }

    fn damaged(&self, detail: &str) -> RestoreError {
        RestoreError::Damaged { path: self.path.to_owned(), detail: detail.to_owned() }
    }
}
