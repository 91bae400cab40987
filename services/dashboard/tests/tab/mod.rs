//! A browser's side of the page, as far as bytes go.
#![allow(dead_code, clippy::unwrap_used)] // each of those who use it needs another part

use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A whole answer, head and body.
pub async fn whole(address: SocketAddr, path: &str) -> String {
    let mut stream = ask(address, path, "Connection: close\r\n").await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn ask(address: SocketAddr, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads on until `wanted` has arrived.
pub async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while !text.contains(wanted) {
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "ended before {wanted:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    text
}
