//! From parsed arguments to calls of the driver, one per command, and back to output.

use clap::ArgMatches;
use driver::report::Failure;
use driver::{
    ApplyOptions, ArchiveAdd, BackupOptions, CarryOptions, CertificateCodeOptions, CertificateSignOptions, CertificateVerifyOptions, CheckOptions, Checked,
    Chosen, HistoryOptions, HomeRestoreOptions, ItemsOptions, PackOptions, ParityOptions, PurgeOptions, RebaseOptions, ReceiptForm, ReconcileOptions,
    RestoreOptions, RouteAccept, RouteAdd, ScrubOptions, World,
};
use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wire::card::Role;
use zeroize::Zeroizing;

use crate::advice;
use crate::demo;
use crate::log;
use crate::paper;
use crate::passphrase;
use crate::progress::{Notices, Shown};
use crate::purge;
use crate::schema;
use crate::show::record_line;
use crate::trust;
use crate::usage;
use crate::voice::Voice;
use crate::world;

/// Names the home where `--home` does not.
pub const HOME_VARIABLE: &str = "GAPFERRY_HOME";

/// Carries out the command at `path` (its words joined by dots); returns the exit code.
pub fn perform(path: &str, matches: &ArgMatches, arguments: &[OsString], voice: Voice) -> u8 {
    match path {
        "completions" => return paper::completions(&text(matches, "shell"), &voice),
        "man" => return paper::man(&required_path(matches, "dir"), &voice),
        "schema" => return schema::run(optional(matches, "kind").as_deref(), &voice),
        "demo" if !of_county(matches) => return demo::run(optional_path(matches, "dir"), matches.get_flag("pause"), &voice),
        _ => {}
    }
    let form = optional(matches, "log");
    let level = optional(matches, "log-level");
    if path == "run" || form.is_some() || level.is_some() {
        log::start(form.as_deref().unwrap_or("text"), level.as_deref().unwrap_or("info"));
    }
    let talkative = !voice.json && !voice.quiet;
    let bars = talkative && path != "run" && std::io::stderr().is_terminal();
    let notices = match (voice.quiet, path == "run" || form.as_deref() == Some("json")) {
        (true, _) => Notices::None,
        (false, true) => Notices::Logged,
        (false, false) => Notices::Shown,
    };
    let progress = Arc::new(Shown::new(voice.texts.clone(), bars, talkative && path != "run", notices));
    let world = world::real(arguments, progress.clone(), voice.texts.clone());
    let home = optional_path(matches, "home").or_else(|| env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()).map(PathBuf::from));
    let exit = match (path, &home) {
        ("demo", _) => match county(matches) {
            Ok(asked) => demo::county::run(&asked, &*progress, &voice),
            Err(failure) => voice.failure(&failure),
        },
        ("check", home) if home.is_some() || optional(matches, "archive").is_none() => voice.say(driver::check(&world, &check(matches, home.as_deref()))),
        ("template.check", _) => voice.say(driver::template_check(&world, &paths(matches, "file"))),
        ("inspect", _) => voice.say(driver::inspect(&world, home.as_deref(), &required_path(matches, "file"))),
        ("certificate.verify", _) => voice.say(driver::certificate_verify(&world, home.as_deref(), &certificate_verify(matches))),
        ("certificate.qr", _) => voice.say(driver::certificate_code(&world, home.as_deref(), &certificate_code(matches))),
        // What is checked is the backup: it needs its passphrase and no home.
        ("home.backup", _) if matches.get_flag("verify") => {
            voice.say(driver::home_backup_verify(&world, &required_path(matches, "dir"), &asking(matches, &voice)))
        }
        (_, Some(home)) => with_home(path, matches, &world, home, &voice),
        (_, None) => voice.failure(&Failure::new("HOM-02", "--home", format!("no home is named, neither by --home nor by {HOME_VARIABLE}"))),
    };
    progress.finish();
    exit
}

