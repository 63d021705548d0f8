//! The command line as data: every command, its arguments, and the key of each text. `command_line` builds the parser from it.

/// A command, or a group of commands.
#[derive(Debug)]
pub struct Command {
    /// Its word.
    pub name: &'static str,
    /// Its arguments, in the order of `--help`.
    pub arguments: &'static [Argument],
    /// Arguments of which exactly one must be given.
    pub one_of: &'static [&'static str],
    /// What lies below a group.
    pub commands: &'static [Command],
}

/// An argument: an option, unless it is positional.
#[derive(Debug)]
pub struct Argument {
    /// Its name, without dashes.
    pub name: &'static str,
    /// What stands for its value in `--help`; empty for a flag.
    pub value: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Whether it stands by its place.
    pub positional: bool,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it may be given more than once.
    pub many: bool,
    /// An argument that may not stand beside it.
    pub conflicts: Option<&'static str>,
    /// Key of its text.
    pub says: &'static str,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value.
    Flag,
    /// Text.
    Text,
    /// A path, any bytes.
    Path,
    /// A whole number.
    Number,
    /// A size in bytes.
    Size,
    /// A sequence or a time.
    Moment,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A command line of another program, behind `--`.
    Words,
}

impl Argument {
    const fn new(name: &'static str, value: &'static str, kind: Kind, says: &'static str) -> Self {
        Self { name, value, kind, positional: false, required: false, many: false, conflicts: None, says }
    }
    const fn flag(name: &'static str, says: &'static str) -> Self {
        Self::new(name, "", Kind::Flag, says)
    }
    const fn text(name: &'static str, value: &'static str, says: &'static str) -> Self {
        Self::new(name, value, Kind::Text, says)
    }
    const fn path(name: &'static str, value: &'static str, says: &'static str) -> Self {
        Self::new(name, value, Kind::Path, says)
    }
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
    const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
    const fn positional(self) -> Self {
        Self { positional: true, required: true, ..self }
    }
    const fn many(self) -> Self {
        Self { many: true, ..self }
    }
    const fn without(self, other: &'static str) -> Self {
        Self { conflicts: Some(other), ..self }
    }
}

const fn command(name: &'static str, arguments: &'static [Argument]) -> Command {
    Command { name, arguments, one_of: &[], commands: &[] }
}

const fn group(name: &'static str, commands: &'static [Command]) -> Command {
    Command { name, arguments: &[], one_of: &[], commands }
}

/// Words of `--role`.
pub const ROLES: &[&str] = &["source", "replica"];
/// Words of `--receipt`.
pub const RECEIPT_FORMS: &[&str] = &["full", "digest"];
/// Words of `--state`.
pub const STATES: &[&str] = &["pending", "packed", "done", "failed", "stale", "cancelled"];
/// Words of `--log`.
pub const LOG_FORMS: &[&str] = &["text", "json"];
/// Words of `--log-level`.
pub const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
/// Shells that `completions` knows.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

const ROUTE: Argument = Argument::text("route", "ROUTE", "argument.route");
const ROUTES: Argument = Argument::text("route", "ROUTE", "argument.routes").many();
const ANY_ROUTES: Argument = Argument::text("route", "ROUTE", "argument.any-routes").many();
const TEMPLATE: Argument = Argument::path("file", "FILE", "argument.template").positional();
const NAME: Argument = Argument::text("name", "NAME", "argument.name").positional();
const REASON: Argument = Argument::text("reason", "TEXT", "argument.reason").required();
const FROM_MEDIUM: Argument = Argument::path("from", "MEDIUM", "argument.from-medium").required();
const TO_GATEWAY: Argument = Argument::path("to-gateway", "DIR", "argument.to-gateway");
const FROM_GATEWAY: Argument = Argument::path("from-gateway", "DIR", "argument.from-gateway");
const MEDIUM_SIZE: Argument = Argument::new("medium-size", "SIZE", Kind::Size, "argument.medium-size");
const RECEIPT: Argument = Argument::new("receipt", "FORM", Kind::Choice(RECEIPT_FORMS), "argument.receipt");
const RECEIPT_TO: Argument = Argument::path("receipt-to", "DIR", "argument.receipt-to");
const DRY_RUN: Argument = Argument::flag("dry-run", "argument.dry-run");
const PASSPHRASE_FILE: Argument = Argument::path("passphrase-file", "FILE", "argument.passphrase-file");
const ITEMS: Argument = Argument::text("item", "PATTERN", "argument.items").many();
const CARDS: Argument = Argument::path("card", "FILE", "argument.cards").many();
const PACKAGE: Argument = Argument::text("package", "ID", "argument.package");

/// Options that stand before or after any command.
pub const GLOBAL: &[Argument] = &[
    Argument::path("home", "DIR", "global.home"),
    Argument::flag("json", "global.json"),
    Argument::new("lang", "LANG", Kind::Choice(&crate::language::WORDS), "global.lang"),
    Argument::flag("quiet", "global.quiet"),
    Argument::new("log", "FORM", Kind::Choice(LOG_FORMS), "global.log"),
    Argument::new("log-level", "LEVEL", Kind::Choice(LOG_LEVELS), "global.log-level"),
];

