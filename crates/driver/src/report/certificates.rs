//! What the commands of certificates report.

use serde::Serialize;
use serde_json::{Map, Value};
use wire::ItemId;

use super::Problem;

/// A certificate that was signed.
#[derive(Clone, Debug, Serialize)]
pub struct SignedCertificate {
    /// Its archive.
    pub archive: String,
    /// Its item.
    pub item: ItemId,
}

/// `certificate sign`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CertificateSignReport {
    /// Certificates that were signed.
    pub signed: u64,
    /// Certificates that had a right proof.
    pub right: u64,
    /// Certificates that are no right records.
    pub refused: u64,
    /// Those that were signed, at most 1000.
    pub items: Vec<SignedCertificate>,
    /// Nothing was changed.
    pub dry_run: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// Who signed.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateSigner {
    /// Name of the zone.
    pub zone: String,
    /// Its id, hex.
    pub id: String,
    /// Generation of its keys.
    pub generation: u32,
}

/// The newest copy of a certificate that is known.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateNewest {
    /// Where it lies.
    pub place: String,
    /// Its version.
    pub version: u64,
    /// Its state today.
    pub state: String,
}

/// One certificate or code.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CertificateReport {
    /// The file or the code.
    pub subject: String,
    /// Whether it is a code.
    pub is_code: bool,
    /// Whether what is shown is a true part of what was signed.
    pub proven: bool,
    /// Id of the record.
    pub rid: Option<String>,
    /// The token that it is found by.
    pub token: Option<String>,
    /// Its version.
    pub version: Option<u64>,
    /// The state of the certificate today: of the newest version that is known. None when nothing is known.
    pub state: Option<String>,
    /// Who signed it.
    pub signer: Option<CertificateSigner>,
    /// What is proven: values by name, `path|mask` where they are masked.
    pub values: Map<String, Value>,
    /// Fields of a certificate that are not shown.
    pub not_shown: Vec<String>,
    /// Commitments of what is withheld.
    pub withheld: u64,
    /// Whether this home has a copy that counts; none without a home. Without a copy nobody here knows what came of it since.
    pub known: Option<bool>,
    /// The newest copy that is known here, where that is another one; of a code always.
    pub newest: Option<CertificateNewest>,
}

/// `certificate verify`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CertificatesReport {
    /// One each, as given: files, then codes.
    pub certificates: Vec<CertificateReport>,
    /// Why what is refused is.
    pub problems: Vec<Problem>,
}

/// `certificate qr`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CertificateCodeReport {
    /// The file of the certificate.
    pub certificate: String,
    /// What the code holds.
    pub text: String,
    /// The token in groups of five, to be printed beside it.
    pub token: String,
    /// Where the picture lies as SVG.
    pub svg: Option<String>,
    /// Where the picture lies as PNG.
    pub png: Option<String>,
}