fn with_home(path: &str, matches: &ArgMatches, world: &World, home: &Path, voice: &Voice) -> u8 {
    match path {
        "init" => voice.say(init(world, home, matches, voice)),
        "card" => {
            let card = driver::card(world, home);
            if let Some(card) = card.as_ref().ok().filter(|_| !voice.json && !voice.quiet && std::io::stderr().is_terminal()) {
                crate::voice::warn(&voice.texts.fill("card.fingerprint", &[("fingerprint", &card.fingerprint)]));
            }
            voice.say(card)
        }
        "trust" => {
            voice.say(trust::trust(world, home, &required_path(matches, "file"), optional(matches, "fingerprint"), optional(matches, "replaces"), voice))
        }
        "keys.rotate" => {
            let rotate = if matches.get_flag("dry-run") { driver::keys_rotate_foreseen } else { driver::keys_rotate };
            voice.say(rotate(world, home, matches.get_flag("at-once"), &text(matches, "reason")))
        }
        "keys.revoke" => {
            let (zone, fingerprint, from) = (text(matches, "zone"), text(matches, "fingerprint"), number(matches, "from").unwrap_or(0));
            let revoke = if matches.get_flag("dry-run") { driver::keys_revoke_foreseen } else { driver::keys_revoke };
            voice.say(revoke(world, home, &zone, &fingerprint, from, &texts(matches, "route"), &text(matches, "reason")))
        }
        "archive.add" => {
            let add = ArchiveAdd { layout: optional(matches, "layout"), records: optional(matches, "records") };
            voice.say(driver::archive_add_as(world, home, &text(matches, "name"), &required_path(matches, "dir"), &add))
        }
        "route.add" => voice.say(driver::route_add(world, home, &route_add(matches))),
        "route.accept" => voice.say(match optional(matches, "for") {
            Some(zone) => driver::route_accept_for(world, home, &route_accept(matches), &zone),
            None => driver::route_accept(world, home, &route_accept(matches)),
        }),
        "template.preview" => voice.say(driver::template_preview(world, home, &required_path(matches, "file"), &text(matches, "route"))),
        "template.activate" => {
            let (file, route, reason) = (required_path(matches, "file"), text(matches, "route"), text(matches, "reason"));
            voice.say(driver::template_activate(world, home, &file, &route, &reason, matches.get_flag("dry-run")))
        }
        "template.show" => voice.say(driver::template_show(world, home, &text(matches, "route"))),
        "carry" => voice.say(driver::carry(world, home, &carry(matches))),
        "capture" => voice.say(driver::capture(world, home, matches.get_flag("deep"))),
        "pack" => voice.say(driver::pack(world, home, &pack(matches))),
        "apply" => voice.say(driver::apply(world, home, &apply(matches))),
        "parity" => {
            let options = ParityOptions { to: required_path(matches, "to"), route: optional(matches, "route"), dry_run: matches.get_flag("dry-run") };
            voice.say(driver::parity(world, home, &options))
        }
        "reconcile" => voice.say(driver::reconcile(world, home, &ReconcileOptions { from: required_path(matches, "from"), routes: texts(matches, "route") })),
        "status" => voice.say(driver::status(world, home)),
        "items" => {
            let options = ItemsOptions { route: optional(matches, "route"), state: optional(matches, "state"), pattern: optional(matches, "pattern") };
            voice.say(driver::items(world, home, &options))
        }
        "resend" => voice.say(driver::resend(world, home, &text(matches, "route"), &chosen(matches), &text(matches, "reason"))),
        "cancel" => voice.say(driver::cancel(world, home, &text(matches, "route"), &chosen(matches), &text(matches, "reason"))),
        "purge" => purge::purge(world, home, &purging(matches), matches.get_flag("yes"), voice),
        "purges" => voice.say(driver::purges(world, home, optional(matches, "route").as_deref(), optional(matches, "pattern").as_deref())),
        "breaker.release" => {
            let release = if matches.get_flag("dry-run") { driver::breaker_release_foreseen } else { driver::breaker_release };
            voice.say(release(world, home, &text(matches, "route"), &text(matches, "reason")))
        }
        "rebase" => voice.say(driver::rebase(world, home, &rebase(matches))),
        "history" => voice.say(driver::history(world, home, &history(matches))),
        "read" => read(world, home, matches, voice),
        "restore" => voice.say(driver::restore(world, home, &restore(matches))),
        "scrub" => voice.say(driver::scrub(world, home, &scrub(matches))),
        "ledger.verify" => voice.say(driver::ledger_verify(world, home)),
        "ledger.rebuild" => voice.say(driver::ledger_rebuild(world, home)),
        "ledger.show" => ledger_show(world, home, number(matches, "from").unwrap_or(0), voice),
        "home.backup" => voice.say(home_backup(world, home, matches, voice)),
        "home.restore" => {
            let options =
                HomeRestoreOptions { folder: required_path(matches, "dir"), generation: number(matches, "generation"), dry_run: matches.get_flag("dry-run") };
            voice.say(driver::home_restore(world, home, &options, &asking(matches, voice)))
        }
        "certificate.sign" => voice.say(driver::certificate_sign(world, home, &certificate_sign(matches))),
        "run" => voice.say(driver::daemon::run(world, home, &driver::daemon::DaemonOptions { once: matches.get_flag("once") })),
        other => unreachable!("{other} is in the table of commands but not here: a test runs every command"),
    }
}

