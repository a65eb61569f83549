//! Limits for connections to a program's own port, because any client in the cluster can open them.
//!
//! If there are more than the [bounds](Bounds) allow, the oldest is closed, so that a probe gets through however many
//! others are held open.

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

/// How long and how many connections are held open.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long a connection may be silent, from its start or the last answer to the next answer.
    pub patience: Duration,
    /// Connections that are open at most.
    pub most: usize,
}

impl Default for Bounds {
    /// For answers that are there at once.
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), most: 64 }
    }
}

/// Accepts connections.
pub struct Bounded {
    listener: TcpListener,
    bounds: Bounds,
    /// Closes the connections that are open, the oldest first.
    open: VecDeque<oneshot::Sender<()>>,
}

impl Bounded {
    /// None is open yet.
    #[must_use]
    pub fn new(listener: TcpListener, bounds: Bounds) -> Self {
        Self { listener, bounds, open: VecDeque::new() }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.listener).await;
        self.open.retain(|open| !open.is_closed());
        if self.open.len() >= self.bounds.most
            && let Some(oldest) = self.open.pop_front()
        {
            oldest.send(()).ok();
        }
        let (close, closed) = oneshot::channel();
        self.open.push_back(close);
        let patience = self.bounds.patience;
        let silent = Box::pin(sleep(patience));
        (Connection { stream, patience, silent, closed: Some(closed), makes_room: false }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it is silent for too long, or when another one needs its place.
pub struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// Ends when it has been silent for too long.
    silent: Pin<Box<Sleep>>,
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
        self.makes_room || self.silent.as_mut().poll(cx).is_ready()
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
        let until = Instant::now() + self.patience;
        self.silent.as_mut().reset(until);
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
        tokio::spawn(async move { axum::serve(Bounded::new(listener, Bounds::default()), router).await });
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
        for _ in 0..Bounds::default().most * 3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            held.push(stream);
        }
        let answer = timeout(Bounds::default().patience / 2, asked(address)).await.expect("an answer");
        assert!(answer.ends_with("OK"), "{answer}");
        let mut rest = Vec::new();
        // The oldest was closed.
        timeout(Bounds::default().patience / 2, held[0].read_to_end(&mut rest)).await.expect("the end").ok();
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
