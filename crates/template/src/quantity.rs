//! Amounts as templates write them: sizes (`4GiB`) and durations of ISO 8601 (`P2D`, `PT4H`).

/// Bytes of a size: a whole number and one of `B`, `KiB`, `MiB`, `GiB`, `TiB`. At least 1 byte, at most 2^53 bytes.
pub fn size_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 5] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let (number, shift) = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let bytes = whole(number)?.checked_mul(1 << shift)?;
    (1..=1 << 53).contains(&bytes).then_some(bytes)
}

/// Seconds of a duration: `P`, then weeks alone (`P2W`), or days, hours, minutes and seconds in this order (`P1DT12H`), whole numbers.
/// Months and years have no fixed length and are none. At least 1 second, at most 100 years.
pub fn duration_seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let seconds = match rest.strip_suffix('W') {
        Some(weeks) => whole(weeks)?.checked_mul(604_800)?,
        None => {
            let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
            let mut seconds = if days.is_empty() { 0 } else { whole(days.strip_suffix('D')?)?.checked_mul(86_400)? };
            if time.is_some_and(str::is_empty) || rest.is_empty() {
                return None;
            }
            let mut time = time.unwrap_or_default();
            for (unit, length) in [('H', 3_600), ('M', 60), ('S', 1)] {
                if let Some((number, behind)) = time.split_once(unit) {
                    seconds = whole(number)?.checked_mul(length)?.checked_add(seconds)?;
                    time = behind;
                }
            }
            if !time.is_empty() {
                return None;
            }
            seconds
        }
    };
    (1..=100 * 366 * 86_400).contains(&seconds).then_some(seconds)
}

/// Whether the text is a duration, with months and years as well.
pub fn is_duration(text: &str) -> bool {
    let months = text.strip_prefix('P').and_then(|rest| rest.strip_suffix(['M', 'Y'])).and_then(whole);
    duration_seconds(text).is_some() || months.is_some_and(|count| count > 0)
}

fn whole(text: &str) -> Option<u64> {
    let right = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    right.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [("1B", Some(1)), ("4GiB", Some(4 << 30)), ("650MiB", Some(650 << 20)), ("8192TiB", Some(1 << 53)), ("8193TiB", None)] {
            assert_eq!(size_bytes(text), bytes, "{text}");
        }
        for text in ["", "B", "0B", "4 GiB", "4GB", "-1B", "1.5GiB", "99999999999999999999TiB", "4gib"] {
            assert_eq!(size_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read() {
        let right =
            [("P2D", 172_800), ("PT4H", 14_400), ("P1W", 604_800), ("P1DT12H", 129_600), ("PT1H30M5S", 5_405), ("PT1S", 1), ("P36600D", 36_600 * 86_400)];
        for (text, seconds) in right {
            assert_eq!(duration_seconds(text), Some(seconds), "{text}");
        }
        for text in ["", "P", "PT", "P1", "P1M", "P1Y", "2D", "P1DT", "P1D2H", "PT1M1H", "PT0S", "P-1D", "P36601D", "P1W1D", "PD", "PT1HH"] {
            assert_eq!(duration_seconds(text), None, "{text}");
        }
        assert!(is_duration("P3M") && is_duration("P1Y") && is_duration("P2D") && !is_duration("P0M") && !is_duration("3M"));
    }
}
