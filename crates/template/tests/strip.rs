//! What is taken out of documents, and what is refused rather than sent with it.

use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use template::strip::{NotStripped, Strip, strip};

const ALL: Strip = Strip { exif: true, pdf_metadata: true };
/// Stands in everything that must go.
const TELLTALE: &[u8] = b"TELLTALE";

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn segment(marker: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    [&[0xff, marker], ((contents.len() + 2) as u16).to_be_bytes().as_slice(), &contents].concat()
}

/// A JPEG of two scans with a description in every place that can hold one, and the same without.
fn jpeg() -> (Vec<u8>, Vec<u8>) {
    let scan = |byte: u8| [segment(0xda, &[&[1, 2, 3]]), vec![byte, 0xff, 0x00, 0xff, 0xd0, byte]].concat();
    let parts: Vec<(bool, Vec<u8>)> = vec![
        (true, vec![0xff, 0xd8]),
        (true, segment(0xe0, &[b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]])),
        (false, segment(0xe0, &[b"JFXX\0", TELLTALE])),
        (false, segment(0xe1, &[b"Exif\0\0", TELLTALE])),
        (false, segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", TELLTALE])),
        (true, segment(0xe2, &[b"ICC_PROFILE\0", &[1, 1, 7]])),
        (false, segment(0xe2, &[b"MPF\0", TELLTALE])),
        (false, segment(0xed, &[b"Photoshop 3.0\0", TELLTALE])),
        (true, segment(0xee, &[b"Adobe", &[0; 7]])),
        (false, segment(0xfe, &[TELLTALE])),
        (true, segment(0xdb, &[&[0; 65]])),
        (false, vec![0xff, 0xff, 0xff]),
        (true, segment(0xc2, &[&[8, 0, 1, 0, 1, 1, 1, 0x11, 0]])),
        (true, scan(7)),
        (false, segment(0xe1, &[b"Exif\0\0", TELLTALE])),
        (true, scan(9)),
        (true, vec![0xff, 0xd9]),
        (false, TELLTALE.to_vec()),
    ];
    let whole = parts.iter().flat_map(|(_, part)| part.clone()).collect();
    (whole, parts.into_iter().filter(|(kept, _)| *kept).flat_map(|(_, part)| part).collect())
}

fn chunk(name: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u32).to_be_bytes(), name.as_slice(), contents, &[0; 4]].concat()
}

fn png() -> (Vec<u8>, Vec<u8>) {
    let parts = [
        (true, b"\x89PNG\r\n\x1a\n".to_vec()),
        (true, chunk(b"IHDR", &[0; 13])),
        (false, chunk(b"tEXt", TELLTALE)),
        (false, chunk(b"iTXt", TELLTALE)),
        (false, chunk(b"eXIf", TELLTALE)),
        (false, chunk(b"tIME", &[0; 7])),
        (false, chunk(b"prVt", TELLTALE)),
        (true, chunk(b"gAMA", &[0; 4])),
        (true, chunk(b"IDAT", &[1, 2, 3])),
        (true, chunk(b"IEND", &[])),
        (false, TELLTALE.to_vec()),
    ];
    let whole = parts.iter().flat_map(|(_, part)| part.clone()).collect();
    (whole, parts.into_iter().filter(|(kept, _)| *kept).flat_map(|(_, part)| part).collect())
}

fn webp() -> (Vec<u8>, Vec<u8>) {
    let chunk = |name: &[u8; 4], contents: &[u8]| [name.as_slice(), &(contents.len() as u32).to_le_bytes(), contents, &vec![0; contents.len() % 2]].concat();
    let file = |parts: &[Vec<u8>]| {
        let body = parts.concat();
        [b"RIFF".as_slice(), &(body.len() as u32 + 4).to_le_bytes(), b"WEBP", &body].concat()
    };
    let picture = chunk(b"VP8 ", &[1, 2, 3]);
    let whole = file(&[chunk(b"VP8X", &[0xff; 10]), picture.clone(), chunk(b"EXIF", TELLTALE), chunk(b"XMP ", TELLTALE), chunk(b"UNKN", TELLTALE)]);
    let mut flags = [0xff; 10];
    flags[0] = 0b1111_0011;
    ([whole, TELLTALE.to_vec()].concat(), file(&[chunk(b"VP8X", &flags), picture]))
}

