//! Whether NVDEC gives the very bytes of a software decoder.

use crate::checks::{Answer, words};
use crate::clips::{Clip, crc32, samples};
use sightline_nv::{Context, Decoded, Decoder, DecoderOptions, Error, Stream};

/// Decodes a clip once and compares every picture.
pub(crate) fn check(context: &Context, clip: &Clip) -> Answer {
    let stream = Stream::new(context).map_err(|error| words(&error))?;
    let mut decoder = decoder(context, clip, 4).map_err(|error| words(&error))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut look = |decoded: Decoded| -> Result<(), Error> {
        let host = decoded.picture.download(&stream)?;
        if clip.hashes.get(count) != Some(&crc32(&samples(&host))) || decoded.damaged {
            wrong.push(count);
        }
        count += 1;
        Ok(())
    };
    let decoded = each(&mut decoder, clip, 0, 0, &mut look).and_then(|()| rest(&mut decoder, &mut look));
    decoded.map_err(|error| words(&error))?;
    if count != clip.hashes.len() {
        return Err(format!("{count} pictures came out of {}", clip.hashes.len()));
    }
    if let Some(first) = wrong.first() {
        return Err(format!(
            "{} of {count} pictures are not those of software, the first is number {first}",
            wrong.len()
        ));
    }
    Ok(format!("{count} pictures, bit for bit those of software"))
}

pub(crate) fn decoder(context: &Context, clip: &Clip, surfaces: usize) -> Result<Decoder, Error> {
    Decoder::new(context, DecoderOptions { codec: clip.codec, surfaces })
}

/// Gives a decoder the clip once; up to `behind` pictures are left waiting, so that the device has always something to do.
pub(crate) fn each(
    decoder: &mut Decoder,
    clip: &Clip,
    first: i64,
    behind: usize,
    look: &mut dyn FnMut(Decoded) -> Result<(), Error>,
) -> Result<(), Error> {
    for (pts, unit) in (first..).zip(&clip.units) {
        decoder.decode(unit, pts)?;
        while decoder.ready() > behind {
            decoder.next_picture()?.map_or(Ok(()), &mut *look)?;
        }
    }
    Ok(())
}

/// Ends the stream and takes what is left.
pub(crate) fn rest(decoder: &mut Decoder, look: &mut dyn FnMut(Decoded) -> Result<(), Error>) -> Result<(), Error> {
    // Those that wait have to be out of the way first.
    while let Some(decoded) = decoder.next_picture()? {
        look(decoded)?;
    }
    decoder.flush()?;
    while let Some(decoded) = decoder.next_picture()? {
        look(decoded)?;
    }
    Ok(())
}
