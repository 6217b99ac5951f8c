//! Scripts by name: the good ones, and each way to fail.

use std::time::Duration;

use crate::websocket::accept_key;
use crate::{Script, Seen, Step};

/// A 200 with this body and its length.
pub fn ok(body: impl AsRef<[u8]>) -> Script {
    answer("200 OK", &[], body)
}

/// A 200 with these header fields, this body and its length.
pub fn with_headers(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Script {
    answer("200 OK", headers, body)
}

/// A whole answer: status code and reason, header fields, body and its length; the connection stays.
pub fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let mut bytes = head(status, headers);
    bytes.truncate(bytes.len() - 2);
    bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    vec![Step::Send(bytes), Step::KeepAlive]
}

/// The head that [`answer`] would send with these fields and the length of `body`, and no body: for HEAD.
pub fn head_only(status: &str, headers: &[(&str, &str)], length: usize) -> Script {
    let length = length.to_string();
    let headers: Vec<_> = headers.iter().copied().chain([("Content-Length", length.as_str())]).collect();
    vec![Step::Send(head(status, &headers)), Step::KeepAlive]
}

/// Exactly these bytes, then FIN.
pub fn raw(bytes: impl AsRef<[u8]>) -> Script {
    vec![Step::Send(bytes.as_ref().to_vec()), Step::Close]
}

/// RST at once.
pub fn reset() -> Script {
    vec![Step::Reset]
}

/// FIN at once.
pub fn close() -> Script {
    vec![Step::Close]
}

/// FIN in the middle of the status line.
pub fn half_status_line() -> Script {
    raw("HTTP/1.1 20")
}

/// FIN in the middle of the header section.
pub fn half_header() -> Script {
    raw("HTTP/1.1 200 OK\r\nContent-Type: text/pl")
}

/// RST in the middle of the header section.
pub fn reset_in_header() -> Script {
    vec![
        Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl".to_vec()),
        Step::Pause(Duration::from_millis(20)),
        Step::Reset,
    ]
}

/// Something that is not HTTP.
pub fn garbage() -> Script {
    raw(b"SSH-2.0-OpenSSH_9.2p1\r\n\x00\x01\x02\xff\r\n\r\n")
}

/// A body without status line or header, as HTTP/0.9 had it.
pub fn http_09(body: impl AsRef<[u8]>) -> Script {
    raw(body)
}

/// A `Content-Length` that promises `missing` bytes more than come before FIN.
pub fn cut_short(body: impl AsRef<[u8]>, missing: usize) -> Script {
    cut_short_with(&[], body, missing)
}

/// Like [`cut_short`], with these header fields.
pub fn cut_short_with(headers: &[(&str, &str)], body: impl AsRef<[u8]>, missing: usize) -> Script {
    let body = body.as_ref();
    let length = (body.len() + missing).to_string();
    let headers: Vec<_> = headers.iter().copied().chain([("Content-Length", length.as_str())]).collect();
    let mut bytes = head("200 OK", &headers);
    bytes.extend(body);
    vec![Step::Send(bytes), Step::Close]
}

/// Like [`cut_short`], but ended by RST after the body had time to arrive.
pub fn reset_in_body(body: impl AsRef<[u8]>, missing: usize) -> Script {
    let mut script = cut_short(body, missing);
    script.pop();
    script.extend([Step::Pause(Duration::from_millis(20)), Step::Reset]);
    script
}

/// A `Content-Length` that ends before the last `extra` bytes, then FIN.
pub fn too_long(body: impl AsRef<[u8]>, extra: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let mut bytes = head("200 OK", &[("Content-Length", &body.len().to_string())]);
    bytes.extend(body);
    bytes.extend(extra.as_ref());
    vec![Step::Send(bytes), Step::Close]
}

/// These pieces in chunked coding, whole; the connection stays.
pub fn chunked(headers: &[(&str, &str)], pieces: &[&[u8]]) -> Script {
    let mut script = chunks(headers, pieces);
    script.extend([Step::Send(b"0\r\n\r\n".to_vec()), Step::KeepAlive]);
    script
}

