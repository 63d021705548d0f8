//! Envelopes that every reader must refuse, and two good ones at the edge of a frame: one clause of spec/envelope.md
//! broken in each, everything else right, the signature included wherever the fault lies before it.

use crate::encode;
use crate::envelope::{Body, Draft, Nonces, padme, zstd_frame};
use crate::fixture::{Collection, Contents, Fixture};
use crate::model::{Receipt, Signature};
use crate::package::{How, Package};
use crate::package_good::{approvals, fill_body, framed, keep_on, reading, run_length_frame};
use crate::primitive::{derive, noise, noise_array, shorten};
use crate::receipt_good;
use crate::zone::Cast;
use serde_json::Value;

/// Bytes of a signature block without approvals and time stamp.
const SEALS_BYTES: usize = 127;

/// Collects them.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    bad.header();
    bad.length();
    bad.keys();
    bad.frames();
    bad.trailer();
    bad.seals();
    bad.signatures();
    bad.bodies();
}

struct Bad<'c, 'f> {
    cast: &'c Cast,
    to: &'f mut Collection,
}

impl<'c> Bad<'c, '_> {
    fn keep(&mut self, code: &'static str, what: &str, says: &str, extension: &'static str, reading: Value, file: Vec<u8>) {
        let bytes = Contents::File(file);
        self.to.add(Fixture { page: "envelope", code, what: what.into(), extension, says: says.into(), reading, bytes }, None);
    }

    /// A small package in a spoilt envelope.
    fn package(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(&mut Draft<'c>)) {
        let mut draft = Package::small(self.cast, &format!("envelope/{code}/{what}")).draft();
        spoil(&mut draft);
        self.keep(code, what, says, "gfp", reading(), draft.seal().file);
    }

    /// A receipt without answers in a spoilt envelope.
    fn receipt(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(&mut Draft<'c>)) {
        let mut draft = receipt_good::draft(self.cast, &format!("envelope/{code}/{what}"), &some_receipt(self.cast));
        spoil(&mut draft);
        self.keep(code, what, says, "gfr", receipt_good::reading(false), draft.seal().file);
    }

    /// A label in a spoilt envelope.
    fn label(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(&mut Draft<'c>)) {
        let mut draft = some_label(self.cast, &format!("envelope/{code}/{what}"));
        spoil(&mut draft);
        self.keep(code, what, says, "gfl", crate::label_vectors::reading("outside"), draft.seal().file);
    }

    /// A file that is cut or joined after it was sealed.
    fn file(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(Vec<u8>) -> Vec<u8>) {
        let file = Package::small(self.cast, &format!("envelope/{code}/{what}")).draft().seal().file;
        self.keep(code, what, says, "gfp", reading(), spoil(file));
    }

    fn header(&mut self) {
        self.package("ENV-01", "lower_case", "the magic in lower case", |draft| draft.magic = *b"gapferry");
        self.package("ENV-01", "last_byte", "the last byte of the magic differs", |draft| draft.magic[7] ^= 1);
        self.file("ENV-01", "empty", "no bytes", |_| Vec::new());
        self.file("ENV-01", "7_bytes", "the magic cut short", |file| file[..7].to_vec());
        self.package("ENV-02", "version_0", "format version 0", |draft| draft.version = 0);
        self.package("ENV-02", "version_2", "format version 2", |draft| draft.version = 2);
        self.package("ENV-02", "version_256", "format version 1 in the wrong byte order", |draft| draft.version = 256);
        self.package("ENV-03", "kind_0", "no such kind", |draft| draft.kind = 0);
        self.package("ENV-03", "kind_4", "a package that says it is of a backup", |draft| draft.kind = 4);
        self.package("ENV-03", "kind_6", "no such kind", |draft| draft.kind = 6);
        let cast = self.cast;
        let sealed = |kind: &str, entropy: &str| match kind {
            "package" => Package::small(cast, entropy).draft().seal().file,
            "receipt" => receipt_good::draft(cast, entropy, &some_receipt(cast)).seal().file,
            _ => some_label(cast, entropy).seal().file,
        };
        let kinds =
            [("package", "gfp", reading()), ("receipt", "gfr", receipt_good::reading(false)), ("label", "gfl", crate::label_vectors::reading("outside"))];
        for (kind, _, _) in &kinds {
            for (other, extension, reading) in kinds.iter().filter(|(other, _, _)| other != kind) {
                let what = format!("{kind}_as_{other}");
                let file = sealed(kind, &format!("envelope/ENV-03/{what}"));
                self.keep("ENV-03", &what, "a genuine envelope of another kind than is read here", extension, reading.clone(), file);
            }
        }
        self.package("ENV-04", "no_wrapped_key", "no recipients", |draft| draft.recipients.clear());
        self.package("ENV-04", "9_wrapped_keys", "nine recipients", |draft| draft.recipients = vec![&cast.outside; 9]);
        self.receipt("ENV-04", "receipt_2_wrapped_keys", "a receipt that another zone can read as well", |draft| {
            draft.recipients = vec![&cast.inside, &cast.stranger];
        });
        self.package("ENV-05", "suite_0", "suite 0", |draft| draft.suite = 0);
        self.package("ENV-05", "suite_2", "suite 2", |draft| draft.suite = 2);
        self.package("ENV-06", "byte_14", "a reserved byte is not zero", |draft| draft.reserved = [1, 0]);
        self.package("ENV-06", "byte_15", "a reserved byte is not zero", |draft| draft.reserved = [0, 0x80]);
        self.package("ENV-07", "not_padded", "16385 is no padded length", |draft| draft.plain_bytes = Some(16_385));
        self.package("ENV-07", "below_minimum", "a package padded to 8192 only", |draft| draft.plain_bytes = Some(8192));
        self.receipt("ENV-07", "receipt_below_minimum", "a receipt padded to 1024 only", |draft| draft.plain_bytes = Some(1024));
        self.label("ENV-07", "label_below_minimum", "a label padded to 512 only", |draft| draft.plain_bytes = Some(512));
    }

    fn length(&mut self) {
        let code = "ENV-08";
        self.file(code, "last_byte_missing", "one byte is missing at the end", |file| file[..file.len() - 1].to_vec());
        self.file(code, "last_tag_missing", "the tag of the last frame is missing", |file| file[..file.len() - 16].to_vec());
        self.file(code, "one_byte_more", "a byte behind the end", |file| [&file[..], &[0]].concat());
        self.file(code, "joined", "two packages joined", |file| [&file[..], &file[..]].concat());
        self.file(code, "magic_only", "the magic and nothing else", |file| file[..8].to_vec());
        self.file(code, "71_bytes", "the fixed header cut short", |file| file[..71].to_vec());
        self.file(code, "fixed_header_only", "no wrapped key", |file| file[..72].to_vec());
        self.file(code, "wrapped_key_cut", "the wrapped key cut short", |file| file[..1239].to_vec());
        self.file(code, "header_only", "no frame", |file| file[..1240].to_vec());
        self.file(code, "zeros_behind", "padded with zeros to a multiple of 4096", |mut file| {
            file.resize(file.len().next_multiple_of(4096), 0);
            file
        });
    }

    fn keys(&mut self) {
        let cast = self.cast;
        self.package("ENV-09", "for_another_zone", "wrapped for another zone only", |draft| draft.recipients = vec![&cast.stranger]);
        self.package("ENV-09", "encapsulation_altered", "one bit of the encapsulation differs", |draft| {
            draft.edit_wrapped = Some(Box::new(|wrapped| wrapped[0][5] ^= 1));
        });
        self.package("ENV-09", "exchange_key_altered", "one bit of the X25519 half of the encapsulation differs", |draft| {
            draft.edit_wrapped = Some(Box::new(|wrapped| wrapped[0][1100] ^= 1));
        });
        self.package("ENV-09", "ciphertext_altered", "one bit of the wrapped key differs", |draft| {
            draft.edit_wrapped = Some(Box::new(|wrapped| wrapped[0][1120] ^= 1));
        });
        self.package("ENV-09", "tag_altered", "one bit of the wrapped key's tag differs", |draft| {
            draft.edit_wrapped = Some(Box::new(|wrapped| wrapped[0][1167] ^= 1));
        });
        self.package("ENV-09", "transplanted", "the wrapped key was made for the header of another package", |draft| {
            draft.bound_elsewhere = Some(noise_array("another header"));
        });
        for (what, byte) in [("first_byte", 0), ("last_byte", 31)] {
            self.package("ENV-10", what, "one bit of the commitment differs", |draft| {
                draft.edit_commitment = Some(Box::new(move |commitment| commitment[byte] ^= 1));
            });
        }
        self.package("ENV-10", "of_another_key", "the commitment is to another content key", |draft| {
            draft.edit_commitment = Some(Box::new(|commitment| *commitment = derive("gapferry v1 commitment", &[&noise("another key", 64)])));
        });
    }

    /// A package whose plaintext is a little longer than this many bytes.
    fn long(&self, entropy: &str, content_bytes: usize) -> Package<'c> {
        let mut package = Package::new(self.cast, entropy, 1);
        package.add(b"long.bin", &noise(entropy, content_bytes));
        package.cut(How::Raw);
        package
    }

    fn frames(&mut self) {
        let code = "ENV-11";
        let altered = |byte: usize| move |frames: &mut Vec<Vec<u8>>| frames[0][byte] ^= 1;
        self.package(code, "content_altered", "one bit of the first byte of the only frame differs", |draft| draft.edit_frames = Some(Box::new(altered(0))));
        self.package(code, "padding_altered", "one bit of the padding differs", |draft| draft.edit_frames = Some(Box::new(altered(8000))));
        self.package(code, "trailer_altered", "one bit of the trailer differs", |draft| draft.edit_frames = Some(Box::new(altered(16_383))));
        self.package(code, "tag_altered", "one bit of the tag differs", |draft| draft.edit_frames = Some(Box::new(altered(16_399))));
        self.package(code, "not_marked_last", "the only frame is not marked as the last", |draft| draft.nonces = Nonces::NoneLast);
        self.package(code, "counted_from_one", "frames counted from one", |draft| draft.nonces = Nonces::FromOne);
        let mut long = |what: &str, says: &str, content_bytes: usize, spoil: &dyn Fn(&mut Draft<'c>)| {
            let mut draft = self.long(&format!("envelope/{code}/{what}"), content_bytes).draft();
            spoil(&mut draft);
            let file = draft.seal().file;
            self.keep(code, what, says, "gfp", reading(), file);
        };
        long("all_marked_last", "every frame is marked as the last", 131_072, &|draft| draft.nonces = Nonces::AllLast);
        long("last_frame_dropped", "the last frame is gone and the padded length says so", 131_072, &|draft| {
            draft.stated_plain_bytes = Some(131_072);
            draft.edit_frames = Some(Box::new(|frames| {
                frames.pop();
            }));
        });
        long("swapped", "two full frames in the other order", 262_000, &|draft| draft.edit_frames = Some(Box::new(|frames| frames.swap(0, 1))));
    }

    fn trailer(&mut self) {
        let code = "ENV-12";
        let mut trailing = |what: &str, says: &str, edit: fn(&mut crate::model::Trailer)| {
            self.package(code, what, says, |draft| draft.edit_trailer = Some(Box::new(edit)));
        };
        trailing("body_outside", "the body lies behind the plaintext", |trailer| trailer.body_at = 16_384);
        trailing("body_at_overflows", "the offset of the body is 2^64 - 1", |trailer| trailer.body_at = u64::MAX);
        trailing("body_empty", "no body", |trailer| trailer.body_stored = 0);
        trailing("body_overflows", "the body is 2^64 - 1 bytes long", |trailer| {
            trailer.body_stored = u64::MAX;
            trailer.body_plain = u64::MAX;
        });
        trailing("body_grew", "the body is stored longer than it is", |trailer| trailer.body_plain = trailer.body_stored - 1);
        trailing("no_seals", "no signature block", |trailer| trailer.seals_bytes = 0);
        trailing("seals_outside", "the signature block reaches into the trailer", |trailer| trailer.seals_bytes = 16_384);
        trailing("reserved_first", "a reserved byte is not zero", |trailer| trailer.reserved[0] = 1);
        trailing("reserved_last", "a reserved byte is not zero", |trailer| trailer.reserved[31] = 1);
        self.package(code, "padded_too_far", "padded one class further than the rule says", |draft| draft.plain_bytes = Some(padme(16_385)));
        self.receipt(code, "receipt_with_content", "content in a receipt", |draft| draft.content = b"content".to_vec());
        self.label(code, "label_with_content", "content in a label", |draft| draft.content = b"content".to_vec());
        let code = "ENV-13";
        self.package(code, "first_byte", "the first byte of the padding is not zero", |draft| draft.edit_padding = Some(Box::new(|padding| padding[0] = 1)));
        self.package(code, "last_byte", "the last byte of the padding is not zero", |draft| {
            draft.edit_padding = Some(Box::new(|padding| {
                if let Some(last) = padding.last_mut() {
                    *last = 0x80;
                }
            }));
        });
        self.package(code, "random", "random padding", |draft| {
            draft.edit_padding = Some(Box::new(|padding| *padding = noise("padding", padding.len())));
        });
        // Content, body and seals end 20 bytes before the first frame does, so that the trailer lies in the second.
        let entropy = "envelope/ENV-13/in an earlier frame";
        let beside = self.long(entropy, 130_800).draft().body.stored.len() + SEALS_BYTES + 20;
        let mut draft = self.long(entropy, 131_072 - beside).draft();
        let used = draft.content.len() + draft.body.stored.len() + SEALS_BYTES;
        assert!((131_009..131_072).contains(&used), "{used}");
        draft.edit_padding = Some(Box::new(|padding| padding[0] = 1));
        self.keep(code, "in_an_earlier_frame", "padding that begins in the frame before the last is not zero there", "gfp", reading(), draft.seal().file);
    }

    fn seals(&mut self) {
        let code = "ENV-14";
        let cast = self.cast;
        self.package(code, "no_signature", "no signature", |draft| draft.edit_seals = Some(Box::new(|seals| seals.signatures.clear())));
        self.package(code, "two_signatures", "two signatures", |draft| {
            draft.edit_seals = Some(Box::new(|seals| seals.signatures.extend_from_within(..)));
        });
        self.package(code, "signature_suite_2", "a signature of suite 2", |draft| draft.edit_seals = Some(Box::new(|seals| seals.signatures[0].suite = 2)));
        self.package(code, "signature_63_bytes", "a signature of 63 bytes", |draft| {
            draft.edit_seals = Some(Box::new(|seals| shorten(&mut seals.signatures[0].bytes)));
        });
        self.package(code, "signature_65_bytes", "a signature of 65 bytes", |draft| {
            draft.edit_seals = Some(Box::new(|seals| seals.signatures[0].bytes.push(0)));
        });
        for generation in [0, 1025] {
            self.package(code, &format!("generation_{generation}"), "no generation of keys", |draft| {
                draft.edit_seals = Some(Box::new(move |seals| seals.signatures[0].generation = generation));
            });
        }
        self.package(code, "9_approvals", "nine approvals", |draft| draft.approvals = approvals(cast, 9));
        self.package(code, "approval_63_bytes", "an approval of 63 bytes", |draft| {
            draft.approvals = approvals(cast, 1);
            draft.approvals[0].bytes.pop();
        });
        self.package(code, "approval_suite_0", "an approval of suite 0", |draft| {
            let approval = approvals(cast, 1).remove(0);
            draft.approvals = vec![Signature { suite: 0, ..approval }];
        });
        self.receipt(code, "receipt_approval", "an approval beside the signature of a receipt", |draft| draft.approvals = approvals(cast, 1));
        self.receipt(code, "receipt_time_stamp", "a time stamp beside the signature of a receipt", |draft| draft.time_stamp = Some(noise("time stamp", 32)));
        self.label(code, "label_approval", "an approval beside the signature of a label", |draft| draft.approvals = approvals(cast, 1));
        self.package(code, "time_stamp_past_limit", "a time stamp of 65537 bytes", |draft| draft.time_stamp = Some(noise("time stamp", 65_537)));
        self.package(code, "trailing_byte", "a byte behind the signature block", |draft| draft.edit_seals_bytes = Some(Box::new(|seals| seals.push(0))));
        self.package(code, "cut_short", "the signature block lacks its last byte", |draft| {
            draft.edit_seals_bytes = Some(Box::new(shorten));
        });
        self.package(code, "option_2", "an option byte that is neither 0 nor 1", |draft| {
            draft.edit_seals_bytes = Some(Box::new(|seals| {
                if let Some(last) = seals.last_mut() {
                    *last = 2;
                }
            }));
        });
        self.package(code, "count_overflows", "2^64 - 1 approvals", |draft| {
            draft.edit_seals_bytes = Some(Box::new(|seals| {
                let at = seals.len() - 9;
                seals[at..at + 8].fill(0xff);
            }));
        });
    }

    fn signatures(&mut self) {
        let cast = self.cast;
        self.package("ENV-15", "stranger", "signed by a zone that is not trusted", |draft| draft.signer = &cast.stranger);
        self.package("ENV-15", "nobody", "the signer is a zone that does not exist", |draft| draft.signer_id = Some(noise_array("nobody")));
        self.receipt("ENV-15", "receipt_by_stranger", "signed by a zone that is not trusted", |draft| draft.signer = &cast.stranger);
        self.label("ENV-15", "label_by_stranger", "signed by a zone that is not trusted", |draft| draft.signer = &cast.stranger);
        let code = "ENV-16";
        self.package(code, "by_stranger_as_inside", "signed by another zone under our source's id", |draft| {
            draft.signer = &cast.stranger;
            draft.signer_id = Some(cast.inside.id());
        });
        let altered = |byte: usize| move |seals: &mut crate::model::Seals| seals.signatures[0].bytes[byte] ^= 1;
        self.package(code, "point_altered", "one bit of R differs", |draft| draft.edit_seals = Some(Box::new(altered(3))));
        self.package(code, "scalar_altered", "one bit of S differs", |draft| draft.edit_seals = Some(Box::new(altered(40))));
        self.package(code, "scalar_not_reduced", "S is not below the order of the group", |draft| {
            draft.edit_seals = Some(Box::new(|seals| {
                let mut signature = [0; 64];
                signature.copy_from_slice(&seals.signatures[0].bytes);
                seals.signatures[0].bytes = add_group_order(&signature).to_vec();
            }));
        });
        self.package(code, "all_zero", "a signature of zeros", |draft| draft.edit_seals = Some(Box::new(|seals| seals.signatures[0].bytes.fill(0))));
        self.package(code, "other_message", "one bit of the signed message differs", |draft| draft.edit_signed = Some(Box::new(|message| message[0] ^= 1)));
        self.package(code, "receipt_context", "signed in the context of receipts", |draft| draft.context = "gapferry v1 receipt signature");
        self.receipt(code, "package_context", "signed in the context of packages", |draft| draft.context = "gapferry v1 package signature");
        self.label(code, "label_in_package_context", "signed in the context of packages", |draft| draft.context = "gapferry v1 package signature");
        let forwarded = |what: &str, spoil: &dyn Fn(&mut Draft<'c>)| {
            let entropy = format!("envelope/ENV-16/{what}");
            let first = Package::small(cast, &entropy).draft().seal();
            let mut draft = Package::small(cast, &entropy).draft();
            spoil(&mut draft);
            let signatures = first.opened.seals.signatures.clone();
            draft.edit_seals = Some(Box::new(move |seals| seals.signatures.clone_from(&signatures)));
            draft.seal().file
        };
        let wrapped_on = forwarded("wrapped_on", &|draft| draft.recipients = vec![&cast.outside, &cast.stranger]);
        self.keep(code, "wrapped_on", "a genuine signature, but a recipient was added to the header", "gfp", reading(), wrapped_on);
        let other_content = forwarded("other_manifest", &|draft| {
            let mut body = encode::manifest(&Package::small(cast, "envelope/ENV-16/other_manifest").manifest);
            let last = body.len() - 1;
            body[last] ^= 1;
            draft.body = Body::raw(&body);
        });
        self.keep(code, "other_manifest", "a genuine signature over another manifest", "gfp", reading(), other_content);
    }

    fn bodies(&mut self) {
        let cast = self.cast;
        let code = "ENV-17";
        let manifest = encode::manifest(&Package::small(cast, "envelope/body").manifest);
        let longer = [&manifest[..], &[0]].concat();
        let half = manifest.len() / 2;
        let frames = [zstd_frame(&manifest[..half]), zstd_frame(&manifest[half..])].concat();
        // A manifest that hardly shrinks leaves no room for a second frame, so these say how long the whole would be.
        let plain = manifest.len() as u64;
        for (what, says, stored, plain) in [
            ("shorter_than_stated", "decompresses to one byte less than stated", zstd_frame(&manifest), plain + 1),
            ("longer_than_stated", "decompresses to one byte more than stated", zstd_frame(&longer), plain),
            ("bomb", "decompresses to 1 MiB instead of what is stated", run_length_frame(0, 8), plain),
            ("not_zstd", "shorter than stated, but no zstd frame", noise("not zstd", 200), plain),
            ("trailing_byte", "a frame and one byte more", [zstd_frame(&[&manifest[..], &[0; 500]].concat()), vec![0]].concat(), plain + 500),
            ("two_frames", "two frames that together give what is stated", [frames, zstd_frame(&[0; 500])].concat(), plain + 500),
            ("frame_cut", "a frame cut short", zstd_frame(&manifest)[..half.min(150)].to_vec(), plain),
        ] {
            assert!((stored.len() as u64) < plain, "{what} must look compressed");
            self.package(code, what, says, |draft| draft.body = Body { stored: stored.clone(), plain });
        }
        let body = encode::receipt(&some_receipt(cast));
        let stored = zstd_frame(&body);
        assert!(stored.len() < body.len(), "a receipt that compresses");
        self.receipt(code, "receipt_compressed", "a receipt whose body is compressed", |draft| {
            draft.body = Body { stored: stored.clone(), plain: body.len() as u64 };
        });
        let mut package = Package::new(cast, "envelope/ENV-17/past_limit", 1);
        fill_body(&mut package, (64 << 20) + 1);
        let file = package.draft().seal().file;
        self.keep(code, "past_limit", "a body of 64 MiB + 1", "gfp", reading(), file);
        let mut stuffed = encode::label(&crate::label_vectors::label(cast));
        stuffed.resize((64 << 10) + 1, 0);
        self.label(code, "label_past_limit", "the body of a label of 64 KiB + 1", |draft| draft.body = framed(&stuffed));

        self.encodings();
        // A raw body is as long whatever the content, so the content can be cut to fill the frame.
        let entropy = "envelope/good/one_full_frame";
        let beside = self.long(entropy, 1000).body().len() + SEALS_BYTES + 64;
        let mut package = self.long(entropy, 131_072 - beside);
        package.compress_body = false;
        keep_on("envelope", self.to, "one_full_frame", "no padding: the plaintext is exactly one frame", &package, package.draft());
        let package = self.long("envelope/good/two_frames", 131_072);
        keep_on("envelope", self.to, "two_frames", "the last frame is shorter", &package, package.draft());
    }

    fn encodings(&mut self) {
        let cast = self.cast;
        let code = "ENV-18";
        let mut encoded = |what: &str, says: &str, edit: &dyn Fn(&mut Vec<u8>)| {
            let entropy = format!("envelope/{code}/{what}");
            let package = Package::small(cast, &entropy);
            let mut body = package.body();
            edit(&mut body);
            let mut draft = package.draft();
            draft.body = Body::raw(&body);
            self.keep(code, what, says, "gfp", reading(), draft.seal().file);
        };
        // From the end: pieces 4 + 8, their count 8, at 8, part 1, executable 1; before the document its count 8, record 1,
        // transaction 1, replaces 1, mark 4.
        let executable = |body: &[u8]| body.len() - 12 - 8 - 8 - 1 - 1;
        let replaces = move |body: &[u8]| executable(body) - 8 - 8 - 32 - 8 - 8 - 1 - 1 - 1;
        encoded("trailing_byte", "a byte behind the last field", &|body| body.push(0));
        encoded("cut_short", "the last byte is missing", &shorten);
        encoded("boolean_2", "a boolean that is neither 0 nor 1", &|body| {
            let at = executable(body);
            body[at] = 2;
        });
        encoded("option_2", "an option byte that is neither 0 nor 1", &|body| {
            let at = replaces(body);
            body[at] = 2;
        });
        encoded("mark_6", "no such change mark", &|body| {
            let at = replaces(body) - 4;
            body[at] = 6;
        });
        encoded("piece_2", "no such piece", &|body| {
            let at = body.len() - 12;
            body[at] = 2;
        });
        encoded("piece_count_overflows", "2^64 - 1 pieces", &|body| {
            let at = body.len() - 20;
            body[at..at + 8].fill(0xff);
        });
        encoded("route_not_utf8", "the route name is not UTF-8", &|body| body[8] = 0xff);
        encoded("route_length_overflows", "the route name is 2^64 - 1 bytes long", &|body| body[..8].fill(0xff));
        encoded("big_endian", "the length of the route name big-endian", &|body| body[..8].reverse());
        self.receipt(code, "receipt_trailing_byte", "a byte behind the last field", |draft| {
            let body = [encode::receipt(&some_receipt(cast)), vec![0]].concat();
            draft.body = Body::raw(&body);
        });
        let body = encode::receipt(&some_receipt(cast));
        // From the end: keys 13, kept aside 4, escaped 4, more 1, read back 4, free 8, state 8 + 32, answers 8, form 4.
        for (what, says, from_end, value) in [
            ("receipt_read_back_2", "no such way of reading back", 4 + 4 + 4 + 1 + 4, 2),
            ("receipt_form_3", "no such form", 4 + 4 + 4 + 1 + 4 + 8 + 40 + 8 + 4, 3),
            ("receipt_boolean_2", "a boolean that is neither 0 nor 1", 4 + 4 + 4 + 1, 2),
        ] {
            let mut spoilt = body.clone();
            let at = spoilt.len() - 13 - from_end;
            spoilt[at] = value;
            self.receipt(code, what, says, |draft| draft.body = Body::raw(&spoilt));
        }
        let body = encode::label(&crate::label_vectors::label(cast));
        self.label(code, "label_trailing_byte", "a byte behind the last field", |draft| draft.body = Body::raw(&[&body[..], &[0]].concat()));
        self.label(code, "label_cut_short", "the last byte is missing", |draft| draft.body = Body::raw(&body[..55]));
    }
}

fn some_receipt(cast: &Cast) -> Receipt {
    receipt_good::empty(cast, 1, 1, noise_array("some package"))
}

fn some_label<'c>(cast: &'c Cast, entropy: &str) -> Draft<'c> {
    crate::label_vectors::draft(cast, entropy, &encode::label(&crate::label_vectors::label(cast)))
}

/// The same signature with the order of the group added to S: a second form that a strict reader refuses.
pub(crate) fn add_group_order(signature: &[u8; 64]) -> [u8; 64] {
    // L = 2^252 + 27742317777372353535851937790883648493, little-endian.
    const ORDER: [u8; 32] =
        [0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10];
    let mut changed = *signature;
    let mut carry = 0u16;
    for (byte, more) in changed[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    changed
}
