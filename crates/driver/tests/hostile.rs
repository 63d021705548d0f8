//! Hostile bytes (P3, P13; faults P01 to P05): every byte of a package, a receipt, a card and a label altered in turn, every
//! prefix of them, two of them joined, frames moved about: each is refused with a code, and neither the replica's tree nor any
//! ledger changes. Afterwards the unaltered files are taken, which proves that the homes could have taken them all along.
//!
//! The package is one of a real crossing and holds at least three frames, a part, a reference, a delta, a deletion and a block
//! that several documents share; its manifest is opened to be sure. With `GAPFERRY_FULL=1` every byte and every prefix is
//! tried, else those of a table. Many altered files lie on one medium, so that a home is opened once for all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::type_complexity)]

use driver::home::{Access, Home};
use driver::progress::Silent;
use driver::{Actor, ApplyOptions, CarryOptions, ReconcileOptions, RouteAccept, RouteAdd, World};
use seal::envelope::Opening;
use seal::frames;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use store::clock::{RealClock, RealEntropy};
use store::real::RealDisk;
use wire::card::Role;
use wire::header::{Header, Kind};
use wire::manifest::{Manifest, Mark, Piece};

/// Altered files on one medium.
const AT_ONCE: usize = 64;
/// Bound of the medium: the large document must travel in parts, and the package must stay small.
const MEDIUM_BYTES: u64 = 400 << 10;
/// Where there is no full run: every so many bytes of what the table does not name. A prime.
const STRIDE: usize = 997;

fn full() -> bool {
    std::env::var_os("GAPFERRY_FULL").is_some_and(|value| value == "1")
}

fn world() -> World {
    World {
        disk: Arc::new(RealDisk::new()),
        indexes: Arc::new(store::index::SledIndexes),
        clock: Arc::new(RealClock),
        entropy: Arc::new(RealEntropy),
        progress: Arc::new(Silent),
        actor: Actor { user: "tester".into(), host: "stand".into(), command: "test".into() },
        passphrase: Arc::new(|| None),
    }
}

/// Bytes that do not compress, from a seed.
fn random(seed: u64, bytes: usize) -> Vec<u8> {
    let mut buffer = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut buffer);
    buffer
}

/// Two homes, an archive, a replica tree and a medium below one folder.
struct Stand {
    root: PathBuf,
}

impl Stand {
    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.path("archive").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn carry(&self, side: &str, medium_size: Option<u64>) {
        let options = CarryOptions { medium: self.path("medium"), medium_size, ..CarryOptions::default() };
        driver::carry(&world(), &self.path(side), &options).unwrap();
    }

