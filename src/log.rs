//! The log of the daemon, and of any command when asked: text or JSON lines on stderr. No record's content, no secret.

use tracing_subscriber::EnvFilter;

/// Starts the log. `form` is a word of `commands::LOG_FORMS`, `level` of `commands::LOG_LEVELS`.
pub fn start(form: &str, level: &str) {
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_writer(std::io::stderr);
    if form == "json" {
        log.json().init();
    } else {
        log.with_ansi(false).init();
    }
}
