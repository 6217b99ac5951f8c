//! The operators' token. Who is an operator?

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The operators' secret token.
///
/// Only its SHA-256 digest is kept, so that memory, logs and dumps cannot reveal it.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// The shortest token, in bytes.
    const SHORTEST: usize = 16;

    /// The rule for a valid token.
    pub const RULE: &str = "at least 16 characters of visible ASCII are accepted, without spaces";

    /// Parses a token; `None` if `secret` breaks [`RULE`](Self::RULE).
    pub fn new(secret: &str) -> Option<Self> {
        let fits = secret.len() >= Self::SHORTEST && secret.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(digest(secret.as_bytes())))
    }

    /// Whether `presented` is the token. In constant time: whole digests are compared, so the duration reveals
    /// neither the length nor a correct part.
    pub fn is(&self, presented: &[u8]) -> bool {
        self.0.ct_eq(&digest(presented)).into()
    }

    /// Signs `message` with HMAC-SHA-256 (RFC 2104), in 64 lower-case hexadecimal digits. Each `purpose` has its own
    /// key, so a signature is valid for one purpose only.
    pub fn sign(&self, purpose: &str, message: &str) -> String {
        let key = mac(&self.0, &[b"holdfast ", purpose.as_bytes()]);
        mac(&key, &[message.as_bytes()]).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `shown` is the [signature](Self::sign) of `message` for `purpose`, in constant time.
    pub fn is_signed(&self, purpose: &str, message: &str, shown: &str) -> bool {
        self.sign(purpose, message).as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A digest as key is shorter than a block, so it is used as it is.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(into, byte)| *into = *byte);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn digest(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn a_secret_is_long_and_can_be_written_in_a_header() {
        for (secret, fits) in [
            (SECRET, true),
            ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true),
            ("", false),
            ("0123456789abcde", false),
            ("0123456789 abcdef", false),
            ("0123456789abcdef\n", false),
            ("0123456789abcdef\u{7f}", false),
            ("0123456789abcdé", false),
        ] {
            assert_eq!(Token::new(secret).is_some(), fits, "{secret:?}");
        }
        assert!(Token::RULE.contains(&Token::SHORTEST.to_string()));
    }

    #[test]
    fn only_the_whole_secret_is_the_token() {
        let token = Token::new(SECRET).unwrap();
        for (presented, is) in [
            (SECRET.as_bytes(), true),
            (b"", false),
            (b"0123456789abcde", false),
            (b"0123456789abcdef0", false),
            (b"0123456789abcdeF", false),
            (b"0123456789abcdef\0", false),
            (&digest(SECRET.as_bytes()), false),
        ] {
            assert_eq!(token.is(presented), is, "{presented:?}");
        }
        assert_eq!(token, token.clone());
        assert_ne!(Some(token), Token::new("0123456789abcdef0"));
    }

    #[test]
    fn a_signature_is_that_of_hmac() {
        // RFC 4231 §4.3, its key filled up with zeros (RFC 2104 §2).
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let made = mac(&key, &[b"what do ya want ", b"for nothing?"]);
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn what_is_signed_holds_for_one_purpose_one_message_and_one_token() {
        let (token, other) = (Token::new(SECRET).unwrap(), Token::new("0123456789abcdef0").unwrap());
        let shown = token.sign("drill", "a message");
        assert_eq!(shown.len(), 64);
        assert!(token.is_signed("drill", "a message", &shown));
        for (token, purpose, message, shown) in [
            (&other, "drill", "a message", shown.as_str()),
            (&token, "session", "a message", &shown),
            (&token, "drill", "a messagf", &shown),
            (&token, "drill", "a message", &shown[1..]),
            (&token, "drill", "a message", &shown.to_uppercase()),
            (&token, "drill", "a message", ""),
        ] {
            assert!(!token.is_signed(purpose, message, shown), "{purpose} {message} {shown}");
        }
        assert_ne!(token.sign("ab", "c"), token.sign("a", "bc"));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(format!("{:?}", Token::new(SECRET)), "Some(Token(…))");
    }

    proptest! {
        #[test]
        fn another_secret_is_not_the_token(secret in "[!-~]{16,40}", presented in prop::collection::vec(any::<u8>(), 0..40)) {
            let token = Token::new(&secret).unwrap();
            prop_assert!(token.is(secret.as_bytes()));
            prop_assert_eq!(token.is(&presented), presented == secret.as_bytes());
        }
    }
}