    /// Files on the medium with this ending.
    fn on_medium(&self, ending: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.path("medium/gapferry")).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
    }

    /// A crossing that is proven, then the changes that one package shall bring; the packages lie on the medium.
    fn new(root: &Path) -> Self {
        let (world, stand) = (world(), Self { root: root.to_path_buf() });
        let (inside, outside) = (stand.path("source"), stand.path("replica"));
        fs::create_dir_all(stand.path("archive")).unwrap();
        fs::create_dir_all(stand.path("medium")).unwrap();
        driver::init(&world, &inside, "inside", Role::Source, None).unwrap();
        driver::init(&world, &outside, "outside", Role::Replica, None).unwrap();
        for (from, to) in [(&inside, &outside), (&outside, &inside)] {
            let card = driver::card(&world, from).unwrap();
            fs::write(stand.path("card"), &card.card).unwrap();
            driver::trust(&world, to, &stand.path("card"), &card.fingerprint).unwrap();
        }
        driver::archive_add(&world, &inside, "archive", &stand.path("archive")).unwrap();
        let add =
            RouteAdd { name: "all".into(), archive: "archive".into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
        driver::route_add(&world, &inside, &add).unwrap();
        let accept = RouteAccept { name: "all".into(), from: "inside".into(), into: stand.path("tree"), from_gateway: None, to_gateway: None };
        driver::route_accept(&world, &outside, &accept).unwrap();

        let delta = random(1, 200_000);
        stand.write("delta.bin", &delta);
        stand.write("old/地契.bin", &random(2, 60_000));
        stand.write("gone.txt", b"to be deleted");
        stand.write("kept.txt", b"stays as it is");
        for side in ["source", "replica", "source", "replica"] {
            stand.carry(side, None);
        }
        let mut inserted = delta;
        inserted.splice(100_000..100_000, *b"inserted");
        stand.write("delta.bin", &inserted);
        fs::create_dir(stand.path("archive/new")).unwrap();
        fs::rename(stand.path("archive/old/地契.bin"), stand.path("archive/new/地契.bin")).unwrap();
        fs::remove_file(stand.path("archive/gone.txt")).unwrap();
        for number in 0..6 {
            stand.write(&format!("small/{number}"), &random(10 + number, 1500));
        }
        stand.write("z-larger-than-the-medium.bin", &random(3, 900_000));
        stand.carry("source", Some(MEDIUM_BYTES));
        stand
    }

    /// The package that holds everything, with what was found in it.
    fn package(&self) -> (Vec<u8>, Vec<Vec<u8>>) {
        let home = Home::open(&world(), &self.path("replica"), Access::Read).unwrap();
        let mut others: Vec<Vec<u8>> = self.on_medium("gfp").iter().map(|path| fs::read(path).unwrap()).collect();
        let place = others.iter().position(|bytes| holds_everything(&home, bytes)).expect("one of the packages holds everything");
        (others.remove(place), others)
    }

    /// A copy of the replica's side below another folder: its home and its tree.
    fn copy_replica(&self, to: &Path) -> Stand {
        fs::create_dir_all(to).unwrap();
        for name in ["replica", "tree"] {
            assert!(Command::new("cp").arg("-a").arg(self.path(name)).arg(to).status().unwrap().success());
        }
        let file = to.join("replica/gapferry.toml");
        let text = fs::read_to_string(&file).unwrap().replace(self.path("tree").to_str().unwrap(), to.join("tree").to_str().unwrap());
        assert!(text.contains(to.to_str().unwrap()), "{text}");
        fs::write(file, text).unwrap();
        fs::create_dir_all(to.join("medium/gapferry")).unwrap();
        Stand { root: to.to_path_buf() }
    }

    /// The label's bytes.
    fn label(&self) -> Vec<u8> {
        fs::read(self.path("medium/gapferry/label.gfl")).unwrap()
    }
}

/// Opens a package and looks whether all that it is to hold is in it.
fn holds_everything(home: &Home, bytes: &[u8]) -> bool {
    let opening = Opening::new(bytes, bytes.len() as u64, Kind::Package, home.keys()).expect("the package is for this replica");
    let count = frames::count(opening.header.plain_bytes);
    let mut plain = Vec::new();
    for index in 0..count {
        let place = frames::place(&opening.header, index);
        let mut frame = bytes[place.at as usize..(place.at + place.bytes) as usize].to_vec();
        opening.frames.open(index, place.last, &mut frame).expect("the frame is whole");
        plain.extend_from_slice(&frame);
    }
    let trailer = opening.trailer(&plain).expect("there is a trailer");
    let (body, seals) = (trailer.body_at as usize, (trailer.body_at + trailer.body_stored) as usize);
    let signing = |signer: &wire::keys::Signer| home.signing_key(signer);
    let verified = opening.verify(&trailer, &plain[body..seals], &plain[seals..seals + trailer.seals_bytes as usize], &signing).expect("it is signed");
    let manifest = Manifest::decode(&verified.body, trailer.body_at).expect("the manifest is well formed");

    let documents = || manifest.items.iter().flat_map(|item| &item.documents);
    let new = |piece: &Piece| matches!(piece, Piece::New { .. });
    let part = documents().any(|document| document.part.is_some());
    let is_reference = |piece: &Piece, digest| matches!(*piece, Piece::Copy { base, offset: 0, length } if manifest.bases[base as usize].size == length && manifest.bases[base as usize].digest == digest);
    let reference = documents().any(|document| matches!(document.pieces.as_slice(), [piece] if is_reference(piece, document.digest)));
    let delta = documents().any(|document| document.pieces.iter().any(new) && !document.pieces.iter().all(new));
    let deletion = manifest.items.iter().any(|item| item.mark == Mark::Delete);
    // By number of the block in which each small document begins.
    let ends: Vec<u64> = manifest.blocks.iter().scan(0, |end, block| (*end += u64::from(block.plain), Some(*end)).1).collect();
    let begins: Vec<usize> = documents()
        .filter(|document| document.size < 16 << 10 && document.pieces.iter().all(new))
        .map(|document| ends.iter().position(|end| document.at < *end).unwrap())
        .collect();
    let shared = begins.len() > begins.iter().collect::<BTreeSet<_>>().len();
    println!(
        "package of {} bytes: {count} frames, {} blocks, {} items; part {part}, reference {reference}, delta {delta}, deletion {deletion}, shared block {shared}",
        bytes.len(),
        manifest.blocks.len(),
        manifest.items.len()
    );
    count >= 3 && part && reference && delta && deletion && shared
}

