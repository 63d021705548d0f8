//! Codes with their check characters. All of them are invented: the county is, and so are the numbers of its people.

use rights::scalar::Date;

/// The county.
pub(crate) const COUNTY: &str = "320412";
/// Villages whose people are told apart by the last three digits before the check character.
const PLACES: u64 = 499;

/// An identity number. `village` and gender give the serial; within a village no two of one gender have a birthday in common.
pub(crate) fn citizen(village: u64, birth: Date, male: bool) -> String {
    let serial = 2 * (village % PLACES) + if male { 1 } else { 2 };
    let (year, month, day) = birth.numbers();
    checked(&format!("3204{:02}{year:04}{month:02}{day:02}{serial:03}", 12 + village / PLACES))
}

/// The number with its check character.
pub(crate) fn checked(digits: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// The credit code of the organisation of a village.
pub(crate) fn uscc(number: u64) -> String {
    const VALUES: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let code = format!("MF{number:06}");
    let letter = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { u32::from(byte - b'A') + 10 };
    let sum: u32 = code.bytes().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(byte, weight)| letter(byte) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + u8::try_from(digit).unwrap_or(0)),
    };
    let body = format!("N2{COUNTY}{code}{check}");
    let value = |byte: u8| VALUES.iter().position(|known| *known == byte).unwrap_or(0);
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += value(byte) * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", char::from(VALUES[(31 - sum % 31) % 31]))
}

/// A card number of 19 digits; Luhn holds.
pub(crate) fn account(number: u64) -> String {
    let body = format!("622848{number:012}");
    let doubled = |(place, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0');
        if place % 2 == 0 { if digit > 4 { digit * 2 - 9 } else { digit * 2 } } else { digit }
    };
    let sum: u32 = body.bytes().rev().enumerate().map(doubled).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A token of 26 characters.
pub(crate) fn token(high: u64, low: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = u128::from(high) << 64 | u128::from(low);
    (0..26).map(|place| char::from(LETTERS[(bits >> (place * 5 % 124) & 31) as usize])).collect()
}

/// A `rid`. No two of a county are alike: kind, village and number are in it.
pub(crate) fn rid(seed: u64, kind: &str, village: u64, number: u64) -> String {
    let kind_number = kind.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let random = crate::random::Random::new(seed ^ kind_number, village << 32 | number).next();
    // 2020-01-01T00:00:00Z, a second for each record of a village.
    let time = u128::from(1_577_836_800_000 + village * 86_400_000 + number * 1_000) << 80;
    let low = u128::from(random >> 50 & 0xfff) << 64
        | 0b10 << 62
        | u128::from(random & 0x3ff_ffff) << 36
        | u128::from(village & 0xffff) << 20
        | u128::from(number & 0xf_ffff);
    let hex = format!("{:032x}", time | 0x7 << 76 | low);
    format!("{kind}-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
