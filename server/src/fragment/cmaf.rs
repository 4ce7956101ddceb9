//! Init segments (`ftyp` and `moov`), by mp4-atom.

use super::{AUDIO_TRACK, FragmentError, VIDEO_TRACK};
use crate::codec::MAX_SIDE;
use crate::pipeline::packet::{AudioParams, StreamParams, VideoCodec, VideoParams};
use bytes::Bytes;
use mp4_atom::{
    Atom, Audio, Av01, Av1c, Avc1, Avcc, Codec, Dinf, Dref, DrefEntry, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Hvc1,
    Hvcc, Matrix, Mdhd, Mdia, Minf, Moov, Mp4a, Mvex, Mvhd, Pasp, Smhd, Stbl, Stco, Stsd, Tkhd, Trak, Trex, Url,
    Visual, Vmhd, Vp09, VpcC, esds,
};
use sightline_shared::camera::{AudioInfo, Rendition};
use sightline_shared::time::{Epoch, TIMESCALE};
use sightline_shared::wire::Init;

/// The text that announces an epoch.
pub(super) fn announce(rendition: Rendition, epoch: Epoch, params: &StreamParams) -> Init {
    Init {
        rendition,
        epoch,
        codec: params.video.codec_string.clone(),
        width: params.video.width,
        height: params.video.height,
        rotation: params.video.rotation,
        timescale: TIMESCALE,
        audio: params.audio.as_ref().map(|audio| AudioInfo {
            codec: audio.codec_string.clone(),
            sample_rate: audio.sample_rate,
            channels: audio.channels,
        }),
    }
}

/// The tracks of a stream: video first, then audio where there is some.
pub(super) fn tracks(params: &StreamParams) -> Result<Vec<Trak>, FragmentError> {
    let mut tracks = vec![video_track(&params.video)?];
    if let Some(audio) = &params.audio {
        tracks.push(audio_track(audio)?);
    }
    Ok(tracks)
}

/// `prefix`, then an init segment with `tracks`. Durations are 0, which means unknown, and there is no `mehd`.
pub(super) fn init_segment(prefix: &[u8], tracks: &[Trak]) -> Result<Bytes, FragmentError> {
    let trex =
        |track: &Trak| Trex { track_id: track.tkhd.track_id, default_sample_description_index: 1, ..Trex::default() };
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: vec![FourCC::new(b"iso6"), FourCC::new(b"cmfc"), FourCC::new(b"mp41")],
    };
    let moov = Moov {
        mvhd: Mvhd {
            creation_time: 0,
            modification_time: 0,
            timescale: TIMESCALE,
            duration: 0,
            rate: 1.into(),
            volume: 1.into(),
            matrix: Matrix::default(),
            next_track_id: AUDIO_TRACK + 1,
        },
        mvex: Some(Mvex { mehd: None, trex: tracks.iter().map(trex).collect() }),
        trak: tracks.to_vec(),
        ..Moov::default()
    };
    let mut out = prefix.to_vec();
    ftyp.encode(&mut out).and_then(|()| moov.encode(&mut out)).map_err(FragmentError::Write)?;
    out.shrink_to_fit();
    Ok(Bytes::from(out))
}

fn video_track(video: &VideoParams) -> Result<Trak, FragmentError> {
    let side = |pixels: u32| u16::try_from(pixels).ok().filter(|_| (1..=MAX_SIDE).contains(&pixels));
    let (width, height) =
        side(video.width).zip(side(video.height)).ok_or(FragmentError::Size(video.width, video.height))?;
    let tkhd = Tkhd {
        track_id: VIDEO_TRACK,
        enabled: true,
        in_movie: true,
        matrix: rotation(video.rotation, width, height),
        width: shown_width(width, video.sample_aspect),
        height: height.into(),
        ..Tkhd::default()
    };
    let minf = Minf { vmhd: Some(Vmhd::default()), ..minf(video_entry(video, width, height)?) };
    Ok(trak(tkhd, TIMESCALE, b"vide", minf))
}

/// `tkhd` tells the size as shown, so with the sample aspect: 16.16 fixed point.
fn shown_width(width: u16, (across, down): (u32, u32)) -> FixedPoint<u16> {
    let fixed = (u64::from(width) << 16) * u64::from(across) / u64::from(down.max(1));
    let fixed = u32::try_from(fixed).ok().filter(|&fixed| fixed != 0).unwrap_or(u32::from(width) << 16);
    FixedPoint::new((fixed >> 16) as u16, fixed as u16)
}

