//! Failures on demand.
//!
//! `SIGHTLINE_STANDIN_FAULTS` has words with commas between them, such as `sessions=2,lost-at=30`; they hold from the start on.
//! `SIGHTLINE_STANDIN_FAULTS_FILE` names a file of the same words, one or more a line, that may come, change and go while the process
//! runs: it is read every 20 ms, and while it has words these hold in the place of the variable's. Write it beside and rename it.
//! A word that is not known ends `cuInit` (999) with a line on standard error; in the file it leaves everything as it was, with that line.
//!
//! | word | what happens |
//! |---|---|
//! | `no-device` | `cuInit` finds no device (100) |
//! | `old-driver` | a driver of CUDA 11.2 and NVENC 11.0, older than what any client here is made for |
//! | `devices=N` | there are so many devices, up to 8, each with memory of its own; only from the start on |
//! | `no-nvdec` | no codec is decodable |
//! | `refuses=h264`, `refuses=hevc`, `refuses=hevc-10`, `refuses=av1` | this codec, or its 10 bit, is not decodable (may stand several times) |
//! | `no-nvenc` | no session opens (2), as on A100 and H100 |
//! | `refuses=encode-hevc`, `refuses=encode-hevc-10` | sessions know no HEVC, as on the first Maxwells, or none of 10 bit (may stand several times) |
//! | `refuses=encode-av1` | sessions know no AV1, as before Ada |
//! | `sessions=N` | the session after the N-th that is open is refused (10) |
//! | `memory=MIB` | the device has so much memory; changed while running, what was given stays |
//! | `lost-at=N` | with the N-th picture that is decoded or encoded its device is lost: 214 from every call, until `back=K` |
//! | `lost=K` | the device of that number, from 0, is lost (may stand several times) |
//! | `back=K` | the device of that number is there again: for contexts that are made from now on, those of before stay broken |
//! | `encoder-dies-at=N` | each session fails with its N-th picture (20 from then on); those opened later live as long |
//! | `decoder-dies-at=N` | the same for decoders (999) |
//! | `kernel-dies-at=N` | the N-th launch of the process breaks its context (719); another context goes on |
//! | `session-ms=N` | opening a session takes so many milliseconds, also where it is refused, as on a real device; 0 where nothing is said |
//! | `delay=MICROSECONDS` | how late work happens, between half and twice of it; 300 where nothing is said |
//!
//! So `encoder-dies-at=1` written to the file kills every encoder that is running with its next picture, and an empty file lets the
//! ones live that are opened then.

/// What is made to fail, as far as anything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// `no-device`.
    pub no_device: bool,
    /// `devices=N`.
    pub devices: u64,
    /// `lost=K`: devices that are lost.
    pub lost_devices: Vec<u64>,
    /// `back=K`: devices that are there again.
    pub back: Vec<u64>,
    /// `old-driver`.
    pub old_driver: bool,
    /// `no-nvdec`.
    pub no_nvdec: bool,
    /// `refuses=...`: what is not decodable, or not encodable.
    pub refused: Vec<Refused>,
    /// `no-nvenc`.
    pub no_nvenc: bool,
    /// `sessions=N`.
    pub sessions: u64,
    /// `memory=MIB`, in bytes.
    pub memory: u64,
    /// `lost-at=N`.
    pub lost_at: Option<u64>,
    /// `encoder-dies-at=N`.
    pub encoder_dies_at: Option<u64>,
    /// `decoder-dies-at=N`.
    pub decoder_dies_at: Option<u64>,
    /// `kernel-dies-at=N`.
    pub kernel_dies_at: Option<u64>,
    /// `session-ms=N`.
    pub session_ms: u64,
    /// `delay=MICROSECONDS`.
    pub delay: u64,
}

