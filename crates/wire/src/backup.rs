//! The backup of a home (spec/backup.md): what its envelopes hold.
//!
//! One manifest for each generation, with small files in it, and one object for each large file. Both are made and read by the
//! same zone; what a manifest names is checked all the same: no path in it leads out of the home.

use crate::card::Role;
use crate::clause::{self, Rejection, require};
use crate::codec;
use crate::id::{Bytes, Digest, Incarnation, PackageId, ZoneId};
use crate::manifest::Head;
use crate::name::{check_path, is_name};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The body of an envelope of kind backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backup {
    /// A generation.
    Manifest(Manifest),
    /// A large file, which is the content of the envelope.
    Object(Object),
}

/// A generation of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The zone whose home it is.
    pub zone: ZoneId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The life of its ledger.
    pub incarnation: Incarnation,
    /// Its number, from 1.
    pub generation: u64,
    /// File digest of the manifest of the generation before; zero where there is none.
    pub previous: Digest,
    /// When it was made, s since 1970.
    pub time: i64,
    /// The end of the ledger in it.
    pub ledger: Head,
    /// The files, by path.
    pub files: Vec<Kept>,
}

/// A file of the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its path below the home.
    pub path: Bytes,
    /// Bytes.
    pub size: u64,
    /// Digest of its content.
    pub digest: Digest,
    /// Where the content is.
    pub held: Held,
}

/// Where the content of a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// In the manifest.
    Here(Bytes),
    /// In an object.
    Apart {
        /// Its id.
        object: PackageId,
        /// Length of its file.
        file_bytes: u64,
        /// Its file digest.
        file: Digest,
    },
}

/// What an object says of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The zone whose home it is.
    pub zone: ZoneId,
    /// Bytes.
    pub size: u64,
    /// Digest.
    pub digest: Digest,
}

impl Backup {
    /// Reads the body of an envelope with `content_bytes` of content (clause ENV-18).
    pub fn decode(body: &[u8], content_bytes: u64) -> Result<Self, Rejection> {
        let backup: Self = codec::decode(body, &clause::ENV_CANONICAL)?;
        let formed = match &backup {
            Backup::Object(object) => object.size == content_bytes,
            Backup::Manifest(manifest) => content_bytes == 0 && manifest.is_formed(),
        };
        require(formed, &clause::ENV_CANONICAL)?;
        Ok(backup)
    }
}

impl Manifest {
    fn is_formed(&self) -> bool {
        let whole = |kept: &Kept| match &kept.held {
            Held::Here(content) => content.0.len() as u64 == kept.size,
            Held::Apart { .. } => true,
        };
        is_name(&self.name)
            && self.generation > 0
            && self.files.iter().all(|kept| check_path(&kept.path.0).is_ok() && whole(kept))
            && self.files.windows(2).all(|pair| pair[0].path.0 < pair[1].path.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn here(path: &str, content: &[u8]) -> Kept {
        Kept { path: Bytes(path.into()), size: content.len() as u64, digest: Digest::ZERO, held: Held::Here(Bytes(content.to_vec())) }
    }

    fn sample() -> Manifest {
        Manifest {
            zone: ZoneId([1; 32]),
            name: "inside".into(),
            role: Role::Source,
            incarnation: Incarnation([2; 16]),
            generation: 1,
            previous: Digest::ZERO,
            time: 7,
            ledger: Head { number: 3, digest: Digest([4; 32]) },
            files: vec![here("gapferry.toml", b"zone"), here("trust/a.card", b"")],
        }
    }

    #[test]
    fn what_a_backup_may_say() {
        let good = sample();
        let files = |files: Vec<Kept>| Manifest { files, ..sample() };
        for (what, manifest, content, well) in [
            ("as it is", good.clone(), 0, true),
            ("no file", files(vec![]), 0, true),
            ("with content", good.clone(), 1, false),
            ("no name", Manifest { name: "A b".into(), ..sample() }, 0, false),
            ("generation 0", Manifest { generation: 0, ..sample() }, 0, false),
            ("twice", files(vec![here("a", b""), here("a", b"")]), 0, false),
            ("out of order", files(vec![here("b", b""), here("a", b"")]), 0, false),
            ("up", files(vec![here("../a", b"")]), 0, false),
            ("absolute", files(vec![here("/a", b"")]), 0, false),
            ("another size", files(vec![Kept { size: 2, ..here("a", b"1") }]), 0, false),
        ] {
            let body = codec::encode(&Backup::Manifest(manifest.clone()));
            assert_eq!(Backup::decode(&body, content), if well { Ok(Backup::Manifest(manifest)) } else { Err(Rejection(&clause::ENV_CANONICAL)) }, "{what}");
            assert!(Backup::decode(&body[..body.len() - 1], content).is_err(), "{what}, cut");
        }
        let object = Backup::Object(Object { zone: ZoneId([1; 32]), size: 5, digest: Digest::ZERO });
        let body = codec::encode(&object);
        for (content, well) in [(5, true), (4, false), (6, false)] {
            assert_eq!(Backup::decode(&body, content).is_ok(), well, "{content}");
        }
    }
}