fn init(world: &World, home: &Path, matches: &ArgMatches, voice: &Voice) -> Result<driver::report::InitReport, Failure> {
    let protect = matches.get_flag("passphrase") || passphrase::file().is_some();
    let refused = |detail: String| Failure::new("HOM-04", "--passphrase", detail);
    let passphrase = protect.then(|| passphrase::choose(&voice.texts)).transpose().map_err(refused)?;
    let role = if text(matches, "role") == Role::Source.word() { Role::Source } else { Role::Replica };
    driver::init(world, home, &text(matches, "zone"), role, passphrase)
}

fn home_backup(world: &World, home: &Path, matches: &ArgMatches, voice: &Voice) -> Result<driver::report::BackupReport, Failure> {
    let options = BackupOptions { folder: required_path(matches, "dir"), keep: number(matches, "keep"), dry_run: matches.get_flag("dry-run") };
    let refused = |detail: String| Failure::new("HOM-04", "--passphrase-file", detail);
    let file = optional_path(matches, "passphrase-file");
    // A dry run looks at a passphrase that is to be had, and has nobody type one.
    let wanted = !options.dry_run || file.is_some() || passphrase::file().is_some();
    let passphrase = wanted.then(|| passphrase::choose_from(file.as_deref(), &voice.texts)).transpose().map_err(refused)?;
    driver::home_backup(world, home, &options, passphrase)
}

/// Asks for the passphrase of a backup.
fn asking(matches: &ArgMatches, voice: &Voice) -> impl Fn() -> Option<Zeroizing<String>> + use<> {
    let (file, texts) = (optional_path(matches, "passphrase-file"), voice.texts.clone());
    move || passphrase::ask_from(file.as_deref(), &texts)
}

fn route_add(matches: &ArgMatches) -> RouteAdd {
    RouteAdd {
        name: text(matches, "name"),
        archive: text(matches, "archive"),
        to: text(matches, "to"),
        to_gateway: optional_path(matches, "to-gateway"),
        from_gateway: optional_path(matches, "from-gateway"),
        escrow: optional(matches, "escrow"),
        adopt: matches.get_flag("adopt"),
    }
}

fn route_accept(matches: &ArgMatches) -> RouteAccept {
    RouteAccept {
        name: text(matches, "name"),
        from: text(matches, "from"),
        into: required_path(matches, "into"),
        from_gateway: optional_path(matches, "from-gateway"),
        to_gateway: optional_path(matches, "to-gateway"),
    }
}

fn carry(matches: &ArgMatches) -> CarryOptions {
    CarryOptions {
        medium: required_path(matches, "medium"),
        routes: texts(matches, "route"),
        medium_size: number(matches, "medium-size"),
        receipt: receipt_form(matches),
        receipt_to: optional_path(matches, "receipt-to"),
    }
}

