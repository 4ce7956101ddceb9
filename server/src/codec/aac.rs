//! AAC: the AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).

use super::CodecError;
use super::bits::BitReader;
use crate::pipeline::packet::AudioParams;
use bytes::Bytes;

const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Channels by channelConfiguration (table 1.19); 0 where it has none.
const CHANNELS: [u16; 16] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0];
/// Spectral band replication: its own object type in front of the coder's.
const SBR: u32 = 5;
/// Parametric stereo: the same, and the one channel is heard as two.
const PS: u32 = 29;

/// Parameters of AAC from its AudioSpecificConfig.
///
/// # Errors
/// It is cut off, or says nothing that can be carried (reserved rate or object type, channels by a program config element).
pub fn audio_params(audio_specific_config: &[u8]) -> Result<AudioParams, CodecError> {
    let mut bits = BitReader::new(audio_specific_config);
    let cut = CodecError::cut("the AudioSpecificConfig");
    let object = object_type(&mut bits)?;
    let core_rate = rate(&mut bits)?;
    let configuration = bits.bits(4).map_err(&cut)?;
    let sample_rate = if object == SBR || object == PS { rate(&mut bits)? } else { core_rate };
    let channels = match CHANNELS[configuration as usize] {
        0 if configuration == 0 => {
            return Err(CodecError::Unsupported("AAC with channels by a program config element"));
        }
        0 => return Err(CodecError::Value { field: "channelConfiguration", value: u64::from(configuration) }),
        1 if object == PS => 2,
        channels => channels,
    };
    Ok(AudioParams {
        config: Bytes::copy_from_slice(audio_specific_config),
        codec_string: format!("mp4a.40.{object}"),
        sample_rate,
        channels,
    })
}

/// The AudioSpecificConfig of a stream in ADTS (MPEG-TS), which carries none, from what is heard of it. High efficiency is
/// left to be found out by the decoder, as ADTS itself does: its core has half the rate, version 2 of it half the channels.
///
/// # Errors
/// No index or configuration stands for the rate or the channels.
pub fn config_of_adts(
    rate: u32,
    channels: u32,
    high_efficiency: bool,
    stereo_coded: bool,
) -> Result<[u8; 2], CodecError> {
    let rate = if high_efficiency { rate / 2 } else { rate };
    let channels = if stereo_coded { 1 } else { channels };
    let wrong = |field, value: u32| CodecError::Value { field, value: u64::from(value) };
    let index = RATES.iter().position(|known| *known == rate).ok_or_else(|| wrong("samplingFrequency", rate))? as u16;
    let known = CHANNELS.iter().position(|known| u32::from(*known) == channels && channels > 0);
    let configuration = known.ok_or_else(|| wrong("channelConfiguration", channels))? as u16;
    // Object type 2 (low complexity) in 5 bits, then 4 and 4, and three flags of the GASpecificConfig.
    Ok((2 << 11 | index << 7 | configuration << 3).to_be_bytes())
}

/// A raw AAC frame without its ADTS header (section 1.A.2.2), if it has one.
#[must_use]
pub fn without_adts(frame: &[u8]) -> &[u8] {
    match frame {
        [0xff, second, ..] if second & 0xf6 == 0xf0 => {
            let header = if second & 1 == 1 { 7 } else { 9 };
            frame.get(header..).unwrap_or_default()
        }
        _ => frame,
    }
}

fn object_type(bits: &mut BitReader<'_>) -> Result<u32, CodecError> {
    let cut = CodecError::cut("the AudioSpecificConfig");
    let object = match bits.bits(5).map_err(&cut)? {
        31 => 32 + bits.bits(6).map_err(&cut)?,
        object => object,
    };
    if object == 0 { Err(CodecError::Value { field: "audioObjectType", value: 0 }) } else { Ok(object) }
}

fn rate(bits: &mut BitReader<'_>) -> Result<u32, CodecError> {
    let cut = CodecError::cut("the AudioSpecificConfig");
    let rate = match bits.bits(4).map_err(&cut)? {
        15 => bits.bits(24).map_err(&cut)?,
        index => *RATES
            .get(index as usize)
            .ok_or(CodecError::Value { field: "samplingFrequencyIndex", value: u64::from(index) })?,
    };
    // Slower than speech or faster than any camera's audio: a timescale from it would break the arithmetic of players.
    if (1_000..=192_000).contains(&rate) {
        Ok(rate)
    } else {
        Err(CodecError::Value { field: "samplingFrequency", value: u64::from(rate) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(config: &[u8]) -> Result<(String, u32, u16), CodecError> {
        audio_params(config).map(|params| (params.codec_string, params.sample_rate, params.channels))
    }

    #[test]
    fn configurations_as_cameras_send_them() {
        assert_eq!(told(&[0x12, 0x10]), Ok(("mp4a.40.2".into(), 44_100, 2)));
        assert_eq!(told(&[0x15, 0x88]), Ok(("mp4a.40.2".into(), 8_000, 1)));
        assert_eq!(told(&[0x14, 0x08]), Ok(("mp4a.40.2".into(), 16_000, 1)));
        // HE-AAC with explicit signalling: 24 kHz coded, 48 kHz heard.
        assert_eq!(told(&[0x2b, 0x11, 0x88, 0x00]), Ok(("mp4a.40.5".into(), 48_000, 2)));
        // HE-AAC v2: one channel coded, two heard.
        assert_eq!(told(&[0xeb, 0x09, 0x88, 0x00]), Ok(("mp4a.40.29".into(), 48_000, 2)));
    }

    #[test]
    fn adts_gets_the_configuration_that_it_lacks() {
        let config = |rate, channels, he, ps| config_of_adts(rate, channels, he, ps);
        assert_eq!(config(44_100, 2, false, false), Ok([0x12, 0x10]));
        assert_eq!(told(&config(48_000, 1, false, false).unwrap()), Ok(("mp4a.40.2".into(), 48_000, 1)));
        assert_eq!(told(&config(48_000, 2, true, false).unwrap()), Ok(("mp4a.40.2".into(), 24_000, 2)));
        assert_eq!(told(&config(48_000, 2, true, true).unwrap()), Ok(("mp4a.40.2".into(), 24_000, 1)));
        assert!(config(12_345, 2, false, false).is_err() && config(48_000, 0, false, false).is_err());
        assert_eq!(without_adts(&[0xff, 0xf1, 0x4c, 0x40, 1, 2, 3, 9, 8]), [9, 8]);
        assert_eq!(without_adts(&[0xff, 0xf0, 0x4c, 0x40, 1, 2, 3, 7, 7, 9]), [9]);
        assert_eq!(without_adts(&[0xff, 0xf1]), [0_u8; 0]);
        assert_eq!(without_adts(&[0x21, 0x10, 5]), [0x21, 0x10, 5]);
    }

    #[test]
    fn what_cannot_be_carried_is_refused_with_words() {
        assert_eq!(told(&[]), Err(CodecError::Truncated("the AudioSpecificConfig")));
        assert_eq!(told(&[0x00, 0x10]), Err(CodecError::Value { field: "audioObjectType", value: 0 }));
        assert_eq!(told(&[0x16, 0x90]), Err(CodecError::Value { field: "samplingFrequencyIndex", value: 13 }));
        assert_eq!(told(&[0x12, 0x00]), Err(CodecError::Unsupported("AAC with channels by a program config element")));
        // An explicit rate of 0.
        assert_eq!(told(&[0x17, 0x80, 0, 0, 0x08]), Err(CodecError::Value { field: "samplingFrequency", value: 0 }));
    }
}
