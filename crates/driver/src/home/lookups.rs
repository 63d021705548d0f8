//! What a home looks up in its ledger: single records through the index, and heads that the other side has quoted.
//!
//! The index says where a record may lie; what it is, the record itself says. What is not found there is not there; a disk that
//! fails is an error and never an answer.

use std::sync::PoisonError;
use store::ledger::Position;
use wire::manifest::Head;
use wire::record::{Begun, ChunkList, Packed, Record};
use wire::{Digest, PackageId, ZoneId, planted};

use super::{Home, State, decoded, index_failure, ledger_failure};
use crate::index_key;
use crate::report::Failure;

impl Home {
    /// The name of a zone, if it is trusted.
    pub fn zone_name(&self, zone: &ZoneId) -> String {
        self.trust.get(zone).map_or_else(|| wire::card::fingerprint(&Digest(zone.0)), |card| card.zone.clone())
    }

    /// Where the index says that the record with this key lies.
    fn position(&self, key: &[u8]) -> Result<Option<Position>, Failure> {
        match (self.fresh.get(key), &self.index) {
            (Some(position), _) => Ok(Some(*position)),
            (None, Some(index)) => index.get(key).map_err(index_failure),
            (None, None) => Ok(None),
        }
    }

    /// The record at a place that the index gave; none where the place is wrong. A disk that fails says nothing about what is there.
    fn record_at(&self, position: Position) -> Result<Option<store::ledger::Record>, Failure> {
        match self.chain.reading().read_at(position) {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.damage().is_some() => Ok(None),
            Err(error) => Err(ledger_failure(error)),
        }
    }

    /// The record with this key, found through the index.
    fn lookup(&self, key: &[u8]) -> Result<Option<Record>, Failure> {
        let Some(position) = self.position(key)? else { return Ok(None) };
        let named = |record: &Record| index_key::of(record).iter().any(|known| known == key);
        Ok(self.record_at(position)?.and_then(|record| decoded(&record).ok()).filter(named))
    }

    fn found<T>(&self, key: &[u8], kind: impl FnOnce(Record) -> Option<T>) -> Result<Option<T>, Failure> {
        Ok(self.lookup(key)?.and_then(kind))
    }

    /// The package with this sequence as it was packed.
    pub fn packed(&self, route: &str, sequence: u64) -> Result<Option<Packed>, Failure> {
        self.found(&index_key::sequence(route, sequence), |record| if let Record::Packed(packed) = record { Some(packed) } else { None })
    }

    /// The package with this id as it was packed.
    pub fn packed_as(&self, package: &PackageId) -> Result<Option<Packed>, Failure> {
        self.found(&index_key::package(package), |record| if let Record::Packed(packed) = record { Some(packed) } else { None })
    }

    /// The apply record of the package with this sequence.
    pub fn begun(&self, route: &str, sequence: u64) -> Result<Option<Begun>, Failure> {
        self.found(&index_key::sequence(route, sequence), |record| if let Record::Begun(begun) = record { Some(begun) } else { None })
    }

    /// The apply record of the package with this id.
    pub fn begun_as(&self, package: &PackageId) -> Result<Option<Begun>, Failure> {
        self.found(&index_key::package(package), |record| if let Record::Begun(begun) = record { Some(begun) } else { None })
    }

    /// What was read back of the package with this sequence.
    pub fn attested(&self, route: &str, sequence: u64) -> Result<Option<wire::record::Attested>, Failure> {
        self.found(&index_key::attested(route, sequence), |record| if let Record::Attested(attested) = record { Some(attested) } else { None })
    }

    /// What differed from the plan when the package with this sequence was switched in.
    pub fn applied(&self, route: &str, sequence: u64) -> Result<Option<Vec<wire::record::AppliedRow>>, Failure> {
        self.found(&index_key::applied(route, sequence), |record| if let Record::Applied(applied) = record { Some(applied.rows) } else { None })
    }

    /// The step of a scrub of everything with this place in the count of readings.
    pub fn scrub_step(&self, route: &str, step: u64) -> Result<Option<wire::record::ScrubStep>, Failure> {
        self.found(&index_key::scrub_step(route, step), |record| if let Record::ScrubStep(step) = record { Some(step) } else { None })
    }

    /// Whether this ledger had the head that the other side says it has seen. Read from the chain itself; many files in a row
    /// quote the same one, so what was found once is not read again.
    pub fn had_head(&self, quoted: &Head) -> Result<bool, Failure> {
        let mut found = self.found_head.lock().unwrap_or_else(PoisonError::into_inner);
        if planted::is("witness-ignored") {
            return Ok(true);
        }
        if *found != Some(*quoted) && self.ledger().head_at(quoted.number).map_err(ledger_failure)? == Some(*quoted) {
            *found = Some(*quoted);
        }
        Ok(*found == Some(*quoted))
    }

    /// The heads of this ledger that other zones have seen in its present life, the newest of each route.
    pub fn quoted_heads(&self) -> Vec<Head> {
        let all: Vec<Head> = match &self.state {
            State::Source(source) => source.routes.values().map(|route| route.quoted).collect(),
            State::Replica(replica) => replica.routes.values().map(|route| route.acknowledged_head).collect(),
        };
        all.into_iter().filter(|head| head.number > 0).collect()
    }

    /// Whether the receipt with this id was taken in.
    pub fn has_taken(&self, receipt: &PackageId) -> Result<bool, Failure> {
        Ok(self.lookup(&index_key::receipt(receipt))?.is_some())
    }

    /// The chunks of a document that was packed before, with those of everything beside it; none where they cannot be read.
    pub fn chunk_lists(&self, document: &Digest) -> Vec<ChunkList> {
        let found = self.found(&index_key::chunks(document), |record| if let Record::Packed(packed) = record { Some(packed.chunks) } else { None });
        found.ok().flatten().unwrap_or_default()
    }
}
