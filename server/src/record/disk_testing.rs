//! For tests: a disk that fills, and one that is slow.

use super::disk::{Disk, Sink, Space, SystemDisk};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A disk with a little room that says it has more.
pub(crate) struct Filling(pub(crate) u64);

struct FillingFile(u64);

impl Write for FillingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for FillingFile {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Filling {
    fn space(&self, _: &Path) -> io::Result<Space> {
        Ok(Space { total: 1 << 40, free: 1 << 39 })
    }

    fn create(&self, path: &Path, _: u64) -> io::Result<Box<dyn Sink>> {
        SystemDisk.create(path, 0)?;
        Ok(Box::new(FillingFile(self.0)))
    }
}

/// A disk that gives a file only when it is told to, and has so much room.
pub(crate) struct Slow {
    go: Mutex<Receiver<()>>,
    free: u64,
}

impl Slow {
    pub(crate) fn new(free: u64) -> (Self, SyncSender<()>) {
        let (sender, go) = sync_channel(1000);
        (Self { go: Mutex::new(go), free }, sender)
    }
}

impl Disk for Slow {
    fn space(&self, _: &Path) -> io::Result<Space> {
        Ok(Space { total: 1 << 40, free: self.free })
    }

    fn create(&self, path: &Path, len: u64) -> io::Result<Box<dyn Sink>> {
        let _ = self.go.lock().unwrap().recv();
        SystemDisk.create(path, len)
    }
}