/// What a decoder or an encoder refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// H.264.
    H264,
    /// HEVC of any depth.
    Hevc,
    /// HEVC of 10 bit.
    Hevc10,
    /// AV1, as on devices before Ampere.
    Av1,
    /// HEVC of any depth, by the encoder.
    EncodeHevc,
    /// HEVC of 10 bit, by the encoder.
    EncodeHevc10,
    /// AV1, by the encoder.
    EncodeAv1,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            no_device: false,
            devices: 1,
            lost_devices: Vec::new(),
            back: Vec::new(),
            old_driver: false,
            no_nvdec: false,
            refused: Vec::new(),
            no_nvenc: false,
            sessions: u64::MAX,
            memory: 4 << 30,
            lost_at: None,
            encoder_dies_at: None,
            decoder_dies_at: None,
            kernel_dies_at: None,
            session_ms: 0,
            delay: 300,
        }
    }
}

impl Faults {
    /// Reads the words.
    ///
    /// # Errors
    /// A word is not known or its number is missing; the text says which.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for word in text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            let number = || {
                let number = value.and_then(|value| value.parse().ok());
                number.ok_or_else(|| format!("`{word}` needs a whole number, as in `{name}=2`"))
            };
            match name {
                "no-device" => faults.no_device = true,
                "old-driver" => faults.old_driver = true,
                "devices" => faults.devices = number()?,
                "lost" => faults.lost_devices.push(number()?),
                "no-nvdec" => faults.no_nvdec = true,
                "back" => faults.back.push(number()?),
                "refuses" => faults.refused.push(match value {
                    Some("h264") => Refused::H264,
                    Some("hevc") => Refused::Hevc,
                    Some("hevc-10") => Refused::Hevc10,
                    Some("av1") => Refused::Av1,
                    Some("encode-hevc") => Refused::EncodeHevc,
                    Some("encode-hevc-10") => Refused::EncodeHevc10,
                    Some("encode-av1") => Refused::EncodeAv1,
                    _ => {
                        return Err(format!(
                            "`{word}` names none of h264, hevc, hevc-10, av1, encode-hevc, encode-hevc-10 and encode-av1"
                        ));
                    }
                }),
                "no-nvenc" => faults.no_nvenc = true,
                "sessions" => faults.sessions = number()?,
                "memory" => faults.memory = number()? << 20,
                "lost-at" => faults.lost_at = Some(number()?),
                "encoder-dies-at" => faults.encoder_dies_at = Some(number()?),
                "decoder-dies-at" => faults.decoder_dies_at = Some(number()?),
                "kernel-dies-at" => faults.kernel_dies_at = Some(number()?),
                "session-ms" => faults.session_ms = number()?,
                "delay" => faults.delay = number()?,
                _ => return Err(format!("`{word}` is no fault of the stand-in driver")),
            }
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_read_and_anything_else_is_refused() {
        let faults = Faults::parse("sessions=2, lost-at=30,no-nvdec,memory=64").unwrap();
        assert_eq!((faults.sessions, faults.lost_at, faults.no_nvdec, faults.no_nvenc), (2, Some(30), true, false));
        assert_eq!(faults.memory, 64 << 20);
        let faults = Faults::parse("refuses=hevc-10\nrefuses=h264\nrefuses=encode-hevc\nrefuses=encode-av1").unwrap();
        assert_eq!(faults.refused, [Refused::Hevc10, Refused::H264, Refused::EncodeHevc, Refused::EncodeAv1]);
        let faults = Faults::parse("devices=3,lost=0,lost=2,back=1").unwrap();
        assert_eq!((faults.devices, faults.lost_devices, faults.back), (3, vec![0, 2], vec![1]));
        assert_eq!(Faults::parse(""), Ok(Faults::default()));
        assert!(Faults::parse("no-nvnec").unwrap_err().contains("no-nvnec"));
        assert!(Faults::parse("sessions=two").unwrap_err().contains("whole number"));
        assert!(Faults::parse("refuses=vp9").unwrap_err().contains("vp9"));
    }
}
