//! A stop, as whoever does something for a while waits for it.

use tokio::sync::watch;

/// Waits for a stop; for ever if nobody is left who could ask for one.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