fn pack(matches: &ArgMatches) -> PackOptions {
    PackOptions {
        to: required_path(matches, "to"),
        routes: texts(matches, "route"),
        items: texts(matches, "item"),
        kinds: texts(matches, "kind"),
        condition: optional(matches, "where"),
        medium_size: number(matches, "medium-size"),
        dry_run: matches.get_flag("dry-run"),
    }
}

/// Whether something is said of a county.
fn of_county(matches: &ArgMatches) -> bool {
    matches.get_flag("plant") || ["into", "county", "seed", "years", "step"].iter().any(|name| matches.contains_id(name))
}

fn county(matches: &ArgMatches) -> Result<demo::county::Asked, Failure> {
    let into = optional_path(matches, "into").ok_or_else(|| usage::wrong("gapferry demo", "--into says where the county is"))?;
    let number = |name| number(matches, name);
    let (households, seed, years, steps) = (number("county"), number("seed"), number("years"), number("step"));
    Ok(demo::county::Asked { into, households, seed, years, plant: matches.get_flag("plant"), steps })
}

fn check(matches: &ArgMatches, home: Option<&Path>) -> CheckOptions {
    let what = match (optional(matches, "archive"), home) {
        (Some(name), Some(home)) => Checked::Archive { home: home.to_owned(), name },
        _ => Checked::Folder(required_path(matches, "dir")),
    };
    let alerts = optional(matches, "alerts").unwrap_or_else(|| "alerts".to_owned());
    CheckOptions { what, rules: optional_path(matches, "rules"), alerts, dry_run: matches.get_flag("dry-run") }
}

fn apply(matches: &ArgMatches) -> ApplyOptions {
    ApplyOptions {
        from: required_path(matches, "from"),
        routes: texts(matches, "route"),
        receipt: receipt_form(matches),
        receipt_to: optional_path(matches, "receipt-to"),
        dry_run: matches.get_flag("dry-run"),
    }
}

fn purging(matches: &ArgMatches) -> PurgeOptions {
    PurgeOptions {
        routes: texts(matches, "route"),
        archive: optional(matches, "archive"),
        items: texts(matches, "item"),
        reason: text(matches, "reason"),
        dry_run: matches.get_flag("dry-run"),
    }
}

fn rebase(matches: &ArgMatches) -> RebaseOptions {
    RebaseOptions {
        route: text(matches, "route"),
        reason: text(matches, "reason"),
        new_life: matches.get_flag("new-life"),
        refuse: matches.get_flag("refuse"),
        life: optional(matches, "life"),
        dry_run: matches.get_flag("dry-run"),
    }
}

fn history(matches: &ArgMatches) -> HistoryOptions {
    HistoryOptions {
        route: optional(matches, "route"),
        pattern: optional(matches, "pattern"),
        version: number(matches, "version"),
        restore: optional_path(matches, "restore"),
        back: number(matches, "back"),
    }
}

/// How long `read` waits for a tree to be whole where nothing else is said, s.
const READ_WAIT_SECONDS: u64 = 60;

/// Runs a command while the replica is whole; its exit code is ours, 128 and the number of the signal that ended it.
fn read(world: &World, home: &Path, matches: &ArgMatches, voice: &Voice) -> u8 {
    let mut words = matches.get_many::<OsString>("command").into_iter().flatten();
    let program = words.next().expect("the parser refuses a line without a required argument");
    let route = optional(matches, "route");
    let reading = match driver::read(world, home, route.as_deref(), number(matches, "wait").unwrap_or(READ_WAIT_SECONDS)) {
        Ok(reading) => reading,
        Err(failure) => return voice.failure(&failure),
    };
    let ended = std::process::Command::new(program).args(words).status();
    drop(reading);
    match ended {
        Ok(status) => status.code().or(status.signal().map(|signal| 128 + signal)).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX),
        Err(error) => voice.failure(&Failure::io(program.display().to_string(), &error)),
    }
}

