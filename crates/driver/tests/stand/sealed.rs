//! Packages made by hand that the source truly sealed and signed: whatever items, over whatever content.

use driver::home::{Access, Home};
use seal::envelope::{SealEntropy, Sealing};
use std::fs;
use wire::header::Kind;
use wire::id::Bytes;
use wire::manifest::{Base, Block, Document, Head, Item, Manifest, Mark, Piece, Transaction};
use wire::{ItemId, MediumId, PackageId, TransactionId};

use super::Stand;

/// Plain bytes of a frame.
const FRAME: usize = 131_072;

/// The id of the package of a sequence.
pub fn id(sequence: u64) -> PackageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&sequence.to_le_bytes());
    PackageId(id)
}

/// An item that brings a document, or with none is removed; its bytes begin at `at` of the content.
pub fn item(name: &[u8], version: u64, content: Option<(&[u8], u64)>) -> Item {
    let document = |(bytes, at): (&[u8], u64)| Document {
        name: Bytes(Vec::new()),
        digest: wire::digest::of_bytes(bytes),
        size: bytes.len() as u64,
        modified: 1_700_000_000_000_000_000,
        executable: false,
        part: None,
        at: if bytes.is_empty() { 0 } else { at },
        pieces: if bytes.is_empty() { Vec::new() } else { vec![Piece::New { length: bytes.len() as u64 }] },
    };
    let mark = if content.is_some() { Mark::Document } else { Mark::Withdraw };
    Item { id: ItemId(name.to_vec()), version, mark, replaces: None, transaction: None, record: None, documents: content.map(document).into_iter().collect() }
}

/// Makes items one transaction.
pub fn one_transaction(items: &mut [Item], id: u8) {
    let transaction = Transaction { id: TransactionId([id; 16]), rows: u32::try_from(items.len()).unwrap() };
    items.iter_mut().for_each(|item| item.transaction = Some(transaction));
}

/// The package of a sequence with these items, in their order, over these bases and this content; sealed and signed by the source.
pub fn package(source: &Home, replica: &Home, sequence: u64, items: Vec<Item>, bases: Vec<Base>, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let manifest = Manifest {
        route: "all".into(),
        route_id: source.source().routes["all"].route_id,
        source: source.zone_id(),
        replica: replica.zone_id(),
        incarnation: source.incarnation(),
        sequence,
        floor: 0,
        previous: Vec::new(),
        ledger: Head { number: 1 + sequence, digest: wire::Digest([1; 32]) },
        acknowledged: None,
        agreed: None,
        flags: 0,
        nonce: [7; 32],
        medium: Some(MediumId([2; 16])),
        template: None,
        inventory: None,
        keys: wire::keys::KeyNotice::FIRST,
        bases,
        blocks: (length > 0).then_some(Block { stored: length, plain: length }).into_iter().collect(),
        items,
    };
    let entropy = SealEntropy { id: id(sequence).0, content_key: zeroize::Zeroizing::new([sequence as u8; 32]), wrap: vec![[5; 64]] };
    let sealing = Sealing::new(Kind::Package, &[&replica.card.seal], &entropy).unwrap();
    let ending = sealing.end(content.len() as u64, &wire::codec::encode(&manifest), source.newest_signer().0, source.newest_signer().1);
    let mut plain = content.to_vec();
    plain.extend_from_slice(&ending.body_and_seals);
    plain.resize(plain.len() + ending.padding_bytes as usize, 0);
    plain.extend_from_slice(&ending.trailer);
    let frames = plain.len().div_ceil(FRAME);
    let mut file = ending.header;
    for (index, piece) in plain.chunks(FRAME).enumerate() {
        let mut frame = piece.to_vec();
        sealing.frames.seal(index as u32, index + 1 == frames, &mut frame);
        file.extend_from_slice(&frame);
    }
    file
}

impl Stand {
    /// Applies a package that is made by hand, alone on the medium.
    pub fn bring(&self, sequence: u64, items: Vec<Item>, content: &[u8]) -> Result<driver::report::ApplyReport, driver::Failure> {
        self.bring_over(self.world(), sequence, items, Vec::new(), content)
    }

    /// The same in another world, over these bases.
    pub fn bring_over(
        &self,
        world: &driver::World,
        sequence: u64,
        items: Vec<Item>,
        bases: Vec<Base>,
        content: &[u8],
    ) -> Result<driver::report::ApplyReport, driver::Failure> {
        let open = |side: &str| Home::open(self.world(), &self.home(side), Access::Read).unwrap();
        let file = package(&open("source"), &open("replica"), sequence, items, bases, content);
        let folder = self.medium.join("gapferry");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.gfp", id(sequence)));
        fs::write(&path, file).unwrap();
        let options = driver::ApplyOptions { from: self.medium.clone(), ..driver::ApplyOptions::default() };
        let report = driver::apply(world, &self.home("replica"), &options);
        fs::remove_file(path).unwrap();
        report
    }
}
