//! A disk that loses, tears and reorders what was not synced when its power is cut, that can be full, and that fails
//! when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use experiment_server::store::{Disk, Space};
use experiment_tests::random::Random;
use redb::{Builder, Database, DatabaseError, StorageBackend};

/// What a disk writes in one go at best.
const SECTOR: usize = 512;
/// What it gives to files in one piece, once something is written there.
const BLOCK: usize = 4_096;

/// Files in memory, each with what is safe and what only seems to be there.
#[derive(Debug, Default)]
pub(super) struct SimulatedDisk {
    files: Mutex<BTreeMap<String, Arc<Mutex<SimulatedFile>>>>,
    power: Arc<Mutex<Power>>,
    room: Arc<Mutex<Room>>,
}

/// How much can still be written.
#[derive(Debug, Default)]
struct Room {
    /// Bytes that are free; `None`: as many as are wanted.
    free: Option<u64>,
    /// Bytes more that it claims to have free.
    unseen: u64,
    reserve: u64,
}

/// What a file can be told to fail at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Write,
    Sync,
}

/// How long the power lasts.
#[derive(Debug, Default)]
struct Power {
    is_out: bool,
    /// Writes, syncs and changes of a length until the power fails; `None`: it lasts.
    left: Option<u64>,
}

#[derive(Debug, Default)]
struct SimulatedFile {
    /// What a power cut leaves in any case.
    durable: Vec<u8>,
    /// What the process reads.
    seen: Vec<u8>,
    /// Sector → what it held after each write since the last sync.
    unsynced: BTreeMap<usize, Vec<[u8; SECTOR]>>,
    /// The lengths it had since the last sync.
    lengths: Vec<usize>,
    /// Its name survives a power cut.
    is_named: bool,
    /// Blocks that were given to it.
    blocks: BTreeSet<usize>,
    /// What fails from now on.
    fails: Option<Operation>,
}

impl SimulatedDisk {
    /// A disk of which intake leaves so many bytes free.
    pub(super) fn with_reserve(reserve: u64) -> SimulatedDisk {
        let disk = SimulatedDisk::default();
        disk.room.lock().unwrap().reserve = reserve;
        disk
    }

    /// Leaves so many bytes free, as when others fill the disk or make room; `None`: as many as are wanted.
    pub(super) fn leave(&self, free: Option<u64>) {
        let mut room = self.room.lock().unwrap();
        (room.free, room.unseen) = (free, 0);
    }

    /// The same, and nobody sees it: others fill the disk after it was asked.
    pub(super) fn leave_unseen(&self, free: u64) {
        let mut room = self.room.lock().unwrap();
        (room.free, room.unseen) = (Some(free), 1 << 40);
    }

    /// Whether there is an end to what can be written.
    pub(super) fn is_bounded(&self) -> bool {
        self.room.lock().unwrap().free.is_some()
    }

    /// Lets an operation on a file fail until told otherwise.
    pub(super) fn fail(&self, file: &str, fails: Option<Operation>) {
        self.file(file).unwrap().lock().unwrap().fails = fails;
    }

    /// What a file holds, as a process sees it.
    pub(super) fn read(&self, file: &str) -> Vec<u8> {
        self.file(file).unwrap().lock().unwrap().seen.clone()
    }

    /// The names of its files, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }

    /// Gives power for so many operations that change something, or for good.
    pub(super) fn power_on(&self, left: Option<u64>) {
        *self.power.lock().unwrap() = Power { is_out: false, left };
    }

    pub(super) fn is_out(&self) -> bool {
        self.power.lock().unwrap().is_out
    }

    /// Cuts the power. Of what was written to a sector since the last sync, one write at random is kept, or
    /// none, or the beginning of one and the end of another; each sector for itself, so that a later write may
    /// survive an earlier one. Nobody may use the files any more.
    pub(super) fn cut(&self, random: &mut Random) {
        self.power.lock().unwrap().is_out = true;
        let mut files = self.files.lock().unwrap();
        files.retain(|_, file| {
            let mut file = file.lock().unwrap();
            file.lose(random);
            file.is_named || random.chance(90)
        });
    }

