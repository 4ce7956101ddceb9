//! libswscale on planes that are not libav's own: sizes, alignment and room are checked before it is given a pointer.

use crate::pipeline::frame::PlaneMut;
use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;

/// Where planes have to begin, and rows too, for libswscale's vector code: the widest (AVX2) works on 32 bytes at a time.
const ALIGN: usize = 32;
/// Bytes behind the last row that this code may touch; it never uses what it reads there.
const SLACK: usize = 64;

/// A plane of our own that libswscale can work on, for pictures that it could not.
#[derive(Default)]
struct Roomy(Vec<u8>);

impl Roomy {
    /// `rows` rows of at least `bytes` bytes: the memory and its stride.
    fn plane(&mut self, bytes: usize, rows: usize) -> (&mut [u8], usize) {
        let stride = bytes.next_multiple_of(ALIGN) + SLACK;
        self.0.resize(stride * rows + SLACK + ALIGN, 0);
        let start = self.0.as_ptr().align_offset(ALIGN).min(ALIGN);
        (&mut self.0[start..], stride)
    }
}

/// Whether libswscale's vector code can work on this plane as it is.
fn is_roomy(data: &[u8], stride: usize, bytes: usize, rows: usize) -> bool {
    let aligned = data.as_ptr().align_offset(ALIGN) == 0 && stride.is_multiple_of(ALIGN);
    aligned && stride >= bytes.next_multiple_of(ALIGN) && data.len() >= stride * rows
}

/// Whether `rows` rows of `bytes` bytes lie in this plane at all.
fn holds(data: &[u8], stride: usize, bytes: usize, rows: usize) -> bool {
    stride >= bytes && data.len() >= stride * (rows - 1) + bytes
}

/// libswscale between two sizes and layouts.
pub struct Scaler {
    context: scaling::Context,
    /// Bytes of a row, and rows, of each plane that is read and that is written.
    reads: Vec<(usize, usize)>,
    writes: Vec<(usize, usize)>,
    roomy_reads: [Roomy; 3],
    roomy_writes: [Roomy; 3],
}

// SAFETY: an SwsContext is plain memory with no tie to the thread that made it, and is used through `&mut` alone.
unsafe impl Send for Scaler {}

/// Bytes of a row, and rows, of each plane; `None` for a layout that nothing here scales.
fn geometry(pixel: Pixel, width: usize, height: usize) -> Option<Vec<(usize, usize)>> {
    let (w2, h2) = (width.div_ceil(2), height.div_ceil(2));
    Some(match pixel {
        Pixel::GRAY8 => vec![(width, height)],
        Pixel::YUV420P => vec![(width, height), (w2, h2), (w2, h2)],
        Pixel::YUV422P => vec![(width, height), (w2, height), (w2, height)],
        Pixel::YUV444P => vec![(width, height); 3],
        Pixel::NV12 => vec![(width, height), (2 * w2, h2)],
        Pixel::YUV420P10LE => vec![(2 * width, height), (2 * w2, h2), (2 * w2, h2)],
        Pixel::P010LE => vec![(2 * width, height), (4 * w2, h2)],
        _ => return None,
    })
}

impl Scaler {
    /// A bilinear scaler from a layout, width and height to another.
    ///
    /// # Errors
    /// libswscale cannot do this.
    pub fn new(from: (Pixel, usize, usize), to: (Pixel, usize, usize)) -> Result<Self, ffmpeg::Error> {
        let side = |pixels: usize| u32::try_from(pixels).map_err(|_| ffmpeg::Error::InvalidData);
        if from.1 == 0 || from.2 == 0 || to.1 == 0 || to.2 == 0 {
            return Err(ffmpeg::Error::InvalidData);
        }
        let reads = geometry(from.0, from.1, from.2).ok_or(ffmpeg::Error::InvalidData)?;
        let writes = geometry(to.0, to.1, to.2).ok_or(ffmpeg::Error::InvalidData)?;
        let (from_size, to_size) = ((side(from.1)?, side(from.2)?), (side(to.1)?, side(to.2)?));
        let flags = scaling::Flags::BILINEAR;
        let context = scaling::Context::get(from.0, from_size.0, from_size.1, to.0, to_size.0, to_size.1, flags)?;
        Ok(Self { context, reads, writes, roomy_reads: Default::default(), roomy_writes: Default::default() })
    }

    /// Scales one picture: bytes and stride of each plane of the layout that the scaler was made for, into planes of the other.
    ///
    /// # Errors
    /// A plane is missing, or shorter than its rows.
    pub fn run(&mut self, planes: &[(&[u8], usize)], to: &mut [PlaneMut<'_>]) -> Result<(), ffmpeg::Error> {
        let (mut from, mut strides) = ([std::ptr::null(); 4], [0; 4]);
        let (mut target, mut target_strides) = ([std::ptr::null_mut(); 4], [0; 4]);
        let wrong = ffmpeg::Error::InvalidData;
        let signed = |n: usize| i32::try_from(n).map_err(|_| wrong);
        for (index, (&(bytes, rows), roomy)) in self.reads.iter().zip(&mut self.roomy_reads).enumerate() {
            let &(data, stride) =
                planes.get(index).filter(|plane| holds(plane.0, plane.1, bytes, rows)).ok_or(wrong)?;
            let (data, stride) =
                if is_roomy(data, stride, bytes, rows) && data.len() >= stride * (rows - 1) + bytes + SLACK {
                    (data, stride)
                } else {
                    let (own, own_stride) = roomy.plane(bytes, rows);
                    let copied = own.chunks_mut(own_stride).zip(data.chunks(stride)).take(rows);
                    copied.for_each(|(to, from)| to[..bytes].copy_from_slice(&from[..bytes]));
                    (&*own, own_stride)
                };
            (from[index], strides[index]) = (data.as_ptr(), signed(stride)?);
        }
        let mut borrowed = [false; 3];
        for (index, (&(bytes, rows), roomy)) in self.writes.iter().zip(&mut self.roomy_writes).enumerate() {
            let plane = to.get_mut(index).filter(|plane| holds(plane.data, plane.stride, bytes, rows)).ok_or(wrong)?;
            borrowed[index] = !is_roomy(plane.data, plane.stride, bytes, rows);
            let (data, stride) =
                if borrowed[index] { roomy.plane(bytes, rows) } else { (&mut *plane.data, plane.stride) };
            (target[index], target_strides[index]) = (data.as_mut_ptr(), signed(stride)?);
        }
        let rows = signed(self.reads[0].1)?;
        // SAFETY: every pointer is of a slice that lives to the end of this function and that was just seen to hold all rows
        // that this context reads (and `SLACK` behind them) or writes, aligned and with whole vectors in each row; those it
        // does not use are null. Slices that are written are borrowed mutably, so that none overlaps another.
        unsafe {
            ffmpeg::ffi::sws_scale(
                self.context.as_mut_ptr(),
                from.as_ptr(),
                strides.as_ptr(),
                0,
                rows,
                target.as_ptr(),
                target_strides.as_ptr(),
            );
        }
        for (index, &(bytes, rows)) in self.writes.iter().enumerate().filter(|(index, _)| borrowed[*index]) {
            let (own, own_stride) = self.roomy_writes[index].plane(bytes, rows);
            let copied = to[index].data.chunks_mut(to[index].stride).zip(own.chunks(own_stride)).take(rows);
            copied.for_each(|(to, from)| to[..bytes].copy_from_slice(&from[..bytes]));
        }
        Ok(())
    }
}
