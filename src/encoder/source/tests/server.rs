//! A file server on loopback that can misbehave as told: the hub of the tests.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::CONTENT;

/// How to answer a request for the weights; without an answer left, properly.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// So many bytes of what was asked for, then the end.
    Cut(usize),
    /// All of it, whatever range was asked for.
    Whole,
    /// So many bytes of something else.
    Other(usize),
    /// A status and nothing more.
    Status(u16),
}

#[derive(Debug, Default)]
struct Log {
    answers: VecDeque<Answer>,
    requests: usize,
    ranges: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    log: Arc<Mutex<Log>>,
}

impl Server {
    pub(super) fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log {
            answers: answers.iter().copied().collect(),
            ..Log::default()
        }));
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                drop(serve(stream, &shared));
            }
        });
        Self { port, log }
    }
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    pub(super) fn requests(&self) -> usize {
        self.log.lock().unwrap().requests
    }
    pub(super) fn ranges(&self) -> Vec<String> {
        self.log.lock().unwrap().ranges.clone()
    }
}

/// Reads one request and answers it; the connection then ends.
fn serve(mut stream: TcpStream, log: &Mutex<Log>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let path = lines.next().unwrap_or_default();
    let range = lines
        .filter_map(|line| line.to_lowercase().strip_prefix("range: ").map(str::to_owned))
        .last();
    let name =
        path.strip_prefix("GET /owner/toy/resolve/abc/").and_then(|rest| rest.split(' ').next());
    let Some((name, bytes)) = CONTENT.iter().find(|(known, _)| name == Some(known)) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    };
    let answer = {
        let mut log = log.lock().unwrap();
        log.requests += 1;
        log.ranges.extend(range.clone());
        if *name == "model.safetensors" { log.answers.pop_front() } else { None }
    };
    let start: usize = range
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .filter(|_| !matches!(answer, Some(Answer::Whole)))
        .unwrap_or(0);
    let rest = &bytes[start.min(bytes.len())..];
    match answer {
        Some(Answer::Status(status)) => {
            write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n")
        }
        Some(Answer::Other(count)) => {
            head(&mut stream, 0, count, count)?;
            stream.write_all(&vec![9; count])
        }
        Some(Answer::Cut(count)) => {
            head(&mut stream, start, rest.len(), bytes.len())?;
            stream.write_all(&rest[..count])
        }
        Some(Answer::Whole) | None => {
            head(&mut stream, start, rest.len(), bytes.len())?;
            stream.write_all(rest)
        }
    }
}

fn head(stream: &mut TcpStream, start: usize, length: usize, total: usize) -> std::io::Result<()> {
    if start == 0 {
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
    }
    let end = total - 1;
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\ncontent-length: {length}\r\ncontent-range: bytes {start}-{end}/{total}\r\nconnection: close\r\n\r\n"
    )
}
