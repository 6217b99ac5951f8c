//! Who is an operator? Whoever presents the secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The operators' secret, by which their requests are known.
///
/// What is kept is its SHA-256 digest, so that nothing in memory, in a log or in a dump gives it away.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// The shortest secret, in bytes.
    const SHORTEST: usize = 16;

    /// What is accepted as a secret.
    pub const RULE: &str = "at least 16 characters of visible ASCII are accepted, without spaces";

    /// The token that `secret` is; `None` if it breaks [`RULE`](Self::RULE).
    pub fn new(secret: &str) -> Option<Self> {
        let fits = secret.len() >= Self::SHORTEST && secret.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(digest(secret.as_bytes())))
    }

    /// Whether `presented` is this very secret. How long the comparison takes does not tell how much of it is
    /// right, nor how long the secret is: digests are compared, and all of them.
    pub fn is(&self, presented: &[u8]) -> bool {
        self.0.ct_eq(&digest(presented)).into()
    }

    /// The HMAC-SHA-256 of `message` under the secret's digest (RFC 2104). What is signed for one purpose begins with
    /// a word for it, so that it is of no use for another.
    pub fn sign(&self, message: &str) -> [u8; 32] {
        // A key of any length will do (§2).
        let Ok(mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0) else { return [0; 32] };
        mac.chain_update(message).finalize().into_bytes().into()
    }

    /// Whether `signature` is that of `message`, compared in constant time.
    pub fn has_signed(&self, message: &str, signature: &[u8]) -> bool {
        self.sign(message).ct_eq(signature).into()
    }
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
    fn what_is_signed_can_be_told_from_what_is_not() {
        let token = Token::new(SECRET).unwrap();
        let signature = token.sign("session 1");
        // printf 'session 1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf 0123456789abcdef | sha256sum)
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "78ac29c4968e52fe0a1441df0aaaf79175dab1b345532cbf4f5e987db438b654");
        assert!(token.has_signed("session 1", &signature));
        for (message, signature) in
            [("session 2", &signature[..]), ("session 1", &signature[..31]), ("session 1", &[])]
        {
            assert!(!token.has_signed(message, signature), "{message}");
        }
        assert!(!Token::new("0123456789abcdef0").unwrap().has_signed("session 1", &signature));
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
