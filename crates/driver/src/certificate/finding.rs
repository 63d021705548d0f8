//! Copies of a certificate that a home knows: on a replica what its routes hold, on a source what lies in its archives.
//!
//! A record is found by a component of its path that is its id; else, and by its token, by reading the records whose paths speak of
//! certificates, or all where no path does: once for all that is asked of one command.

use engine::replica::Route;
use rights::certificate::{self, Fields, KIND};
use rights::json::{self, RECORD_BYTES_MAX};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use store::disk::{Kind, Met};
use wire::Digest;
use wire::card::Role;
use wire::digest::of_bytes;

use super::trusting::Trusted;
use crate::checking::files::{RECORD_ENDS, may_be_record};
use crate::config::ArchiveConfig;
use crate::home::Home;
use crate::records::Recognising;
use crate::tree::split;
use crate::world::World;

/// A copy of a certificate.
pub(super) struct Copy {
    /// Where it lies.
    pub place: String,
    /// Its fields, the proof too.
    pub fields: Fields,
    /// Whether the home itself vouches for it: a verified package brought these bytes, or the archive is its own.
    pub vouched: bool,
    /// Whether the home vouches for any copy: else what it knew of the certificate was removed or altered, and what came since is unknown.
    pub known: bool,
    bytes: Vec<u8>,
}

impl Copy {
    /// The root that its own proof proves.
    pub fn root(&self, trusted: &Trusted<'_>) -> Option<[u8; 32]> {
        certificate::verify(&self.bytes, &|signer, message, signature| trusted.check(signer, message, signature)).ok().map(|proven| proven.root)
    }

    /// Whether it says anything: the home vouches for it, or its own proof is right and by keys that nobody took back.
    fn counts(&self, trusted: &Trusted<'_>) -> bool {
        let proves = || certificate::verify(&self.bytes, &|signer, message, signature| trusted.check_counting(signer, message, signature)).is_ok();
        self.vouched || proves()
    }
}

/// A file that may be a record.
struct Place {
    root: usize,
    path: Vec<u8>,
    /// What a package said that it holds; none in an archive.
    digest: Option<Digest>,
}

/// All that a home can look at.
pub(super) struct Copies<'w> {
    world: &'w World,
    roots: Vec<PathBuf>,
    places: Vec<Place>,
    by_component: HashMap<Vec<u8>, Vec<usize>>,
    /// By id and by token, once all were read.
    read: OnceCell<HashMap<String, Vec<usize>>>,
}

/// Where the tree of a route lies: as is configured, for it may have moved; of a route that was given up, where it lay.
pub fn tree_place(home: &Home, name: &str, route: &Route) -> PathBuf {
    let configured = home.config.routes.get(name).and_then(|config| config.into.clone());
    configured.unwrap_or_else(|| PathBuf::from(OsStr::from_bytes(&route.into)))
}

impl<'w> Copies<'w> {
    /// What there is, unread.
    pub fn of(world: &'w World, home: Option<&Home>) -> Self {
        let mut copies = Self { world, roots: Vec::new(), places: Vec::new(), by_component: HashMap::new(), read: OnceCell::new() };
        match home {
            Some(home) if home.config.role == Role::Replica => copies.of_replica(home),
            Some(home) => home.config.archives.values().for_each(|archive| copies.of_archive(archive)),
            None => {}
        }
        copies
    }

    fn of_replica(&mut self, home: &Home) {
        for (name, route) in &home.replica().routes {
            let root = self.root(&tree_place(home, name, route));
            for item in route.items.iter().filter(|item| item.held() && item.path().0.ends_with(RECORD_ENDS)) {
                self.add(root, &item.path().0, Some(item.digest));
            }
        }
    }

    fn of_archive(&mut self, archive: &ArchiveConfig) {
        let (root, world) = (self.root(&archive.root), self.world);
        // What cannot be looked into holds no copy that is known, nor does an archive whose pattern is none.
        let Ok(recognising) = Recognising::of(archive) else { return };
        let _ = world.disk.walk(&archive.root, &mut |met| {
            if let Met::Entry { path, stat } = met
                && stat.kind == Kind::File
                && may_be_record(&path, recognising.as_ref())
            {
                self.add(root, &path, None);
            }
        });
    }

