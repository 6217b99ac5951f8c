//! The demo: a small shop whose origin fails on request, and the Worker before it.

mod control;
mod failure_mode;
mod log;
mod site;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use faulty_origin::Origin;
use serde_json::json;

use crate::build;
use crate::serve::{self, Echo, Options, Worker};
use failure_mode::CurrentMode;

/// Serves the site on `port` and its control page on `control_port`, both on 127.0.0.1, until interrupted.
///
/// Runs in `workerd` if one is given, else in Miniflare's own.
pub fn demo(port: u16, control_port: u16, workerd: Option<PathBuf>) -> Result<()> {
    build::ensure()?;
    let interrupted = serve::interrupted()?;
    let mode = Arc::new(CurrentMode::default());
    let shop = site::Shop::new();
    let origin = Arc::new(Origin::start(local(0), {
        let mode = Arc::clone(&mode);
        move |seen| mode.answer(seen, &shop)
    })?);
    let mut worker = Worker::start(&Options {
        holdfast: Some(settings(&origin.url())),
        port,
        health: true,
        token: Some(TOKEN.to_owned()),
        echo: Echo::As(log::readable),
        workerd,
        ..Options::default()
    })?;
    let controls =
        control::start(local(control_port), worker.url().to_owned(), TOKEN, Arc::clone(&origin), mode)
            .with_context(|| {
                format!(
                    "port {control_port} of 127.0.0.1 is not available; choose another with --control-port"
                )
            })?;
    println!();
    println!("  what visitors get      {}  (workerd {})", worker.url(), worker.runtime());
    println!("  break the origin here  {}", controls.url());
    println!("  what operators see     {}/.well-known/holdfast/status  (token: {TOKEN})", worker.url());
    println!("  what they tell all     {}/.well-known/holdfast/public", worker.url());
    println!();
    println!("  Below, a line for each request. Ctrl-C ends it.");
    println!();
    worker.run_until(&interrupted)
}

/// The operators' secret: nobody but this machine reaches the demo.
const TOKEN: &str = "demo-on-this-machine";

/// Time limits that are short enough to wait for, and the shop's brand.
fn settings(origin: &str) -> serde_json::Value {
    json!({
        "name": "demo",
        "origins": [origin],
        "timeouts": { "first_byte": "2s", "idle": "2s", "total": "7s" },
        "retry": { "attempts": 3, "backoff": "100ms", "backoff_max": "2s" },
        "breaker": { "open_for": "2s" },
        "log": { "sample": 1 },
        "page": {
            "brand": "Millrace Bakery", "support_url": "mailto:hello@millrace.example", "public_status": true,
        },
    })
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
