//! Memory of the device: plain buffers, and pools of pictures in rows of a pitch that every part of the device takes.

use crate::context::Counters;
use crate::picture::{Keeper, Owner};
use crate::{Context, Error, Event, Format, Picture, Stream, View};
use std::sync::{Arc, Mutex, PoisonError};

/// Plain memory of the device.
pub struct Buffer {
    context: Context,
    pointer: u64,
    bytes: usize,
}

impl Buffer {
    /// Reserves memory.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn new(context: &Context, bytes: usize) -> Result<Self, Error> {
        let _current = context.enter()?;
        let mut pointer = 0;
        // SAFETY: the context is current and an address is written. Never from a pool of the driver's: encoders refuse such memory.
        unsafe { context.cuda().cuMemAlloc_v2(&raw mut pointer, bytes.max(1)) }?;
        Ok(Self { context: context.clone(), pointer, bytes })
    }

    /// Its address.
    #[must_use]
    pub fn pointer(&self) -> u64 {
        self.pointer
    }

    /// Where it is.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies `data` to `offset`, in order with the stream.
    ///
    /// # Errors
    /// When it does not fit, or the driver fails.
    pub fn upload(&self, stream: &Stream, offset: usize, data: &[u8]) -> Result<(), Error> {
        self.of(stream)?;
        self.holds(offset, data.len())?;
        if data.is_empty() {
            return Ok(());
        }
        let _current = self.context.enter()?;
        // SAFETY: it fits; from memory that is not pinned the driver takes the bytes before it returns.
        unsafe {
            let to = self.pointer + offset as u64;
            self.context.cuda().cuMemcpyHtoDAsync_v2(to, data.as_ptr().cast(), data.len(), stream.handle())
        }?;
        Counters::add(&self.context.counters().lists_to_device, data.len());
        Ok(())
    }

    /// Copies `into.len()` bytes from `offset` on, after all that is in the stream, and waits for it.
    ///
    /// # Errors
    /// When there are not as many, or the driver fails.
    pub fn download(&self, stream: &Stream, offset: usize, into: &mut [u8]) -> Result<(), Error> {
        self.of(stream)?;
        self.holds(offset, into.len())?;
        if into.is_empty() {
            return Ok(());
        }
        {
            let _current = self.context.enter()?;
            // SAFETY: it fits, and the stream is waited for below.
            unsafe {
                let from = self.pointer + offset as u64;
                self.context.cuda().cuMemcpyDtoHAsync_v2(into.as_mut_ptr().cast(), from, into.len(), stream.handle())
            }?;
        }
        Counters::add(&self.context.counters().others_to_host, into.len());
        stream.synchronize()
    }

    /// Copies all of `from` to the beginning, on the device and in order with the stream; nobody waits.
    ///
    /// # Errors
    /// When it does not fit, or the driver fails.
    pub fn copy_from(&self, stream: &Stream, from: &Self) -> Result<(), Error> {
        self.of(stream)?;
        from.of(stream)?;
        self.holds(0, from.bytes)?;
        let _current = self.context.enter()?;
        // SAFETY: it fits; the driver waits for the copy before it frees either.
        unsafe { self.context.cuda().cuMemcpyDtoDAsync_v2(self.pointer, from.pointer, from.bytes, stream.handle()) }
    }

    /// Refuses a stream of another device: what it does there would be done to other memory.
    pub(crate) fn of(&self, stream: &Stream) -> Result<(), Error> {
        if self.context.is(stream.context()) {
            return Ok(());
        }
        let (own, other) = (self.context.ordinal(), stream.context().ordinal());
        Err(Error::Invalid(format!("memory of device {own} was given to a stream of device {other}")))
    }

    fn holds(&self, offset: usize, bytes: usize) -> Result<(), Error> {
        if offset.checked_add(bytes).is_some_and(|end| end <= self.bytes) {
            return Ok(());
        }
        Err(Error::Invalid(format!("{bytes} bytes at {offset} are more than the {} of this memory", self.bytes)))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: reserved once. The driver waits for work that uses it.
            let _ = unsafe { self.context.cuda().cuMemFree_v2(self.pointer) };
        }
    }
}

/// Memory of one picture of a pool.
pub(crate) struct Block {
    context: Context,
    pointer: u64,
    pitch: usize,
}

