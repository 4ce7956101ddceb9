//! What there is on this machine and what it can do: found out by doing it, stage by stage, with the reason where it cannot.

use crate::decoder::limits;
use crate::encoder::{CODECS, version};
use crate::{Codec, Context, Driver, Encoder, EncoderCaps, Error, Kernels, Monitor};
use std::fmt;

/// What is not to be used, though it may be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Nothing of the device.
    pub no_cuda: bool,
    /// Not its decoder.
    pub no_nvdec: bool,
    /// Not its encoder.
    pub no_nvenc: bool,
}

const NO_CUDA: &str = "SIGHTLINE_NO_CUDA";
const NO_NVDEC: &str = "SIGHTLINE_NO_NVDEC";
const NO_NVENC: &str = "SIGHTLINE_NO_NVENC";

impl Switches {
    /// Those of the environment: each is on when its variable is set to anything but nothing or `0`.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
        Self { no_cuda: set(NO_CUDA), no_nvdec: set(NO_NVDEC), no_nvenc: set(NO_NVENC) }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The CUDA version that the driver goes with, or why there is none.
    pub driver: Result<(i32, i32), Error>,
    /// The driver's release, as `535.261.03`; only its measuring library (NVML) knows it.
    pub release: Result<String, Error>,
    /// Newest version of the encoder's interface that the driver knows.
    pub encoder_interface: Result<(u32, u32), Error>,
    /// The devices.
    pub devices: Vec<DeviceReport>,
}

/// What was found of one device.
#[derive(Clone, Debug)]
pub struct DeviceReport {
    /// Its number.
    pub ordinal: u32,
    /// Its name, or why it takes no context.
    pub name: Result<String, Error>,
    /// Compute capability.
    pub capability: (i32, i32),
    /// Memory in bytes: free, and all.
    pub memory: (usize, usize),
    /// Whether our kernels load.
    pub kernels: Result<(), Error>,
    /// What it decodes, or why nothing.
    pub decoder: Result<Vec<DecodeAbility>, Error>,
    /// What it encodes, or why nothing.
    pub encoder: Result<Vec<EncodeAbility>, Error>,
}

/// Whether one codec and depth is decoded (4:2:0).
#[derive(Clone, Debug)]
pub struct DecodeAbility {
    /// Codec.
    pub codec: Codec,
    /// Bits of a sample.
    pub depth: u8,
    /// Largest size and number of engines, or why not.
    pub most: Result<((u32, u32), u8), Error>,
}

/// Whether one codec is encoded.
#[derive(Clone, Debug)]
pub struct EncodeAbility {
    /// Codec.
    pub codec: Codec,
    /// What is possible, or why nothing.
    pub caps: Result<EncoderCaps, Error>,
}

/// Finds out what there is. Takes some hundred milliseconds where there is a device.
#[must_use]
pub fn probe(switches: &Switches) -> Report {
    let driver = if switches.no_cuda { Err(Error::SwitchedOff(NO_CUDA)) } else { Driver::load() };
    let count = driver.as_ref().map_or(0, |driver| driver.devices().unwrap_or(0));
    let devices = driver.iter().flat_map(|driver| (0..count).map(move |ordinal| device(driver, ordinal, switches)));
    let devices: Vec<_> = devices.collect();
    let encoder_interface = match &driver {
        Err(error) => Err(error.clone()),
        Ok(_) if switches.no_nvenc => Err(Error::SwitchedOff(NO_NVENC)),
        Ok(_) => version(),
    };
    let release = match &driver {
        Err(error) => Err(error.clone()),
        Ok(_) => Monitor::new().and_then(|monitor| monitor.driver_version()),
    };
    let driver = driver.and_then(|driver| match count {
        0 => Err(Error::NoDevice("it counts none".into())),
        _ => driver.version(),
    });
    Report { driver, release, encoder_interface, devices }
}

fn device(driver: &Driver, ordinal: u32, switches: &Switches) -> DeviceReport {
    let context = match Context::new(driver, ordinal) {
        Ok(context) => context,
        Err(error) => {
            let (kernels, decoder, encoder) = (Err(error.clone()), Err(error.clone()), Err(error.clone()));
            let (name, capability, memory) = (Err(error), (0, 0), (0, 0));
            return DeviceReport { ordinal, name, capability, memory, kernels, decoder, encoder };
        }
    };
    DeviceReport {
        ordinal,
        name: context.name(),
        capability: context.capability().unwrap_or_default(),
        memory: context.memory().unwrap_or_default(),
        kernels: Kernels::new(&context).map(drop),
        decoder: if switches.no_nvdec { Err(Error::SwitchedOff(NO_NVDEC)) } else { decoder(&context) },
        encoder: if switches.no_nvenc { Err(Error::SwitchedOff(NO_NVENC)) } else { encoder(&context) },
    }
}