/// These pieces in chunked coding, then FIN in place of the last chunk.
pub fn torn_chunked(pieces: &[&[u8]]) -> Script {
    let mut script = chunks(&[], pieces);
    script.push(Step::Close);
    script
}

/// A body that only the end of the connection ends, whole.
pub fn close_delimited(body: impl AsRef<[u8]>) -> Script {
    let mut bytes = head("200 OK", &[("Connection", "close")]);
    bytes.extend(body.as_ref());
    vec![Step::Send(bytes), Step::Close]
}

/// A body that only the end of the connection would end, ended by RST.
pub fn torn_close_delimited(body: impl AsRef<[u8]>) -> Script {
    let mut script = close_delimited(body);
    script.pop();
    script.extend([Step::Pause(Duration::from_millis(20)), Step::Reset]);
    script
}

/// A chunk size that is no number, after one good chunk.
pub fn bad_chunk_size() -> Script {
    bad_chunk_size_after(b"good")
}

/// A chunk size that is no number, after one good chunk of these bytes.
pub fn bad_chunk_size_after(good: &[u8]) -> Script {
    let mut script = chunks(&[], &[good]);
    script.extend([Step::Send(b"zz\r\nbad\r\n0\r\n\r\n".to_vec()), Step::Close]);
    script
}

/// A whole answer, and bytes behind its end; the connection stays.
pub fn more_than_whole(body: impl AsRef<[u8]>, extra: impl AsRef<[u8]>) -> Script {
    let mut script = ok(body);
    if let Some(Step::Send(bytes)) = script.first_mut() {
        bytes.extend(extra.as_ref());
    }
    script
}

/// An interim response, such as `103 Early Hints`, and then `script`.
pub fn interim(status: &str, mut script: Script) -> Script {
    let hint = head(status, &[("Link", "</a.css>; rel=preload")]);
    if let Some(Step::Send(bytes)) = script.first_mut() {
        bytes.splice(0..0, hint);
    }
    script
}

/// A change of protocols that nobody asked for.
pub fn switches_unasked() -> Script {
    raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: pigeon\r\nConnection: Upgrade\r\n\r\n")
}

/// A transfer coding that nobody knows.
pub fn unknown_transfer_coding() -> Script {
    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: pigeon\r\n\r\ncoo")
}

