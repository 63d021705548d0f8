//! Masks: pure functions that take away. What comes out of one shows nothing that did not go in, and a value of a shape that the mask
//! does not know is not shown at all.
//!
//! `self` is known by name and refused: sealing a value for its subject is not carried out by this version.

use crate::geometry::Geometry;
use crate::kind::{Field, Sens, Type};
use crate::scalar::{Date, decimal, decimal_text};
use crate::tree::Tree;
use serde_json::Value;
use std::fmt;

/// Surnames of two characters.
const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "司徒", "司空", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "东方", "西门", "南宫", "闻人", "申屠",
    "端木", "百里", "东郭", "呼延", "轩辕", "独孤", "拓跋", "澹台", "公冶", "宗政", "濮阳", "淳于", "单于", "太叔", "仲孙", "钟离", "鲜于", "赫连", "万俟",
];
/// Where an address stops naming people's houses.
const VILLAGE_ENDS: &[&str] = &["村", "社区", "居委会"];
/// What stands for whatever is not shown.
const HIDDEN: &str = "****";

macro_rules! masks {
    ($($(#[$says:meta])* $variant:ident $name:literal $zh:literal;)*) => {
        /// A mask.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mask {
            $($(#[$says])* $variant,)*
        }
        impl Mask {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// As templates write it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// Its Chinese name.
            pub fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),* }
            }
        }
    };
}

masks! {
    /// The value as it is.
    None "none" "原样";
    /// The key is absent.
    Drop "drop" "剔除";
    /// The surname, a star for each character behind it.
    Name1 "name1" "姓名掩码";
    /// An identity number without its characters 7 to 14.
    Id6_4 "id6_4" "证号前6后4";
    /// The first and the last character of an identity number.
    Id1_1 "id1_1" "证号首尾";
    /// 16 characters under the key of the route.
    Pseud "pseud" "假名化";
    /// A mobile number without its middle.
    Phone3_4 "phone3_4" "手机号";
    /// The name of the bank and the last 4 digits.
    BankLast4 "bank_last4" "银行账号";
    /// An address up to its village.
    AddrVillage "addr_village" "地址至村";
    /// Year and month.
    DateYm "date_ym" "日期截断至月";
    /// The year.
    DateY "date_y" "日期截断至年";
    /// One of four ages.
    AgeBand "age_band" "年龄段";
    /// As `drop`.
    GeoNone "geo_none" "坐标剔除";
    /// The bounding box alone.
    GeoBbox "geo_bbox" "外接矩形";
    /// Coordinates of four decimals of a degree.
    GeoRound4 "geo_round4" "坐标取整";
    /// An area of whole m² or hundredths of a mu.
    AreaRound "area_r" "面积取整";
    /// An amount of whole yuan.
    AmountYuan "amt_round" "金额取整到元";
    /// An amount of whole hundreds of yuan.
    AmountHundred "amt_round_100" "金额取整到百元";
    /// Sealed for the subject.
    Subject "self" "本人可见";
}

/// What a mask needs beside the value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Masking<'k> {
    /// The key of the route, for `pseud`.
    pub route_key: Option<&'k [u8; 32]>,
    /// The day that ages are counted at, for `age_band`.
    pub today: Option<Date>,
}

/// Why a mask is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `pseud` without the key of the route.
    NeedsRouteKey,
    /// `age_band` without a day.
    NeedsDay,
    /// `self`, which this version does not carry out.
    SealedForSubject,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedsRouteKey => "the mask `pseud` needs the key of the route",
            Self::NeedsDay => "the mask `age_band` needs the day that ages are counted at",
            Self::SealedForSubject => "the mask `self` is not carried out by this version",
        })
    }
}
impl std::error::Error for Refused {}

