//! Files on their way: lost, doubled, late, damaged, carried to the wrong zone, wiped, half written.
//!
//! When such a fault **altered an outcome**: what was lost or wiped was nowhere else and had not been taken in; of what was doubled,
//! both copies were presented; what came late was then presented; what was damaged or misrouted was refused by name (or found
//! damaged on its medium by the source); a half-written file was removed by a command.

use super::ground::Ground;
use super::{Late, World};
use crate::weather::plan::Way;
use crate::weather::random::Random;
use std::collections::BTreeSet;
use std::path::PathBuf;

impl World {
    /// Every folder that files of ours lie in on their way.
    fn spots(&self) -> Vec<PathBuf> {
        let gateway = [self.places.gateway_out.clone(), self.places.gateway_back.clone()];
        let gateway = gateway.into_iter().filter(|_| self.shape.gateway);
        self.places.media.iter().map(|medium| medium.join("gapferry")).chain(gateway).collect()
    }

    /// Names in a medium's folder.
    pub(super) fn files_on(&self, medium: usize) -> BTreeSet<String> {
        Ground::at(&self.disk, &self.places.media[medium]).names("gapferry").into_iter().map(|(name, _)| name).collect()
    }

    /// Whether a medium was never used, or was wiped since.
    pub(super) fn no_folder(&self, medium: usize) -> bool {
        !Ground::at(&self.disk, &self.places.media[medium]).names("").iter().any(|(name, _)| name == "gapferry")
    }

    fn on_the_way(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        for spot in self.spots() {
            let names = Ground::at(&self.disk, &spot).names("");
            found.extend(
                names.into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".gfp") || name.ends_with(".gfr")).map(|name| (spot.clone(), name)),
            );
        }
        found
    }

    /// Whether nobody else has this file, and nobody took it in.
    fn is_the_last(&self, name: &str) -> bool {
        let copies = self.on_the_way().iter().filter(|(_, other)| other == name).count();
        copies <= 1 && !self.served.contains(name) && !self.late.iter().any(|late| late.name == name)
    }

    /// It happens to one file.
    pub(super) fn way(&mut self, way: Way, random: &mut Random) {
        let files = self.on_the_way();
        let file = random.pick(&files).cloned();
        let disk = self.disk.clone();
        match (way, file) {
            (Way::Arrive, _) => self.arrive(random),
            (Way::Wipe, _) => self.wipe(usize::try_from(random.below(self.places.media.len() as u64)).expect("small")),
            (_, None) => {}
            (Way::Lose, Some((spot, name))) => {
                let kind = if name.ends_with(".gfp") { "package-lost" } else { "receipt-lost" };
                self.note(|| format!("      lost: {name}"));
                self.counts.fault(kind);
                if self.is_the_last(&name) {
                    self.counts.altered(kind);
                }
                Ground::at(&disk, &spot).remove_here(&name);
            }
            (Way::Double | Way::Delay, Some((spot, name))) => {
                let Ok(bytes) = Ground::at(&disk, &spot).read(&name) else { return };
                let doubled = way == Way::Double;
                self.note(|| format!("      {}: {name}", if doubled { "doubled" } else { "delayed" }));
                if !doubled {
                    Ground::at(&disk, &spot).remove_here(&name);
                }
                self.late.push(Late { name, bytes, doubled });
            }
            (Way::Flip | Way::Truncate, Some((spot, name))) => {
                let ground = Ground::at(&disk, &spot);
                let Ok(mut bytes) = ground.read(&name) else { return };
                if bytes.is_empty() {
                    return;
                }
                let at = usize::try_from(random.below(bytes.len() as u64)).expect("small");
                let kind = if way == Way::Flip {
                    bytes[at] ^= 1 << random.below(8);
                    "bit-flipped"
                } else {
                    bytes.truncate(at);
                    "truncated"
                };
                self.note(|| format!("      {kind} at {at}: {name}"));
                self.counts.fault(kind);
                ground.overwrite(&name, &bytes);
                self.altered.insert(name.clone(), kind);
                self.ever_altered.insert(name);
            }
            (Way::Misroute, Some((spot, name))) => {
                let elsewhere: Vec<PathBuf> = self.spots().into_iter().filter(|other| *other != spot).collect();
                let Some(to) = random.pick(&elsewhere) else { return };
                let Ok(bytes) = Ground::at(&disk, &spot).read(&name) else { return };
                self.note(|| format!("      misrouted to {}: {name}", to.display()));
                self.counts.fault("misrouted");
                Ground::at(&disk, to).overwrite(&name, &bytes);
                self.altered.entry(name.clone()).or_insert("misrouted");
                self.ever_altered.insert(name);
            }
            (Way::Part, Some((spot, name))) => {
                let ground = Ground::at(&disk, &spot);
                let Ok(bytes) = ground.read(&name) else { return };
                let half = format!("{:032x}{}.part", u128::from(random.number()), &name[name.len() - 4..]);
                self.note(|| format!("      half of {name} as {half}"));
                self.counts.fault("half-written");
                ground.overwrite(&half, &bytes[..bytes.len() / 2]);
            }
        }
        self.spots().iter().for_each(|spot| Ground::at(&self.disk, spot).settle());
    }

    fn arrive(&mut self, random: &mut Random) {
        if self.late.is_empty() {
            return;
        }
        let place = usize::try_from(random.below(self.late.len() as u64)).expect("small");
        let late = self.late.swap_remove(place);
        let spots = self.spots();
        // Over the gateway what is for the replica behind it; a medium takes anything.
        let spot = random.pick(&spots).expect("there are media").clone();
        let kind = if late.doubled { "doubled" } else { "late" };
        self.note(|| format!("      {kind}, at {}: {}", spot.display(), late.name));
        self.counts.fault(kind);
        // What lies there under its name stays: it is the same, or it was damaged.
        if Ground::at(&self.disk, &spot).read(&late.name).is_err() {
            Ground::at(&self.disk, &spot).overwrite(&late.name, &late.bytes);
            self.altered.entry(late.name.clone()).or_insert(kind);
            // A zone that it is not for refuses it.
            self.ever_altered.insert(late.name);
        }
    }

    pub(super) fn wipe(&mut self, medium: usize) {
        let names = self.files_on(medium);
        self.note(|| format!("      medium {medium} is wiped"));
        self.counts.fault("wiped");
        if names.iter().any(|name| (name.ends_with(".gfp") || name.ends_with(".gfr")) && self.is_the_last(name)) {
            self.counts.altered("wiped");
        }
        let ground = Ground::at(&self.disk, &self.places.media[medium]);
        ground.clear("").expect("a medium can be wiped");
        // No later loss of power brings back half of it.
        ground.settle();
    }
}
