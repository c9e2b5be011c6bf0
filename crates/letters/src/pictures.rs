//! Photos as people upload them, made fit for paper: upright, no larger than paper can show, one format. One after the other, so that a report with many photos needs
//! the memory of one.

use std::collections::BTreeMap;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader};

/// Longest side in dots: 170 mm of paper at 240 dots to the inch.
const SIDE_MAX: u32 = 1600;
/// Of the JPEG that is printed, out of 100.
const QUALITY: u8 = 82;

/// A JPEG, PNG or WebP as a JPEG for paper. None when it cannot be read: damaged, or of another kind.
#[must_use]
pub fn fitted(content: &[u8]) -> Option<Vec<u8>> {
    let reader = ImageReader::new(Cursor::new(content)).with_guessed_format().ok()?;
    // The reader's own limits hold: a small file does not grow without bounds.
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width().max(picture.height()) > SIDE_MAX {
        picture = picture.thumbnail(SIDE_MAX, SIDE_MAX);
    }
    // A telephone held upright says so beside the picture.
    picture.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture.to_rgb8()).ok()?;
    Some(jpeg)
}

/// Photos by name, fitted, and the names of those that cannot be read.
#[must_use]
pub fn all_fitted(pictures: BTreeMap<String, Vec<u8>>) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let (mut ready, mut unreadable) = (BTreeMap::new(), Vec::new());
    for (name, content) in pictures {
        match fitted(&content) {
            Some(picture) => drop(ready.insert(name, picture)),
            None => unreadable.push(name),
        }
    }
    (ready, unreadable)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage};

    use super::*;

    fn made(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut content = Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([x, y, 90].map(|part| u8::try_from(part % 256).unwrap()))
        });
        picture.write_to(&mut content, format).unwrap();
        content.into_inner()
    }

    #[test]
    fn a_photo_is_as_large_as_paper_shows() {
        for (width, height, format, wanted) in [
            (2000, 1500, ImageFormat::Jpeg, (1600, 1200)),
            (800, 2000, ImageFormat::Png, (640, 1600)),
            (40, 30, ImageFormat::WebP, (40, 30)),
        ] {
            let ready = fitted(&made(width, height, format)).unwrap();
            let picture = image::load_from_memory_with_format(&ready, ImageFormat::Jpeg).unwrap();
            assert_eq!((picture.width(), picture.height()), wanted, "{format:?}");
        }
    }

    #[test]
    fn a_photo_taken_upright_stands_upright() {
        let lying = made(60, 40, ImageFormat::Jpeg);
        // Behind the first mark of the file: that it has to be turned by a quarter.
        let turned: &[u8] =
            b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let photo = [&lying[..2], turned, &lying[2..]].concat();
        let picture = image::load_from_memory(&fitted(&photo).unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (40, 60));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let whole = made(20, 20, ImageFormat::Png);
        let pictures = BTreeMap::from([
            ("1.jpg".to_owned(), whole.clone()),
            ("2.jpg".to_owned(), b"\xff\xd8\xff\xe0photo".to_vec()),
            ("3.jpg".to_owned(), whole[..40].to_vec()),
            ("4.jpg".to_owned(), b"%PDF-1.7".to_vec()),
        ]);
        let (ready, unreadable) = all_fitted(pictures);
        assert_eq!(ready.keys().map(String::as_str).collect::<Vec<_>>(), ["1.jpg"]);
        assert_eq!(unreadable, ["2.jpg", "3.jpg", "4.jpg"]);
    }
}
