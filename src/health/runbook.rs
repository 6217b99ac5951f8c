//! The runbook. What may have caused a failure, and what to check in which order?
//!
//! There is one entry for each kind of failure, or for several kinds with the same causes. The dashboard shows the entries
//! for the failures at hand. docs/operations.md has all of them.

use super::attempt_result::AttemptKind;
use crate::origin::failure;

/// The likely causes of some kinds of failure.
#[derive(Debug)]
pub struct Entry {
    /// The failures, in the words of the table of failures, and an origin's own error statuses as `own_503`.
    pub ends: &'static [&'static str],
    /// The likeliest first.
    pub causes: &'static [Cause],
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// What may be the case.
    pub what: &'static str,
    /// How to find out, and what helps.
    pub check: &'static str,
    /// A command that shows it. May be empty. [`command_for`] fills in the origin and the service.
    pub command: &'static str,
}

const fn cause(what: &'static str, check: &'static str, command: &'static str) -> Cause {
    Cause { what, check, command }
}

const LOGS: &str = "journalctl -u SERVICE --since -15min";
const ASK: &str = "curl -sv -o /dev/null ORIGIN/";
const TIME: &str = "curl -so /dev/null -w '%{http_code} %{time_connect} %{time_starttransfer}\\n' ORIGIN/";
const HANDSHAKE: &str = "openssl s_client -connect HOST:PORT -servername HOST </dev/null";

/// All entries, in the order of the table of failures.
pub const ENTRIES: [Entry; 19] = [
    Entry {
        ends: &["connection_lost", "edge_refused"],
        causes: &[
            cause("The server is not running", "Did it stop, crash or get killed? Start it, read why.", LOGS),
            cause(
                "It listens elsewhere",
                "Is the port in the list, on a public address and not 127.0.0.1 alone?",
                "ss -ltnp",
            ),
            cause(
                "A firewall refuses Cloudflare",
                "Are all of cloudflare.com/ips let in? Does it answer from elsewhere?",
                ASK,
            ),
            cause(
                "It closes idle connections early",
                "Failures that come and go, all of them right away: keep-alive of 60 s or more helps.",
                "",
            ),
            cause(
                "It does not answer in HTTP",
                "TLS, or no HTTP at all, on this port? Conflicting Content-Length? Header section over 128 KB (cookies)?",
                ASK,
            ),
        ],
    },
    Entry {
        ends: &["not_understood"],
        causes: &[
            cause("The name does not resolve", "Is there an A, AAAA or CNAME record?", "dig +short HOST"),
            cause("It speaks no TLS on this port", "https against http?", HANDSHAKE),
            cause(
                "Its certificate is not valid",
                "Expired, for another name, or without its chain?",
                HANDSHAKE,
            ),
        ],
    },
    Entry {
        ends: &["no_header_in_time", "edge_answer_timeout"],
        causes: &[
            cause(
                "It is overloaded",
                "Load, memory, swap; are all workers busy? Add some, or take load off.",
                "uptime; free -m; ss -s",
            ),
            cause(
                "It waits for something else",
                "Database, another service, a lock: look for slow queries and full pools.",
                LOGS,
            ),
            cause(
                "This page is slow by nature",
                "Is the last number near the limit? Raise timeouts.first_byte for its route, or move the work elsewhere.",
                TIME,
            ),
            cause(
                "Packets are dropped on the way",
                "Is the second number, the time to connect, high too?",
                TIME,
            ),
        ],
    },
    Entry {
        ends: &["body_cut_short", "body_badly_framed"],
        causes: &[
            cause("A worker died in mid-answer", "Memory limit or crash?", "journalctl -k -g 'oom|segfault'"),
            cause(
                "Content-Length or chunks are wrong",
                "Does curl report a transfer closed, or bad chunks? Look at compression and middleware.",
                ASK,
            ),
            cause(
                "A proxy before it gave up",
                "Its log, its buffers and disk, its send and read limits.",
                "tail /var/log/nginx/error.log",
            ),
        ],
    },
    Entry {
        ends: &["body_silent"],
        causes: &[
            cause("It waits while it writes", "Slow query or service in mid-page? Read its log.", LOGS),
            cause(
                "A stream that pauses",
                "Send X-Accel-Buffering: no, or raise timeouts.idle for the route.",
                "",
            ),
            cause("Packets are dropped on the way", "Does it stop at the same size each time (MTU)?", ASK),
        ],
    },
    Entry {
        ends: &["status_out_of_range"],
        causes: &[cause(
            "The application sets it",
            "Statuses are 200 to 599; 103 must not be the last.",
            ASK,
        )],
    },
    Entry {
        ends: &["edge_unknown_answer"],
        causes: &[
            cause("It crashes on the request", "Which path? Read its log at that minute.", LOGS),
            cause("It resets the connection", "Firewall, rate limit or a limit of connections?", "ss -s"),
            cause("The header section is too large", "Cookies that grow?", ASK),
        ],
    },
    Entry {
        ends: &["edge_connect_timeout", "edge_unreachable"],
        causes: &[
            cause("The machine is down", "Its provider's console.", "ping -c3 HOST"),
            cause("The record has an old address", "Is it the machine's?", "dig +short HOST"),
            cause("A firewall drops Cloudflare", "Are all of cloudflare.com/ips let in?", ASK),
            cause("It accepts no more connections", "Is Recv-Q at its limit (Send-Q)?", "ss -ltn"),
            cause("The network on the way", "Where do packets stop? Ask the provider.", "mtr -rwc20 HOST"),
        ],
    },
    Entry {
        ends: &["edge_tls_handshake"],
        causes: &[
            cause("No TLS on this port", "Is there a certificate in the output?", HANDSHAKE),
            cause("No certificate for this name", "Which names does it have (SNI)?", HANDSHAKE),
            cause("No version or cipher in common", "TLS 1.2 or later; which alert is sent?", HANDSHAKE),
        ],
    },
    Entry {
        ends: &["edge_certificate"],
        causes: &[
            cause(
                "It has expired",
                "Renew it; why did the renewal fail?",
                "openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates -subject -ext subjectAltName",
            ),
            cause("It names another host", "Is the origin's name among subjectAltName?", ""),
            cause("Its chain is not complete", "Verify return code other than 0?", HANDSHAKE),
        ],
    },
    Entry {
        ends: &["edge_listener"],
        causes: &[cause(
            "Something drops long connections",
            "Firewall or listener on the way; its log.",
            LOGS,
        )],
    },
    Entry {
        ends: &["edge_name_not_found"],
        causes: &[
            cause("The record is gone", "Or does the CNAME lead nowhere?", "dig +trace HOST"),
            cause("The domain has lapsed", "Status and expiry at its registrar.", "whois HOST"),
        ],
    },
    Entry {
        ends: &["edge_tunnel_down"],
        causes: &[
            cause(
                "cloudflared is not running",
                "Start it, read why.",
                "journalctl -u cloudflared --since -15min",
            ),
            cause("It cannot get out", "Port 7844 to Cloudflare, UDP and TCP.", "cloudflared tunnel list"),
        ],
    },
    Entry {
        ends: &["edge_worker_of_zone"],
        causes: &[cause(
            "The origin is a Worker too",
            "One of the same zone cannot be fetched by its address: bind it as a service.",
            "npx wrangler deployments list",
        )],
    },
    Entry {
        ends: &["edge_other"],
        causes: &[cause(
            "Cloudflare says why",
            "The 1xxx code in the body of its answer.",
            "curl -s ORIGIN/",
        )],
    },
    Entry {
        ends: &["circuit_open"],
        causes: &[cause("It failed before", "opened_by in the log names the failure; see there.", "")],
    },
    Entry {
        ends: &["loop"],
        causes: &[
            cause("origins names the public host", "It has to be a name that does not lead here.", ""),
            cause("The origin fetches from the site", "Or proxies to it? Its own configuration.", ""),
        ],
    },
    Entry {
        ends: &["upgrade_refused"],
        causes: &[
            cause("A proxy drops Upgrade", "nginx: proxy_http_version 1.1, Upgrade and Connection set?", ""),
            cause("This path has no WebSocket", "Which client asks for it?", ""),
        ],
    },
    Entry {
        ends: &["internal", "configuration"],
        causes: &[
            cause(
                "A mistake in the configuration",
                "Key and value are in the log; the command check names them too.",
                "",
            ),
            cause("A fault of Holdfast", "Roll back, and report the log line.", "npx wrangler rollback"),
        ],
    },
];

