//! PDFs without their description. The file is written anew from the objects that its pages need, so that earlier states of it go too.

use super::{NotStripped, Strip, picture};
use lopdf::{Dictionary, Document, Object, Stream};

/// Keys of descriptions, in whatever dictionary.
const DESCRIBING: [&[u8]; 3] = [b"Metadata", b"PieceInfo", b"LastModified"];
/// What a trailer keeps, beside the size: everything else of it describes the file, or nobody knows what it says.
const ROOT: &[u8] = b"Root";
/// Keys of what is not looked into: files, signatures.
const CLOSED: [&[u8]; 3] = [b"EF", b"EmbeddedFiles", b"ByteRange"];
/// Filters of pictures that are not looked into.
const OTHER_PICTURE: &[u8] = b"JPXDecode";
const JPEG: &[u8] = b"DCTDecode";

pub fn strip(bytes: &[u8], asked: Strip) -> Result<Vec<u8>, NotStripped> {
    let mut document = Document::load_mem(bytes).map_err(|_| NotStripped::Unreadable)?;
    if document.is_encrypted() || document.trailer.has(b"Encrypt") || document.was_encrypted() {
        return Err(NotStripped::Closed);
    }
    document.catalog().map_err(|_| NotStripped::Unreadable)?;
    for object in document.objects.values_mut() {
        strip_object(object, asked)?;
    }
    if asked.pdf_metadata {
        let root = document.trailer.get(ROOT).map_err(|_| NotStripped::Unreadable)?.clone();
        document.trailer = Dictionary::from_iter([(ROOT.to_vec(), root)]);
        document.prune_objects();
        // So that the size in the trailer does not tell how many objects there were.
        document.max_id = document.objects.keys().map(|(number, _)| *number).max().unwrap_or_default();
    }
    let mut written = Vec::with_capacity(bytes.len());
    document.save_to(&mut written).map_err(|_| NotStripped::Unreadable)?;
    Ok(written)
}

fn strip_object(object: &mut Object, asked: Strip) -> Result<(), NotStripped> {
    match object {
        Object::Dictionary(dictionary) => strip_dictionary(dictionary, asked),
        Object::Array(objects) => objects.iter_mut().try_for_each(|object| strip_object(object, asked)),
        Object::Stream(stream) => {
            strip_dictionary(&mut stream.dict, asked)?;
            if asked.exif { strip_picture(stream) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

fn strip_dictionary(dictionary: &mut Dictionary, asked: Strip) -> Result<(), NotStripped> {
    if CLOSED.iter().any(|key| dictionary.has(key)) {
        return Err(NotStripped::Closed);
    }
    if asked.pdf_metadata {
        for key in DESCRIBING {
            dictionary.remove(key);
        }
    }
    dictionary.iter_mut().try_for_each(|(_, object)| strip_object(object, asked))
}

fn strip_picture(stream: &mut Stream) -> Result<(), NotStripped> {
    let filters: Vec<Vec<u8>> = match stream.dict.get(b"Filter") {
        Ok(Object::Name(name)) => vec![name.clone()],
        Ok(Object::Array(names)) => {
            let names = names.iter().map(|name| name.as_name().map(<[u8]>::to_vec));
            names.collect::<Result<_, _>>().map_err(|_| NotStripped::Closed)?
        }
        Err(_) => Vec::new(),
        // It is said elsewhere what this is: it may be a picture.
        Ok(_) => return Err(NotStripped::Closed),
    };
    match filters.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
        [JPEG] => {
            stream.set_content(picture::jpeg(&stream.content).ok_or(NotStripped::Unreadable)?);
            Ok(())
        }
        filters if filters.contains(&JPEG) || filters.contains(&OTHER_PICTURE) => Err(NotStripped::Closed),
        _ => Ok(()),
    }
}
