//! Who is an operator? Whoever presents the secret.

use std::fmt;

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