/// A PDF with one page that shows a picture, and these more entries of its catalogue.
fn pdf(more: Dictionary) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let picture = document.add_object(Stream::new(dictionary! { "Type" => "XObject", "Subtype" => "Image", "Filter" => "DCTDecode" }, jpeg().0));
    let described = document.add_object(Stream::new(dictionary! { "Type" => "Metadata" }, TELLTALE.to_vec()));
    let content = document.add_object(Stream::new(Dictionary::new(), b"q /P Do Q".to_vec()));
    let pages = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content, "LastModified" => Object::string_literal(TELLTALE),
        "PieceInfo" => dictionary! { "Made" => Object::string_literal(TELLTALE) },
        "Resources" => dictionary! { "XObject" => dictionary! { "P" => picture } },
    });
    document.objects.insert(pages, dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 }.into());
    let mut catalogue = dictionary! { "Type" => "Catalog", "Pages" => pages, "Metadata" => described };
    catalogue.extend(&more);
    let catalogue = document.add_object(catalogue);
    let author = document.add_object(dictionary! { "Author" => Object::string_literal(TELLTALE) });
    document.trailer.set("Root", catalogue);
    document.trailer.set("Info", author);
    document.trailer.set("Own", dictionary! { "By" => author, "Is" => Object::string_literal(TELLTALE) });
    document.trailer.set("ID", vec![Object::string_literal(TELLTALE), Object::string_literal(TELLTALE)]);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a PDF");
    bytes
}

#[test]
fn pictures_keep_what_shows_them_byte_by_byte() {
    for (media_type, (whole, kept)) in [("image/jpeg", jpeg()), ("image/png", png()), ("image/webp", webp())] {
        assert!(holds(&whole, TELLTALE), "{media_type}");
        assert_eq!(strip(media_type, &whole, ALL).as_deref(), Ok(kept.as_slice()), "{media_type}");
        assert_eq!(strip(media_type, &kept, ALL).as_deref(), Ok(kept.as_slice()), "{media_type}: of nothing more");
        assert_eq!(strip(media_type, &whole, Strip { exif: false, pdf_metadata: true }), Ok(whole), "{media_type}: not asked for");
    }
}

/// Cut anywhere, a picture is refused or all of what it shows is there.
#[test]
fn a_picture_that_is_cut_is_refused() {
    for (media_type, (_, kept)) in [("image/jpeg", jpeg()), ("image/png", png()), ("image/webp", webp())] {
        for length in 0..kept.len() {
            assert!(strip(media_type, &kept[..length], ALL).is_err(), "{media_type} {length}");
        }
    }
    for (media_type, (whole, _)) in [("image/jpeg", jpeg()), ("image/png", png()), ("image/webp", webp())] {
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            // Whatever comes of it, it comes without a panic.
            drop(strip(media_type, &bytes, ALL));
        }
    }
}

#[test]
fn a_pdf_loses_its_description_and_keeps_its_pages() {
    let whole = pdf(Dictionary::new());
    assert!(holds(&whole, TELLTALE));
    let stripped = strip("application/pdf", &whole, ALL).expect("it can be stripped");
    assert!(!holds(&stripped, TELLTALE) && !holds(&stripped, b"/Info") && !holds(&stripped, b"/ID"));
    let document = Document::load_mem(&stripped).expect("still a PDF");
    let pages = document.get_pages();
    assert_eq!(pages.len(), 1);
    assert_eq!(document.get_page_content(pages[&1]), b"q /P Do Q\n");
    let picture = document.objects.values().find_map(|object| object.as_stream().ok().filter(|stream| stream.dict.has(b"Subtype"))).expect("its picture");
    assert_eq!(picture.content, jpeg().1);
    assert_eq!(strip("application/pdf", &whole, ALL), Ok(stripped.clone()), "the same bytes");
    assert_eq!(strip("application/pdf", &stripped, ALL), Ok(stripped), "of nothing more");
}