/// What must not change: files below the tree (with times and inodes), the folders that people see, the ledger, the archive.
fn still(stand: &Stand, home: &str) -> BTreeMap<PathBuf, (u64, i64, i64, u32, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    let mut open =
        vec![stand.path("tree"), stand.path("archive"), stand.path(home).join("ledger"), stand.path(home).join("trust"), stand.path(home).join("keys")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let (path, metadata) = (entry.as_ref().unwrap().path(), entry.unwrap().metadata().unwrap());
            if path.ends_with("ledger/index.mark") {
                // The index is a view; its mark says whether it is open.
                continue;
            }
            let ours = path.starts_with(stand.path("tree/.gapferry"));
            let times = if ours && metadata.is_dir() { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) };
            let inode = if ours && metadata.is_dir() { 0 } else { metadata.ino() };
            found.insert(path.clone(), (inode, times.0, times.1, metadata.mode(), metadata.is_file().then(|| fs::read(&path).unwrap())));
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

fn expect_still(stand: &Stand, home: &str, before: &BTreeMap<PathBuf, (u64, i64, i64, u32, Option<Vec<u8>>)>, what: &str) {
    let after = still(stand, home);
    let differing: Vec<&PathBuf> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect::<BTreeSet<_>>().into_iter().collect();
    assert!(differing.is_empty(), "{what}: these changed: {differing:?}");
}

/// One way to spoil a file.
#[derive(Clone)]
enum Spoilt {
    /// The byte here has another value.
    Altered(usize),
    /// Only so many of the first bytes.
    Prefix(usize),
    /// Something else, by its name.
    Other(String, Arc<Vec<u8>>),
}

impl std::fmt::Debug for Spoilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Altered(at) => write!(f, "byte {at} altered"),
            Self::Prefix(length) => write!(f, "the first {length} bytes"),
            Self::Other(name, _) => f.write_str(name),
        }
    }
}

impl Spoilt {
    fn of(&self, good: &[u8]) -> Vec<u8> {
        match self {
            Self::Altered(at) => {
                let mut bytes = good.to_vec();
                // Any value but 0 alters the byte; which one depends on the place.
                bytes[*at] ^= [1, 2, 4, 8, 16, 32, 64, 128, 255][at % 9];
                bytes
            }
            Self::Prefix(length) => good[..*length].to_vec(),
            Self::Other(_, bytes) => bytes.to_vec(),
        }
    }

    /// The codes of which one must be given; empty where any is right.
    fn expected(&self, good: &[u8]) -> &'static [&'static str] {
        let header = Header::length(usize::from(good[11]));
        match self {
            Self::Altered(at) => match *at {
                0..8 => &["ENV-01"],
                8..10 => &["ENV-02"],
                10 => &["ENV-03"],
                11 => &["ENV-04", "ENV-08"],
                12..14 => &["ENV-05"],
                14..16 => &["ENV-06"],
                32..40 => &["ENV-07", "ENV-08"],
                // The id is bound into the wrapped key.
                at if at < 32 => &["ENV-09"],
                at if at < 72 => &["ENV-10"],
                // A wrapped key that does not open; where it is another zone's, the signature over the header tells.
                at if at < header && good[11] == 1 => &["ENV-09"],
                at if at < header => &["ENV-09", "ENV-16"],
                _ => &["ENV-11"],
            },
            Self::Prefix(0..8) => &["ENV-01"],
            Self::Prefix(_) => &["ENV-08"],
            Self::Other(..) => &[],
        }
    }
}

/// The bytes and prefixes that are tried: all of them in a full run, else the header, the last KiB, the edges of each frame, and
/// every so manieth.
fn places(good: &[u8]) -> Vec<Spoilt> {
    let header = Header::length(usize::from(good[11]));
    let frame = 131_072 + 16;
    let edge = |at: usize| at >= header && ((at - header) % frame < 2 || (at - header) % frame > frame - 18);
    let chosen = |at: usize| full() || at < header || at + 1024 >= good.len() || edge(at) || at.is_multiple_of(STRIDE);
    let prefix = |length: usize| {
        full() || length < 80 || length + 20 >= good.len() || length.is_multiple_of(STRIDE) || length >= header && (length - header).is_multiple_of(frame)
    };
    let altered = (0..good.len()).filter(|at| chosen(*at)).map(Spoilt::Altered);
    altered.chain((0..good.len()).filter(|length| prefix(*length)).map(Spoilt::Prefix)).collect()
}