/// The entries for an origin's own error statuses, which the table of failures does not have.
pub const OWN: [Entry; 2] = [
    Entry {
        ends: &["own_500"],
        causes: &[
            cause("The last deployment", "Did it begin then? Roll it back.", LOGS),
            cause("Something it needs is gone", "Database, disk space, credentials.", "df -h; df -i"),
        ],
    },
    Entry {
        ends: &["own_502", "own_503", "own_504"],
        causes: &[
            cause(
                "What is behind its proxy is down",
                "502: down, 503: full, 504: slow.",
                "tail /var/log/nginx/error.log",
            ),
            cause("It is in maintenance", "On purpose? Is the switch still on?", ASK),
            cause("It is overloaded", "Load, memory, workers.", "uptime; free -m; ss -s"),
        ],
    },
];

/// The entry for an attempt that ended this way. `None` for `ok` and for unknown words.
pub fn entry(end: &str) -> Option<&'static Entry> {
    ENTRIES.iter().chain(&OWN).find(|entry| entry.ends.contains(&end))
}

/// What happened, after "the origin": the words of the table of failures.
pub fn what(end: &str) -> Option<&'static str> {
    match end {
        "own_500" => Some("answered 500 by itself"),
        "own_502" => Some("answered 502 by itself"),
        "own_503" => Some("answered 503 by itself"),
        "own_504" => Some("answered 504 by itself"),
        _ => failure::of_word(end).map(|failure| failure.words().what),
    }
}