impl Mask {
    /// The mask of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mask| mask.name() == name)
    }

    /// What a value of the field counts as under it, beside the limit of a route; none when nothing is emitted. A mask that is not made
    /// for the type of the field counts for nothing.
    pub fn counts_as(self, field: &Field) -> Option<Sens> {
        let most = match self {
            Self::Drop | Self::GeoNone => return None,
            _ if !self.suits(field.kind) => Sens::Secret,
            Self::None | Self::AreaRound | Self::AmountYuan | Self::AmountHundred => Sens::Secret,
            Self::Id6_4 | Self::Id1_1 => Sens::Sensitive,
            Self::Subject => Sens::Personal,
            _ => Sens::Internal,
        };
        Some(field.sens.min(most))
    }

    /// Whether it is made for values of that type.
    pub fn suits(self, kind: Type) -> bool {
        match self {
            Self::None | Self::Drop | Self::Subject => true,
            Self::Name1 => matches!(kind, Type::Text(_) | Type::Ref(_)),
            Self::Id6_4 | Self::Id1_1 | Self::Phone3_4 | Self::AddrVillage => matches!(kind, Type::Text(_)),
            Self::Pseud => matches!(kind, Type::Text(_) | Type::Id(_)),
            Self::BankLast4 => matches!(kind, Type::Text(_) | Type::Id(_)),
            Self::DateYm | Self::DateY | Self::AgeBand => matches!(kind, Type::Date),
            Self::GeoNone | Self::GeoBbox | Self::GeoRound4 => matches!(kind, Type::Wkt),
            Self::AreaRound => matches!(kind, Type::Decimal(_)),
            Self::AmountYuan | Self::AmountHundred => matches!(kind, Type::Money),
        }
    }

    /// Whether it shows no more than `most` does.
    pub fn within(self, most: Self) -> bool {
        const NARROWER: &[(Mask, Mask)] = &[
            (Mask::Id1_1, Mask::Id6_4),
            (Mask::Pseud, Mask::Id6_4),
            (Mask::Pseud, Mask::Id1_1),
            (Mask::DateY, Mask::DateYm),
            (Mask::AgeBand, Mask::DateYm),
            (Mask::AmountHundred, Mask::AmountYuan),
        ];
        self == most || most == Self::None || matches!(self, Self::Drop | Self::GeoNone) || NARROWER.contains(&(self, most))
    }

    /// The value of a field of that type under the mask; none when it is not shown. Lists and objects are masked leaf by leaf.
    pub fn apply(self, value: &Value, kind: Type, masking: &Masking<'_>) -> Result<Option<Value>, Refused> {
        match (self, value) {
            (Self::None, _) => Ok(Some(value.clone())),
            (Self::Drop | Self::GeoNone, _) => Ok(None),
            (Self::Subject, _) => Err(Refused::SealedForSubject),
            // The reference passes; the name that is shown for it takes the mask.
            (Self::Name1, Value::String(_)) if matches!(kind, Type::Ref(_)) => Ok(Some(value.clone())),
            (_, Value::String(text)) => Ok(self.text(text, kind, masking)?.map(Value::String)),
            (_, Value::Array(values)) => {
                let masked: Result<Vec<_>, _> = values.iter().map(|value| self.apply(value, kind, masking)).collect();
                Ok(Some(Value::Array(masked?.into_iter().flatten().collect())))
            }
            (_, Value::Object(map)) => {
                let mut masked = serde_json::Map::new();
                for (key, value) in map {
                    if let Some(value) = self.apply(value, kind, masking)? {
                        masked.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(masked)))
            }
            (Self::AmountYuan, Value::Number(number)) => Ok(number.as_i64().map(|fen| Value::from(rounded(fen, 100)))),
            (Self::AmountHundred, Value::Number(number)) => Ok(number.as_i64().map(|fen| Value::from(rounded(fen, 10_000)))),
            _ => Ok(None),
        }
    }

    /// The same of a value that borrows from the text that it was read from.
    pub fn apply_tree<'t>(self, value: &Tree<'t>, kind: Type, masking: &Masking<'_>) -> Result<Option<Tree<'t>>, Refused> {
        match value {
            Tree::Text(text) if !matches!(self, Self::None | Self::Drop | Self::GeoNone | Self::Subject) && !matches!(kind, Type::Ref(_)) => {
                Ok(self.text(text, kind, masking)?.map(|text| Tree::Text(text.into())))
            }
            value => Ok(self.apply(&value.to_value(), kind, masking)?.map(|value| Tree::from(&value).into_owned())),
        }
    }

    fn text(self, text: &str, kind: Type, masking: &Masking<'_>) -> Result<Option<String>, Refused> {
        Ok(match self {
            Self::Name1 => Some(surname(text)),
            Self::Id6_4 => Some(match text.chars().count() {
                18 => kept(text, 6, 4),
                15 => kept(text, 6, 3),
                _ => kept(text, 0, 0),
            }),
            Self::Id1_1 => Some(if [15, 18].contains(&text.chars().count()) { kept(text, 1, 1) } else { kept(text, 0, 0) }),
            Self::Pseud => Some(pseudonym(masking.route_key.ok_or(Refused::NeedsRouteKey)?, text)),
            Self::Phone3_4 => Some(if text.chars().count() == 11 { kept(text, 3, 4) } else { kept(text, 0, 0) }),
            Self::BankLast4 => Some(account(text)),
            Self::AddrVillage => Some(village(text)),
            Self::DateYm => month(text).map(|month| month[..7].to_owned()),
            Self::DateY => {
                Date::parse(text).is_some().then(|| text[..4].to_owned()).or_else(|| year(text)).or_else(|| month(text).map(|month| month[..4].to_owned()))
            }
            Self::AgeBand => band(text, masking)?,
            Self::GeoBbox => Geometry::parse(text).map(|geometry| geometry.bounding_box().to_string()),
            Self::GeoRound4 => Geometry::parse(text).map(|geometry| geometry.rounded().to_string()),
            Self::AreaRound => area(text, kind),
            Self::None | Self::Drop | Self::GeoNone | Self::Subject | Self::AmountYuan | Self::AmountHundred => None,
        })
    }
}

