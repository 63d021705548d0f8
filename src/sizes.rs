//! Sizes as people type them: `64MiB`, `700MB`, `4.7GB`, `1000`. Both families of powers; nothing is rounded.

/// Units and their bytes. A bare letter would be ambiguous and is refused.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Bytes of a size: digits, at most one decimal point, then a unit (case does not matter) or none for bytes.
/// `None` for anything else, for what is no whole number of bytes, and for what exceeds 64 bits.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let unit = unit.trim_start();
    let (_, factor) = UNITS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits: u128 = whole.parse::<u64>().ok()?.into();
    let scaled = digits.checked_mul(scale)?.checked_add(fraction.parse::<u64>().ok()?.into())?.checked_mul(factor.into())?;
    (scaled % scale == 0).then(|| u64::try_from(scaled / scale).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1000", Some(1000)),
            ("64MiB", Some(64 << 20)),
            ("700MB", Some(700_000_000)),
            ("4GiB", Some(4 << 30)),
            ("4.7GB", Some(4_700_000_000)),
            ("1.5 KiB", Some(1536)),
            ("2tib", Some(2 << 40)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("16777216TiB", None),
            ("1.2", None),
            ("64M", None),
            ("", None),
            ("MiB", None),
            (".5GB", None),
            ("1.GB", None),
            ("1.2.3GB", None),
            ("-1", None),
            ("1e3", None),
            ("1.00000000000000000000000000000000000000001GB", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
