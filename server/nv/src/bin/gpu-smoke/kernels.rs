//! Whether each kernel gives the very bytes of its reference.

use crate::checks::{Answer, words};
use crate::clips::samples;
use sightline_nv::reference::{self, Host};
use sightline_nv::{
    Atlas, Buffer, Context, Crop, DrawList, Error, Fit, Format, Ink, Input, Kernels, Matrix, ModelInput, Picture, Pool,
    Samples, Stream,
};

type Check = fn(&Context) -> Answer;

pub(crate) const CHECKS: [(&str, Check); 3] =
    [("resize and crop", resize), ("model input", input), ("boxes, labels, masks", draw)];

/// Noise that is the same everywhere.
struct Noise(u64);

impl Noise {
    fn picture(&mut self, format: Format, (width, height): (u32, u32)) -> Host {
        let mut host = Host::new(format, width as usize, height as usize, 0);
        for byte in host.bytes_mut() {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
        host
    }
}

fn size(host: &Host) -> (u32, u32) {
    (host.width() as u32, host.height() as u32)
}

fn upload(context: &Context, stream: &Stream, host: &Host) -> Result<Picture, Error> {
    let leased = Pool::new(context, host.format(), size(host), 1)?.lease()?;
    let picture = leased.ok_or_else(|| Error::Invalid("a new pool has no picture".into()))?;
    picture.upload(stream, host)?;
    Ok(picture)
}

/// Odd sizes, both ways, up to a camera's.
const RESIZES: [((u32, u32), (u32, u32)); 4] =
    [((61, 37), (23, 17)), ((40, 30), (71, 45)), ((642, 362), (321, 181)), ((1, 1), (3, 2))];

fn resize(context: &Context) -> Answer {
    let formats =
        [(Format::Nv12, Format::Nv12), (Format::P016, Format::P016), (Format::P016, Format::Nv12)].into_iter();
    let mut noise = Noise(11);
    let mut count = 0;
    for ((from, to), (format, becomes)) in formats.flat_map(|formats| RESIZES.map(|sizes| (sizes, formats))) {
        let source = noise.picture(format, from);
        let mut wanted = noise.picture(becomes, to);
        let (wide, high) = (from.0 as f32, from.1 as f32);
        let part =
            Crop { x: wide * 0.07, y: high * 0.11, width: (wide * 0.8).max(1.0), height: (high * 0.85).max(1.0) };
        for crop in [Crop::whole(from), part] {
            if crop.x + crop.width > wide || crop.y + crop.height > high {
                continue;
            }
            let got = resized(context, &source, crop, &wanted).map_err(|error| words(&error))?;
            reference::resize(&source, crop, &mut wanted);
            if samples(&got) != samples(&wanted) {
                return Err(format!("{format:?} {from:?} to {becomes:?} {to:?} is not what the reference gives"));
            }
            count += 1;
        }
    }
    Ok(format!("{count} pictures of 8 and 16 bit, every byte that of the reference"))
}

fn resized(context: &Context, from: &Host, crop: Crop, to: &Host) -> Result<Host, Error> {
    let mut kernels = Kernels::new(context)?;
    let stream = kernels.stream().clone();
    let (from, to) = (upload(context, &stream, from)?, upload(context, &stream, to)?);
    kernels.resize(&[(&from, crop, &to)])?;
    to.download(&stream)
}

fn input(context: &Context) -> Answer {
    let mut noise = Noise(5);
    let mut count = 0;
    for (format, samples) in [Format::Nv12, Format::P016]
        .into_iter()
        .flat_map(|format| [Samples::F32, Samples::F16].map(|samples| (format, samples)))
    {
        let hosts = [(322, 182), (61, 37), (30, 44)].map(|size| noise.picture(format, size));
        let (mean, scale) = ([0.485, 0.456, 0.406], [4.0, 3.0, 2.0]);
        let model =
            ModelInput { width: 96, height: 80, samples, pad: 0.447, mean, scale, blue_first: true, fit: Fit::Centre };
        let got = on_device(context, &model, &hosts).map_err(|error| words(&error))?;
        let matrix = |host: &Host| Matrix { code: 1, full_range: false, height: host.height() as u32 };
        let inputs: Vec<_> = hosts
            .iter()
            .map(|picture| Input { picture, crop: Crop::whole(size(picture)), matrix: matrix(picture) })
            .collect();
        let wanted = reference::input(&model, &inputs);
        let wanted: Vec<u8> = match samples {
            Samples::F32 => wanted.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect(),
            Samples::F16 => wanted.iter().flat_map(|value| reference::half(*value).to_le_bytes()).collect(),
        };
        if got != wanted {
            return Err(format!("{samples:?} of {format:?} is not what the reference gives"));
        }
        count += hosts.len();
    }
    Ok(format!("{count} pictures in batches to f32 and f16, every bit that of the reference"))
}

fn on_device(context: &Context, model: &ModelInput, hosts: &[Host]) -> Result<Vec<u8>, Error> {
    let mut kernels = Kernels::new(context)?;
    let stream = kernels.stream().clone();
    let pictures = hosts.iter().map(|host| upload(context, &stream, host)).collect::<Result<Vec<_>, _>>()?;
    let inputs: Vec<_> = pictures
        .iter()
        .map(|picture| {
            let matrix = Matrix { code: 1, full_range: false, height: picture.size().1 };
            Input { picture, crop: Crop::whole(picture.size()), matrix }
        })
        .collect();
    let number = if model.samples == Samples::F32 { 4 } else { 2 };
    let to = Buffer::new(context, hosts.len() * 3 * (model.width * model.height) as usize * number)?;
    kernels.input(model, &inputs, &to)?;
    let mut got = vec![0; to.bytes()];
    to.download(&stream, 0, &mut got)?;
    Ok(got)
}

fn draw(context: &Context) -> Answer {
    let mut noise = Noise(3);
    let mut hosts = [(322, 182), (61, 37), (30, 44)].map(|size| noise.picture(Format::Nv12, size));
    let cover: Vec<u8> = (0..20 * 60_u32).map(|n| (n * 37 % 256) as u8).collect();
    let (list, got) = drawn(context, &hosts, &cover).map_err(|error| words(&error))?;
    reference::draw(&list, &cover, &mut hosts);
    let wrong = got.iter().zip(&hosts).filter(|(got, wanted)| samples(got) != samples(wanted)).count();
    if wrong > 0 {
        return Err(format!("{wrong} of 3 pictures are not what the reference draws"));
    }
    Ok("rectangles, letters, polygons and pixelation on 3 pictures, every byte that of the reference".into())
}

fn drawn(context: &Context, hosts: &[Host], cover: &[u8]) -> Result<(DrawList, Vec<Host>), Error> {
    let mut kernels = Kernels::new(context)?;
    let stream = kernels.stream().clone();
    let mut atlas = Atlas::new(context)?;
    let Some(letters) = atlas.put(1, 60, cover) else {
        return Err(Error::Invalid("an empty atlas takes no letters".into()));
    };
    let mut list = DrawList::new(&hosts.iter().map(size).collect::<Vec<_>>());
    let ink = |y, alpha| Ink { samples: [y, 90, 200], alpha };
    for picture in 0..hosts.len() {
        list.fill(picture, (-3, 4, 33, 9), ink(200, 256));
        list.fill(picture, (7, 3, 9, 200), ink(90, 77));
        list.letters(picture, (11, 3), letters, ink(16, 200));
        list.polygon(picture, &[(2.0, 3.0), (27.5, 9.0), (14.0, 40.0), (3.0, 31.0)], ink(120, 100));
        list.pixelate(
            picture,
            &[vec![(0.0, 0.0), (30.0, 0.0), (30.0, 20.0)], vec![(9.0, 9.0), (40.0, 30.0), (5.0, 35.0)]],
            8,
        );
    }
    let pictures = hosts.iter().map(|host| upload(context, &stream, host)).collect::<Result<Vec<_>, _>>()?;
    kernels.draw(&list, &mut atlas, &pictures.iter().collect::<Vec<_>>())?;
    let got = pictures.iter().map(|picture| picture.download(&stream)).collect::<Result<Vec<_>, _>>()?;
    Ok((list, got))
}
