//! Takes out of documents what tells of their making: camera, place, author, program.
//!
//! What is not understood is refused, so that nothing leaves unstripped by mistake. The picture and the pages stay as they are.

/// Largest document that is stripped, bytes: it is held in memory, as a whole.
pub const STRIP_BYTES_MAX: u64 = 256 << 20;

/// What is to be taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// EXIF, XMP and comments of pictures, also of those inside a PDF.
    pub exif: bool,
    /// The description of a PDF.
    pub pdf_metadata: bool,
}

/// The formats that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// PDF.
    Pdf,
    /// Text, which has no place for anything beside itself.
    Text,
}

impl Format {
    /// The format of a media type.
    pub fn declared(media_type: &str) -> Option<Self> {
        match media_type {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            "image/webp" => Some(Self::WebP),
            "application/pdf" => Some(Self::Pdf),
            "text/plain" | "text/csv" | "application/json" => Some(Self::Text),
            _ => None,
        }
    }
}
