//! The wire under every fake: a loopback server whose connections can be cut in the middle of a call.

use std::{
    fmt::Debug,
    future::{Future, pending},
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State, connect_info::Connected},
    http::{HeaderMap, Method, Response},
    serve::{IncomingStream, Listener},
};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::fault::{Fault, Faults};

/// Larger bodies are refused before a fake looks at them.
const MOST_BODY_BYTES: usize = 12 * 1024 * 1024;

/// A fake platform, behind the wire.
pub(crate) trait Fake: Send + Sync + 'static {
    type Call: Copy + Eq + Debug + Send + Sync + 'static;

    /// Which call this is; none: the platform has no such address.
    fn route(&self, asked: &Asked) -> Option<Self::Call>;

    fn faults(&self) -> &Faults<Self::Call>;

    fn answer(&self, call: Self::Call, asked: &Asked) -> impl Future<Output = Answer> + Send;

    /// How this platform says 404, 429, 500 or "token expired", and notes it.
    fn refuse(&self, call: Option<Self::Call>, asked: &Asked, failure: Failure) -> Answer;
}

/// What a platform can say without looking at the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    NoSuchAddress,
    Broken,
    TooMany { retry_after_s: Option<u32> },
    ExpiredToken,
    TooLarge,
}

/// A request as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; none when it is none.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as `application/x-www-form-urlencoded`.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// What goes back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Bytes::from(body.to_string()),
        }
    }

    pub(crate) fn bytes(status: u16, mime: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type", mime.to_owned())], body: body.into() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).unwrap_or_default()
    }
}

/// A fake that listens. Stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    dead: Arc<AtomicBool>,
}

impl Server {
    /// Listens on loopback; port 0 takes a free one.
    pub(crate) async fn start<F: Fake>(port: u16, fake: Arc<F>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} of loopback cannot be listened on"))?;
        let address = listener.local_addr().context("the listener has no address")?;
        let stop = CancellationToken::new();
        let dead = Arc::new(AtomicBool::new(false));
        let door = Door { listener, dead: Arc::clone(&dead) };
        let app = Router::new().fallback(take::<F>).with_state(fake);
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            let service = app.into_make_service_with_connect_info::<Cut>();
            if let Err(error) = axum::serve(door, service).with_graceful_shutdown(stopped).await {
                tracing::warn!(%error, "a fake stopped listening");
            }
        });
        Ok(Self { address, stop, dead })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on nobody answers here: connections are refused, open ones drop.
    pub(crate) fn stop(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.stop.cancel();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A lock that a panicking test does not take away from the others.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take<F: Fake>(
    State(fake): State<Arc<F>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let whole = axum::body::to_bytes(body, MOST_BODY_BYTES).await;
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        headers: parts.headers,
        body: whole.as_ref().map(Bytes::clone).unwrap_or_default(),
    };
    let Some(call) = fake.route(&asked) else {
        return fake.refuse(None, &asked, Failure::NoSuchAddress).into_response();
    };
    if whole.is_err() {
        return fake.refuse(Some(call), &asked, Failure::TooLarge).into_response();
    }
    let answer = match fake.faults().take(call) {
        None => fake.answer(call, &asked).await,
        Some(Fault::Hang) => pending().await,
        Some(Fault::Reset) => cut.through(),
        Some(Fault::AcceptThenHang) => {
            fake.answer(call, &asked).await;
            pending().await
        }
        Some(Fault::AcceptThenReset) => {
            fake.answer(call, &asked).await;
            cut.through()
        }
        Some(Fault::ErrorBefore) => fake.refuse(Some(call), &asked, Failure::Broken),
        Some(Fault::ErrorAfter) => {
            fake.answer(call, &asked).await;
            fake.refuse(Some(call), &asked, Failure::Broken)
        }
        Some(Fault::TooMany { retry_after_s }) => {
            fake.refuse(Some(call), &asked, Failure::TooMany { retry_after_s })
        }
        Some(Fault::ExpiredToken) => fake.refuse(Some(call), &asked, Failure::ExpiredToken),
        Some(Fault::Slow { millis }) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            fake.answer(call, &asked).await
        }
    };
    answer.into_response()
}

struct Door {
    listener: TcpListener,
    dead: Arc<AtomicBool>,
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Small answers must not wait for the delayed acknowledgement.
                    let _ = stream.set_nodelay(true);
                    let cut = Cut { this: Arc::default(), all: Arc::clone(&self.dead) };
                    return (Line { stream, cut }, from);
                }
                Err(error) => {
                    tracing::warn!(%error, "a fake could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The scissors to one connection.
#[derive(Debug, Clone)]
struct Cut {
    this: Arc<AtomicBool>,
    all: Arc<AtomicBool>,
}

impl Cut {
    /// Not a byte leaves any more; what is answered goes nowhere.
    fn through(&self) -> Answer {
        self.this.store(true, Ordering::SeqCst);
        Answer::bytes(500, "text/plain", "cut")
    }

    fn is_cut(&self) -> bool {
        self.this.load(Ordering::SeqCst) || self.all.load(Ordering::SeqCst)
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().cut.clone()
    }
}

/// A connection that can be cut.
struct Line {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