    fn root(&mut self, path: &Path) -> usize {
        self.roots.push(path.to_path_buf());
        self.roots.len() - 1
    }

    fn add(&mut self, root: usize, path: &[u8], digest: Option<Digest>) {
        let number = self.places.len();
        self.places.push(Place { root, path: path.to_vec(), digest });
        for component in path.split(|byte| *byte == b'/').map(|component| component.strip_suffix(RECORD_ENDS).unwrap_or(component)) {
            if component.starts_with(KIND.as_bytes()) && component.len() > KIND.len() {
                self.by_component.entry(component.to_vec()).or_default().push(number);
            }
        }
    }

    /// The highest version of the record with this id, of the copies that count.
    pub fn by_rid(&self, rid: &str, trusted: &Trusted<'_>) -> Option<Copy> {
        let named = self.by_component.get(rid.as_bytes()).map_or(&[][..], Vec::as_slice);
        let all = || self.read_all().get(rid).map_or(&[][..], Vec::as_slice);
        self.best(named, "rid", rid, trusted).or_else(|| self.best(all(), "rid", rid, trusted))
    }

    /// The highest version of the certificate with this token, of the copies that count.
    pub fn by_token(&self, token: &str, trusted: &Trusted<'_>) -> Option<Copy> {
        self.best(self.read_all().get(token).map_or(&[], Vec::as_slice), "cert_token", token, trusted)
    }

    fn best(&self, numbers: &[usize], field: &str, value: &str, trusted: &Trusted<'_>) -> Option<Copy> {
        let copies =
            numbers.iter().filter_map(|number| self.read(&self.places[*number])).filter(|copy| copy.fields.get(field).is_some_and(|found| found == value));
        // One that was altered hides no true one.
        let mut known = false;
        let newest = copies
            .filter(|copy| copy.counts(trusted))
            .inspect(|copy| known |= copy.vouched)
            .max_by_key(|copy| (certificate::version(&copy.fields), copy.vouched));
        newest.map(|copy| Copy { known, ..copy })
    }

    fn read_all(&self) -> &HashMap<String, Vec<usize>> {
        self.read.get_or_init(|| {
            let speaks = |place: &Place| place.path.windows(KIND.len()).any(|part| part == KIND.as_bytes());
            let some_speak = self.places.iter().any(speaks);
            let mut found: HashMap<String, Vec<usize>> = HashMap::new();
            for (number, place) in self.places.iter().enumerate().filter(|(_, place)| !some_speak || speaks(place)) {
                let Some(copy) = self.read(place) else { continue };
                for field in ["rid", "cert_token"] {
                    if let Some(name) = copy.fields.get(field).and_then(Value::as_str) {
                        found.entry(name.to_owned()).or_default().push(number);
                    }
                }
            }
            found
        })
    }

    /// The certificate that lies there, if one does.
    fn read(&self, place: &Place) -> Option<Copy> {
        let (disk, root) = (&*self.world.disk, &self.roots[place.root]);
        let (folder, name) = split(&place.path);
        let dir = disk.dir(&disk.root(root).ok()?, folder, false).ok()?;
        let bytes = store::spool::read_whole(disk, &dir, name, RECORD_BYTES_MAX as u64).ok()?;
        if !std::str::from_utf8(&bytes).ok()?.contains(KIND) {
            return None;
        }
        let Value::Object(fields) = json::read(&bytes).ok()? else { return None };
        if fields.get("kind").is_none_or(|kind| kind != KIND) {
            return None;
        }
        let vouched = place.digest.is_none_or(|digest| digest == of_bytes(&bytes));
        Some(Copy { place: root.join(OsStr::from_bytes(&place.path)).display().to_string(), fields, vouched, known: vouched, bytes })
    }
}