/// The status that a visitor gets for this failure.
pub fn status(end: &str) -> Option<u16> {
    match AttemptKind::of_word(end)? {
        AttemptKind::Ok => None,
        AttemptKind::Failed(failure) => Some(failure.status().as_u16()),
        AttemptKind::Own(status) => Some(status),
    }
}

/// `command` as it can be pasted into a shell. `ORIGIN` becomes `origin`, which is a scheme, host and port as configured;
/// `HOST` and `PORT` are the two apart, the port by the scheme where there is none. `SERVICE` becomes `service`; if that is
/// not known, all services are meant. An origin that is not known, or not plainly a host, stays as it stands in the
/// command.
pub fn command_for(command: &str, origin: Option<&str>, service: Option<&str>) -> String {
    let command = match service {
        Some(service) => command.replace("SERVICE", service),
        None => command.replace("-u SERVICE ", ""),
    };
    let Some((scheme, authority)) = origin.and_then(|origin| origin.split_once("://")) else {
        return command;
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port)
        }
        Some(_) | None => (authority, if scheme == "http" { "80" } else { "443" }),
    };
    let is_plain = !host.is_empty()
        && !host.starts_with('-')
        && matches!(scheme, "http" | "https")
        && host
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
    if !is_plain {
        return command;
    }
    let whole = [scheme, "://", authority].concat();
    let parts = [("ORIGIN", &*whole), ("HOST", host), ("PORT", port)];
    parts.iter().fold(command, |command, (word, part)| command.replace(word, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::TABLE;

    #[test]
    fn every_failure_has_one_entry_in_the_order_of_the_table() {
        let words: Vec<_> = TABLE.iter().map(|row| row.word).collect();
        let ends: Vec<_> = ENTRIES.iter().flat_map(|entry| entry.ends).copied().collect();
        let mut sorted = [words.clone(), ends.clone()];
        sorted.iter_mut().for_each(|list| list.sort_unstable());
        assert_eq!(sorted[0], sorted[1]);
        let firsts: Vec<_> = ENTRIES.iter().map(|entry| entry.ends[0]).collect();
        let at = |word| words.iter().position(|other| other == word).unwrap();
        assert!(firsts.is_sorted_by_key(at), "{firsts:?}");
    }

    #[test]
    fn every_end_of_an_attempt_has_words_a_status_and_something_to_check() {
        for end in TABLE.iter().map(|row| row.word).chain(["own_500", "own_502", "own_503", "own_504"]) {
            assert!(what(end).is_some() && (500..=504).contains(&status(end).unwrap()), "{end}");
            let entry = entry(end).unwrap();
            assert!(!entry.causes.is_empty(), "{end}");
            for cause in entry.causes {
                assert!(!cause.what.ends_with('.') && cause.check.ends_with(['.', '?']), "{cause:?}");
            }
        }
        for end in ["ok", "", "own_", "own_x", "<b>"] {
            assert!(what(end).is_none() && status(end).is_none() && entry(end).is_none(), "{end}");
        }
    }

    #[test]
    fn the_texts_cost_little() {
        let causes = ENTRIES.iter().chain(&OWN).flat_map(|entry| entry.causes);
        let bytes: usize =
            causes.map(|cause| cause.what.len() + cause.check.len() + cause.command.len()).sum();
        assert!(bytes < 8 * 1024, "{bytes}");
    }

    #[test]
    fn a_command_names_the_origin_as_configured_if_that_is_safe_to_paste() {
        let command = "x ORIGIN/ HOST:PORT";
        for (origin, expected) in [
            ("https://origin.example.com", "x https://origin.example.com/ origin.example.com:443"),
            ("http://origin.example.com", "x http://origin.example.com/ origin.example.com:80"),
            ("http://10.0.0.7:8080", "x http://10.0.0.7:8080/ 10.0.0.7:8080"),
            ("http://localhost:3000", "x http://localhost:3000/ localhost:3000"),
            ("https://a.b;reboot", command),
            ("https://$(reboot).example", command),
            ("https://a.b`x`:1", command),
            ("https://-o.example", command),
            ("https://[::1]:80", command),
            ("file://a.example", command),
            ("zone", command),
            ("", command),
        ] {
            assert_eq!(command_for(command, Some(origin), None), expected, "{origin}");
        }
        assert_eq!(command_for(command, None, None), command);
    }

    #[test]
    fn a_command_can_be_pasted_whether_or_not_the_service_is_known() {
        let [known, unknown] = [Some("shop.service"), None].map(|service| command_for(LOGS, None, service));
        assert_eq!(known, "journalctl -u shop.service --since -15min");
        assert_eq!(unknown, "journalctl --since -15min");
        let origin = Some("http://origin.example.com:8080");
        for cause in ENTRIES.iter().chain(&OWN).flat_map(|entry| entry.causes) {
            let command = command_for(cause.command, origin, None);
            let is_placeholder =
                |word: &str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase());
            let left = command.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| is_placeholder(word));
            assert_eq!(left, None, "{command}");
        }
    }
}
