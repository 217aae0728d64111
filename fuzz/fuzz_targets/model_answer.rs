//! What a language model's server answers, read by the real adapters over loopback. The first byte chooses the
//! adapter and the status, the rest is the body.
#![no_main]

use std::{cell::RefCell, sync::LazyLock};

use assistant::{Gemini, GeminiSettings, Model, OpenAi, OpenAiSettings, Prompt};
use libfuzzer_sys::fuzz_target;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

static PROMPT: LazyLock<Prompt> = LazyLock::new(|| Prompt {
    system: "s".to_owned(),
    talk: "t".to_owned(),
    question: "q".to_owned(),
    schema: serde_json::json!({ "type": "object" }),
});

const STATUSES: [u16; 8] = [200, 200, 200, 400, 404, 429, 503, 302];

struct Stage {
    runtime: Runtime,
    listener: TcpListener,
    /// Each adapter keeps its connection; so does the server.
    open: [Option<TcpStream>; 2],
    gemini: Gemini,
    openai: OpenAi,
}

impl Stage {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let gemini = GeminiSettings {
            base_url: Some(base.clone()),
            key: "k".into(),
            model: "m".into(),
            most_tokens: None,
        };
        let openai =
            OpenAiSettings { base_url: base, key: None, model: "m".into(), most_tokens: None, dialect: None };
        Self {
            runtime,
            listener,
            open: [None, None],
            gemini: Gemini::new(gemini).expect("a client"),
            openai: OpenAi::new(openai).expect("a client"),
        }
    }

    fn ask(&mut self, first: u8, body: &[u8]) {
        let Self { runtime, listener, open, gemini, openai } = self;
        let [of_gemini, of_openai] = open;
        let (model, open): (&dyn Model, _) =
            if first & 1 == 0 { (gemini, of_gemini) } else { (openai, of_openai) };
        let status = STATUSES[usize::from((first >> 1) % 8)];
        runtime.block_on(async {
            let (written, ()) = tokio::join!(model.write(&PROMPT), serve(listener, open, status, body));
            if let Ok(written) = written {
                assert!(written.cut_short || !written.text.trim().is_empty(), "nothing is no answer");
                assert!((200..300).contains(&status), "a refusal is no answer");
            }
        });
    }
}

/// One request answered, on the open connection or on a new one, as the adapter likes.
async fn serve(listener: &TcpListener, open: &mut Option<TcpStream>, status: u16, body: &[u8]) {
    let mut stream = loop {
        let mut stream = match open.take() {
            Some(mut kept) => tokio::select! {
                whole = request(&mut kept) => match whole {
                    Some(()) => break kept,
                    None => fresh(listener).await,
                },
                came = fresh(listener) => came,
            },
            None => fresh(listener).await,
        };
        if request(&mut stream).await.is_some() {
            break stream;
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nretry-after: 7\r\n\r\n", body.len());
    if stream.write_all(&[head.as_bytes(), body].concat()).await.is_ok() {
        *open = Some(stream);
    }
}

async fn fresh(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().await.expect("loopback");
    let _ = stream.set_nodelay(true);
    stream
}

/// Reads a request to its end; none when the other side has gone.
async fn request(stream: &mut TcpStream) -> Option<()> {
    let mut seen = Vec::new();
    loop {
        if let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&seen[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if seen.len() >= end + 4 + length.unwrap_or(0usize) {
                return Some(());
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(came) => seen.extend_from_slice(&chunk[..came]),
        }
    }
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    STAGE.with_borrow_mut(|stage| stage.get_or_insert_with(Stage::new).ask(*first, body));
});