/// Every command, in the order of `--help`.
pub const COMMANDS: &[Command] = &[
    command(
        "init",
        &[
            Argument::text("zone", "NAME", "argument.zone").required(),
            Argument::new("role", "ROLE", Kind::Choice(ROLES), "argument.role").required(),
            Argument::flag("passphrase", "argument.passphrase"),
        ],
    ),
    command("card", &[]),
    command(
        "trust",
        &[
            Argument::path("file", "FILE", "argument.card-file").positional(),
            Argument::text("fingerprint", "FP", "argument.fingerprint"),
            Argument::text("replaces", "ZONE", "argument.replaces"),
        ],
    ),
    group(
        "keys",
        &[
            command("rotate", &[Argument::flag("at-once", "argument.at-once"), REASON, DRY_RUN]),
            command(
                "revoke",
                &[
                    Argument::text("zone", "ZONE", "argument.revoked-zone").required(),
                    Argument::text("fingerprint", "FP", "argument.revoked-fingerprint").required(),
                    Argument::new("from", "NUMBER", Kind::Number, "argument.revoked-from").required(),
                    ANY_ROUTES,
                    REASON,
                    DRY_RUN,
                ],
            ),
        ],
    ),
    group(
        "archive",
        &[command(
            "add",
            &[
                NAME,
                Argument::path("dir", "DIR", "argument.archive-dir").positional(),
                Argument::text("layout", "LAYOUT", "argument.layout"),
                Argument::text("records", "PATTERN", "argument.records"),
            ],
        )],
    ),
    group(
        "route",
        &[
            command(
                "add",
                &[
                    NAME,
                    Argument::text("archive", "ARCHIVE", "argument.archive").required(),
                    Argument::text("to", "ZONE", "argument.to-zone").required(),
                    TO_GATEWAY,
                    FROM_GATEWAY,
                    Argument::text("escrow", "ZONE", "argument.escrow"),
                    Argument::flag("adopt", "argument.adopt"),
                ],
            ),
            command(
                "accept",
                &[
                    NAME,
                    Argument::text("from", "ZONE", "argument.from-zone").required(),
                    Argument::path("into", "DIR", "argument.into").required(),
                    Argument::text("for", "ZONE", "argument.for-zone"),
                    FROM_GATEWAY,
                    TO_GATEWAY,
                ],
            ),
        ],
    ),
    group(
        "template",
        &[
            command("check", &[Argument::path("file", "FILE", "argument.template").positional().many()]),
            command("preview", &[TEMPLATE, Argument::text("route", "ROUTE", "argument.route").required()]),
            command("activate", &[TEMPLATE, Argument::text("route", "ROUTE", "argument.route").required(), REASON, DRY_RUN]),
            command("show", &[Argument::text("route", "ROUTE", "argument.route").required()]),
        ],
    ),
    command("carry", &[Argument::path("medium", "MEDIUM", "argument.medium").positional(), ROUTES, MEDIUM_SIZE, RECEIPT, RECEIPT_TO]),
    command("capture", &[Argument::flag("deep", "argument.deep")]),
    command(
        "pack",
        &[
            Argument::path("to", "MEDIUM", "argument.to-medium").required(),
            ROUTES,
            ITEMS,
            Argument::text("kind", "KIND", "argument.kinds").many(),
            Argument::text("where", "CONDITION", "argument.where"),
            MEDIUM_SIZE,
            Argument::flag("dry-run", "argument.dry-pack"),
        ],
    ),
    command("parity", &[Argument::path("to", "MEDIUM", "argument.to-medium").required(), ROUTE, DRY_RUN]),
    command("apply", &[FROM_MEDIUM, ANY_ROUTES, RECEIPT, RECEIPT_TO, DRY_RUN]),
    command("reconcile", &[FROM_MEDIUM, ANY_ROUTES]),
    command("status", &[]),
    command(
        "items",
        &[
            Argument::text("pattern", "PATTERN", "argument.pattern").positional().optional(),
            ROUTE,
            Argument::new("state", "STATE", Kind::Choice(STATES), "argument.state"),
        ],
    ),
    Command { one_of: &["item", "package"], ..command("resend", &[ROUTE.required(), ITEMS, PACKAGE, REASON]) },
    Command { one_of: &["item", "package"], ..command("cancel", &[ROUTE.required(), ITEMS, PACKAGE, REASON]) },
    Command {
        one_of: &["route", "all-routes"],
        ..command(
            "purge",
            &[
                Argument::text("route", "ROUTE", "argument.purge-routes").many(),
                Argument::flag("all-routes", "argument.all-routes"),
                Argument::text("archive", "ARCHIVE", "argument.purge-archive"),
                ITEMS.required(),
                REASON,
                Argument::flag("yes", "argument.yes"),
                DRY_RUN,
            ],
        )
    },
    command("purges", &[Argument::text("pattern", "PATTERN", "argument.pattern").positional().optional(), ROUTE]),
    group("breaker", &[command("release", &[Argument::text("route", "ROUTE", "argument.route-stopped").positional(), REASON, DRY_RUN])]),
    command(
        "rebase",
        &[
            Argument::text("route", "ROUTE", "argument.route-rebase").positional(),
            REASON,
            Argument::flag("new-life", "argument.new-life").without("life"),
            Argument::flag("refuse", "argument.refuse").without("new-life"),
            Argument::text("life", "LIFE", "argument.life").without("refuse"),
            DRY_RUN,
        ],
    ),
    command(
        "history",
        &[
            Argument::text("pattern", "PATTERN", "argument.pattern").positional().optional(),
            ROUTE,
            Argument::new("version", "N", Kind::Number, "argument.version"),
            Argument::new("back", "N", Kind::Number, "argument.back").without("version"),
            Argument::path("restore", "DIR", "argument.restore"),
        ],
    ),
    command(
        "read",
        &[
            Argument::new("command", "COMMAND", Kind::Words, "argument.read-command").positional().many(),
            ROUTE,
            Argument::new("wait", "SECONDS", Kind::Number, "argument.read-wait"),
        ],
    ),
    command(
        "restore",
        &[
            Argument::text("pattern", "PATTERN", "argument.patterns").positional().optional().many(),
            Argument::path("into", "DIR", "argument.restore-into").required(),
            Argument::new("at", "TIME|SEQUENCE", Kind::Moment, "argument.at"),
            ROUTE,
            DRY_RUN,
        ],
    ),
    command(
        "scrub",
        &[
            ANY_ROUTES,
            Argument::path("to", "MEDIUM", "argument.scrub-to"),
            Argument::new("rate", "SIZE", Kind::Size, "argument.rate"),
            Argument::flag("set-aside-extra", "argument.set-aside-extra"),
        ],
    ),
    group(
        "ledger",
        &[command("verify", &[]), command("rebuild", &[]), command("show", &[Argument::new("from", "NUMBER", Kind::Number, "argument.from-record")])],
    ),
    group(
        "home",
        &[
            command(
                "backup",
                &[
                    Argument::path("dir", "DIR", "argument.backup-dir").positional(),
                    PASSPHRASE_FILE,
                    Argument::new("keep", "N", Kind::Number, "argument.keep"),
                    DRY_RUN,
                    Argument::flag("verify", "argument.verify").without("keep"),
                ],
            ),
            command(
                "restore",
                &[
                    Argument::path("dir", "DIR", "argument.backup-dir").positional(),
                    PASSPHRASE_FILE,
                    Argument::new("generation", "N", Kind::Number, "argument.generation"),
                    DRY_RUN,
                ],
            ),
        ],
    ),
    Command {
        one_of: &["archive", "dir"],
        ..command(
            "check",
            &[
                Argument::text("archive", "ARCHIVE", "argument.check-archive"),
                Argument::path("dir", "DIR", "argument.check-dir"),
                Argument::path("rules", "FILE", "argument.rules"),
                Argument::text("alerts", "FOLDER", "argument.alerts"),
                DRY_RUN,
            ],
        )
    },
    command("schema", &[Argument::text("kind", "KIND", "argument.schema-kind").positional().optional()]),
    group(
        "certificate",
        &[
            command(
                "sign",
                &[
                    Argument::text("pattern", "PATTERN", "argument.pattern").positional().optional(),
                    Argument::text("archive", "ARCHIVE", "argument.certificate-archive"),
                    Argument::flag("again", "argument.certificate-again"),
                    DRY_RUN,
                ],
            ),
            command(
                "verify",
                &[
                    Argument::path("file", "FILE", "argument.certificate-files").positional().optional().many(),
                    Argument::text("text", "TEXT", "argument.certificate-text").many(),
                    CARDS,
                ],
            ),
            command(
                "qr",
                &[
                    Argument::path("certificate", "CERTIFICATE", "argument.certificate").positional(),
                    Argument::text("url", "URL", "argument.certificate-url").required(),
                    CARDS,
                    Argument::path("svg", "FILE", "argument.certificate-svg"),
                    Argument::path("png", "FILE", "argument.certificate-png"),
                ],
            ),
        ],
    ),
    command("inspect", &[Argument::path("file", "FILE", "argument.inspect-file").positional()]),
    command("run", &[Argument::flag("once", "argument.once")]),
    command(
        "demo",
        &[
            Argument::path("dir", "DIR", "argument.demo-dir").without("into"),
            Argument::flag("pause", "argument.pause").without("into"),
            Argument::path("into", "DIR", "argument.county-into"),
            Argument::new("county", "HOUSEHOLDS", Kind::Number, "argument.county").without("step"),
            Argument::new("seed", "NUMBER", Kind::Number, "argument.seed"),
            Argument::new("years", "YEARS", Kind::Number, "argument.years"),
            Argument::flag("plant", "argument.plant"),
            Argument::new("step", "STEPS", Kind::Number, "argument.step"),
        ],
    ),
    command("completions", &[Argument::new("shell", "SHELL", Kind::Choice(SHELLS), "argument.shell").positional()]),
    command("man", &[Argument::path("dir", "DIR", "argument.man-dir").positional()]),
];
