//! Limits for connections to the controller's own port, because any client in the cluster can open them.
//!
//! A request has to arrive within [`PATIENCE`]. If there are more than [`MOST`] connections, the oldest is closed, so
//! that a probe gets through however many others are held open.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Instant, Sleep, sleep},
};

/// How long a connection may be silent, from its start or the last answer to the end of the next request's head.
const PATIENCE: Duration = Duration::from_secs(10);
/// The maximum number of open connections.
const MOST: usize = 64;

/// Accepts connections.
pub(super) struct Bounded {
    listener: TcpListener,
    /// Closes the connections that are open, the oldest first.
    open: VecDeque<oneshot::Sender<()>>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, open: VecDeque::new() }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.listener).await;
        self.open.retain(|open| !open.is_closed());
        if self.open.len() >= MOST
            && let Some(oldest) = self.open.pop_front()
        {
            oldest.send(()).ok();
        }
        let (close, closed) = oneshot::channel();
        self.open.push_back(close);
        let patience = Box::pin(sleep(PATIENCE));
        (Connection { stream, patience, closed: Some(closed), makes_room: false }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it is silent for too long, or when another one needs its place.
pub(super) struct Connection {
    stream: TcpStream,
    patience: Pin<Box<Sleep>>,
    closed: Option<oneshot::Receiver<()>>,
    makes_room: bool,
}

impl Connection {
    /// Whether it has been silent for too long, or another one needs its place.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let ended = self.closed.as_mut().map(|closed| Pin::new(closed).poll(cx));
        if let Some(Poll::Ready(ended)) = ended {
            // A completed future must not be polled again. A graceful shutdown still answers open requests.
            self.closed = None;
            self.makes_room = ended.is_ok();
        }
        self.makes_room || self.patience.as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        pin!(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(pin!(&mut self.stream).poll_write(cx, from))?;
        // A client that reads answers can send another request.
        self.patience.as_mut().reset(Instant::now() + PATIENCE);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::timeout,
    };

    use super::*;

    async fn serve() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "OK" }));
        tokio::spawn(async move { axum::serve(Bounded::new(listener), router).await });
        address
    }

    async fn asked(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn idle_connections_do_not_block_new_ones() {
        let address = serve().await;
        let mut held = Vec::new();
        for _ in 0..MOST * 3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            held.push(stream);
        }
        let answer = timeout(PATIENCE / 2, asked(address)).await.expect("an answer");
        assert!(answer.ends_with("OK"), "{answer}");
        let mut rest = Vec::new();
        // The oldest was closed.
        timeout(PATIENCE / 2, held[0].read_to_end(&mut rest)).await.expect("the end").ok();
    }

    #[tokio::test(start_paused = true)]
    async fn an_incomplete_request_times_out() {
        let mut stream = TcpStream::connect(serve().await).await.unwrap();
        let dripping = async {
            for _ in 0..100 {
                if stream.write_all(b"G").await.is_err() {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
            panic!("it waits for ever");
        };
        dripping.await;
    }
}
