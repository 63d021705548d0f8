//! Which names in a carrier's folder are ours. The name alone decides; nothing is opened to find out.
//!
//! `<32 lower-case hex digits>.gfp` is a package, `.gfr` behind such digits a receipt, `.gfe` a parity file, `label.gfl` the label; each with
//! `.part` behind it is one whose writing was not finished (spec/medium.md). Such names are pure ASCII, at most
//! [`NAME_BYTES_MAX`] bytes, the same on every file system, and tell nothing.

use wire::PackageId;

/// Bytes of a name without `.part`. The longest of ours has 36.
pub const NAME_BYTES_MAX: usize = 40;
/// The label's name.
pub const LABEL_NAME: &str = "label.gfl";
/// What the name of an incomplete file ends in.
pub const PART: &str = ".part";

const PACKAGE: &str = ".gfp";
const RECEIPT: &str = ".gfr";
const PARITY: &str = ".gfe";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A package.
    Package,
    /// A receipt.
    Receipt,
    /// The label.
    Label,
    /// A parity file.
    Parity,
}

/// A name of ours, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    /// What it is.
    pub kind: Kind,
    /// Its id; zero for the label, whose name holds none.
    pub id: PackageId,
    /// Whether it ends in `.part`.
    pub incomplete: bool,
}

impl Ours {
    /// Understands a name; `None` when it is foreign.
    pub fn read(name: &[u8]) -> Option<Self> {
        let name = core::str::from_utf8(name).ok()?;
        let (whole, incomplete) = name.strip_suffix(PART).map_or((name, false), |whole| (whole, true));
        if whole == LABEL_NAME {
            return Some(Self { kind: Kind::Label, id: PackageId::ZERO, incomplete });
        }
        let kinds = [(PACKAGE, Kind::Package), (RECEIPT, Kind::Receipt), (PARITY, Kind::Parity)];
        let (digits, kind) = kinds.into_iter().find_map(|(ending, kind)| Some((whole.strip_suffix(ending)?, kind)))?;
        Some(Self { kind, id: PackageId::from_hex(digits)?, incomplete })
    }
}

/// The name of a package.
pub fn package_name(id: &PackageId) -> String {
    format!("{id}{PACKAGE}")
}

/// The name of a receipt.
pub fn receipt_name(id: &PackageId) -> String {
    format!("{id}{RECEIPT}")
}

/// The name of a parity file.
pub fn parity_name(id: &PackageId) -> String {
    format!("{id}{PARITY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_alone_decides() {
        let id = PackageId([0xa5; 16]);
        let hex = "a5".repeat(16);
        let ours = |kind, id, incomplete| Some(Ours { kind, id, incomplete });
        for (name, expected) in [
            (format!("{hex}.gfp"), ours(Kind::Package, id, false)),
            (format!("{hex}.gfr"), ours(Kind::Receipt, id, false)),
            (format!("{hex}.gfe"), ours(Kind::Parity, id, false)),
            (format!("{hex}.gfe.part"), ours(Kind::Parity, id, true)),
            ("label.gfl".into(), ours(Kind::Label, PackageId::ZERO, false)),
            (format!("{hex}.gfp.part"), ours(Kind::Package, id, true)),
            (format!("{hex}.gfr.part"), ours(Kind::Receipt, id, true)),
            ("label.gfl.part".into(), ours(Kind::Label, PackageId::ZERO, true)),
            (String::new(), None),
            (".part".into(), None),
            (".gfp".into(), None),
            (hex.clone(), None),
            (format!("{hex}.part"), None),
            (format!("{hex}.gfl"), None),
            (format!("{hex}.GFP"), None),
            (format!("{}.gfp", hex.to_uppercase()), None),
            (format!("{}.gfp", &hex[1..]), None),
            (format!("{hex}a.gfp"), None),
            (format!("{hex}.gfp.part.part"), None),
            (format!(".{hex}.gfp"), None),
            (format!("{hex}.gfp "), None),
            (format!("{}ö.gfp", &hex[2..]), None),
            ("LABEL.GFL".into(), None),
            ("label.gfp".into(), None),
            ("autorun.inf".into(), None),
        ] {
            assert_eq!(Ours::read(name.as_bytes()), expected, "{name}");
        }
        assert_eq!(Ours::read(b"\xff.gfp"), None);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let id = PackageId([7; 16]);
        for (name, kind) in [(package_name(&id), Kind::Package), (receipt_name(&id), Kind::Receipt), (parity_name(&id), Kind::Parity)] {
            assert_eq!(Ours::read(name.as_bytes()), Some(Ours { kind, id, incomplete: false }));
            assert!(name.len() <= NAME_BYTES_MAX && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-')));
        }
    }
}
