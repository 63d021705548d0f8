//! The identifiers of the field, each with its check rule. A value that exists is valid: `parse` is its one constructor.
//!
//! What depends on more than the text is asked of the value: whether a birth lies before a day, whether a code is in the table of
//! regions, whether an account follows Luhn.

use crate::scalar::Date;
use std::fmt;

/// Why a text is no such identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The length, or a character that cannot stand there.
    Pattern,
    /// A check character does not fit.
    Check,
    /// A date inside that the calendar does not have.
    Date,
    /// Zeros that must be there are not.
    Zeros,
}

macro_rules! identifiers {
    ($($(#[$says:meta])* $name:ident $zh:literal $pattern:literal $check:path;)*) => {
        /// Which identifier a field holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Identifier {
            $($(#[$says])* $name,)*
        }

        impl Identifier {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the code and on the page.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// Its Chinese name.
            pub fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// A regular expression that every such identifier matches; what else it must fulfil the check rule says.
            pub fn pattern(self) -> &'static str {
                match self { $(Self::$name => $pattern),* }
            }

            /// Runs the check rule.
            pub fn check(self, text: &str) -> Result<(), Flaw> {
                match self { $(Self::$name => $check(text)),* }
            }
        }

        $(
            $(#[$says])*
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(String);
            impl $name {
                /// The identifier that is written so, after its check rule.
                pub fn parse(text: &str) -> Result<Self, Flaw> {
                    $check(text).map(|()| Self(text.to_owned()))
                }
                /// As it is written.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )*
    };
}

identifiers! {
    /// GB/T 2260 and GB/T 10114: 6 digits for a county, 9 for a town, 12 for a village.
    RegionCode "行政区划代码" r"^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$" region;
    /// GB 11643: 17 digits and a check character.
    CitizenId "公民身份号码" r"^[1-9][0-9]{16}[0-9X]$" citizen;
    /// GB 32100: 18 characters, the last a check character, the 17th the check character of GB 11714.
    Uscc "统一社会信用代码" r"^[0-9A-HJ-NP-RTUWXY]{18}$" uscc;
    /// FBFBM, GB/T 35958: county, town, village, group.
    IssuerCode "发包方编码" r"^[1-9][0-9]{13}$" issuer;
    /// CBFBM: issuer and 4 digits.
    ContractorCode "承包方编码" r"^[1-9][0-9]{17}$" contractor;
    /// DKBM: issuer and 5 digits.
    ParcelCode "地块编码" r"^[1-9][0-9]{18}$" parcel;
    /// CBHTBM, and CBJYQZBM of the certificate: contractor and a letter, `J` for a household, `Q` for other means.
    ContractCode "承包合同(权证)编码" r"^[1-9][0-9]{17}[JQ]$" contract;
    /// GB/T 37346: county, cadastral district and section, feature, serial number.
    ZongdiCode "宗地代码" r"^[1-9][0-9]{11}[GJZ][ABSXCDEFLNHGWY][0-9]{5}$" zongdi;
    /// BDCDYH, GB/T 37346: a ZongdiCode, a letter and 8 digits.
    CadastralUnit "不动产单元号" r"^[1-9][0-9]{11}[GJZ][ABSXCDEFLNHGWY][0-9]{5}([FLQ][0-9]{8}|W0{8})$" cadastral;
    /// 8 to 30 digits.
    BankAccount "银行账号" r"^[0-9]{8,30}$" bank;
    /// 1 to 30 digits; leading zeros belong to it.
    CardNo "资产卡片编号" r"^[0-9]{1,30}$" card;
    /// YWLSH: county, day, 6 digits.
    Serial "业务流水号" r"^[1-9][0-9]{19}$" serial;
    /// 26 capital letters and digits that nobody can guess.
    Token "令牌" r"^[0-9A-Z]{26}$" token;
    /// The kind of a record, a dash and a UUID of version 7 in lower case.
    RecordId "记录标识" r"^[a-z_]+-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" record;
    /// 1 to 64 letters, digits, dots, dashes and low lines.
    DocumentId "原文标识" r"^[0-9A-Za-z._-]{1,64}$" document;
}

/// Whether the text is so many digits, the first of them not 0.
fn digits(text: &str, length: usize) -> Result<(), Flaw> {
    let right = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if right { Ok(()) } else { Err(Flaw::Pattern) }
}

fn require(right: bool, flaw: Flaw) -> Result<(), Flaw> {
    if right { Ok(()) } else { Err(flaw) }
}

/// The text without its last characters, when it is ASCII and longer.
fn without_last(text: &str, count: usize) -> Result<(&str, &str), Flaw> {
    require(text.is_ascii() && text.len() > count, Flaw::Pattern)?;
    Ok(text.split_at(text.len() - count))
}

fn region(text: &str) -> Result<(), Flaw> {
    digits(text, 6).or_else(|_| digits(text, 9)).or_else(|_| digits(text, 12))
}

fn citizen(text: &str) -> Result<(), Flaw> {
    let (body, last) = without_last(text, 1)?;
    digits(body, 17)?;
    require(matches!(last.as_bytes(), [b'0'..=b'9' | b'X']), Flaw::Pattern)?;
    require(Date::parse_compact(&body[6..14]).is_some(), Flaw::Date)?;
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    require(b"10X98765432"[(sum % 11) as usize] == last.as_bytes()[0], Flaw::Check)
}

fn uscc(text: &str) -> Result<(), Flaw> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    require(text.len() == 18 && text.bytes().all(|byte| ALPHABET.contains(&byte)), Flaw::Pattern)?;
    let bytes = text.as_bytes();
    // GB 11714 over characters 9 to 16; here A is 10 and Z is 35.
    const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { u32::from(byte - b'A') + 10 };
    let sum: u32 = bytes[8..16].iter().zip(ORGANISATION_WEIGHTS).map(|(byte, weight)| value(*byte) * weight).sum();
    require(b"0X987654321"[(sum % 11) as usize] == bytes[16], Flaw::Check)?;
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let place = |byte: u8| ALPHABET.iter().position(|other| *other == byte).unwrap_or_default();
    let sum: usize = bytes.iter().zip(WEIGHTS).map(|(byte, weight)| place(*byte) * weight).sum();
    require(ALPHABET[(31 - sum % 31) % 31] == bytes[17], Flaw::Check)
}

fn issuer(text: &str) -> Result<(), Flaw> {
    digits(text, 14)
}

fn contractor(text: &str) -> Result<(), Flaw> {
    digits(text, 18)
}

fn parcel(text: &str) -> Result<(), Flaw> {
    digits(text, 19)
}

fn contract(text: &str) -> Result<(), Flaw> {
    let (body, letter) = without_last(text, 1)?;
    require(matches!(letter, "J" | "Q"), Flaw::Pattern)?;
    contractor(body)
}

fn zongdi(text: &str) -> Result<(), Flaw> {
    require(text.len() == 19 && text.is_ascii(), Flaw::Pattern)?;
    digits(&text[..12], 12)?;
    let bytes = text.as_bytes();
    require(b"GJZ".contains(&bytes[12]) && b"ABSXCDEFLNHGWY".contains(&bytes[13]), Flaw::Pattern)?;
    require(bytes[14..].iter().all(u8::is_ascii_digit), Flaw::Pattern)
}

fn cadastral(text: &str) -> Result<(), Flaw> {
    let (land, unit) = without_last(text, 9)?;
    zongdi(land)?;
    require(unit[1..].bytes().all(|byte| byte.is_ascii_digit()), Flaw::Pattern)?;
    match &unit[..1] {
        "F" | "L" | "Q" => Ok(()),
        "W" => require(&unit[1..] == "00000000", Flaw::Zeros),
        _ => Err(Flaw::Pattern),
    }
}

fn bank(text: &str) -> Result<(), Flaw> {
    require((8..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()), Flaw::Pattern)
}

fn card(text: &str) -> Result<(), Flaw> {
    require((1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()), Flaw::Pattern)
}

fn serial(text: &str) -> Result<(), Flaw> {
    digits(text, 20)?;
    require(Date::parse_compact(&text[6..14]).is_some(), Flaw::Date)
}

fn token(text: &str) -> Result<(), Flaw> {
    require(text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), Flaw::Pattern)
}

fn record(text: &str) -> Result<(), Flaw> {
    let (kind, uuid) = text.split_once('-').ok_or(Flaw::Pattern)?;
    require(!kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), Flaw::Pattern)?;
    let shape = uuid.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'7',
        19 => b"89ab".contains(&byte),
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    require(uuid.len() == 36 && shape, Flaw::Pattern)
}

fn document(text: &str) -> Result<(), Flaw> {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    require((1..=64).contains(&text.len()) && text.bytes().all(right), Flaw::Pattern)
}

impl CitizenId {
    /// The day of birth inside.
    pub fn birth(&self) -> Date {
        Date::parse_compact(&self.0[6..14]).expect("parse() saw the date")
    }

    /// `1` male, `2` female: the 17th digit is odd or even.
    pub fn gender(&self) -> &'static str {
        if self.0.as_bytes()[16] % 2 == 1 { "1" } else { "2" }
    }
}

impl Uscc {
    /// The level of a rural collective by its prefix, as in an organisation's `level`; none for `N9` and all others.
    pub fn level(&self) -> Option<&'static str> {
        match &self.0[..2] {
            "N1" => Some("group"),
            "N2" => Some("village"),
            "N3" => Some("town"),
            _ => None,
        }
    }
}

impl ZongdiCode {
    /// The two letters of the feature; `JC` is a homestead.
    pub fn feature(&self) -> &str {
        &self.0[12..14]
    }
}

impl CadastralUnit {
    /// The land that the unit stands on.
    pub fn zongdi(&self) -> ZongdiCode {
        ZongdiCode(self.0[..19].to_owned())
    }
}

impl BankAccount {
    /// Whether a card number of 16 to 19 digits follows Luhn; none for other lengths, which never do. What fails is doubtful, not wrong.
    pub fn luhn(&self) -> Option<bool> {
        if !(16..=19).contains(&self.0.len()) {
            return None;
        }
        let sum: u32 = self
            .0
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, byte)| (place % 2 == 1, u32::from(byte - b'0')))
            .map(|(double, digit)| if double { digit * 2 / 10 + digit * 2 % 10 } else { digit })
            .sum();
        Some(sum.is_multiple_of(10))
    }
}

impl RecordId {
    /// The kind that the record is of.
    pub fn kind(&self) -> &str {
        self.0.split_once('-').map_or("", |(kind, _)| kind)
    }
}
