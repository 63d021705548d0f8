//! The interface changes on purpose only: the help of every command in both languages, and every report as JSON, compared with
//! what is kept beside this file. After a change that is meant: `GAPFERRY_SNAPSHOTS=write cargo test -p gapferry cli_snapshots`.

use driver::report::*;
use gapferry::command_line::{BINARY, build};
use gapferry::language::Language;
use serde_json::Value;
use std::fs;
use std::path::Path;
use wire::ItemId;

/// Compares with the snapshot of this name, or writes it.
fn hold(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(name);
    if std::env::var_os("GAPFERRY_SNAPSHOTS").is_some_and(|wish| wish == "write") {
        fs::write(&path, now).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (number, (now, kept)) in now.lines().zip(kept.lines()).enumerate() {
        assert_eq!(now, kept, "{name}:{}: the interface changed", number + 1);
    }
    assert_eq!(now.lines().count(), kept.lines().count(), "{name}: the interface changed");
}

fn pages(mut command: clap::Command, words: &str, text: &mut String) {
    text.push_str(&format!("==== {words}\n{}\n", command.render_help()));
    for below in command.get_subcommands() {
        pages(below.clone(), &format!("{words} {}", below.get_name()), text);
    }
}

#[test]
fn help_is_as_it_was() {
    for (language, name) in [(Language::English, "cli_help.en.txt"), (Language::Chinese, "cli_help.zh.txt")] {
        let mut text = String::new();
        let mut root = build(language);
        root.build();
        pages(root, BINARY, &mut text);
        hold(name, &text);
    }
}

#[test]
fn reports_are_as_they_were() {
    let mut text = String::new();
    for (command, report) in reports() {
        let report = serde_json::to_string_pretty(&report).expect("a value can be written");
        text.push_str(&format!("==== {command}\n{report}\n"));
    }
    hold("cli_json.txt", &text);
}

fn json(report: &impl serde::Serialize) -> Value {
    serde_json::to_value(report).expect("reports are plain values")
}

fn item(name: &str) -> ItemId {
    ItemId(name.as_bytes().to_vec())
}

/// Every report with every field, under the command that prints it.
pub fn reports() -> Vec<(&'static str, Value)> {
    let problem = || vec![Problem { code: "SRC-05", subject: "地契/一.json".into(), detail: "Permission denied".into() }];
    let text = |text: &str| text.to_owned();
    let signed = CertificateSignReport {
        signed: 1,
        right: 2,
        refused: 3,
        items: vec![SignedCertificate { archive: text("cards"), item: item("a.json") }],
        dry_run: false,
        problems: problem(),
    };
    let verified = CertificatesReport {
        certificates: vec![CertificateReport {
            subject: text("a.json"),
            is_code: false,
            proven: true,
            rid: Some(text("ecertificate-01900000-0000-7000-8000-000000000001")),
            token: Some(text("ABCDEFGHJKMNPQRSTVWXYZ0123")),
            version: Some(1),
            state: Some(text("effective")),
            signer: Some(CertificateSigner { zone: text("inside"), id: text("00"), generation: 1 }),
            values: [(text("/issuer"), Value::from("某县"))].into_iter().collect(),
            not_shown: vec![text("rows")],
            withheld: 4,
            known: Some(false),
            newest: Some(CertificateNewest { place: text("/srv/replica/a.json"), version: 2, state: text("revoked") }),
        }],
        problems: problem(),
    };
    let code = CertificateCodeReport {
        certificate: text("a.json"),
        text: text("https://cert.example/v/ABCDEFGHJKMNPQRSTVWXYZ0123#1.1.a.b"),
        token: text("ABCDE FGHJK MNPQR STVWX YZ012 3"),
        svg: Some(text("code.svg")),
        png: None,
    };
    let captured = || CaptureReport {
        archives: vec![ArchiveCapture {
            archive: text("cards"),
            items: 17,
            bytes: 4096,
            added: 1,
            modified: 2,
            deleted: 3,
            reread: 4,
            scrubbed: 5,
            overdue: 6,
            rotten: vec![item("rotten")],
            changes: vec![Change { item: item("地契 一.json"), change: "added" }],
            left_out: vec![LeftOut { path: item("b\u{1b}"), why: "link" }],
            left_out_total: 1,
            hidden: false,
        }],
        problems: problem(),
    };
    let packed = || PackReport {
        captured: captured(),
        packages: vec![PackageReport {
            route: text("outward"),
            sequence: 3,
            package: text("00112233445566778899aabbccddeeff"),
            items: 6,
            removals: 3,
            document_bytes: 5000,
            file_bytes: 18_600,
            acknowledgement: false,
            inventory: false,
        }],
        urgent: 2,
        waiting: vec![Waiting { route: text("outward"), items: 2, bytes: 700 }],
        dry_run: true,
        planned: vec![PlannedItem { route: text("outward"), item: item("a"), mark: "add", version: 1, bytes: 10, because: "new" }],
        problems: problem(),
    };
    let receipt = || ReceiptReport { route: text("outward"), number: 2, form: "full", answers: 1, file: text("00.gfr"), written: true };
    let applied = || ApplyReport {
        packages: vec![AppliedPackage {
            route: text("outward"),
            sequence: 3,
            package: text("00112233445566778899aabbccddeeff"),
            result: "applied",
            written: 1,
            removed: 2,
            purged: 0,
            withdrawn: 0,
            unchanged: 3,
            failed: 4,
            bytes: 5,
        }],
        receipts: vec![receipt()],
        repaired: vec![RepairedPackage { route: text("outward"), sequence: 2, package: text("00"), run: text("01") }],
        kept_aside: vec![item("kept")],
        escaped: vec![item("escaped")],
        scrubbed: ScrubShare { items: 7, bytes: 700, damaged: vec![Discrepancy { route: text("outward"), item: item("a"), outcome: "missing" }], extra: 1 },
        dry_run: false,
        problems: problem(),
    };
    let discrepancy = || vec![Discrepancy { route: text("outward"), item: item("a"), outcome: "corrupt" }];
    let reconciled = || ReconcileReport {
        receipts: vec![TakenReceipt {
            route: text("outward"),
            number: 2,
            result: "taken",
            answers: 1,
            proven: 5,
            failed: 1,
            not_held: 0,
            missing: 0,
            extra: 3,
        }],
        discrepancies: discrepancy(),
        removed: 2,
        problems: problem(),
    };
    let counts = Counts { total: 21, pending: 1, packed: 2, done: 3, failed: 4, stale: 5, cancelled: 6 };
    let route_keys = || RouteKeysReport {
        route: text("outward"),
        other_zone: text("outside"),
        signs: 1,
        from: 1,
        unconfirmed: Some(2),
        other_keys: 1,
        other_fingerprint: text("7f02-19ae"),
    };
    let route = RouteStatus {
        route: text("outward"),
        other_zone: text("outside"),
        place: text("cards"),
        gateway: false,
        items: counts,
        bytes: 4096,
        sequence: 3,
        receipt: 2,
        oldest_unpacked_seconds: Some(60),
        oldest_unproven_seconds: None,
        urgent: 1,
        packages_unanswered: 1,
        stopped: Some(text("SRC-03")),
        agreed: vec![text("li")],
        escaped: 0,
        silent_seconds: Some(120),
        oldest_read_seconds: None,
        extra: 3,
        keys: route_keys(),
        unconfirmed: 0,
        purging: 2,
        purge_agreed: Vec::new(),
        next: "release-breaker",
    };
    let listed = ItemReport {
        route: text("outward"),
        item: item("a"),
        state: "done",
        mark: "add",
        version: 1,
        packed_version: 1,
        packed_sequence: 1,
        proven_version: 1,
        digest: text("00"),
        bytes: 10,
        attempts: 1,
        discrepancy: "",
        disk: Some(item("a.escaped")),
    };
    let earlier = HistoryEntry {
        route: text("outward"),
        item: item("a"),
        version: 1,
        digest: text("00"),
        bytes: 10,
        replaced_at: 1_795_254_420,
        replaced_by: "document",
        purged: false,
        kept: true,
    };
    let facts = serde_json::Map::from_iter([(text("suite"), Value::from(1))]);
    vec![
        ("init", json(&InitReport { home: text("/srv/gapferry"), zone: text("inside"), role: "source", fingerprint: text("ac11-963b"), created: true })),
        (
            "card",
            json(&CardReport {
                zone: text("inside"),
                role: "source",
                generation: 1,
                fingerprint: text("ac11-963b"),
                id: text("ac11"),
                card: text("gapferry card 1\n"),
            }),
        ),
        ("trust", json(&TrustReport { zone: text("outside"), role: "replica", fingerprint: text("ac11-963b"), added: true })),
        (
            "keys rotate",
            json(&KeysReport {
                zone: text("inside"),
                generation: 2,
                fingerprint: Some(text("ac11-963b")),
                at_once: false,
                routes: vec![route_keys()],
                dry_run: false,
            }),
        ),
        (
            "keys revoke",
            json(&KeysRevokedReport {
                zone: text("inside"),
                generation: 1,
                fingerprint: text("ac11-963b"),
                from: 120,
                routes: vec![text("outward")],
                dry_run: false,
            }),
        ),
        ("route add", json(&SetupReport { kind: "route", name: text("outward"), place: text("cards"), added: true, carries_all: true })),
        ("capture", json(&captured())),
        ("pack", json(&packed())),
        ("apply", json(&applied())),
        (
            "parity",
            json(&ParityReport {
                route: text("outward"),
                run: text("00112233445566778899aabbccddeeff"),
                index: 1,
                count: 2,
                packages: 3,
                media: 2,
                bytes: 65_536,
                file: text("00.gfe"),
                dry_run: false,
            }),
        ),
        ("reconcile", json(&reconciled())),
        (
            "carry",
            json(&CarryReport {
                role: "source",
                reconciled: Some(reconciled()),
                packed: Some(packed()),
                applied: Some(applied()),
                next: "take-to-replica",
                zones: vec![text("outside")],
                foreign: vec![item("holiday.jpg")],
                foreign_total: 1,
            }),
        ),
        (
            "status",
            json(&StatusReport {
                zone: text("inside"),
                role: "source",
                generation: 2,
                routes: vec![route],
                ledger_records: 9,
                ledger_head: text("00"),
                incarnation: text("11"),
                problems: problem(),
            }),
        ),
        ("items", json(&ItemsReport { items: vec![listed] })),
        (
            "resend",
            json(&ActReport {
                act: "resend",
                route: text("outward"),
                items: 1,
                agreed: vec![text("li")],
                missing: 1,
                absent: 0,
                dry_run: false,
                problems: problem(),
            }),
        ),
        (
            "purge",
            json(&PurgeReport {
                dry_run: false,
                routes: vec![RoutePurge {
                    route: text("outward"),
                    other_zone: text("outside"),
                    items: 1,
                    gone: 0,
                    open: 1,
                    agreed: vec![text("li")],
                    missing: 1,
                    listed: vec![PurgedItem {
                        item: item("card 1"),
                        version: 3,
                        stays: true,
                        state: "proven",
                        asked_at: Some(1_795_254_420),
                        sequence: 12,
                        proven_at: Some(1_795_254_480),
                    }],
                    packages: vec![HoldingPackage {
                        sequence: 9,
                        package: text("00112233445566778899aabbccddeeff"),
                        medium: Some(text("ffeeddccbbaa99887766554433221100")),
                        packed_at: 1_795_254_400,
                        file_bytes: 32_768,
                        items: 1,
                        state: "answered",
                    }],
                    packages_total: 1,
                }],
                problems: problem(),
            }),
        ),
        (
            "rebase",
            json(&RebaseReport {
                role: "source",
                route: text("outward"),
                way: "new-life",
                life: None,
                routes: vec![text("outward")],
                incarnation: text("11"),
                confirm_items: 17,
                confirm_bytes: 4096,
                send_items: 2,
                send_bytes: 10,
                agreed: vec![text("li")],
                missing: 1,
                dry_run: false,
                problems: problem(),
            }),
        ),
        ("history", json(&HistoryReport { entries: vec![earlier], restored: 1, problems: problem() })),
        (
            "restore",
            json(&RestoreReport {
                route: text("outward"),
                folder: text("/srv/restored"),
                as_of: AsOf { records: 9, time: 1_795_254_420, sequence: 3 },
                items: 17,
                bytes: 4096,
                restored: 12,
                restored_bytes: 4000,
                there: 2,
                occupied: 1,
                missing: 1,
                refused: 1,
                dry_run: false,
                problems: problem(),
            }),
        ),
        (
            "scrub",
            json(&ScrubReport {
                attributes: 0,
                items: 17,
                bytes: 4096,
                resumed: 2,
                damaged: discrepancy(),
                extra: vec![ExtraFile { route: text("outward"), path: item("extra") }],
                extra_total: 1,
                set_aside: 2,
                receipts: vec![receipt()],
                problems: problem(),
            }),
        ),
        (
            "check",
            json(&CheckReport {
                archive: text("county"),
                today: text("2026-06-30"),
                records: 17,
                kinds: [("member", 3)].into(),
                left_out: 1,
                doubtful: 2,
                unread: 3,
                findings: 4,
                rules: [(text("X13"), 1)].into(),
                not_set: vec!["rule_year"],
                raised: 1,
                changed: 1,
                standing: 1,
                closed: 1,
                over: 5,
                alerts: vec![AlertLine {
                    alert: text("alert-01900000-0000-7000-8000-000000000001"),
                    rule: text("X13"),
                    severity: text("high"),
                    region: text("320412103012"),
                    change: "raised",
                    subjects: vec![text("household-01900000-0000-7000-8000-000000000001")],
                    facts: [(text("homesteads"), Value::from(2))].into_iter().collect(),
                }],
                dry_run: true,
                problems: problem(),
            }),
        ),
        ("ledger verify", json(&LedgerReport { records: 9, segments: 1, bytes: 4096, head: text("00"), first_bad: Some(3), problems: problem() })),
        (
            "home backup",
            json(&BackupReport {
                folder: text("/media/safe"),
                zone: text("inside"),
                generation: 3,
                files: 9,
                bytes: 4096,
                written_bytes: 1000,
                shared_bytes: 3096,
                generations: vec![2, 3],
                removed: vec![1],
                ledger_records: 9,
                ledger_head: text("00"),
                verified: false,
                dry_run: false,
                problems: problem(),
            }),
        ),
        (
            "home restore",
            json(&HomeRestoreReport {
                home: text("/srv/gapferry"),
                zone: text("inside"),
                role: "source",
                generation: 3,
                time: 1_795_254_420,
                ledger_records: 9,
                files: 9,
                bytes: 4096,
                routes: vec![text("outward")],
                incarnation: Some("000102030405060708090a0b0c0d0e0f".into()),
                dry_run: false,
            }),
        ),
        ("certificate sign", json(&signed)),
        ("certificate verify", json(&verified)),
        ("certificate qr", json(&code)),
        ("inspect", json(&InspectReport { kind: "package", file: text("00.gfp"), opened: false, facts, problems: problem() })),
    ]
}
