//! What the site's good answers allowed to scripts of other sites. Who may read an error of the same section?

use http::HeaderValue;

use crate::response::cors::Grant;

/// How many grants are remembered. A site has few sections that other sites use. Few enough for a linear search.
const MOST: usize = 128;

/// The longest origin that is remembered, in bytes.
const LONGEST_ORIGIN: usize = 255;

/// The last grants, the oldest first. New ones replace the oldest.
#[derive(Debug, Default)]
pub struct Grants(Vec<Known>);

#[derive(Debug)]
struct Known {
    section: u64,
    /// `None` for every origin.
    origin: Option<HeaderValue>,
    grant: Grant,
}

impl Grants {
    /// Remembers what the last good answer of a section allowed to `origin`.
    pub fn remember(&mut self, section: u64, origin: &HeaderValue, grant: Option<Grant>) {
        self.0.retain(|known| !known.is_for(section, origin));
        let Some(grant) = grant.filter(|_| origin.len() <= LONGEST_ORIGIN) else { return };
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        let origin = (grant != Grant::Any).then(|| origin.clone());
        self.0.push(Known { section, origin, grant });
    }

    /// What it allowed to `origin`.
    pub fn get(&self, section: u64, origin: &HeaderValue) -> Option<Grant> {
        self.0.iter().find(|known| known.is_for(section, origin)).map(|known| known.grant)
    }
}

impl Known {
    fn is_for(&self, section: u64, origin: &HeaderValue) -> bool {
        self.section == section && self.origin.as_ref().is_none_or(|known| known == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: HeaderValue = HeaderValue::from_static("https://app.example");
    const OTHER: HeaderValue = HeaderValue::from_static("https://other.example");
    const TO_APP: Option<Grant> = Some(Grant::Origin { credentials: true });

    #[test]
    fn a_grant_holds_for_its_section_and_origin_until_an_answer_says_otherwise() {
        let mut grants = Grants::default();
        grants.remember(1, &APP, TO_APP);
        assert_eq!((grants.get(1, &APP), grants.get(1, &OTHER), grants.get(2, &APP)), (TO_APP, None, None));
        grants.remember(2, &APP, Some(Grant::Any));
        assert_eq!(grants.get(2, &OTHER), Some(Grant::Any), "what is for all needs no asking");
        grants.remember(1, &OTHER, None);
        assert_eq!(grants.get(1, &APP), TO_APP);
        grants.remember(1, &APP, None);
        grants.remember(2, &OTHER, None);
        assert_eq!((grants.get(1, &APP), grants.get(2, &APP)), (None, None));
    }

    #[test]
    fn no_client_makes_it_grow() {
        let mut grants = Grants::default();
        for number in 0..1000 {
            let origin = HeaderValue::try_from(format!("https://{number}.example")).unwrap();
            grants.remember(1, &origin, TO_APP);
        }
        assert_eq!(grants.0.len(), MOST);
        let long = HeaderValue::try_from(format!("https://{}.example", "a".repeat(300))).unwrap();
        grants.remember(1, &long, TO_APP);
        assert_eq!(grants.get(1, &long), None);
    }
}