/// Two joined, something behind it, frames swapped, left out and doubled.
fn rearranged(good: &[u8], others: &[(&str, &[u8])]) -> Vec<Spoilt> {
    let other = |name: String, bytes: Vec<u8>| Spoilt::Other(name, Arc::new(bytes));
    let mut all: Vec<Spoilt> =
        [1, 2, 16, 72, 4096].into_iter().map(|more| other(format!("{more} zero bytes behind it"), [good, &vec![0; more]].concat())).collect();
    for (name, second) in others.iter().copied().chain([("itself", good)]) {
        all.push(other(format!("joined with {name}"), [good, second].concat()));
        all.push(other(format!("{name} joined with it"), [second, good].concat()));
    }
    let (header, sealed) = good.split_at(Header::length(usize::from(good[11])));
    let frames: Vec<&[u8]> = sealed.chunks(131_072 + 16).collect();
    let built = |order: Vec<usize>| [header.to_vec(), order.into_iter().flat_map(|index| frames[index]).copied().collect()].concat();
    for index in 0..frames.len() {
        let order = || (0..frames.len()).collect::<Vec<_>>();
        let (mut without, mut doubled) = (order(), order());
        without.remove(index);
        doubled.insert(index, index);
        all.push(other(format!("without frame {index}"), built(without)));
        all.push(other(format!("frame {index} doubled"), built(doubled)));
        if index > 0 {
            let mut swapped = order();
            swapped.swap(index - 1, index);
            all.push(other(format!("frame {index} before the one before it"), built(swapped)));
        }
    }
    all
}

/// The name of a file on the medium.
fn name_of(number: usize, ending: &str) -> String {
    format!("{number:032x}.{ending}")
}

/// Puts spoilt files on the medium, lets a home take what is there (`take` gives what was refused: file name and code), and
/// checks that each was refused and nothing changed. Gives how often each code was given.
fn refused(stand: &Stand, home: &str, ending: &str, good: &[u8], all: &[Spoilt], take: &dyn Fn() -> Vec<(String, String)>) -> BTreeMap<String, u64> {
    let mut codes = BTreeMap::new();
    let before = still(stand, home);
    for spoilt in all.chunks(AT_ONCE) {
        let files: Vec<PathBuf> = (0..spoilt.len()).map(|number| stand.path("medium/gapferry").join(name_of(number, ending))).collect();
        for (file, spoilt) in files.iter().zip(spoilt) {
            fs::write(file, spoilt.of(good)).unwrap();
        }
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        for (name, code) in take() {
            assert_eq!(said.insert(name.clone(), code), None, "{name} is refused once");
        }
        for (number, spoilt) in spoilt.iter().enumerate() {
            let code = said.remove(&name_of(number, ending)).unwrap_or_else(|| panic!("{spoilt:?} was not refused"));
            let expected = spoilt.expected(good);
            assert!(expected.is_empty() || expected.contains(&code.as_str()), "{spoilt:?}: {code} and not {expected:?}");
            assert!(["ENV-", "PKG-", "RCT-"].iter().any(|family| code.starts_with(family)), "{spoilt:?}: {code}");
            *codes.entry(code).or_default() += 1;
        }
        assert!(said.is_empty(), "refused, but never put there: {said:?}");
        expect_still(stand, home, &before, &format!("{:?} .. {:?}", spoilt[0], spoilt[spoilt.len() - 1]));
        files.iter().for_each(|file| fs::remove_file(file).unwrap());
    }
    codes
}

/// Shares work out to threads, each with a stand of its own, and adds up what they say.
fn shared_out(all: &[Spoilt], stands: &[Stand], work: &(dyn Fn(&Stand, &[Spoilt]) -> BTreeMap<String, u64> + Sync)) -> BTreeMap<String, u64> {
    std::thread::scope(|scope| {
        let shares = all.chunks(all.len().div_ceil(stands.len()));
        let running: Vec<_> = shares.zip(stands).map(|(share, stand)| scope.spawn(move || work(stand, share))).collect();
        let mut sum = BTreeMap::new();
        for share in running {
            for (code, count) in share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                *sum.entry(code).or_default() += count;
            }
        }
        sum
    })
}