    /// Spends one operation, or says that the power is out.
    fn spend(power: &Mutex<Power>) -> Result<(), Error> {
        let mut power = power.lock().unwrap();
        if let Some(left) = &mut power.left {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => power.is_out = true,
            }
        }
        if power.is_out { Err(Error::other("the power is out")) } else { Ok(()) }
    }

    fn file(&self, name: &str) -> Option<Arc<Mutex<SimulatedFile>>> {
        self.files.lock().unwrap().get(name).map(Arc::clone)
    }
}

impl SimulatedFile {
    fn lose(&mut self, random: &mut Random) {
        let lengths = std::mem::take(&mut self.lengths);
        let longest = lengths.iter().copied().max().unwrap_or(0).max(self.durable.len());
        let kept = random.index(lengths.len() + 1);
        let length = if kept == 0 { self.durable.len() } else { lengths[kept - 1] };
        self.durable.resize(longest, 0);
        for (sector, writes) in std::mem::take(&mut self.unsynced) {
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(longest);
            let Some(place) = self.durable.get_mut(from..to) else { continue };
            let mut before = [0; SECTOR];
            before[..place.len()].copy_from_slice(place);
            let mut pick = || match random.index(writes.len() + 1) {
                0 => before,
                chosen => writes[chosen - 1],
            };
            let (mut content, other) = (pick(), pick());
            if random.chance(10) {
                let torn_at = random.index(SECTOR);
                content[torn_at..].copy_from_slice(&other[torn_at..]);
            }
            place.copy_from_slice(&content[..place.len()]);
        }
        self.durable.truncate(length);
        self.seen.clone_from(&self.durable);
    }

    fn sync(&mut self) {
        for (sector, _) in std::mem::take(&mut self.unsynced) {
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(self.seen.len());
            if self.durable.len() < to {
                self.durable.resize(to, 0);
            }
            if from < to {
                self.durable[from..to].copy_from_slice(&self.seen[from..to]);
            }
        }
        self.durable.resize(self.seen.len(), 0);
        self.lengths.clear();
    }

    /// Remembers what the sectors of these bytes hold now.
    fn note(&mut self, from: usize, to: usize) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let mut content = [0; SECTOR];
            let begin = sector * SECTOR;
            let end = (begin + SECTOR).min(self.seen.len());
            if begin < end {
                content[..end - begin].copy_from_slice(&self.seen[begin..end]);
            }
            self.unsynced.entry(sector).or_default().push(content);
        }
    }
}

impl Disk for SimulatedDisk {
    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from("simulated").join(file)
    }

    fn exists(&self, file: &str) -> Result<bool, Error> {
        Ok(self.file(file).is_some())
    }

    fn open(&self, file: &str, builder: &Builder) -> Result<Database, DatabaseError> {
        let file = Arc::clone(self.files.lock().unwrap().entry(file.to_owned()).or_default());
        let (power, room) = (Arc::clone(&self.power), Arc::clone(&self.room));
        builder.create_with_backend(Handle { file, power, room })
    }

    fn remove(&self, file: &str) -> Result<(), Error> {
        SimulatedDisk::spend(&self.power)?;
        if let Some(file) = self.files.lock().unwrap().remove(file) {
            let file = file.lock().unwrap();
            self.room.lock().unwrap().give_back(file.blocks.len());
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        SimulatedDisk::spend(&self.power)?;
        let mut files = self.files.lock().unwrap();
        let file = files.remove(from).ok_or(ErrorKind::NotFound)?;
        file.lock().unwrap().is_named = true;
        if let Some(before) = files.insert(to.to_owned(), file) {
            self.room.lock().unwrap().give_back(before.lock().unwrap().blocks.len());
        }
        Ok(())
    }

    fn size(&self, file: &str) -> Result<u64, Error> {
        let blocks = self.file(file).map_or(0, |file| file.lock().unwrap().blocks.len());
        Ok((blocks * BLOCK) as u64)
    }

    fn space(&self) -> Option<Space> {
        let room = self.room.lock().unwrap();
        room.free.map(|free| Space { free: free + room.unseen, reserve: room.reserve })
    }
}

