//! Amounts, areas, shares, dates and times, exact: no value here ever was a float.
//!
//! A value that exists is valid. Decimals count in their last place, so that sums and comparisons are those of integers.

use std::fmt;

/// Largest integer that a record may hold: what every reader of JSON keeps exactly.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;
/// Digits of a decimal, before and behind the point together.
pub const DECIMAL_DIGITS_MAX: usize = 15;

/// A decimal's value in units of its last place, 10^-`places`; none if it is not written as a decimal, has more places or more
/// digits than [`DECIMAL_DIGITS_MAX`]. No exponent, no plus, no leading zero, no minus zero.
pub fn decimal(text: &str, places: u32) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let fraction = match fraction {
        Some("") => return None,
        Some(fraction) => fraction,
        None => "",
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let places = places as usize;
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if fraction.len() > places || whole.len() > DECIMAL_DIGITS_MAX - places {
        return None;
    }
    let units: i64 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    match (negative, units) {
        (true, 0) => None,
        (true, units) => Some(-units),
        (false, units) => Some(units),
    }
}

/// A decimal as text, with all its places.
pub fn decimal_text(units: i64, places: u32) -> String {
    let one = 10_u64.pow(places);
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    format!("{sign}{}.{:0width$}", size / one, size % one, width = places as usize)
}

macro_rules! decimals {
    ($($(#[$says:meta])* $name:ident $places:literal;)*) => {$(
        $(#[$says])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(i64);
        impl $name {
            /// The value of a decimal of 0 or more.
            pub fn parse(text: &str) -> Option<Self> {
                decimal(text, $places).filter(|units| *units >= 0).map(Self)
            }
            /// In units of the last place.
            pub fn units(self) -> i64 {
                self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&decimal_text(self.0, $places))
            }
        }
    )*};
}

decimals! {
    /// An area in m², two places: units of 1 dm².
    Area 2;
    /// An area in mu, four places. 1 mu is 666.6667 m²: mu = m² × 0.0015.
    Mu 4;
    /// Shares, or what one of them earns in yuan, four places.
    Shares 4;
}

impl Area {
    /// Whether an area in mu says the same, within 0.005 mu. Counted in 10^-6 mu: 1 dm² is 15 of them.
    pub fn agrees(self, mu: Mu) -> bool {
        (i128::from(mu.0) * 100 - i128::from(self.0) * 15).abs() <= 5_000
    }
}

/// The unit that an amount was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyUnit {
    /// 分.
    Fen,
    /// 元.
    Yuan,
    /// 万元.
    TenThousandYuan,
}

/// An amount in whole fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i64);

impl Money {
    /// An amount as records hold it.
    pub fn of_fen(fen: i64) -> Option<Self> {
        (-INTEGER_MAX..=INTEGER_MAX).contains(&fen).then_some(Self(fen))
    }

    /// An amount as a form prints it, in the unit that the form names. None if it is not a whole number of fen.
    pub fn parse(text: &str, unit: MoneyUnit) -> Option<Self> {
        let places = match unit {
            MoneyUnit::Fen => 0,
            MoneyUnit::Yuan => 2,
            MoneyUnit::TenThousandYuan => 6,
        };
        decimal(text, places).and_then(Self::of_fen)
    }

    /// In fen.
    pub fn fen(self) -> i64 {
        self.0
    }

    /// What so many shares earn at so many yuan each: half a fen is rounded up.
    pub fn of_shares(shares: Shares, per_share: Shares) -> Option<Self> {
        let product = i128::from(shares.0) * i128::from(per_share.0); // 10^-8 yuan
        i64::try_from((product + 500_000) / 1_000_000).ok().and_then(Self::of_fen)
    }
}

/// A day of the Gregorian calendar, in the years 1 to 9999, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(i32);

impl Date {
    /// The day that is written `yyyy-MM-dd`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        Self::of_digits(&text[0..4], &text[5..7], &text[8..10])
    }

    /// The day that is written `yyyyMMdd`.
    pub fn parse_compact(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.is_ascii() {
            return None;
        }
        Self::of_digits(&text[0..4], &text[4..6], &text[6..8])
    }

    fn of_digits(year: &str, month: &str, day: &str) -> Option<Self> {
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i32>().ok()).flatten();
        Self::of(number(year)?, number(month)?, number(day)?)
    }

    /// A day by its numbers; none if the calendar has no such day.
    pub fn of(year: i32, month: i32, day: i32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) {
            return None;
        }
        let shifted = if month > 2 { year } else { year - 1 };
        let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        Some(Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }

    /// Year, month and day.
    pub fn numbers(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + i32::from(month <= 2), month, day)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    /// So many days later. What would leave the calendar stays at its end.
    pub fn after(self, days: i32) -> Self {
        let (first, last) = (-719_162, 2_932_896);
        Self(self.0.saturating_add(days).clamp(first, last))
    }

    /// Full years from this day to `other`, 0 when it is earlier.
    pub fn years_until(self, other: Self) -> i32 {
        let ((year, month, day), (other_year, other_month, other_day)) = (self.numbers(), other.numbers());
        (other_year - year - i32::from((other_month, other_day) < (month, day))).max(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.numbers();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A moment, RFC 3339 with its zone: `yyyy-MM-ddTHH:mm:ss`, a fraction of 1 to 9 digits or none, then `Z` or `±HH:mm`. Capital
/// letters only, no second 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Milliseconds since 1970-01-01T00:00:00Z, what is below cut off.
    milliseconds: i64,
}

impl Time {
    /// The moment that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_ascii() || text.len() < 20 {
            return None;
        }
        let bytes = text.as_bytes();
        if bytes[10] != b'T' || bytes[13] != b':' || bytes[16] != b':' {
            return None;
        }
        let date = Date::parse(&text[..10])?;
        let number = |part: &str, most: i64| -> Option<i64> {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten().filter(|number| *number <= most)
        };
        let seconds = number(&text[11..13], 23)? * 3600 + number(&text[14..16], 59)? * 60 + number(&text[17..19], 59)?;
        let (fraction, zone) = match text[19..].strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|character: char| !character.is_ascii_digit())?),
            None => ("0", &text[19..]),
        };
        if fraction.is_empty() || fraction.len() > 9 {
            return None;
        }
        let milliseconds: i64 = format!("{fraction:0<9}")[..3].parse().ok()?;
        let offset = match zone.as_bytes() {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let minutes = number(&zone[1..3], 23)? * 60 + number(&zone[4..6], 59)?;
                if *sign == b'+' { minutes } else { -minutes }
            }
            _ => return None,
        };
        let whole = i64::from(date.days()) * 86_400 + seconds - offset * 60;
        Some(Self { milliseconds: whole * 1_000 + milliseconds })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn milliseconds(self) -> i64 {
        self.milliseconds
    }
}