/// Prints what was tried, each so many `times`, and how it was refused.
fn told(what: &str, all: &[Spoilt], codes: &BTreeMap<String, u64>, times: u64) {
    let count = |wanted: fn(&Spoilt) -> bool| all.iter().filter(|spoilt| wanted(spoilt)).count();
    let (altered, prefixes) = (count(|spoilt| matches!(spoilt, Spoilt::Altered(_))), count(|spoilt| matches!(spoilt, Spoilt::Prefix(_))));
    println!("{what}: {altered} bytes altered, {prefixes} prefixes, {} otherwise; refused with {codes:?}", all.len() - altered - prefixes);
    assert_eq!(codes.values().sum::<u64>(), times * all.len() as u64);
}

#[test]
fn a_package_that_was_touched_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let stand = Stand::new(&root.join("first"));
    let (good, others) = stand.package();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let stands: Vec<Stand> = (0..threads).map(|number| stand.copy_replica(&root.join(number.to_string()))).collect();
    let apply =
        |stand: &Stand| driver::apply(&world(), &stand.path("replica"), &ApplyOptions { from: stand.path("medium"), ..ApplyOptions::default() }).unwrap();
    let work = |stand: &Stand, share: &[Spoilt]| {
        refused(stand, "replica", "gfp", &good, share, &|| {
            let report = apply(stand);
            assert!(report.packages.iter().all(|package| package.result == "refused"), "{:?}", report.packages);
            report.problems.into_iter().map(|problem| (problem.subject, problem.code.to_owned())).collect()
        })
    };
    let mut all = places(&good);
    let label = stand.label();
    let mut beside: Vec<(&str, &[u8])> = vec![("the label", &label)];
    beside.extend(others.iter().map(|other| ("another package", other.as_slice())));
    all.extend(rearranged(&good, &beside));
    let codes = shared_out(&all, &stands, &work);
    told("package", &all, &codes, 1);

    // All of these homes take the package as it is; so what was refused was refused for its bytes.
    for stand in &stands {
        fs::write(stand.path("medium/gapferry").join(name_of(0, "gfp")), &good).unwrap();
        let report = apply(stand);
        assert_eq!(report.packages.iter().map(|package| package.result).collect::<Vec<_>>(), ["applied"], "{:?}", report.problems);
        assert!(stand.path("tree/new/地契.bin").exists() && !stand.path("tree/gone.txt").exists());
    }
}

#[test]
fn a_receipt_that_was_touched_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let stand = Stand::new(&root);
    let (package, _) = stand.package();
    for form in [driver::ReceiptForm::Full, driver::ReceiptForm::Digest] {
        // The same packages are answered in one form and then in the other: the second answer is a new receipt.
        let options = CarryOptions { medium: stand.path("medium"), receipt: Some(form), ..CarryOptions::default() };
        driver::carry(&world(), &stand.path("replica"), &options).unwrap();
        let receipts = stand.on_medium("gfr");
        let [receipt] = receipts.as_slice() else { panic!("one receipt, not {receipts:?}") };
        let good = fs::read(receipt).unwrap();
        fs::remove_file(receipt).unwrap();
        let reconcile = || driver::reconcile(&world(), &stand.path("source"), &ReconcileOptions { from: stand.path("medium"), routes: Vec::new() }).unwrap();
        let mut all = places(&good);
        all.extend(rearranged(&good, &[("a package", &package)]));
        let codes = refused(&stand, "source", "gfr", &good, &all, &|| {
            let report = reconcile();
            assert!(report.receipts.iter().all(|receipt| receipt.result == "refused"), "{:?}", report.receipts);
            report.problems.into_iter().map(|problem| (problem.subject, problem.code.to_owned())).collect()
        });
        told(&format!("{form:?} receipt"), &all, &codes, 1);
        fs::write(receipt, &good).unwrap();
        let report = reconcile();
        assert_eq!(report.receipts.iter().map(|receipt| receipt.result).collect::<Vec<_>>(), ["taken"], "{:?}", report.problems);
        assert!(report.receipts[0].proven > 0);
        // Something new, so that there is something to answer in the other form.
        stand.write(&format!("for-{form:?}"), b"one more");
        stand.carry("source", Some(MEDIUM_BYTES));
    }
}

