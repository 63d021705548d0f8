//! What a template can ask for and this version does not carry out, by name. A template that asks for it is refused with the name; a
//! template that was written for it keeps the line as a comment.

macro_rules! features {
    ($($variant:ident $id:literal $says:literal;)*) => {
        /// A feature that is not there yet.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Feature {
            $(#[doc = concat!($says, ".")] $variant,)*
        }
        impl Feature {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// Stable id, the subject of a fault.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }
            /// What it would be, in English.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }
        }
    };
}

features! {
    Relay "relay" "a way over a third zone that sees ciphertext only";
    OneKindOfSync "one-kind-of-sync" "a route with first synchronisation only, or with changes only";
    Approvers "approvers" "templates approved by more than one person";
    FreshnessBanner "freshness-banner" "source_as_of and batch_seq set by the route";
    Timetable "timetable" "synchronisation at set times of the clock or calendar";
    RunSize "run-size" "least and most items of a run";
    FullAgain "full-again" "everything sent anew at intervals";
    SystemContent "system-content" "ledger, templates and public keys as content of a backup";
    SubjectSeal "subject-seal" "fields sealed for the person they are about";
    Watermark "watermark" "watermarks on documents";
    OtherForms "other-forms" "packages as folder or XML";
    SecondDigests "second-digests" "SHA-256 or SM3 beside BLAKE3";
    NamedKeys "named-keys" "recipients, escrow and signing keys named by the template";
    ParityByTemplate "parity-by-template" "parity written because the template says so";
    Media "media" "numbered media, pools and their rules";
    SampledReading "sampled-reading" "less than everything read back on the replica";
    FourNature "four-nature" "the four-nature report";
    Mismatch "mismatch" "other answers to a mismatch than sending the item again";
    Drills "drills" "restore drills and checks of media at intervals";
}
