//! Takes out of documents what tells of their making: camera, place, author, program.
//!
//! What is not understood is refused, so that nothing leaves unstripped by mistake. The picture and the pages stay as they are.

pub(crate) mod pdf;
pub(crate) mod picture;

use std::fmt;

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

/// Why a document is not stripped. It is named and does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStripped {
    /// It is larger than [`STRIP_BYTES_MAX`].
    TooLarge,
    /// Its media type is of no format that is understood, or its bytes are of another one.
    OtherFormat,
    /// It cannot be read as its format.
    Unreadable,
    /// A PDF that is encrypted or signed, or that holds files or pictures which are not looked into.
    Closed,
}

impl fmt::Display for NotStripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "too large to be stripped",
            Self::OtherFormat => "of no format that can be stripped, or of another one than it says",
            Self::Unreadable => "cannot be read as its format",
            Self::Closed => "a PDF that is encrypted or signed, or holds what is not looked into",
        })
    }
}
impl std::error::Error for NotStripped {}

/// The document without what is to be taken out. The same bytes give the same bytes, and what was stripped is stripped of nothing more.
pub fn strip(media_type: &str, bytes: &[u8], asked: Strip) -> Result<Vec<u8>, NotStripped> {
    if bytes.len() as u64 > STRIP_BYTES_MAX {
        return Err(NotStripped::TooLarge);
    }
    let format = Format::declared(media_type).filter(|format| *format == Format::of(bytes)).ok_or(NotStripped::OtherFormat)?;
    let picture = |taken: Option<Vec<u8>>| taken.ok_or(NotStripped::Unreadable);
    match format {
        Format::Text if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) => Ok(bytes.to_vec()),
        Format::Text => Err(NotStripped::OtherFormat),
        Format::Pdf => pdf::strip(bytes, asked),
        _ if !asked.exif => Ok(bytes.to_vec()),
        Format::Jpeg => picture(picture::jpeg(bytes)),
        Format::Png => picture(picture::png(bytes)),
        Format::WebP => picture(picture::webp(bytes)),
    }
}

impl Format {
    /// The format that bytes begin like; text where they begin like no other.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::WebP,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            _ => Self::Text,
        }
    }
}
