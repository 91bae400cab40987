//! The client's side of a socket: a channel with the limits set, and what its failures mean.
//!
//! tonic's channel is lazy (nothing has to answer yet) and reconnects by itself. What it tells of failures is corrected in one
//! place: a connection that cannot be made, breaks or closes is UNAVAILABLE, and its own timer is our deadline's.

use http_body_util::BodyExt;
use std::{error::Error, io, time::Duration};
use tonic::{
    Code, Status,
    body::Body,
    transport::{self, Channel, Endpoint},
};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// An endpoint that does not answer a ping is gone, even if its socket does not say so.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WITHIN: Duration = Duration::from_secs(10);
/// Room for streams: HTTP/2's 64 KiB would be used up by one long answer.
pub const STREAM_WINDOW: u32 = 1024 * 1024;
pub const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Above our own limit on metadata, so that ours speaks first and says what is wrong.
pub const HEADER_LIST: u32 = 64 * 1024;

/// A channel to `endpoint`, not connected before the first call. Must be called within a runtime.
pub fn channel(endpoint: Endpoint) -> Channel {
    endpoint
        .connect_timeout(CONNECT_WITHIN)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_WITHIN)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HEADER_LIST)
        .connect_lazy()
}

/// What a failed call means.
pub fn failed(error: transport::Error) -> Status {
    let lost = lost(&error);
    let status = Status::from_error(Box::new(error));
    match status.code() {
        _ if lost => Status::unavailable(format!("the connection failed: {}", root(&status))),
        // The channel reads `grpc-timeout` as well, and may be a hair earlier than our own timer.
        Code::Cancelled if status.message() == "Timeout expired" => {
            Status::deadline_exceeded("the call's deadline has passed")
        }
        _ => status,
    }
}

/// The body of an answer whose connection may still break.
pub fn body(body: Body) -> Body {
    let broken = |status: Status| if lost(&status) { Status::unavailable("the connection broke") } else { status };
    Body::new(body.map_err(broken))
}

/// Whether an error came about because the connection could not be made, broke, or closed.
fn lost(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        let hyper = error.downcast_ref::<hyper::Error>();
        let h2 = error.downcast_ref::<h2::Error>();
        error.is::<io::Error>()
            || hyper.is_some_and(|error| error.is_canceled() || error.is_closed() || error.is_incomplete_message())
            || h2.is_some_and(|error| {
                error.is_io() || error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
            })
    })
}

fn root(status: &Status) -> String {
    chain(status).last().map_or_else(String::new, ToString::to_string)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
