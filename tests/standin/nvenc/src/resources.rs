//! What an encoder reads from and writes to: buffers of its own, registered device memory, bitstreams.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use sightline_standin::machine;
use sightline_standin::memory::Kind;
use sightline_standin::stream::Ticket;

use crate::status::Nv;

const CUDA_POINTER: u32 = 1;

/// How a picture's samples lie: luma, then chroma in pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Of 8 bit.
    Nv12,
    /// Of 10 bit, in the upper bits of 16.
    P010,
}

impl Layout {
    /// From an `NV_ENC_BUFFER_FORMAT`.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::Nv12, Self::P010].into_iter().find(|layout| layout.number() == number)
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Nv12 => 1,
            Self::P010 => 0x1_0000,
        }
    }

    pub(crate) fn of_depth(bits: u32) -> Option<Self> {
        match bits {
            8 => Some(Self::Nv12),
            10 => Some(Self::P010),
            _ => None,
        }
    }

    /// Bytes of a sample.
    pub(crate) fn bytes(self) -> u32 {
        if self == Self::P010 { 2 } else { 1 }
    }
}

/// Device memory that a client registered.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) address: u64,
    pub(crate) layout: Layout,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pitch: u32,
    pub(crate) mapped: Option<Mapping>,
}

/// What makes a registered input one that can be encoded.
#[derive(Clone)]
pub(crate) struct Mapping {
    pub(crate) handle: u64,
    /// The work on the default stream that mapping waits for.
    pub(crate) ticket: Ticket,
    /// False once it is unmapped: what was to be encoded from it then is not.
    pub(crate) there: Arc<AtomicBool>,
}

impl Registered {
    pub(crate) fn size(&self) -> u64 {
        u64::from(self.pitch) * u64::from(self.height) * 3 / 2
    }

    /// Checks what the driver checks: kind, alignment, bounds, and where the memory comes from.
    pub(crate) fn new(what: (u32, u32), address: u64, size: (u32, u32), pitch: u32, device: i32) -> Result<Self, Nv> {
        let (kind, format) = what;
        let layout = Layout::from_number(format).filter(|_| kind == CUDA_POINTER).ok_or(Nv::UNSUPPORTED_PARAM)?;
        let one = Self { address, layout, width: size.0, height: size.1, pitch, mapped: None };
        if size.0 == 0
            || size.1 == 0
            || pitch < size.0.saturating_mul(layout.bytes())
            || !pitch.is_multiple_of(4)
            || !size.1.is_multiple_of(2)
        {
            return Err(Nv::INVALID_PARAM);
        }
        let memory = machine().memory.find(address, one.size()).ok_or(Nv::REGISTER_FAILED)?;
        match memory.kind {
            Kind::Plain | Kind::Surface if memory.device == device => Ok(one),
            _ => Err(Nv::REGISTER_FAILED),
        }
    }
}

/// An input buffer in the encoder's keeping, which clients fill through a pointer.
pub(crate) struct Buffer {
    pub(crate) bytes: Mutex<Vec<u8>>,
    pub(crate) layout: Layout,
    pub(crate) pitch: usize,
    pub(crate) height: usize,
}

impl Buffer {
    pub(crate) fn new(width: u32, height: u32, format: u32) -> Result<Self, Nv> {
        let layout = Layout::from_number(format).ok_or(Nv::UNSUPPORTED_PARAM)?;
        let size = |value: u32| usize::try_from(value).unwrap_or(0);
        let (pitch, height) = (size(width.saturating_mul(layout.bytes())).next_multiple_of(64), size(height));
        if width == 0 || height == 0 || height % 2 != 0 {
            return Err(Nv::INVALID_PARAM);
        }
        Ok(Self { bytes: Mutex::new(vec![0; pitch * height * 3 / 2]), layout, pitch, height })
    }
}

/// Where a coded picture goes.
#[derive(Default)]
pub(crate) struct Output {
    /// From the call that encodes into it until the client unlocks it.
    pub(crate) busy: bool,
    pub(crate) locked: bool,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: bool,
    pub(crate) failed: bool,
    pub(crate) time: u64,
    pub(crate) duration: u64,
    pub(crate) number: u32,
}

/// Everything that a session's client holds.
#[derive(Default)]
pub(crate) struct Resources {
    last: u64,
    pub(crate) buffers: HashMap<u64, Arc<Buffer>>,
    pub(crate) registered: HashMap<u64, Registered>,
    pub(crate) outputs: HashMap<u64, Arc<Mutex<Output>>>,
}

/// What a picture is read from.
#[derive(Clone)]
pub(crate) enum Input {
    Own(Arc<Buffer>),
    Device(Registered, Mapping),
}

impl Input {
    pub(crate) fn layout(&self) -> Layout {
        match self {
            Self::Own(buffer) => buffer.layout,
            Self::Device(memory, _) => memory.layout,
        }
    }
}

impl Resources {
    pub(crate) fn handle(&mut self) -> u64 {
        self.last += 0x40;
        0x7000_0000 + self.last
    }

    /// The input behind the pointer that a client gives with a picture.
    pub(crate) fn input(&self, pointer: u64) -> Result<Input, Nv> {
        if let Some(buffer) = self.buffers.get(&pointer) {
            return Ok(Input::Own(Arc::clone(buffer)));
        }
        let mapped = self.registered.values().find_map(|one| {
            let mapping = one.mapped.as_ref()?;
            (mapping.handle == pointer).then(|| Input::Device(one.clone(), mapping.clone()))
        });
        mapped.ok_or(Nv::NOT_MAPPED)
    }

    pub(crate) fn output(&self, pointer: u64) -> Result<Arc<Mutex<Output>>, Nv> {
        self.outputs.get(&pointer).cloned().ok_or(Nv::INVALID_PTR)
    }

    /// What a session's client did not give back.
    pub(crate) fn left(&self) -> (u64, u64, u64) {
        let mapped = self.registered.values().filter(|one| one.mapped.is_some()).count();
        ((self.buffers.len() + self.outputs.len()) as u64, self.registered.len() as u64, mapped as u64)
    }

    /// Whether everything was unlocked and unmapped, as it must be before the session ends.
    pub(crate) fn is_idle(&self) -> bool {
        let locked = |output: &Arc<Mutex<Output>>| output.lock().unwrap_or_else(PoisonError::into_inner).locked;
        !self.outputs.values().any(locked)
    }
}
