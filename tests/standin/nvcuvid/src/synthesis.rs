//! Parameter sets written anew from a client's picture parameters, for clients that hand over slices alone.

use nvidia_video_codec_sdk::sys::cuviddec::{CUVIDH264PICPARAMS, CUVIDPICPARAMS};

use crate::bits::{Reader, Writer};

const ZIGZAG_4: [usize; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];
const ZIGZAG_8: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Both parameter sets as the slices of this picture refer to them; none for streams whose parameters do not tell enough.
pub(crate) fn h264(picture: &CUVIDPICPARAMS, slice: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: the decoder was made for H.264, so that this is the member that the client filled; any bits are a value of it.
    let h264 = unsafe { &picture.CodecSpecific.h264 };
    // Order type 1 needs offsets that the interface does not carry; slice groups are in no profile that NVDEC decodes.
    if h264.pic_order_cnt_type == 1 || h264.num_slice_groups_minus1 > 0 {
        return None;
    }
    let mut header = Reader::new(slice.get(1..slice.len().min(64))?);
    header.ue()?;
    header.ue()?;
    let set = header.ue()?;
    let mut sets = sequence(picture, h264)?;
    sets.extend(pictures(h264, set)?);
    Some(sets)
}

fn ue(bits: &mut Writer, value: i32) -> Option<()> {
    bits.ue(u32::try_from(value).ok()?);
    Some(())
}

fn sequence(picture: &CUVIDPICPARAMS, h264: &CUVIDH264PICPARAMS) -> Option<Vec<u8>> {
    let mut bits = Writer::default();
    // High profile, level 6.2: what a decoder allocates by, not what it needs to decode.
    bits.bits(100, 8);
    bits.bits(0, 8);
    bits.bits(62, 8);
    bits.ue(0);
    bits.ue(1);
    bits.ue(u32::from(h264.bit_depth_luma_minus8));
    bits.ue(u32::from(h264.bit_depth_chroma_minus8));
    bits.flag(h264.qpprime_y_zero_transform_bypass_flag != 0);
    bits.flag(false);
    ue(&mut bits, h264.log2_max_frame_num_minus4)?;
    ue(&mut bits, h264.pic_order_cnt_type)?;
    if h264.pic_order_cnt_type == 0 {
        ue(&mut bits, h264.log2_max_pic_order_cnt_lsb_minus4)?;
    }
    ue(&mut bits, h264.num_ref_frames)?;
    bits.flag(false);
    ue(&mut bits, picture.PicWidthInMbs - 1)?;
    let frames_only = h264.frame_mbs_only_flag != 0;
    ue(&mut bits, if frames_only { picture.FrameHeightInMbs } else { picture.FrameHeightInMbs / 2 } - 1)?;
    bits.flag(frames_only);
    if !frames_only {
        bits.flag(h264.MbaffFrameFlag != 0);
    }
    bits.flag(h264.direct_8x8_inference_flag != 0);
    // Neither cropping nor usability information: clients crop what they map.
    bits.flag(false);
    bits.flag(false);
    Some(bits.finish(0x67))
}

fn pictures(h264: &CUVIDH264PICPARAMS, set: u32) -> Option<Vec<u8>> {
    let mut bits = Writer::default();
    bits.ue(set);
    bits.ue(0);
    bits.flag(h264.entropy_coding_mode_flag != 0);
    bits.flag(h264.pic_order_present_flag != 0);
    bits.ue(0);
    ue(&mut bits, h264.num_ref_idx_l0_active_minus1)?;
    ue(&mut bits, h264.num_ref_idx_l1_active_minus1)?;
    bits.flag(h264.weighted_pred_flag != 0);
    bits.bits(u32::try_from(h264.weighted_bipred_idc).ok()?, 2);
    bits.se(h264.pic_init_qp_minus26);
    bits.se(i32::from(h264.pic_init_qs_minus26));
    bits.se(h264.chroma_qp_index_offset);
    bits.flag(h264.deblocking_filter_control_present_flag != 0);
    bits.flag(h264.constrained_intra_pred_flag != 0);
    bits.flag(h264.redundant_pic_cnt_present_flag != 0);
    bits.flag(h264.transform_8x8_mode_flag != 0);
    let flat =
        h264.WeightScale4x4.iter().flatten().chain(h264.WeightScale8x8.iter().flatten()).all(|weight| *weight == 16);
    bits.flag(!flat);
    if !flat {
        for list in &h264.WeightScale4x4 {
            scaling_list(&mut bits, &ZIGZAG_4, list);
        }
        if h264.transform_8x8_mode_flag != 0 {
            for list in &h264.WeightScale8x8 {
                scaling_list(&mut bits, &ZIGZAG_8, list);
            }
        }
    }
    bits.se(h264.second_chroma_qp_index_offset);
    Some(bits.finish(0x68))
}

fn scaling_list(bits: &mut Writer, order: &[usize], weights: &[u8]) {
    bits.flag(true);
    let mut last = 8;
    for place in order {
        let weight = i32::from(weights[*place]);
        bits.se((weight - last + 128).rem_euclid(256) - 128);
        last = weight;
    }
}
