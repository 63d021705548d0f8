//! Which file of its item is which document that its record lists (spec/template.md, Documents).

use engine::source::Archive;
use rights::record::Record;

/// Where a listed document lies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lies {
    /// No file is called like it.
    Nowhere,
    /// The item with this number.
    At(u32),
    /// One of these files, and nobody can tell which.
    Anywhere(Vec<u32>),
}

impl Lies {
    fn may_be(&self, number: u32) -> bool {
        match self {
            Self::Nowhere => false,
            Self::At(only) => *only == number,
            Self::Anywhere(any) => any.contains(&number),
        }
    }
}

/// The documents that a record lists, whether they travel or not, by `document_id`.
pub struct Listing<'r>(Vec<(&'r str, Lies)>);

impl<'r> Listing<'r> {
    /// Of a record, among the files that belong to it.
    pub fn of(archive: &Archive, record: u32, members: impl Iterator<Item = u32> + Clone, listing: &'r Record) -> Self {
        let folder = crate::records::folder(&archive.items[record as usize].id.0);
        let files = members.filter(|number| *number != record && !archive.items[*number as usize].gone);
        let lies = |id: &str, file_name: &str| {
            let ranked = files.clone().filter_map(|number| Some((rank(&archive.items[number as usize].id.0, folder, id, file_name)?, number)));
            let best = ranked.clone().map(|(rank, _)| rank).min();
            let best: Vec<u32> = ranked.filter(|(rank, _)| Some(*rank) == best).map(|(_, number)| number).collect();
            match best[..] {
                [] => Lies::Nowhere,
                [number] => Lies::At(number),
                _ => Lies::Anywhere(best),
            }
        };
        Self(template::listed(listing).map(|(id, file_name)| (id, lies(id, file_name))).collect())
    }

    /// The file of a document, where there is one and no other may be meant.
    pub fn file(&self, id: &str) -> Option<u32> {
        self.0.iter().find(|(listed, _)| *listed == id).and_then(|(_, lies)| if let Lies::At(number) = lies { Some(*number) } else { None })
    }

    /// Whether a document's file may be that of another one, which does not travel.
    pub fn is_unclear(&self, id: &str, travel: &[template::Document]) -> bool {
        let stays = |listed: &str| travel.iter().all(|document| document.id != listed);
        self.0.iter().filter(|(listed, _)| *listed == id).any(|(_, lies)| match lies {
            Lies::Nowhere => false,
            Lies::At(number) => self.0.iter().any(|(other, also)| also.may_be(*number) && stays(other)),
            Lies::Anywhere(_) => true,
        })
    }
}

/// How well the name of a file fits a document, the best 0: its `file_name` beside the record, that further below, its `document_id`, alone or
/// with the ending of its `file_name`.
fn rank(path: &[u8], folder: &[u8], id: &str, file_name: &str) -> Option<u8> {
    let beside = if folder.is_empty() { path } else { path.get(folder.len() + 1..).unwrap_or_default() };
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let ending = file_name.rfind('.').filter(|at| *at > 0).map_or("", |at| &file_name[at..]);
    let is_ending = |rest: &[u8]| rest.is_empty() || rest == ending.as_bytes() || rest == ending.to_lowercase().as_bytes();
    let fits = [beside == file_name.as_bytes(), last == file_name.as_bytes(), last.strip_prefix(id.as_bytes()).is_some_and(is_ending)];
    fits.iter().zip(0u8..).find(|(fits, _)| **fits).map(|(_, rank)| rank)
}
