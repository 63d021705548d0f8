//! Moments as people type them for `--at`: a sequence (`17`), seconds since 1970 (`@1795254420`), or a date or time of RFC 3339
//! (`2026-11-21`, `2026-11-21T09:47:00Z`, `2026-11-21T17:47:00+08:00`). Without an offset it is UTC; a date is its first second.

use driver::Moment;
use toml::value::{Datetime, Offset};

/// The moment that the text names; none for anything else.
pub fn parse(text: &str) -> Option<Moment> {
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().ok().map(Moment::Time);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Moment::Sequence);
    }
    let Datetime { date: Some(date), time, offset } = text.parse().ok()? else { return None };
    let (hour, minute, second) = time.map_or((0, 0, 0), |time| (time.hour, time.minute, time.second.unwrap_or_default()));
    let offset_minutes = match offset {
        Some(Offset::Custom { minutes }) => i64::from(minutes),
        Some(Offset::Z) | None => 0,
    };
    let days = days_since_1970(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    Some(Moment::Time(days * 86_400 + i64::from(hour) * 3600 + (i64::from(minute) - offset_minutes) * 60 + i64::from(second)))
}

/// Days of the proleptic Gregorian calendar, counted in years that end with their leap day; the way back is `page::moment`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_meant() {
        for (text, expected) in [
            ("17", Some(Moment::Sequence(17))),
            ("@17", Some(Moment::Time(17))),
            ("@-1", Some(Moment::Time(-1))),
            ("1970-01-01", Some(Moment::Time(0))),
            ("2026-11-21T09:47:00Z", Some(Moment::Time(1_795_254_420))),
            ("2026-11-21T09:47:00", Some(Moment::Time(1_795_254_420))),
            ("2026-11-21 09:47:00Z", Some(Moment::Time(1_795_254_420))),
            ("2026-11-21T17:47:00+08:00", Some(Moment::Time(1_795_254_420))),
            ("2026-11-21T09:47:00.5Z", Some(Moment::Time(1_795_254_420))),
            ("2000-02-29", Some(Moment::Time(951_782_400))),
            ("", None),
            ("-1", None),
            ("@", None),
            ("2026-13-01", None),
            ("2026-02-30", None),
            ("09:47:00", None),
            ("yesterday", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for seconds in (-4_000_000_000i64..8_000_000_000).step_by(86_400 * 97) {
            let seconds = seconds - seconds.rem_euclid(60);
            assert_eq!(parse(&format!("{}:00Z", crate::page::moment(seconds))), Some(Moment::Time(seconds)));
        }
    }
}