impl Room {
    fn take(&mut self, blocks: usize) -> Result<(), Error> {
        let Some(free) = &mut self.free else { return Ok(()) };
        *free = free.checked_sub((blocks * BLOCK) as u64).ok_or(ErrorKind::StorageFull)?;
        Ok(())
    }

    fn give_back(&mut self, blocks: usize) {
        if let Some(free) = &mut self.free {
            *free += (blocks * BLOCK) as u64;
        }
    }
}

/// An open file.
#[derive(Debug)]
struct Handle {
    file: Arc<Mutex<SimulatedFile>>,
    power: Arc<Mutex<Power>>,
    room: Arc<Mutex<Room>>,
}

impl SimulatedFile {
    fn check(&self, operation: Operation) -> Result<(), Error> {
        if self.fails == Some(operation) { Err(Error::other("the disk is broken")) } else { Ok(()) }
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.file.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let file = self.file.lock().unwrap();
        file.check(Operation::Read)?;
        let from = offset as usize;
        let bytes = file.seen.get(from..from + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let mut file = self.file.lock().unwrap();
        SimulatedDisk::spend(&self.power)?;
        file.check(Operation::Write)?;
        let (before, now) = (file.seen.len(), len as usize);
        let beyond = file.blocks.split_off(&now.div_ceil(BLOCK));
        self.room.lock().unwrap().give_back(beyond.len());
        file.seen.resize(now, 0);
        file.lengths.push(now);
        if now < before {
            file.note(now, before);
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        let mut file = self.file.lock().unwrap();
        // A sync in which the power fails has made nothing safe: what got there is left to chance.
        SimulatedDisk::spend(&self.power)?;
        file.check(Operation::Sync)?;
        file.sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut file = self.file.lock().unwrap();
        SimulatedDisk::spend(&self.power)?;
        file.check(Operation::Write)?;
        let (from, to) = (offset as usize, offset as usize + data.len());
        let blocks: Vec<usize> =
            (from / BLOCK..to.div_ceil(BLOCK)).filter(|at| !file.blocks.contains(at)).collect();
        self.room.lock().unwrap().take(blocks.len())?;
        file.blocks.extend(blocks);
        file.seen.get_mut(from..to).ok_or(ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        file.note(from, to);
        Ok(())
    }
}

#[test]
fn what_was_synced_stays_and_the_rest_is_left_to_chance() {
    let (mut kept, mut lost, mut torn) = (false, false, false);
    for seed in 0..200 {
        let disk = SimulatedDisk::default();
        let file = Arc::new(Mutex::new(SimulatedFile { is_named: true, ..SimulatedFile::default() }));
        disk.files.lock().unwrap().insert("f".to_owned(), Arc::clone(&file));
        let handle = Handle { file, power: Arc::clone(&disk.power), room: Arc::clone(&disk.room) };
        disk.power_on(Some(4));
        handle.set_len(1_024).unwrap();
        handle.write(0, &[1; 1_024]).unwrap();
        handle.sync_data().unwrap();
        handle.write(512, &[2; 512]).unwrap();
        assert!(handle.sync_data().is_err() && handle.write(0, &[3; 9]).is_err() && disk.is_out());
        disk.cut(&mut Random::new(seed));
        let file = disk.file("f").unwrap();
        let file = file.lock().unwrap();
        assert_eq!((&file.seen[..512], file.seen.len()), (&[1; 512][..], 1_024));
        let after = &file.seen[512..];
        kept |= after == [2; 512];
        lost |= after == [1; 512];
        torn |= after.contains(&1) && after.contains(&2);
        assert!(after.iter().all(|byte| [1, 2].contains(byte)));
    }
    assert!(kept && lost && torn);
}