/// `103 Early Hints` with nothing after it, then FIN.
pub fn early_hints_alone() -> Script {
    raw("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
}

/// A status code out of range.
pub fn status_999() -> Script {
    answer("999 Request Denied", &[], "denied")
}

/// A header section of about this many bytes.
pub fn large_headers(bytes: usize) -> Script {
    let padding = "x".repeat(1000);
    let fields: Vec<_> = (0..bytes / 1010).map(|at| format!("X-Pad-{at:03}: {padding}\r\n")).collect();
    let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", fields.concat());
    vec![Step::Send(head.into_bytes()), Step::Close]
}

/// Nothing, ever.
pub fn hang() -> Script {
    vec![Step::Hang]
}

/// Half a status line, then nothing.
pub fn hang_in_status_line() -> Script {
    vec![Step::Send(b"HTTP/1.1 2".to_vec()), Step::Hang]
}

/// Half a header section, then nothing.
pub fn hang_in_headers() -> Script {
    vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n".to_vec()), Step::Hang]
}

/// The head and this much of a body that is `missing` bytes longer, then nothing.
pub fn hang_in_body(body: impl AsRef<[u8]>, missing: usize) -> Script {
    let mut script = cut_short(body, missing);
    script.pop();
    script.push(Step::Hang);
    script
}

/// `script` after a pause.
pub fn late(pause: Duration, script: Script) -> Script {
    [vec![Step::Pause(pause)], script].concat()
}

/// `script` with every byte sent alone, and a pause after each.
pub fn drip(script: Script, pause: Duration) -> Script {
    let mut slow = Vec::new();
    for step in script {
        if let Step::Send(bytes) = step {
            for byte in bytes {
                slow.extend([Step::Send(vec![byte]), Step::Pause(pause)]);
            }
        } else {
            slow.push(step);
        }
    }
    slow
}

/// `304 Not Modified` with these header fields.
pub fn not_modified(headers: &[(&str, &str)]) -> Script {
    vec![Step::Send(head("304 Not Modified", headers)), Step::KeepAlive]
}

/// `script`, which ends with [`Step::KeepAlive`], as the last answer on its connection, and saying so; any other as it is.
///
/// Behind an interim response, and where the status line comes in pieces, it ends without saying so.
pub fn closing(mut script: Script) -> Script {
    if script.last() != Some(&Step::KeepAlive) {
        return script;
    }
    script.pop();
    let head =
        script.iter_mut().find_map(|step| if let Step::Send(bytes) = step { Some(bytes) } else { None });
    if let Some(bytes) = head
        && !bytes.starts_with(b"HTTP/1.1 1")
        && let Some(end) = bytes.iter().position(|&byte| byte == b'\n')
    {
        bytes.splice(end + 1..end + 1, *b"Connection: close\r\n");
    }
    script.push(Step::Close);
    script
}

/// A redirect, such as `302 Found`, to `location`.
pub fn redirect(status: &str, location: &str) -> Script {
    answer(status, &[("Location", location)], "")
}

/// Server-sent events in chunked coding with a pause before each but the first, then the end.
pub fn events(events: &[&str], pause: Duration) -> Script {
    let fields = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")];
    let mut script = chunks(&fields, &[]);
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            script.push(Step::Pause(pause));
        }
        script.push(Step::Send(chunk(format!("data: {event}\n\n").as_bytes())));
    }
    script.extend([Step::Send(b"0\r\n\r\n".to_vec()), Step::KeepAlive]);
    script
}

/// The handshake that `seen` asks for, then an echo; 400 if it asks for none (RFC 6455 §4.2.2).
pub fn websocket_echo(seen: &Seen) -> Script {
    let Some(key) = seen.header("sec-websocket-key") else {
        return answer("400 Bad Request", &[], "no WebSocket asked for");
    };
    let accept = accept_key(key);
    let fields =
        [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept.as_str())];
    vec![Step::Send(head("101 Switching Protocols", &fields)), Step::EchoWebSocket]
}

/// What Cloudflare answers for an origin that failed: 520 to 527 with an HTML page of its own.
pub fn cloudflare(status: u16) -> Script {
    let reason = match status {
        520 => "Web server is returning an unknown error",
        521 => "Web server is down",
        522 => "Connection timed out",
        523 => "Origin is unreachable",
        524 => "A timeout occurred",
        525 => "SSL handshake failed",
        526 => "Invalid SSL certificate",
        527 => "Railgun Listener to Origin Error",
        _ => "Error",
    };
    let page = format!("<!DOCTYPE html><title>{status}: {reason}</title><h1>Error {status}</h1>");
    let fields =
        [("Content-Type", "text/html; charset=UTF-8"), ("Retry-After", "60"), ("Server", "cloudflare")];
    answer(&format!("{status} {reason}"), &fields, page)
}

/// Cloudflare's 530 with the code of what went wrong in its body, such as 1016.
pub fn cloudflare_530(code: u16) -> Script {
    let fields = [("Content-Type", "text/plain; charset=UTF-8"), ("Server", "cloudflare")];
    answer("530 Origin DNS Error", &fields, format!("error code: {code}"))
}

/// A head: status line, these fields, and the empty line.
fn head(status: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes()
}

fn chunks(headers: &[(&str, &str)], pieces: &[&[u8]]) -> Script {
    let headers: Vec<_> = headers.iter().copied().chain([("Transfer-Encoding", "chunked")]).collect();
    let sends = pieces.iter().map(|piece| chunk(piece));
    [head("200 OK", &headers)].into_iter().chain(sends).map(Step::Send).collect()
}

/// `bytes` as one chunk, without a last chunk.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