fn decoder(context: &Context) -> Result<Vec<DecodeAbility>, Error> {
    let wanted = [(Codec::H264, 8), (Codec::Hevc, 8), (Codec::Hevc, 10), (Codec::Av1, 8), (Codec::Av1, 10)];
    let all: Vec<_> = wanted
        .into_iter()
        .map(|(codec, depth)| {
            let most = limits(context, codec, depth).map(|limits| (limits.most, limits.engines));
            DecodeAbility { codec, depth, most }
        })
        .collect();
    // A missing library is one reason, not five.
    match all.first().map(|first| &first.most) {
        Some(Err(error @ (Error::NoLibrary { .. } | Error::NoSymbol { .. }))) => Err(error.clone()),
        _ => Ok(all),
    }
}

fn encoder(context: &Context) -> Result<Vec<EncodeAbility>, Error> {
    let mut all = Vec::new();
    for codec in CODECS {
        let caps = match Encoder::caps(context, codec) {
            Ok(Some(caps)) => Ok(caps),
            Ok(None) => Err(Error::Unsupported(format!("this device does not encode {codec}"))),
            // No session: the reason is the device's or the driver's, and no codec changes it.
            Err(error) => return Err(error),
        };
        all.push(EncodeAbility { codec, caps });
    }
    Ok(all)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.driver {
            Ok((major, minor)) => write!(f, "driver: CUDA {major}.{minor}")?,
            Err(error) => return writeln!(f, "driver: {error}"),
        }
        match &self.release {
            Ok(release) => writeln!(f, ", release {release}")?,
            Err(error) => writeln!(f, ", release unknown: {error}")?,
        }
        match &self.encoder_interface {
            Ok((major, minor)) => writeln!(f, "encoder interface: {major}.{minor}")?,
            Err(error) => writeln!(f, "encoder interface: {error}")?,
        }
        self.devices.iter().try_for_each(|device| device.fmt(f))
    }
}

impl fmt::Display for DeviceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ordinal = self.ordinal;
        match &self.name {
            Ok(name) => {
                let ((major, minor), (free, all)) = (self.capability, self.memory);
                let mib = |bytes: usize| bytes >> 20;
                writeln!(
                    f,
                    "device {ordinal}: {name}, capability {major}.{minor}, {} of {} MiB free",
                    mib(free),
                    mib(all)
                )?;
            }
            Err(error) => return writeln!(f, "device {ordinal}: {error}"),
        }
        match &self.kernels {
            Ok(()) => writeln!(f, "  kernels: loaded")?,
            Err(error) => writeln!(f, "  kernels: {error}")?,
        }
        match &self.decoder {
            Ok(all) => all.iter().try_for_each(|one| one.fmt(f))?,
            Err(error) => writeln!(f, "  decoder: {error}")?,
        }
        match &self.encoder {
            Ok(all) => all.iter().try_for_each(|one| one.fmt(f)),
            Err(error) => writeln!(f, "  encoder: {error}"),
        }
    }
}

impl fmt::Display for DecodeAbility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { codec, depth, .. } = self;
        match &self.most {
            Ok(((width, height), engines)) => {
                writeln!(f, "  decoder: {codec} {depth} bit up to {width}x{height}, {engines} engines")
            }
            Err(error) => writeln!(f, "  decoder: {codec} {depth} bit: {error}"),
        }
    }
}

impl fmt::Display for EncodeAbility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.caps {
            Ok(caps) => {
                let (width, height) = caps.most;
                writeln!(f, "  encoder: {} up to {width}x{height}, {} B-frames", self.codec, caps.b_frames)
            }
            Err(error) => writeln!(f, "  encoder: {}: {error}", self.codec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_on_when_set_to_something() {
        let from = |name: &'static str, value: &'static str| {
            Switches::from(move |asked| (asked == name).then(|| value.into()))
        };
        assert!(from(NO_CUDA, "1").no_cuda && from(NO_NVDEC, "yes").no_nvdec && from(NO_NVENC, "1").no_nvenc);
        assert_eq!(from(NO_CUDA, "0"), Switches::default());
        assert_eq!(from(NO_NVENC, ""), Switches::default());
        assert_eq!(from("PATH", "1"), Switches::default());
    }

    #[test]
    fn what_is_switched_off_is_not_even_loaded() {
        let report = probe(&Switches { no_cuda: true, ..Switches::default() });
        assert_eq!(report.driver, Err(Error::SwitchedOff(NO_CUDA)));
        assert!(report.devices.is_empty());
        assert_eq!(report.to_string(), "driver: switched off by the environment (SIGHTLINE_NO_CUDA)\n");
    }
}
