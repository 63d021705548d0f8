//! What the service manager is told: ready, stopping, still alive. Without one, nothing happens.

use sd_notify::NotifyState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Duration, interval};

/// Longest time between two signs of life.
const BEAT: Duration = Duration::from_secs(20);
/// While the first round of a large archive is under way, the manager is asked for so much more patience each time.
const PATIENCE_MICROSECONDS: u32 = 60_000_000;

/// Says once that the daemon is ready.
pub struct Ready(Arc<AtomicBool>);

impl Ready {
    /// The first round is over.
    pub fn say(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::info!("ready");
            notify(&NotifyState::Ready);
        }
    }
}

/// Begins the signs of life; they end with the runtime.
pub fn start() -> Ready {
    let ready = Arc::new(AtomicBool::new(false));
    let (said, watchdog) = (ready.clone(), sd_notify::watchdog_enabled());
    let every = watchdog.map_or(BEAT, |within| (within / 2).min(BEAT)).max(Duration::from_millis(1));
    tokio::spawn(async move {
        let mut beat = interval(every);
        loop {
            beat.tick().await;
            if watchdog.is_some() {
                notify(&NotifyState::Watchdog);
            }
            if !said.load(Ordering::Relaxed) {
                notify(&NotifyState::ExtendTimeoutUsec(PATIENCE_MICROSECONDS));
            }
        }
    });
    Ready(ready)
}

/// The daemon ends.
pub fn stopping() {
    notify(&NotifyState::Stopping);
}

fn notify(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