/// The text with so many characters left at its beginning and end and a star for each of the others.
fn kept(text: &str, first: usize, last: usize) -> String {
    let count = text.chars().count();
    text.chars().enumerate().map(|(place, character)| if place < first || place + last >= count { character } else { '*' }).collect()
}

fn surname(name: &str) -> String {
    let compound = name.chars().count() > 2 && COMPOUND_SURNAMES.iter().any(|surname| name.starts_with(surname));
    kept(name, if compound { 2 } else { 1 }, 0)
}

/// What stands before the number, and its last 4 digits. An account has 8 digits or more; of what is shorter nothing is shown, but
/// the 4 digits that an earlier mask left.
fn account(text: &str) -> String {
    let number = text.find(|character: char| character.is_numeric() || character == '*');
    let Some(number) = number else { return HIDDEN.to_owned() };
    let (bank, number) = text.split_at(number);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let shown = match number.strip_prefix(HIDDEN) {
        Some(last) if last.is_empty() || (last.len() == 4 && is_digits(last)) => last,
        _ if number.len() >= 8 && is_digits(number) => &number[number.len() - 4..],
        _ => "",
    };
    format!("{bank}{HIDDEN}{shown}")
}

fn village(address: &str) -> String {
    let end = VILLAGE_ENDS.iter().filter_map(|end| address.find(end).map(|place| place + end.len())).min();
    format!("{}{HIDDEN}", &address[..end.unwrap_or(0)])
}

fn month(text: &str) -> Option<&str> {
    let first = if text.len() == 7 { format!("{text}-01") } else { text.to_owned() };
    Date::parse(&first).map(|_| text)
}

fn year(text: &str) -> Option<String> {
    Date::parse(&format!("{text}-01-01")).map(|_| text.to_owned())
}

fn band(text: &str, masking: &Masking<'_>) -> Result<Option<String>, Refused> {
    const BANDS: [(i32, &str); 4] = [(60, "60+"), (35, "35-59"), (18, "18-34"), (0, "0-17")];
    if BANDS.iter().any(|(_, band)| *band == text) {
        return Ok(Some(text.to_owned()));
    }
    let today = masking.today.ok_or(Refused::NeedsDay)?;
    let age = Date::parse(text).map(|birth| birth.years_until(today));
    Ok(age.and_then(|age| BANDS.iter().find(|(from, _)| age >= *from).map(|(_, band)| (*band).to_owned())))
}

/// Rounded to multiples of `unit`, a half away from zero.
fn rounded(value: i64, unit: i64) -> i64 {
    (value.abs() + unit / 2) / unit * unit * value.signum()
}

/// m² have two places and are left with none, mu have four and are left with two.
fn area(text: &str, kind: Type) -> Option<String> {
    let Type::Decimal(places @ (2 | 4)) = kind else { return None };
    let left = places - 2;
    let units = decimal(text, places)?;
    let whole = rounded(units, 100) / 100;
    Some(if left == 0 { whole.to_string() } else { decimal_text(whole, left) })
}

/// Stable within a route, and nothing to whoever has not its key: the first 80 bits of keyed BLAKE3 over `citizen` and the value,
/// in base32 (RFC 4648).
fn pseudonym(route_key: &[u8; 32], text: &str) -> String {
    let digest = blake3::Hasher::new_keyed(route_key).update(b"citizen").update(text.as_bytes()).finalize();
    let bits = digest.as_bytes()[..10].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    (0..16).rev().map(|place| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits >> (5 * place) & 31) as usize])).collect()
}