/// What was there before a change of the file goes with its description.
#[test]
fn earlier_states_of_a_pdf_go_too() {
    let first = pdf(Dictionary::new());
    let mut next = lopdf::IncrementalDocument::create_from(first.clone(), Document::load_mem(&first).expect("a PDF"));
    let added = next.new_document.add_object(Object::string_literal("new"));
    let mut catalogue = next.get_prev_documents().catalog().expect("a catalogue").clone();
    catalogue.set("Lang", added);
    let root = next.get_prev_documents().trailer.get(b"Root").and_then(Object::as_reference).expect("a root");
    next.new_document.set_object(root, catalogue);
    let mut bytes = Vec::new();
    next.save_to(&mut bytes).expect("a PDF");
    assert!(bytes.starts_with(&first));
    let stripped = strip("application/pdf", &bytes, ALL).expect("it can be stripped");
    assert!(!holds(&stripped, TELLTALE));
    assert!(holds(&stripped, b"new"), "what it is now stays");
}

#[test]
fn what_is_not_understood_is_refused() {
    let files = dictionary! { "Names" => dictionary! { "EmbeddedFiles" => dictionary! {} } };
    // Files that hang on the catalogue, the list itself and what it names written where they are named.
    let hung = dictionary! { "AF" => vec![dictionary! { "Type" => "Filespec", "EF" => dictionary! { "F" => Object::Null } }.into()] };
    let signed = dictionary! { "AcroForm" => dictionary! { "V" => dictionary! { "ByteRange" => vec![0.into()] } } };
    let cases: Vec<(&str, Vec<u8>, NotStripped)> = vec![
        ("image/tiff", b"II*\0".to_vec(), NotStripped::OtherFormat),
        ("video/mp4", b"\0\0\0\x18ftypmp42".to_vec(), NotStripped::OtherFormat),
        ("application/ofd", b"PK\x03\x04".to_vec(), NotStripped::OtherFormat),
        ("image/jpeg", png().0, NotStripped::OtherFormat),
        ("text/plain", jpeg().0, NotStripped::OtherFormat),
        ("text/plain", pdf(Dictionary::new()), NotStripped::OtherFormat),
        ("text/plain", b"a\0b".to_vec(), NotStripped::OtherFormat),
        ("text/plain", vec![0xd6, 0xd0], NotStripped::OtherFormat),
        ("image/jpeg", vec![0xff, 0xd8, 0xff, 0xe1], NotStripped::Unreadable),
        ("application/pdf", b"%PDF-1.7\nnothing".to_vec(), NotStripped::Unreadable),
        ("application/pdf", pdf(files), NotStripped::Closed),
        ("application/pdf", pdf(hung), NotStripped::Closed),
        ("application/pdf", pdf(signed), NotStripped::Closed),
    ];
    for (media_type, bytes, why) in cases {
        assert_eq!(strip(media_type, &bytes, ALL), Err(why), "{media_type}");
    }
    assert_eq!(strip("text/plain", "中".as_bytes(), ALL), Ok("中".as_bytes().to_vec()));
}

/// Pictures in a PDF that are not looked into make it one that cannot be stripped, when that is asked for.
#[test]
fn a_picture_that_is_not_looked_into_closes_a_pdf() {
    let with = |filter: Object, content: Vec<u8>| {
        let mut document = Document::load_mem(&pdf(Dictionary::new())).expect("a PDF");
        let picture = document.add_object(Stream::new(dictionary! { "Filter" => filter }, content));
        let root = document.catalog_mut().expect("a catalogue");
        root.set("Shown", picture);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("a PDF");
        bytes
    };
    let only = Strip { exif: false, pdf_metadata: true };
    for (filter, content, why) in [
        (Object::from("JPXDecode"), vec![1], NotStripped::Closed),
        (Object::Array(vec!["FlateDecode".into(), "DCTDecode".into()]), vec![1], NotStripped::Closed),
        (Object::from("DCTDecode"), vec![1], NotStripped::Unreadable),
        // What it is filtered by is said in another object.
        (Object::Reference((5, 0)), vec![1], NotStripped::Closed),
        (Object::Array(vec![Object::Reference((5, 0))]), vec![1], NotStripped::Closed),
    ] {
        let bytes = with(filter, content);
        assert_eq!(strip("application/pdf", &bytes, ALL), Err(why));
        assert!(strip("application/pdf", &bytes, only).is_ok());
    }
}
