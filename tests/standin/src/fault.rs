//! Failures on demand: what `SIGHTLINE_STANDIN_FAULTS` asks for, such as `sessions=2,lost-at=30`.

/// What is made to fail, as far as anything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// `no-device`: the driver is there and finds nothing.
    pub no_device: bool,
    /// `no-nvdec`: the device decodes no codec.
    pub no_nvdec: bool,
    /// `no-nvenc`: the device has no encoder, as A100 and H100 have none.
    pub no_nvenc: bool,
    /// `sessions=N`: how many encode sessions may be open at once.
    pub sessions: u64,
    /// `memory=MIB`: how much memory the device has.
    pub memory: u64,
    /// `lost-at=N`: the device is lost with the N-th picture that is decoded or encoded.
    pub lost_at: Option<u64>,
    /// `old-driver`: of CUDA 11.2 and NVENC 11.0, older than what any client here is made for.
    pub old_driver: bool,
    /// `delay=MICROSECONDS`: how late work happens.
    pub delay: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            no_device: false,
            no_nvdec: false,
            no_nvenc: false,
            sessions: u64::MAX,
            memory: 4 << 30,
            lost_at: None,
            old_driver: false,
            delay: 300,
        }
    }
}

impl Faults {
    /// Reads the variable's text.
    ///
    /// # Errors
    /// A word is not known or its number is missing; the text says which.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, value.parse().ok()));
            let number = || value.ok_or_else(|| format!("`{word}` needs a whole number, as in `{name}=2`"));
            match name {
                "no-device" => faults.no_device = true,
                "no-nvdec" => faults.no_nvdec = true,
                "no-nvenc" => faults.no_nvenc = true,
                "old-driver" => faults.old_driver = true,
                "sessions" => faults.sessions = number()?,
                "memory" => faults.memory = number()? << 20,
                "lost-at" => faults.lost_at = Some(number()?),
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
        assert_eq!(Faults::parse(""), Ok(Faults::default()));
        assert!(Faults::parse("no-nvnec").unwrap_err().contains("no-nvnec"));
        assert!(Faults::parse("sessions=two").unwrap_err().contains("whole number"));
    }
}