fn restore(matches: &ArgMatches) -> RestoreOptions {
    RestoreOptions {
        into: required_path(matches, "into"),
        at: matches.get_one::<driver::Moment>("at").copied(),
        route: optional(matches, "route"),
        patterns: texts(matches, "pattern"),
        dry_run: matches.get_flag("dry-run"),
    }
}

fn scrub(matches: &ArgMatches) -> ScrubOptions {
    ScrubOptions {
        routes: texts(matches, "route"),
        to: optional_path(matches, "to"),
        rate: number(matches, "rate"),
        set_aside_extra: matches.get_flag("set-aside-extra"),
    }
}

fn certificate_sign(matches: &ArgMatches) -> CertificateSignOptions {
    CertificateSignOptions {
        archive: optional(matches, "archive"),
        pattern: optional(matches, "pattern"),
        again: matches.get_flag("again"),
        dry_run: matches.get_flag("dry-run"),
    }
}

fn certificate_verify(matches: &ArgMatches) -> CertificateVerifyOptions {
    CertificateVerifyOptions { files: paths(matches, "file"), codes: texts(matches, "text"), cards: paths(matches, "card") }
}

fn certificate_code(matches: &ArgMatches) -> CertificateCodeOptions {
    CertificateCodeOptions {
        certificate: required_path(matches, "certificate"),
        url: text(matches, "url"),
        cards: paths(matches, "card"),
        svg: optional_path(matches, "svg"),
        png: optional_path(matches, "png"),
    }
}

fn chosen(matches: &ArgMatches) -> Chosen {
    optional(matches, "package").map_or_else(|| Chosen::Items(texts(matches, "item")), Chosen::Package)
}

/// Prints the records as they come, so that a ledger of any length takes no memory. As JSON the object stays one and whole
/// even when a record in the middle cannot be read.
fn ledger_show(world: &World, home: &Path, from: u64, voice: &Voice) -> u8 {
    let mut shown = 0u64;
    let mut exit = advice::WELL;
    let result = driver::ledger_show(world, home, from, &mut |record| {
        let line = match (voice.json, shown) {
            (true, 0) => format!("{{\"records\":[\n{record}"),
            (true, _) => format!(",\n{record}"),
            (false, _) => crate::page::printable(&record_line(&record)) + "\n",
        };
        shown += 1;
        exit = voice.print(exit, &line);
        if voice.closed() {
            // Nobody reads on, and reading changed nothing.
            std::process::exit(advice::WELL.into());
        }
    });
    match (result, voice.json) {
        (Ok(()), true) if shown == 0 => voice.print(exit, &format!("{{\"records\":[],\"exit\":{exit}}}\n")),
        (Ok(()), true) => voice.print(exit, &format!("\n],\"exit\":{exit}}}\n")),
        (Ok(()), false) => exit,
        (Err(failure), true) if shown > 0 => {
            let exit = advice::exit_of_all([exit, advice::exit_of(failure.0.code)]);
            voice.print(exit, &format!("\n],\"error\":{},\"exit\":{exit}}}\n", voice.error(&failure)))
        }
        (Err(failure), _) => voice.failure(&failure),
    }
}

fn receipt_form(matches: &ArgMatches) -> Option<ReceiptForm> {
    optional(matches, "receipt").map(|form| if form == "digest" { ReceiptForm::Digest } else { ReceiptForm::Full })
}

fn optional(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

fn text(matches: &ArgMatches, name: &str) -> String {
    optional(matches, name).expect("the parser refuses a line without a required argument")
}

fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).into_iter().flatten().cloned().collect()
}

fn paths(matches: &ArgMatches, name: &str) -> Vec<PathBuf> {
    matches.get_many::<PathBuf>(name).into_iter().flatten().cloned().collect()
}

fn optional_path(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.get_one::<PathBuf>(name).cloned()
}

fn required_path(matches: &ArgMatches, name: &str) -> PathBuf {
    optional_path(matches, name).expect("the parser refuses a line without a required argument")
}

fn number(matches: &ArgMatches, name: &str) -> Option<u64> {
    matches.get_one::<u64>(name).copied()
}
