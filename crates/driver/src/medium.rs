//! What only the program knows of a medium: its label, and whether a package on it is still what was written.

use carrier::{Carrier, LABEL_NAME};
use seal::envelope::{SealEntropy, open_whole, seal_whole};
use store::disk::File;
use wire::MediumId;
use wire::card::{Card, Role};
use wire::clause::{self, Rejection, require};
use wire::codec;
use wire::header::{Header, Kind};
use wire::keys::Signer;
use wire::label::Label;
use wire::limits::SLOTS_MAX;
use wire::planted;
use wire::record::Labelled;
use zeroize::Zeroizing;

use crate::config::RouteConfig;
use crate::frame_writer::file_digest;
use crate::home::Home;
use crate::progress::Progress;
use crate::report::Failure;

/// Zones that a label can be wrapped for, beside its maker.
const ZONES_MAX: usize = SLOTS_MAX as usize - 1;
/// Largest label file, bytes.
const LABEL_FILE_BYTES_MAX: u64 = 128 << 10;

/// A medium's label, and for how many zones it was sealed.
pub struct Labelling {
    /// The medium.
    pub medium: MediumId,
    /// Zones that can read the label, its maker included.
    pub zones: usize,
    /// Who made it, with which generation of keys.
    pub signer: Signer,
}

/// Reads the label of a medium; a wrong one refuses the medium (MED-01 with the clause).
pub fn read_label(home: &Home, medium: &dyn Carrier) -> Result<Option<Labelling>, Failure> {
    label_of(home, medium)?.transpose().map_err(refused)
}

fn refused(rejection: Rejection) -> Failure {
    Failure::new("MED-01", LABEL_NAME, format!("{}: {}", rejection.code(), rejection.0.says))
}

fn label_of(home: &Home, medium: &dyn Carrier) -> Result<Option<Result<Labelling, Rejection>>, Failure> {
    let listing = medium.list().map_err(|error| Failure::io("medium", &error))?;
    let Some(bytes) = listing.label else { return Ok(None) };
    if bytes > LABEL_FILE_BYTES_MAX {
        return Err(Failure::new("MED-01", LABEL_NAME, "LBL-02: longer than a label can be"));
    }
    let failed = |error: std::io::Error| Failure::io(LABEL_NAME, &error);
    let mut file = medium.open(LABEL_NAME).map_err(failed)?;
    let mut content = vec![0; usize::try_from(bytes).expect("bounded above")];
    let read = file.read_at(&mut content, 0).map_err(failed)?;
    content.truncate(read);
    let zones = content.get(11).map_or(0, |slots| usize::from(*slots));
    let opened = (|| {
        let (_, verified) = open_whole(&content, Kind::Label, home.keys(), &|signer| home.label_key(signer))?;
        let label: Label = codec::decode(&verified.body, &clause::ENV_CANONICAL)?;
        require(label.maker == verified.signer.zone, &clause::LBL_MAKER)?;
        require(label.reserved == 0, &clause::LBL_FORM)?;
        Ok((label.medium, verified.signer))
    })();
    Ok(Some(opened.map(|(medium, signer)| Labelling { medium, zones, signer })))
}

/// The id of a medium on the source: from its label, else a new one, which is written (unless `write` is false). A label is made again with
/// the same id when it may be wrapped for others than those who are to read it. It has room for 7 zones beside its maker: where more are
/// reached by medium, it is for those of the routes that are `asked` for and of the packages that lie there.
///
/// # Errors
/// `USE-01` where these are more; `MED-*`, `LDG-*`, `IO-01`.
pub fn identify(home: &mut Home, medium: &dyn Carrier, asked: &[String], write: bool) -> Result<MediumId, Failure> {
    let known = read_label(home, medium)?;
    if !write {
        return Ok(known.map_or(crate::packing::NO_MEDIUM, |known| known.medium));
    }
    let world = home.world.clone();
    let id = known.as_ref().map_or_else(|| MediumId(world.random()), |known| known.medium);
    let body = codec::encode(&Label { medium: id, maker: home.zone_id(), reserved: 0 });
    let Served { routes, zones, is_for_all } = served(home, medium, asked)?;
    // Every zone that reads it must know the keys that made it.
    let generation = routes.iter().map(|name| home.key_state().signing(name).generation).min();
    let (keys, signer) = home.signer_of(generation.unwrap_or(home.key_state().generation()));
    let mut recipients: Vec<&[u8]> = vec![&home.card.seal];
    recipients.extend(zones.iter().map(|card| card.seal.as_slice()));
    if known.is_some_and(|known| is_for_all && known.zones == recipients.len() && known.signer == signer) && home.source().labels.is_for_all(&id) {
        return Ok(id);
    }
    let entropy = SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: recipients.iter().map(|_| world.random()).collect() };
    let file = seal_whole(Kind::Label, &recipients, &entropy, &body, keys, signer)
        .map_err(|rejection| Failure::new(rejection.code(), LABEL_NAME, rejection.0.says))?;
    home.record(Labelled { medium: id })?;
    home.commit()?;
    medium.write_small(LABEL_NAME, &file).map_err(|failure| Failure::new(failure.code(), LABEL_NAME, failure.to_string()))?;
    Ok(id)
}

