//! What each kind of client gets when the origin is down, as docs/pages.md has it.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::world::{Story, world};

const CHROME: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const CRAWLER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const APP: &str = "https://app.example";

/// One kind of client, by what it sends, and what it makes of the answer.
struct Client {
    who: &'static str,
    method: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    makes: &'static str,
}

const fn get(
    who: &'static str,
    fields: &'static [(&'static str, &'static str)],
    makes: &'static str,
) -> Client {
    Client { who, method: "GET", path: "/", fields, makes }
}

const fn post(
    who: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    makes: &'static str,
) -> Client {
    Client { who, method: "POST", path, fields, makes }
}

const CLIENTS: [Client; 15] = [
    get(
        "a browser",
        &[("Sec-Fetch-Dest", "document"), ("Accept", CHROME)],
        "shows it; it comes back by itself",
    ),
    get("Googlebot", &[("Accept", CRAWLER)], "does not index it, and crawls more slowly for a while"),
    get("a script of the site", &[("Sec-Fetch-Dest", "empty"), ("Accept", "*/*")], "reads it"),
    get(
        "a script of another site",
        &[("Sec-Fetch-Dest", "empty"), ("Accept", "*/*"), ("Origin", APP)],
        "reads it, as `page.cors` names its origin; otherwise \"Failed to fetch\"",
    ),
    get("an API client", &[("Accept", "application/json")], "reads it"),
    post(
        "an API client that writes",
        "/",
        &[("Content-Type", "application/json")],
        "learns that it must check first",
    ),
    get("an agent", &[("Accept", "text/markdown, text/html;q=0.8")], "reads it"),
    get("`curl`", &[("Accept", "*/*")], "prints it; `--retry` retries all three statuses"),
    post(
        "a GraphQL client",
        "/graphql",
        &[("Accept", "application/graphql-response+json"), ("Content-Type", "application/json")],
        "finds an entry in `errors`, the problem document in its `extensions`",
    ),
    post("a gRPC client", "/shop.Orders/Get", &[("Content-Type", "application/grpc")], "sees UNAVAILABLE"),
    post(
        "a gRPC-Web client",
        "/shop.Orders/Get",
        &[("Content-Type", "application/grpc-web+proto")],
        "sees UNAVAILABLE",
    ),
    get(
        "an `EventSource`",
        &[("Sec-Fetch-Dest", "empty"), ("Accept", "text/event-stream")],
        "closes for good; [see above](#eventsource)",
    ),
    get(
        "an image",
        &[("Sec-Fetch-Dest", "image"), ("Accept", "image/avif,image/webp,*/*;q=0.8")],
        "fires `error`",
    ),
    get("a script file", &[("Sec-Fetch-Dest", "script"), ("Accept", "*/*")], "fires `error`"),
    get("a style sheet", &[("Sec-Fetch-Dest", "style"), ("Accept", "text/css,*/*;q=0.1")], "fires `error`"),
];

/// What `client` gets from a site whose origin refuses every connection.
fn answer_to(client: &Client) -> Story {
    let site = world().set("page.cors", json!([APP]));
    let asking = client.fields.iter().fold(site, |world, (name, value)| world.with(name, value));
    asking.origin([]).send(client.method, client.path, (client.method == "POST").then_some("{}"))
}

/// The body in a few words.
fn body(story: &Story) -> String {
    let text = story.body.text.as_str();
    let shown = |value: &Value| {
        let members = ["error", "side", "retryable", "retry_after", "outcome"];
        let members = members.iter().filter_map(|name| Some(format!("\"{name}\":{}", value.get(name)?)));
        format!("`{{…,{}}}`", members.collect::<Vec<_>>().join(","))
    };
    let beginning = |expected: &str| {
        assert!(text.starts_with(expected), "{text}");
        format!("`{expected}…`")
    };
    match story.value("content-type").unwrap_or_default().split(';').next().unwrap() {
        "text/html" => "the page".to_owned(),
        "application/problem+json" => shown(&serde_json::from_str(text).unwrap()),
        "application/graphql-response+json" => {
            let whole: Value = serde_json::from_str(text).unwrap();
            format!("`errors[0].extensions`: {}", shown(&whole["errors"][0]["extensions"]))
        }
        "text/markdown" => beginning("# 502 Bad Gateway: "),
        "text/plain" => beginning("502 Bad Gateway: "),
        _ => {
            assert_eq!(text, "");
            "none".to_owned()
        }
    }
}

fn table() -> String {
    let mut table = String::from(
        "| who | asks with | status | `Content-Type` | body | more fields | what the client makes of it |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for client in &CLIENTS {
        let story = answer_to(client);
        let asked = client.fields.iter().map(|(name, value)| format!("`{name}: {value}`"));
        let asked = [format!("`{} {}`", client.method, client.path)].into_iter().chain(asked);
        let more = ["retry-after", "access-control-allow-origin", "grpc-status", "holdfast-outcome"];
        let more = more.iter().filter_map(|name| Some(format!("`{name}: {}`", story.value(name)?)));
        let kind = story.value("content-type").map_or("none".to_owned(), |kind| format!("`{kind}`"));
        writeln!(
            table,
            "| {} | {} | {} | {kind} | {} | {} | {} |",
            client.who,
            asked.collect::<Vec<_>>().join("<br>"),
            story.status,
            body(&story),
            more.collect::<Vec<_>>().join("<br>"),
            client.makes
        )
        .unwrap();
    }
    table
}

#[test]
fn the_documents_have_what_each_client_gets_in_an_outage() {
    let document = include_str!("../../docs/pages.md");
    let after = document.split_once("<!-- clients: begin -->\n").unwrap().1;
    let there = after.split_once("<!-- clients: end -->").unwrap().0;
    let expected = table();
    assert!(there == expected, "docs/pages.md should have between the two marks:\n{expected}");
}

#[test]
fn every_client_gets_the_status_and_none_is_told_a_200() {
    for client in &CLIENTS {
        let story = answer_to(client).status(502);
        story.header_has("retry-after", "").header("cache-control", "no-store");
    }
}
