//! A small HTTP service: it reports its workload and version, and fails at the rate of that version.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task, time,
};

/// The port of every pod; the controller listens on another port of every address.
pub(crate) const PORT: u16 = 9898;

/// The header that names the version.
pub(crate) const VERSION: &str = "x-version";
/// The header that names the workload.
pub(crate) const WORKLOAD: &str = "x-workload";

/// A pod that is asked to end answers until there were no requests for this long.
const QUIET: Duration = Duration::from_secs(1);

/// The application in a pod.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// The workload that the pod belongs to.
    pub(crate) workload: String,
    /// The tag of its image.
    pub(crate) version: String,
    /// One of this many answers is an error; none if it is 0.
    pub(crate) fails_one_in: u64,
}

/// A running one.
pub(crate) struct Running {
    accepts: task::JoinHandle<()>,
    served: watch::Receiver<u64>,
    stop: watch::Sender<bool>,
}

impl App {
    /// Listens on that address; it is ready when this returns.
    pub(crate) async fn run(self, address: Ipv4Addr) -> Running {
        let listener = TcpListener::bind((address, PORT)).await.unwrap();
        let (serves, served) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let (app, count, serves) = (Arc::new(self), Arc::new(AtomicU64::new(0)), Arc::new(serves));
        let accepts = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (app, count, serves) = (app.clone(), count.clone(), serves.clone());
                let answer = move |_: Request<Incoming>| {
                    let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                    serves.send_replace(number);
                    let answer = app.answer(number);
                    async { Ok::<_, Infallible>(answer) }
                };
                tokio::spawn(serve(stream, stopped.clone(), answer));
            }
        });
        Running { accepts, served, stop }
    }

    fn answer(&self, number: u64) -> Response<Full<Bytes>> {
        let mut answer = Response::new(Full::from(format!("{}\n", self.version)));
        answer.headers_mut().insert(VERSION, self.version.parse().unwrap());
        answer.headers_mut().insert(WORKLOAD, self.workload.parse().unwrap());
        if self.fails_one_in > 0 && number.is_multiple_of(self.fails_one_in) {
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        answer
    }
}

impl Running {
    /// Ends it as a well-behaved pod ends: it continues to serve until there are no more requests.
    pub(crate) async fn end(mut self) {
        while time::timeout(QUIET, self.served.changed()).await.is_ok() {}
        self.accepts.abort();
        self.stop.send_replace(true);
    }
}

/// Serves a connection until it is idle after `stopped`.
async fn serve<F, R>(stream: TcpStream, mut stopped: watch::Receiver<bool>, answer: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Result<Response<Full<Bytes>>, Infallible>>,
{
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    tokio::pin!(connection);
    tokio::select! {
        // The client may have closed the connection.
        ended = connection.as_mut() => return drop(ended),
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}
