//! What one camera uses of the devices: which one, what of it and why not, and how many bytes went over the bus for it.

use super::{Card, Devices, sentence};
use crate::pipeline::packet::{VideoCodec, VideoParams};
use sightline_nv::Codec;
use sightline_shared::device::{ANY_DEVICE, DecoderChoice, HardwareInfo};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the settings ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The device's number; any where absent.
    pub device: Option<u32>,
    /// What decodes.
    pub decoder: DecoderChoice,
}

impl Wish {
    /// The device as the settings name it: `auto`, or its number.
    ///
    /// # Errors
    /// What is wrong.
    pub fn device_of(word: &str) -> Result<Option<u32>, &'static str> {
        match word.parse() {
            Ok(number) if number < 100 => Ok(Some(number)),
            _ if word == ANY_DEVICE => Ok(None),
            _ => Err("`device` must be \"auto\" or a device's number, such as \"0\"."),
        }
    }

    /// The same as a word.
    #[must_use]
    pub fn device_word(&self) -> String {
        self.device.map_or_else(|| ANY_DEVICE.to_owned(), |number| number.to_string())
    }
}

/// Bytes of pictures that went over the bus for one camera.
#[derive(Debug, Default)]
pub struct Bus {
    frames_to_host: AtomicU64,
    looks_to_host: AtomicU64,
    frames_to_device: AtomicU64,
}

impl Bus {
    /// Whole frames, and pictures for encoders in software, that came to the host.
    pub fn frame_to_host(&self, bytes: usize) {
        self.frames_to_host.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Small pictures for detectors.
    pub fn look_to_host(&self, bytes: usize) {
        self.looks_to_host.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Pictures that went to the device.
    pub fn frame_to_device(&self, bytes: usize) {
        self.frames_to_device.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A device in use by one camera.
pub struct Taken(Arc<Card>);

impl Taken {
    pub(super) fn new(card: &Arc<Card>) -> Self {
        card.seat();
        Self(card.clone())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The seat of one camera, or of a job, at the devices. Clones are the same seat.
#[derive(Clone)]
pub struct Seat(Arc<Inner>, Option<&'static str>);

struct Inner {
    devices: Arc<Devices>,
    wish: Mutex<Wish>,
    taken: Mutex<Option<Taken>>,
    bus: Arc<Bus>,
    holder: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// A seat for `holder`, as people are told who holds what.
    #[must_use]
    pub fn new(devices: &Arc<Devices>, wish: Wish, holder: &str) -> Self {
        Self(
            Arc::new(Inner {
                devices: devices.clone(),
                wish: Mutex::new(wish),
                taken: Mutex::default(),
                bus: Arc::default(),
                holder: holder.to_owned(),
            }),
            None,
        )
    }

    /// The same seat, for one part of what its holder does: a rendition.
    #[must_use]
    pub fn of(&self, part: &'static str) -> Self {
        Self(self.0.clone(), Some(part))
    }

    /// Software alone.
    #[must_use]
    pub fn none() -> Self {
        Self::new(&Devices::none(), Wish::default(), "")
    }

    /// Takes other settings; true if something differs. Whoever works by the old ones goes on until it asks again.
    pub fn set(&self, wish: Wish) -> bool {
        let before = std::mem::replace(&mut *lock(&self.0.wish), wish);
        if before.device != wish.device {
            *lock(&self.0.taken) = None;
        }
        before != wish
    }

    /// Whether there is any device to sit at.
    #[must_use]
    pub fn has_devices(&self) -> bool {
        !self.0.devices.cards().is_empty()
    }

    /// Why NVENC is not used at all for a codec, in a sentence; `None` where it may be.
    #[must_use]
    pub fn why_no_encoder(&self, codec: Codec) -> Option<String> {
        self.card().and_then(|card| card.encodes(codec)).err()
    }

    /// Who sits here.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.0.holder
    }

    /// Who takes an encode session from here: `yard/main`.
    #[must_use]
    pub fn session_name(&self) -> String {
        self.1.map_or_else(|| self.0.holder.clone(), |part| format!("{}/{part}", self.0.holder))
    }

    /// Its counters of the bus.
    #[must_use]
    pub fn bus(&self) -> &Arc<Bus> {
        &self.0.bus
    }

    /// The device that this seat is at; another one where it was lost.
    ///
    /// # Errors
    /// Why there is none, in a sentence.
    pub fn card(&self) -> Result<Arc<Card>, String> {
        let mut taken = lock(&self.0.taken);
        if taken.as_ref().is_none_or(|taken| taken.0.lost().is_some()) {
            *taken = None;
            *taken = Some(self.0.devices.take(lock(&self.0.wish).device)?);
        }
        taken.as_ref().map(|taken| taken.0.clone()).ok_or_else(String::new)
    }

    /// The number of the device that it is at now; `None` before the first look, and after another one was asked for.
    #[must_use]
    pub fn device(&self) -> Option<u32> {
        lock(&self.0.taken).as_ref().map(|taken| taken.0.ordinal())
    }

    /// The device, if it is to decode this stream.
    ///
    /// # Errors
    /// Why it is decoded in software, in a sentence.
    pub fn decoder(&self, video: &VideoParams) -> Result<(Arc<Card>, Codec), String> {
        let choice = lock(&self.0.wish).decoder;
        if choice == DecoderChoice::Software {
            return Err("The settings ask for software.".into());
        }
        let card = self.card()?;
        let codec = match video.codec {
            VideoCodec::H264 => Codec::H264,
            VideoCodec::Hevc => Codec::Hevc,
            VideoCodec::Av1 => Codec::Av1,
            VideoCodec::Vp9 => return Err("VP9 is decoded in software by this version.".into()),
        };
        let abilities = card.report().decoder.as_ref().map_err(sentence)?;
        let mut of_it = abilities.iter().filter(|ability| ability.codec == codec).map(|ability| &ability.most);
        let most = match (of_it.clone().find_map(|most| most.as_ref().ok()), of_it.next()) {
            (Some((most, _)), _) => *most,
            (None, Some(Err(error))) => return Err(sentence(error)),
            (None, _) => return Err(format!("This device does not decode {codec}.")),
        };
        if video.width > most.0 || video.height > most.1 {
            return Err(format!(
                "{}x{} is more than this device decodes of {codec} (up to {}x{}).",
                video.width, video.height, most.0, most.1
            ));
        }
        match &card.report().kernels {
            // Every picture would come over the bus whole.
            Err(error) if choice == DecoderChoice::Auto => Err(format!(
                "The device's kernels cannot be used: {error}. Set `decoder` to `nvdec` to decode there all the same."
            )),
            _ => Ok((card, codec)),
        }
    }

    /// What is told of it.
    #[must_use]
    pub fn info(&self) -> HardwareInfo {
        let taken = lock(&self.0.taken);
        let card = taken.as_ref().map(|taken| &taken.0);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HardwareInfo {
            device: card.map(|card| card.ordinal()),
            device_name: card.map(|card| card.name().to_owned()),
            frames_to_host_bytes: count(&self.0.bus.frames_to_host),
            looks_to_host_bytes: count(&self.0.bus.looks_to_host),
            frames_to_device_bytes: count(&self.0.bus.frames_to_device),
            ..HardwareInfo::default()
        }
    }
}
