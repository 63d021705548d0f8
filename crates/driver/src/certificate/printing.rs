//! `certificate qr`: the code of a certificate, as text and as a picture. Only of what is proven.

use rights::certificate::clause::Refused;
use rights::certificate::code::Code;
use rights::certificate::{self};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use wire::card::Role;

use super::finding::tree_place;
use super::picture;
use super::read_file;
use super::trusting::Trusted;
use crate::home::Home;
use crate::report::{CertificateCodeReport, Failure};
use crate::status::look;
use crate::world::World;

/// Permission bits of a picture.
const PICTURE_MODE: u32 = 0o644;

/// Which certificate, and where its code goes.
#[derive(Clone, Debug, Default)]
pub struct CertificateCodeOptions {
    /// The file of its record, or its item: the path within an archive or replica of the home.
    pub certificate: PathBuf,
    /// Where certificates are asked for: `https://` and a host.
    pub url: String,
    /// Cards of zones whose signatures are believed, beside those that the home trusts.
    pub cards: Vec<PathBuf>,
    /// The picture as SVG.
    pub svg: Option<PathBuf>,
    /// The picture as PNG.
    pub png: Option<PathBuf>,
}

/// Makes the code of a certificate.
///
/// # Errors
/// The clause by which the certificate is refused; `USE-01` for an address that cannot stand in a code; `CRD-*` for a card; `IO-01`; `HOM-*`, `LDG-*`.
pub fn certificate_code(world: &World, home: Option<&Path>, options: &CertificateCodeOptions) -> Result<CertificateCodeReport, Failure> {
    let cards = options.cards.iter().map(|file| crate::setup::read_card_file(world, file)).collect::<Result<Vec<_>, _>>()?;
    let make = |home: Option<&Home>| {
        let trusted = Trusted { cards: &cards, home };
        let (place, bytes) = certificate_bytes(world, home, &options.certificate)?;
        let refused = |Refused(clause): Refused| Failure::new(clause.code, place.clone(), clause.says);
        let proven = certificate::verify(&bytes, &|signer, message, signature| trusted.check_counting(signer, message, signature)).map_err(refused)?;
        // What a plain address does not help lies in the certificate.
        Code::of(&proven, "https://a.example").map_err(refused)?;
        let unfit = |_: Refused| Failure::new("USE-01", &options.url, "no address for a code: it is `https://` and a host, and not long");
        let code = Code::of(&proven, &options.url).map_err(unfit)?;
        let text = code.text();
        let modules = picture::modules(&text).ok_or_else(|| Failure::new("USE-01", &options.url, "too long: the code would be longer than a QR code holds"))?;
        if let Some(file) = &options.svg {
            write(world, file, picture::svg(&modules).as_bytes())?;
        }
        if let Some(file) = &options.png {
            let bytes = picture::png(&modules).map_err(|error| Failure::new("IO-01", file.display().to_string(), error.to_string()))?;
            write(world, file, &bytes)?;
        }
        let token = code.token.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        let named = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
        Ok(CertificateCodeReport { certificate: place.clone(), text, token, svg: named(&options.svg), png: named(&options.png) })
    };
    match home {
        Some(path) => look(world, path, |home| make(Some(home))),
        None => make(None),
    }
}

/// The record, from the file of that name, else from the item of that name.
fn certificate_bytes(world: &World, home: Option<&Home>, name: &Path) -> Result<(String, Vec<u8>), Failure> {
    let not_there = match read_file(world, name) {
        Ok(bytes) => return Ok((name.display().to_string(), bytes)),
        Err(failure) => failure,
    };
    let Some(home) = home else { return Err(not_there) };
    let roots: Vec<PathBuf> = if home.config.role == Role::Replica {
        home.replica().routes.iter().map(|(name, route)| tree_place(home, name, route)).collect()
    } else {
        home.config.archives.values().map(|archive| archive.root.clone()).collect()
    };
    let found = roots.iter().map(|root| root.join(name)).find_map(|file| read_file(world, &file).ok().map(|bytes| (file.display().to_string(), bytes)));
    found.ok_or(not_there)
}

fn write(world: &World, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(file.display().to_string(), &error);
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let dir = world.disk.root(parent).map_err(failed)?;
    // What is there is replaced where it is such a picture; it could as well be the certificate.
    let is_picture = |bytes: Vec<u8>| bytes.starts_with(b"<svg") || bytes.starts_with(b"\x89PNG") || bytes.is_empty();
    if world.disk.stat(&dir, file.file_name().unwrap_or_default().as_bytes()).is_ok() && !read_file(world, file).is_ok_and(is_picture) {
        return Err(Failure::new("USE-01", file.display().to_string(), "a file lies there that is no such picture: name another one"));
    }
    store::spool::write_whole_with_mode(&*world.disk, &dir, file.file_name().unwrap_or_default().as_bytes(), bytes, PICTURE_MODE).map_err(failed)
}
