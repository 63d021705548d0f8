//! The binary `gapferry`. Everything is in the library beside it, where tests can reach it.

fn main() -> std::process::ExitCode {
    gapferry::run(std::env::args_os().collect()).into()
}
