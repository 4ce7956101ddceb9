//! How a model wants to see: the order of its colours, the scale of its numbers, and where a picture of another shape lies in its input.

/// The order of a model's planes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red: models that were trained with OpenCV's pictures.
    Bgr,
}

/// Where a picture lies in an input of another shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letterbox {
    /// As large as fits, in the middle.
    #[default]
    Centre,
    /// As large as fits, in the upper left corner.
    TopLeft,
    /// Stretched over all of it.
    Stretch,
}

/// How a model wants to see. Numbers are in steps of 0 to 255 and in the order of the model's planes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The order of the planes.
    pub colours: Colours,
    /// What is taken off each plane.
    pub mean: [f32; 3],
    /// What each is then divided by.
    pub std: [f32; 3],
    /// Where a picture of another shape lies.
    pub letterbox: Letterbox,
    /// The grey around it.
    pub pad: f32,
}

impl View {
    /// Red, green and blue from 0 to 1, in the middle of a grey of 114: what most models want.
    pub const UNIT_RGB: Self =
        Self { colours: Colours::Rgb, mean: [0.0; 3], std: [255.0; 3], letterbox: Letterbox::Centre, pad: 114.0 };

    /// What a number of 0 to 255 is in a plane.
    #[must_use]
    pub fn number(&self, plane: usize, value: f32) -> f32 {
        (value - self.mean[plane]) / self.std[plane]
    }

    /// Pixels of an input of `size` for each of a picture of `shown` pixels, across and down. Boxes go back by it, as the usual Python has
    /// it, and not by the cut off size: the two differ by up to a pixel of the input.
    #[must_use]
    pub fn scale(&self, shown: (f64, f64), size: (usize, usize)) -> (f64, f64) {
        let (across, down) = (size.0 as f64 / shown.0, size.1 as f64 / shown.1);
        if self.letterbox == Letterbox::Stretch { (across, down) } else { (across.min(down), across.min(down)) }
    }

    /// Width and height of a picture of `shown` pixels in an input of `size`, and where it begins there.
    #[must_use]
    pub fn place(&self, shown: (f64, f64), size: (usize, usize)) -> ((usize, usize), (usize, usize)) {
        if self.letterbox == Letterbox::Stretch {
            return (size, (0, 0));
        }
        let scale = self.scale(shown, size).0;
        // Cut off to whole pixels as the usual Python does it, `int(length * scale)`, last bit included: models are sensitive to a row.
        let side = |length: f64, most: usize| ((length * scale) as usize).clamp(1, most);
        let (width, height) = (side(shown.0, size.0), side(shown.1, size.1));
        let centred = self.letterbox == Letterbox::Centre;
        let begin = |length: usize, all: usize| if centred { (all - length) / 2 } else { 0 };
        ((width, height), (begin(width, size.0), begin(height, size.1)))
    }
}

impl Default for View {
    fn default() -> Self {
        Self::UNIT_RGB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_any_shape_have_their_place() {
        let view = View::UNIT_RGB;
        assert_eq!(view.place((1920.0, 1080.0), (416, 416)), ((416, 234), (0, 91)));
        assert_eq!(view.place((2160.0, 3840.0), (416, 416)), ((234, 416), (91, 0)));
        assert_eq!(view.place((4000.0, 1.0), (320, 240)), ((320, 1), (0, 119)));
        let corner = View { letterbox: Letterbox::TopLeft, ..view };
        // 432 * (416 / 768) is a bit less than 234.
        assert_eq!(corner.place((768.0, 432.0), (416, 416)), ((416, 233), (0, 0)));
        let stretched = View { letterbox: Letterbox::Stretch, ..view };
        assert_eq!(stretched.place((768.0, 432.0), (320, 240)), ((320, 240), (0, 0)));
    }
}
