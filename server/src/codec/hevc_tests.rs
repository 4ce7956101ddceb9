//! H.265 parameters of real cameras, phones and encoders.

use super::*;
use base64::Engine as _;

fn unit(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Name, VPS, SPS, PPS (retina's test data), width, height.
const CAMERAS: &[(&str, &str, &str, &str, u32, u32)] = &[
    (
        "anjvision",
        "QAEMAf//AUAAAAMAAAMAAAMAAAMAmawJ",
        "QgEBAUAAAAMAAAMAAAMAAAMAmaACgIAsH+Wu5Gwa5VE1BQYFAIA=",
        "RAHAc8BBgwk=",
        1280,
        704,
    ),
    (
        "tplink",
        "QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ",
        "QgEBAWAAAAMAAAMAAAMAAAMAlqABQCAFof4qtO6JLuaAgA27oADN/mAE",
        "RAHAcvAbJA==",
        2560,
        1440,
    ),
    (
        "dahua",
        "QAEMAf//AWAAAAMAsAAAAwAAAwBa",
        "QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=",
        "RAHA8saNA7NA",
        704,
        480,
    ),
];

#[test]
fn cameras_parameter_sets_are_read() {
    for &(name, vps, sps, pps, width, height) in CAMERAS {
        let (vps, sps, pps) = (unit(vps), unit(sps), unit(pps));
        let params = video_params_from_vps_sps_pps(&vps, &sps, &pps).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((params.width, params.height, params.reorder), (width, height, Some(0)), "{name}");
        assert_eq!(parameter_sets(&params), [vps, sps, pps], "{name}");
        assert_eq!(video_params_from_hvcc(&params.record).unwrap(), params, "{name}");
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// hvcC of a phone's film, Main 10 with B-frames; ffprobe says 1920x1080, level 120, has_b_frames 2, 30000/1001.
const MAIN10: &str = "010220000000b0000000000078f000fcfdfafa00000b04a00001001840010c01ffff022000000300b0000003000003007815c090\
a100010024420101022000000300b00000030000030078a003c0801107cad8815ee45954d424482402a2000100084401c02cb86414c9a70001000d4e\
019408002fe9a03d13404280";

/// The same of x265 at 200x200, Main 10 with B-frames, 30 frames a second, without the SEI, its arrays marked as complete.
const X265: &str = "0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809a100\
01002942010102200000030090000003000003003ca01920324d96566924caf0168080000003008000000f04a2000100074401c172b46240";

#[test]
fn records_of_files_are_read() {
    let params = video_params_from_hvcc(&hex(MAIN10)).unwrap();
    assert_eq!((params.width, params.height, params.reorder), (1920, 1080, Some(2)));
    assert_eq!(params.codec_string, "hvc1.2.4.L120.b0");
    assert_eq!(parameter_sets(&params).len(), 3, "the SEI is left out");
    let params = video_params_from_hvcc(&hex(X265)).unwrap();
    assert_eq!((params.width, params.height, params.claimed_millifps), (200, 200, Some(30_000)));
    assert_eq!(params.codec_string, "hvc1.2.4.L60.90");
    assert_eq!(params.record, hex(X265), "x265's own record, byte for byte");
}

#[test]
fn what_cannot_be_used_is_refused_with_words() {
    let record = hex(MAIN10);
    for len in 0..record.len() - 17 {
        assert!(video_params_from_hvcc(&record[..len]).is_err(), "{len}");
    }
    assert!(video_params_from_hvcc(&[9; 200]).is_err());
    let error = video_params_from_vps_sps_pps(&[], &[], &[]).unwrap_err();
    assert_eq!(error, CodecError::Missing("video parameter set"));
}

#[test]
fn in_band_sets_that_differ_start_something_new() {
    let units = |sets: &[Vec<u8>]| -> Vec<u8> {
        sets.iter().flat_map(|set| [&u32::try_from(set.len()).unwrap().to_be_bytes()[..], set].concat()).collect()
    };
    let sets = |index: usize| {
        let (_, vps, sps, pps, ..) = CAMERAS[index];
        [unit(vps), unit(sps), unit(pps)]
    };
    let [vps, sps, pps] = sets(0);
    let params = video_params_from_vps_sps_pps(&vps, &sps, &pps).unwrap();
    assert_eq!(super::super::changed_parameters(&params, &units(&sets(0))), Ok(None));
    let changed = super::super::changed_parameters(&params, &units(&sets(1))).unwrap().unwrap();
    assert_eq!((changed.width, changed.height), (2560, 1440));
    assert!(contains_irap(&units(&[vec![0x26, 1, 0xaf]])) && !contains_irap(&units(&[vec![0x02, 1, 0xd0]])));
}
