//! The origin's half of a WebSocket (RFC 6455), enough to echo.

use std::io::{self, Read, Write};

use sha1_smol::Sha1;

/// A message longer than this ends the connection.
const MAX_FRAME: u64 = 1 << 20;

/// The `Sec-WebSocket-Accept` that proves `key` was read (RFC 6455 §4.2.2).
pub fn accept_key(key: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key.trim().as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64(&sha1.digest().bytes())
}

/// Sends every text and binary frame back, answers pings, and ends with the client's close frame.
pub fn echo(from: &mut impl Read, mut to: impl Write) -> io::Result<()> {
    const CLOSE: u8 = 0x8;
    const PING: u8 = 0x9;
    const PONG: u8 = 0xA;
    loop {
        let [first, second] = exactly(from)?;
        let length = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes(exactly(from)?)),
            127 => u64::from_be_bytes(exactly(from)?),
            short => u64::from(short),
        };
        let mask: [u8; 4] = if second & 0x80 == 0 { [0; 4] } else { exactly(from)? };
        if length > MAX_FRAME {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut payload = Vec::new();
        from.take(length).read_to_end(&mut payload)?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        let opcode = first & 0x0F;
        match opcode {
            PONG => {}
            PING => to.write_all(&frame(0x80 | PONG, &payload))?,
            CLOSE => return to.write_all(&frame(first, &payload)),
            _ => to.write_all(&frame(first, &payload))?,
        }
    }
}

/// An unmasked frame, as an origin sends it (RFC 6455 §5.2).
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => frame.push(short),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn exactly<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Base64 with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for digit in 0..4_usize {
            let index = (number >> (18 - 6 * digit) & 63) as usize;
            let letter = ALPHABET.get(index).copied().unwrap_or_default();
            text.push(if digit > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        // RFC 6455 §1.3
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn base64_pads() {
        // RFC 4648 §10
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
