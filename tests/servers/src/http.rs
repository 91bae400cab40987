//! Asks a server on this machine for a page. HTTP/1.0, so that the answer ends with the connection and comes in one piece.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// An answer that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body of the page at `path`. None when nobody answers, or with another status than 200.
pub fn get(server: SocketAddr, path: &str) -> Option<String> {
    let mut connection = TcpStream::connect_timeout(&server, PATIENCE).ok()?;
    connection.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).filter(|status| *status == "200").map(|_| body.to_owned())
}

/// A port that was free a moment ago.
///
/// # Panics
/// When this machine has none left.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
