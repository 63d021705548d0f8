//! The command of the simulation: what it is asked, and what it prints. The work is in the library.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use sim::crash;
use sim::worlds::{self, Request};
use std::process::ExitCode;
use std::time::Duration;

mod shown;

fn command() -> Command {
    let number = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_parser(value_parser!(usize)).help(help);
    let long = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_parser(value_parser!(u64)).help(help);
    let worlds = [
        long("worlds", "So many worlds; 1000, or without bound with --seconds"),
        long("seed", "All worlds follow from it; without it a fresh one, which is printed"),
        long("jobs", "Threads, each with worlds of its own").default_value("1"),
        Arg::new("crossings").long("crossings").value_parser(value_parser!(u32)).default_value("40").help("Crossings of one world, about"),
        long("seconds", "Ends after so long"),
        long("failures", "Ends after so many failures").default_value("1"),
        Arg::new("records").long("records").action(ArgAction::SetTrue).help("Only those worlds whose archive is one of records, of which every third is one"),
        long("replay", "Plays the world of this seed and prints what happened; when it fails, the smallest list of steps that still does"),
        Arg::new("debug").long("debug").action(ArgAction::SetTrue).requires("replay").help("What the program logs, on stderr; the smallest world comes last"),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object"),
    ];
    let sim = Command::new("sim").about("The world in which everything goes wrong: plays worlds, each from a seed").after_help(shown::HELP);
    sim.args(worlds).args_conflicts_with_subcommands(true).subcommand(
        Command::new("crash")
            .about("Cuts every operation before every call, in all variants of what was not durable, and recovers")
            .arg(Arg::new("operation").long("operation").value_parser(crash::NAMES).help("Only this operation"))
            .arg(Arg::new("seed").long("seed").value_parser(value_parser!(u64)).default_value("1").help("The seed"))
            .arg(
                Arg::new("no-exchange").long("no-exchange").action(ArgAction::SetTrue).help("Where the replica lies no two names can be exchanged in one step"),
            )
            .arg(long("seeds", "So many seeds, one after the other, each with keys, content and sizes of its own").default_value("1"))
            .arg(number("states-max", "No more distinct states than this"))
            .arg(number("variants-max", "No more variants of one cut than this, by chance"))
            .arg(number("again", "Second cuts for each recovery").default_value("4"))
            .arg(number("threads", "Threads, each with a world of its own").default_value("1"))
            .arg(number("cut", "Only this cut of the operation").requires("operation"))
            .arg(number("variant", "Only this variant of the cut").requires("cut"))
            .arg(Arg::new("second").long("second").value_name("CUT:VARIANT").value_parser(pair).requires("variant").help("Only this second cut"))
            .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("One JSON object")),
    )
}

fn pair(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(':').and_then(|(cut, variant)| Some((cut.parse().ok()?, variant.parse().ok()?)));
    parts.ok_or_else(|| "two numbers with a colon between".into())
}

fn main() -> ExitCode {
    let matches = command().get_matches();
    match matches.subcommand() {
        Some(("crash", matches)) => crash_states(matches),
        _ => play(&matches),
    }
}

fn play(matches: &ArgMatches) -> ExitCode {
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let count = |name: &str| number(name).and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
    let crossings = matches.get_one("crossings").copied().unwrap_or(40);
    if let Some(seed) = number("replay") {
        if matches.get_flag("debug") {
            tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).with_writer(std::io::stderr).without_time().init();
        }
        return worlds::alone(|| shown::replay(seed, crossings));
    }
    let time = number("seconds").map(Duration::from_secs);
    let request = Request {
        worlds: number("worlds").unwrap_or(if time.is_some() { u64::MAX } else { 1000 }),
        seed: number("seed").unwrap_or_else(shown::fresh_seed),
        jobs: count("jobs"),
        crossings,
        time,
        records: matches.get_flag("records"),
        failures_max: count("failures"),
    };
    shown::played(&request, matches.get_flag("json"))
}

fn crash_states(matches: &ArgMatches) -> ExitCode {
    let number = |name: &str| matches.get_one::<usize>(name).copied();
    let options = crash::Options {
        operation: matches.get_one::<String>("operation").cloned(),
        seed: matches.get_one("seed").copied().unwrap_or(1),
        exchanges: !matches.get_flag("no-exchange"),
        seeds: matches.get_one("seeds").copied().unwrap_or(1),
        states_max: number("states-max"),
        variants_max: number("variants-max"),
        again: number("again").unwrap_or(0),
        threads: number("threads").unwrap_or(1),
        only: crash::Only { cut: number("cut"), variant: number("variant"), second: matches.get_one("second").copied() },
    };
    let mut tell = |seed, report: &crash::Report| {
        if options.seeds > 1 {
            eprintln!("seed {seed}: {} distinct states so far, {} failures, {:.0} s", report.states(), report.failures.len(), report.seconds);
        }
    };
    let report = match crash::run(&options, &mut tell) {
        Ok(report) => report,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    };
    if matches.get_flag("json") {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