impl Block {
    fn new(context: &Context, row: usize, rows: usize) -> Result<Self, Error> {
        let _current = context.enter()?;
        let (mut pointer, mut pitch) = (0, 0);
        // SAFETY: the context is current; an address and a pitch are written.
        unsafe { context.cuda().cuMemAllocPitch_v2(&raw mut pointer, &raw mut pitch, row, rows, 16) }?;
        Ok(Self { context: context.clone(), pointer, pitch })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Ok(_current) = self.context.enter() {
            // SAFETY: reserved once. The driver waits for work that uses it.
            let _ = unsafe { self.context.cuda().cuMemFree_v2(self.pointer) };
        }
    }
}

/// Pictures of one format and size that are used over and over: memory is reserved when it is first needed, and never more than `capacity` of them.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    context: Context,
    format: Format,
    width: u32,
    height: u32,
    capacity: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    made: usize,
    free: Vec<(Arc<Block>, Vec<Event>)>,
}

/// Largest side of a picture.
const MAX_SIDE: u32 = 16_384;

impl Pool {
    /// A pool; it reserves nothing yet.
    ///
    /// # Errors
    /// When there are no such pictures.
    pub fn new(context: &Context, format: Format, (width, height): (u32, u32), capacity: usize) -> Result<Self, Error> {
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || capacity == 0 {
            return Err(Error::Invalid(format!(
                "there is no pool of {capacity} pictures of {width}x{height}: sides are 1 to {MAX_SIDE}"
            )));
        }
        let shelf = Mutex::new(Shelf::default());
        Ok(Self { inner: Arc::new(Inner { context: context.clone(), format, width, height, capacity, shelf }) })
    }

    /// A picture to write to; its samples are whatever they were. `None` while all are held.
    ///
    /// # Errors
    /// When the device has no memory left.
    pub fn lease(&self) -> Result<Option<Picture>, Error> {
        self.lease_of((self.inner.width, self.inner.height))
    }

    /// The same, of a smaller size in the memory of one of the pool's own: for who needs another size each time.
    ///
    /// # Errors
    /// When it is larger than the pool's pictures, or the device has no memory left.
    pub fn lease_of(&self, (width, height): (u32, u32)) -> Result<Option<Picture>, Error> {
        let inner = &self.inner;
        if width == 0 || height == 0 || width > inner.width || height > inner.height {
            let most = (inner.width, inner.height);
            return Err(Error::Invalid(format!("a pool of {most:?} has no picture of {width}x{height}")));
        }
        let rows = inner.height.next_multiple_of(2) as usize;
        let (block, pending) = {
            let mut shelf = inner.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            match shelf.free.pop() {
                Some(free) => free,
                None if shelf.made >= inner.capacity => return Ok(None),
                None => {
                    let row = inner.width.next_multiple_of(2) as usize * inner.format.bytes();
                    let block = Arc::new(Block::new(&inner.context, row, rows + rows / 2)?);
                    shelf.made += 1;
                    (block, Vec::new())
                }
            }
        };
        let view = View {
            luma: block.pointer,
            // An encoder wants chroma right below the luma rows that it was told of.
            chroma: block.pointer + (block.pitch * rows) as u64,
            pitch: block.pitch as u32,
            width: width.cast_signed(),
            height: height.cast_signed(),
            unused: 0,
        };
        let owner = Box::new(Leased { pool: Arc::clone(inner), block: Some(block) });
        Ok(Some(Picture::new(&inner.context, view, inner.format, (None, pending), owner)))
    }

    /// Pictures that memory was reserved for, and how many of them are free.
    #[must_use]
    pub fn usage(&self) -> (usize, usize) {
        let shelf = self.inner.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        (shelf.made, shelf.free.len())
    }
}

struct Leased {
    pool: Arc<Inner>,
    block: Option<Arc<Block>>,
}

impl Owner for Leased {
    fn take_back(&mut self, pending: Vec<Event>) {
        if let Some(block) = self.block.take() {
            self.pool.shelf.lock().unwrap_or_else(PoisonError::into_inner).free.push((block, pending));
        }
    }

    fn keeper(&self) -> Keeper {
        match &self.block {
            Some(block) => Arc::clone(block) as Keeper,
            // Given back already: nobody has the picture to ask.
            None => Arc::clone(&self.pool) as Keeper,
        }
    }
}