/// For whom the label of a medium is.
struct Served<'h> {
    /// The routes whose zones read it.
    routes: Vec<String>,
    /// These zones.
    zones: Vec<&'h Card>,
    /// Whether it serves each route that goes by medium, and no other: then it is one for all such media.
    is_for_all: bool,
}

/// Those that go by medium, and those with a gateway that are asked for by name or lie on it: the gateway may be down.
fn served<'h>(home: &'h Home, medium: &dyn Carrier, asked: &[String]) -> Result<Served<'h>, Failure> {
    let mut meant = asked.to_vec();
    for held in &medium.list().map_err(|error| Failure::io("medium", &error))?.packages {
        meant.extend(home.packed_as(&held.id)?.map(|packed| packed.route));
    }
    let of_gateway = |name: &String| home.config.routes.get(name).is_some_and(RouteConfig::has_gateway);
    let mut routes: Vec<String> = home.config.routes.keys().filter(|name| !of_gateway(name) || meant.contains(name)).cloned().collect();
    let mut is_for_all = !routes.iter().any(of_gateway);
    if readers(home, &routes).len() > ZONES_MAX {
        routes.retain(|name| asked.is_empty() || meant.contains(name));
        is_for_all = false;
    }
    let zones = readers(home, &routes);
    if zones.len() > ZONES_MAX {
        let detail = format!(
            "a label has room for {ZONES_MAX} zones, and {} are to read this one; name the routes that it is for with --route, and take another medium for the others",
            zones.len()
        );
        return Err(Failure::new("USE-01", LABEL_NAME, detail));
    }
    Ok(Served { routes, zones, is_for_all })
}

/// The replicas and escrow holders of these routes.
fn readers<'h>(home: &'h Home, routes: &[String]) -> Vec<&'h Card> {
    let routes = home.config.routes.iter().filter(|(name, _)| routes.contains(name));
    let zones = routes.flat_map(|(_, route)| route.to.iter().chain(&route.escrow));
    let mut zones: Vec<&Card> = zones.filter_map(|zone| home.trusted(zone, Role::Replica).ok()).collect();
    zones.sort_by_key(|card| card.id());
    zones.dedup_by_key(|card| card.id());
    zones
}

/// Whether a package on the medium is still, byte for byte, what was written.
pub fn is_intact(medium: &dyn Carrier, name: &str, package: &engine::source::Package, progress: &dyn Progress) -> bool {
    let check = || -> std::io::Result<bool> {
        let mut file: Box<dyn File> = medium.open(name)?;
        if file.stat()?.size != package.file_bytes {
            return Ok(false);
        }
        file.past_memory()?;
        let start = crate::opener::read_start(&mut *file)?;
        let length = start.get(11).map_or(0, |slots| Header::length(usize::from(*slots)));
        let Some(header) = start.get(..length).filter(|header| !header.is_empty()) else { return Ok(false) };
        let (digest, _) = carrier::digest_file(&mut *file, length as u64, &mut |bytes| progress.advance(0, bytes))?;
        Ok(file_digest(&digest, header) == package.file_digest)
    };
    progress.advance(1, 0);
    check().unwrap_or(false) || planted::is("medium-believed")
}

#[cfg(test)]
#[path = "medium_test.rs"]
mod tests;