#[test]
fn a_card_that_was_touched_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let stand = Stand { root: root.clone() };
    fs::create_dir_all(&root).unwrap();
    let world = world();
    driver::init(&world, &stand.path("source"), "inside", Role::Source, None).unwrap();
    driver::init(&world, &stand.path("replica"), "outside", Role::Replica, None).unwrap();
    let card = driver::card(&world, &stand.path("replica")).unwrap();
    let good = card.card.as_bytes();
    let before = still(&stand, "source");
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let mut all: Vec<Spoilt> = (0..good.len()).map(Spoilt::Altered).chain((0..good.len()).map(Spoilt::Prefix)).collect();
    let other = |name: &str, bytes: &[&[u8]]| Spoilt::Other(name.into(), Arc::new(bytes.concat()));
    let own = driver::card(&world, &stand.path("source")).unwrap();
    all.extend([other("twice", &[good, good]), other("with another", &[good, own.card.as_bytes()]), other("behind another", &[own.card.as_bytes(), good])]);
    all.extend([other("an empty line", &[good, b"\n"]), other("CR LF", &[card.card.replace('\n', "\r\n").as_bytes()]), other("BOM", &[b"\xef\xbb\xbf", good])]);
    for (number, spoilt) in all.iter().enumerate() {
        fs::write(stand.path("card"), spoilt.of(good)).unwrap();
        let failure = driver::trust(&world, &stand.path("source"), &stand.path("card"), &card.fingerprint).expect_err("refused");
        assert!(failure.0.code.starts_with("CRD-"), "{spoilt:?}: {failure}");
        *codes.entry(failure.0.code.to_owned()).or_default() += 1;
        // The card is read before the home is opened: looking now and then is enough to see that this stays so.
        if number % 256 == 0 || number + 1 == all.len() {
            expect_still(&stand, "source", &before, &format!("{spoilt:?}"));
        }
    }
    told("card", &all, &codes, 1);
    fs::write(stand.path("card"), good).unwrap();
    assert!(driver::trust(&world, &stand.path("source"), &stand.path("card"), &card.fingerprint).unwrap().added);
}

#[test]
fn a_label_that_was_touched_refuses_the_medium() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let stand = Stand::new(&root);
    let good = stand.label();
    let (package, _) = stand.package();
    let mut all = places(&good);
    if !full() {
        // Each costs two commands: the fields of the header, and a few of everything else.
        all.retain(|spoilt| matches!(*spoilt, Spoilt::Altered(at) | Spoilt::Prefix(at) if at < 80 || at % 211 == 0 || at + 2 >= good.len()));
    }
    all.extend(rearranged(&good, &[("a package", &package)]));
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let before = [still(&stand, "replica"), still(&stand, "source")];
    let medium: BTreeMap<PathBuf, Vec<u8>> = stand.on_medium("gfp").into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    for spoilt in &all {
        fs::write(stand.path("medium/gapferry/label.gfl"), spoilt.of(&good)).unwrap();
        let apply = ApplyOptions { from: stand.path("medium"), ..ApplyOptions::default() };
        let outside = driver::apply(&world(), &stand.path("replica"), &apply).map(drop).expect_err("refused outside");
        let carry = CarryOptions { medium: stand.path("medium"), ..CarryOptions::default() };
        let inside = driver::carry(&world(), &stand.path("source"), &carry).map(drop).expect_err("refused inside");
        for failure in [outside, inside] {
            assert_eq!(failure.0.code, "MED-01", "{spoilt:?}: {failure}");
            let clause = failure.0.detail.split(':').next().unwrap().to_owned();
            let expected = spoilt.expected(&good);
            assert!(expected.is_empty() || expected.contains(&clause.as_str()), "{spoilt:?}: {failure} and not {expected:?}");
            *codes.entry(clause).or_default() += 1;
        }
        expect_still(&stand, "replica", &before[0], &format!("{spoilt:?}"));
        expect_still(&stand, "source", &before[1], &format!("{spoilt:?}"));
    }
    assert!(medium.iter().all(|(path, bytes)| fs::read(path).unwrap() == *bytes), "nothing on the medium was touched");
    told("label, each on both sides", &all, &codes, 2);
    fs::write(stand.path("medium/gapferry/label.gfl"), &good).unwrap();
    stand.carry("replica", None);
    assert!(stand.path("tree/new/地契.bin").exists());
}