/// The matrix of a clockwise rotation that keeps the picture in the positive quadrant (ISO/IEC 14496-12 section 6.2.2).
fn rotation(degrees: u16, width: u16, height: u16) -> Matrix {
    const ONE: i32 = 1 << 16;
    let (across, down) = (i32::from(width) << 16, i32::from(height) << 16);
    let (a, b, c, d, x, y) = match degrees {
        90 => (0, ONE, -ONE, 0, down, 0),
        180 => (-ONE, 0, 0, -ONE, across, down),
        270 => (0, -ONE, ONE, 0, 0, across),
        _ => return Matrix::default(),
    };
    Matrix { a, b, c, d, x, y, ..Matrix::default() }
}

fn video_entry(video: &VideoParams, width: u16, height: u16) -> Result<Codec, FragmentError> {
    let visual = Visual { data_reference_index: 1, width, height, ..Visual::default() };
    let (h_spacing, v_spacing) = video.sample_aspect;
    let pasp = (h_spacing != v_spacing).then_some(Pasp { h_spacing, v_spacing });
    Ok(match video.codec {
        VideoCodec::H264 => Avc1 { visual, avcc: record::<Avcc>(video)?, pasp, ..Avc1::default() }.into(),
        VideoCodec::Hevc => Hvc1 { visual, hvcc: record::<Hvcc>(video)?, pasp, ..Hvc1::default() }.into(),
        VideoCodec::Av1 => Av01 { visual, av1c: record::<Av1c>(video)?, pasp, ..Av01::default() }.into(),
        VideoCodec::Vp9 => Vp09 { visual, vpcc: record::<VpcC>(video)?, pasp, ..Vp09::default() }.into(),
    })
}

fn record<T: Atom>(video: &VideoParams) -> Result<T, FragmentError> {
    T::decode_body(&mut &video.record[..]).map_err(|cause| FragmentError::Record {
        codec: video.codec_string.clone(),
        len: video.record.len(),
        cause,
    })
}

fn audio_track(audio: &AudioParams) -> Result<Trak, FragmentError> {
    if audio.sample_rate == 0 {
        return Err(FragmentError::SampleRate);
    }
    let entry = Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: audio.channels,
            sample_size: 16,
            // 16.16 has no room above 65535; players read the rate from the AudioSpecificConfig.
            sample_rate: u16::try_from(audio.sample_rate).unwrap_or(0).into(),
        },
        esds: esds::Esds {
            es_desc: esds::EsDescriptor {
                es_id: AUDIO_TRACK as u16,
                dec_config: esds::DecoderConfig {
                    object_type_indication: 0x40, // ISO/IEC 14496-3
                    stream_type: 5,               // audio
                    dec_specific: Some(esds::DecoderSpecific { raw: audio.config.to_vec(), ..Default::default() }),
                    ..Default::default()
                },
                ..Default::default()
            },
        },
        btrt: None,
        taic: None,
    };
    let tkhd = Tkhd {
        track_id: AUDIO_TRACK,
        enabled: true,
        in_movie: true,
        volume: 1.into(),
        alternate_group: 1,
        ..Tkhd::default()
    };
    let minf = Minf { smhd: Some(Smhd::default()), ..minf(entry.into()) };
    Ok(trak(tkhd, audio.sample_rate, b"soun", minf))
}

fn minf(entry: Codec) -> Minf {
    Minf {
        dinf: Dinf { dref: Dref { entries: vec![DrefEntry::Url(Url::default())] } },
        stbl: Stbl { stsd: Stsd { codecs: vec![entry] }, stco: Some(Stco::default()), ..Stbl::default() },
        ..Minf::default()
    }
}

fn trak(tkhd: Tkhd, timescale: u32, handler: &[u8; 4], minf: Minf) -> Trak {
    Trak {
        tkhd,
        mdia: Mdia {
            mdhd: Mdhd { timescale, language: "und".into(), ..Mdhd::default() },
            hdlr: Hdlr { handler: FourCC::new(handler), name: "Sightline".into() },
            minf,
        },
        ..Trak::default()
    }
}
