//! The findings of a mask check: what became of each forced failure, and what to do about it.

use std::fmt;

use http::StatusCode;

/// As whom the site is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A browser, for a page.
    Browser,
    /// A program, for JSON.
    Program,
}

impl Asker {
    pub(super) const ALL: [Self; 2] = [Self::Browser, Self::Program];

    pub(super) fn accept(self) -> &'static str {
        match self {
            Self::Browser => "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Self::Program => "application/json",
        }
    }

    fn form(self) -> &'static str {
        match self {
            Self::Browser => "HTML",
            Self::Program => "JSON",
        }
    }
}

/// Who put something in the place of our page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Masker {
    /// A custom error rule of Cloudflare's, which leaves the header fields as they were.
    Rule,
    /// Cloudflare, with an error page of its own or one that was uploaded.
    Cloudflare,
    /// Something else, with what it says of itself.
    Other(String),
}

/// Why the drill was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFollowed {
    /// The Worker is there and has a token: not the one that was given, or its clock differs from this machine's.
    Token,
    /// The Worker is there and has no token.
    NoToken,
    /// Nothing that answers there is the Worker.
    NoWorker,
    /// The site answers with an error though nothing was forced.
    Failing(StatusCode),
}

/// What became of one forced failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Our page arrived.
    Ours,
    /// Our page arrived without these header fields of it, or with others in their place.
    FieldsChanged(Vec<&'static str>),
    /// Our page arrived under this status.
    StatusChanged(StatusCode),
    /// Something else arrived under this status.
    Replaced(StatusCode, Masker),
    /// Nothing was forced.
    NotFollowed(NotFollowed),
}

/// One forced failure, and what became of it.
#[derive(Debug)]
pub struct Check {
    /// The status that was forced.
    pub status: StatusCode,
    /// As whom the site was asked.
    pub asker: Asker,
    /// What became of it.
    pub finding: Finding,
}

/// What became of all of them. It displays as a line for each, and what to set.
#[derive(Debug)]
pub struct Findings(pub Vec<Check>);

impl Findings {
    /// Whether every page arrived as it left.
    pub fn are_ours(&self) -> bool {
        self.0.iter().all(|check| check.finding == Finding::Ours)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { status, asker, finding } in &self.0 {
            writeln!(out, "{} as {}: {finding}", status.as_u16(), asker.form())?;
        }
        let mut said: Vec<&str> = Vec::new();
        for advice in self.0.iter().filter_map(|check| check.finding.advice()) {
            if !said.contains(&advice) {
                write!(out, "\n{advice}\n")?;
                said.push(advice);
            }
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => out.write_str("our page arrives as it left"),
            Self::FieldsChanged(names) => write!(out, "our page arrives, but not its {}", names.join(", ")),
            Self::StatusChanged(status) => write!(out, "our page arrives under another status, {status}"),
            Self::Replaced(status, by) => {
                let by = match by {
                    Masker::Rule => "by a custom error rule, which kept the header fields",
                    Masker::Cloudflare => "by an error page of Cloudflare's",
                    Masker::Other(traces) if traces.is_empty() => "by something that does not say what it is",
                    Masker::Other(traces) => {
                        return write!(out, "our page is replaced (status {status}) by another: {traces}");
                    }
                };
                write!(out, "our page is replaced (status {status}) {by}")
            }
            Self::NotFollowed(why) => match why {
                NotFollowed::Token => {
                    out.write_str("the drill was not followed: this is not the Worker's token")
                }
                NotFollowed::NoToken => out.write_str("the drill was not followed: the Worker has no token"),
                NotFollowed::NoWorker => out.write_str("the drill was not followed: no Worker answers here"),
                NotFollowed::Failing(status) => {
                    write!(out, "the drill was not followed: the site answers {status} by itself")
                }
            },
        }
    }
}

impl Finding {
    /// What to set.
    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Ours => return None,
            Self::FieldsChanged(_) => {
                "Header fields are changed on the way: look for a response header transform rule (Rules > \
                 Overview) that matches errors, or a CDN in front that drops what it does not know. \
                 Without Content-Security-Policy and Cache-Control a page is less safe, and may be kept."
            }
            Self::StatusChanged(_) => {
                "The status is changed on the way: a custom error rule (Rules > Overview) with a response \
                 code of its own, or a CDN in front that maps errors (CloudFront: ResponseCode of a \
                 custom error response). Crawlers and programs go by the status: let 502 and 504 pass."
            }
            Self::Replaced(_, Masker::Rule) => {
                "A custom error rule matches what the Worker answers: in the dashboard, Rules > Overview, \
                 Custom Error Rules (paid plans; those of the account count too). Leave this host out of \
                 its expression, or 502 and 504, or switch it off."
            }
            Self::Replaced(_, Masker::Cloudflare) => {
                "Cloudflare shows a page of its own for 502 and 504. Look at Rules > Overview for a \
                 custom error rule that matches them, then at Error Pages, of the zone and of the account \
                 (paid plans), for one that was uploaded for 5xx errors: a page that the command `pages` writes \
                 to cloudflare/ can stand there, so that visitors at least see your brand. On an \
                 Enterprise plan, Origin Error Page Pass-thru (`origin_error_page_pass_thru`) lets 502 \
                 and 504 pass. If another zone of Cloudflare's is in front, look there."
            }
            Self::Replaced(_, Masker::Other(_)) => {
                "Something else between the Worker and this machine replaces the page: another CDN, a \
                 load balancer or a company proxy. Switch its own error pages off for 502 and 504 \
                 (CloudFront: custom error responses; Fastly: vcl_fetch and vcl_error; nginx: \
                 proxy_intercept_errors; Akamai: failover rules), or ask again from elsewhere to leave \
                 out a proxy on this side."
            }
            Self::NotFollowed(NotFollowed::Token) => {
                "Give --token the secret that was set with `npx wrangler secret put HOLDFAST_TOKEN` for \
                 this environment. If it is that, compare the clock of this machine: an order holds for \
                 minutes. If a CDN in front changes Host or drops Holdfast-Drill, ask the Worker's own \
                 address."
            }
            Self::NotFollowed(NotFollowed::NoToken) => {
                "Set a token: `npx wrangler secret put HOLDFAST_TOKEN`, at least 16 visible ASCII \
                 characters."
            }
            Self::NotFollowed(NotFollowed::NoWorker) => {
                "The Worker is not in front of this address, or something before it answers. Does a route \
                 match it (`npx wrangler deployments list`, `routes` in wrangler's file), and is its DNS \
                 record proxied? Does a redirect, a cache in front or a challenge answer first?"
            }
            Self::NotFollowed(NotFollowed::Failing(_)) => {
                "The site fails by itself, and not by a Worker's page: see what answers there first."
            }
        })
    }
}
