//! A code as a picture: QR, error correction M, four modules of quiet around it, as SVG and as PNG of one bit a pixel.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;

/// Modules of white around the code, as the standard asks.
const QUIET_MODULES: i32 = 4;
/// Pixels of a module in the PNG.
const MODULE_PIXELS: usize = 8;

/// The modules of a text, dark ones true, the quiet around them included; none when it is too long.
pub(super) fn modules(text: &str) -> Option<Vec<Vec<bool>>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let range = -QUIET_MODULES..code.size() + QUIET_MODULES;
    Some(range.clone().map(|y| range.clone().map(|x| code.get_module(x, y)).collect()).collect())
}

/// The picture as SVG, one unit a module.
pub(super) fn svg(modules: &[Vec<bool>]) -> String {
    let mut path = String::new();
    for (y, row) in modules.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let side = modules.len();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>\n"
    )
}

/// The picture as PNG.
pub(super) fn png(modules: &[Vec<bool>]) -> Result<Vec<u8>, png::EncodingError> {
    let side = modules.len() * MODULE_PIXELS;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    let row = |row: &Vec<bool>| -> Vec<u8> {
        // A module is one byte of eight pixels; white is one.
        row.iter().map(|dark| if *dark { 0x00 } else { 0xff }).collect()
    };
    let image: Vec<u8> = modules.iter().flat_map(|modules| row(modules).repeat(MODULE_PIXELS)).collect();
    writer.write_image_data(&image)?;
    writer.finish()?;
    Ok(bytes)
}
