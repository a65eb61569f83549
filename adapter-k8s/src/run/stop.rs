//! A stop, for tasks that run for a while.

use tokio::sync::watch;

/// Waits for a stop; without end if no sender is left.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
