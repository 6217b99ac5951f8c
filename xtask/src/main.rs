//! `cargo xtask`: the project's commands.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use xtask::mask_check::Findings;
use xtask::serve::{self, Options, Refused, Worker};
use xtask::{
    bench, build, check, conformance, demo, drill, mask_check, package, pages, runtime, simulate, test,
};

/// Builds, checks, serves, demonstrates and tests Holdfast.
///
/// What a command needs (the WebAssembly target, the packages from npm, for the tests a browser) it installs by itself.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Cmd,
}

#[derive(Subcommand)]
enum Cmd {
    /// Shows it: a small site with an origin that fails on request, and the Worker before it
    Demo {
        /// Where visitors reach the site
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// Where the origin is made to fail
        #[arg(long, default_value_t = 8788)]
        control_port: u16,
        #[command(flatten)]
        runtime: Runtime,
    },
    /// Runs the built Worker on a local port before any origin
    ///
    /// Starts from wrangler.toml. What it serves is what the Worker sent, byte for byte.
    Serve {
        /// An origin, such as http://127.0.0.1:3000; several are tried in this order
        #[arg(long = "origin", value_name = "URL", required_unless_present = "zone")]
        origins: Vec<String>,
        /// Where the zone's own origin is, in place of origins (route mode): a host and port, such as 127.0.0.1:3000
        #[arg(long, value_name = "ADDRESS", conflicts_with = "origins")]
        zone: Option<String>,
        /// The port on 127.0.0.1; 0 for any free one
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// A setting, such as timeouts.first_byte=2s or cache.enabled=false
        #[arg(long, value_name = "KEY=VALUE", value_parser = ::check::key_and_value)]
        set: Vec<(String, String)>,
        /// The environment in wrangler.toml to start from
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// Bind a namespace for last good copies and purges, empty at the start
        #[arg(long)]
        keep: bool,
        /// Bind the object that gathers what all isolates count, and Analytics Engine, both empty at the start
        #[arg(long)]
        health: bool,
        /// The operators' secret, HOLDFAST_TOKEN
        #[arg(long)]
        token: Option<String>,
        #[command(flatten)]
        runtime: Runtime,
    },
    /// Runs everything that must hold: build, lints, documentation, tests natively and in workerd
    Test(Runtime),
    /// Runs random schedules of requests and outages in virtual time, on all cores, and checks what must hold
    Simulate {
        /// How many
        #[arg(long, default_value_t = 10_000)]
        seeds: u64,
        /// The seed of the first; each next one has the next number
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Runs the public suite of tests for HTTP caches (cache-tests.fyi) against the built Worker, in workerd
    ///
    /// Twice, with the default settings and with the conformance settings, and prints the scores beside those of
    /// other caches, and what failed: see docs/conformance.md.
    Conformance {
        /// A checkout of the suite's repository, in place of the package from npm
        #[arg(long, value_name = "FOLDER")]
        suite: Option<PathBuf>,
        /// Run once, with this setting over the defaults, such as cache.heuristic=0.1
        #[arg(long, value_name = "KEY=VALUE", value_parser = ::check::key_and_value)]
        set: Vec<(String, String)>,
        /// Only this test, and print its requests and answers; may be given several times
        #[arg(long = "id", value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        runtime: Runtime,
    },
    /// Measures the built Worker beside JavaScript workers, in workerd
    Bench(bench::Options),
    /// Writes every error page, in every language and theme, to a folder with an index
    Pages {
        /// Where to
        #[arg(long, default_value = "target/pages")]
        out: PathBuf,
        /// The environment in wrangler.toml whose brand they have
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// A setting, such as page.accent=#802060
        #[arg(long, value_name = "KEY=VALUE", value_parser = ::check::key_and_value)]
        set: Vec<(String, String)>,
    },
    /// Prints the header field that forces a failure for each request that carries it
    ///
    /// As in curl -H "$(cargo xtask drill no_header_in_time https://www.example.com)" https://www.example.com/
    Drill {
        /// The failure, a word of the table in docs/failures.md
        word: String,
        /// The site, a URL or a host: the field is good for it alone
        site: String,
        /// The operators' secret, HOLDFAST_TOKEN
        #[arg(long, env = "HOLDFAST_TOKEN", hide_env_values = true)]
        token: String,
        /// For how long, at most 1h
        #[arg(long = "for", value_name = "SPAN", default_value = "5m", value_parser = drill::read_validity)]
        validity: Duration,
    },
    /// Asks a deployed site for a forced 502 and 504, and tells whether our page arrives or what replaces it
    ///
    /// Ends with 2 if one does not arrive as it left.
    MaskCheck {
        /// A page of the site
        url: String,
        /// The operators' secret, HOLDFAST_TOKEN; it is not sent
        #[arg(long, env = "HOLDFAST_TOKEN", hide_env_values = true)]
        token: String,
        /// A further header field of each request, NAME: VALUE; may be given several times
        #[arg(long)]
        header: Vec<String>,
    },
    /// Checks the settings of every environment in wrangler.toml
    Check {
        /// Another file than the project's own
        file: Option<PathBuf>,
    },
    /// Builds what wrangler deploys, unless the settings are wrong
    Build,
    /// Makes the npm package, which needs no Rust where it is used
    Package,
}

/// In which workerd.
#[derive(Args)]
struct Runtime {
    /// Another workerd: a version in npm's registry, such as 1.20261117.1 or latest, or a file
    #[arg(long, value_name = "VERSION|FILE")]
    workerd: Option<String>,
}

impl Runtime {
    fn workerd(&self) -> Result<Option<PathBuf>> {
        self.workerd.as_deref().map(runtime::workerd).transpose()
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            let refused = error.is::<Refused>() || error.is::<Findings>();
            ExitCode::from(if refused { 2 } else { 1 })
        }
    }
}

fn run(command: Cmd) -> Result<()> {
    match command {
        Cmd::Demo { port, control_port, runtime } => demo::demo(port, control_port, runtime.workerd()?),
        Cmd::Serve { origins, zone, port, set, env: environment, keep, health, token, runtime } => {
            serve(&Options {
                origins,
                zone,
                set,
                port,
                environment,
                keep,
                health,
                token,
                echo: serve::Echo::Line,
                workerd: runtime.workerd()?,
                ..Options::default()
            })
        }
        Cmd::Test(runtime) => test::test(runtime.workerd()?.as_deref()),
        Cmd::Simulate { seeds, from } => simulate::simulate(seeds, from),
        Cmd::Conformance { suite, set, ids, runtime } => {
            let (dump, workerd) = (!ids.is_empty(), runtime.workerd()?);
            let options = conformance::Options { suite, ids, dump, workerd };
            print!("{}", conformance::conformance(&set, &options)?);
            Ok(())
        }
        Cmd::Bench(options) => bench::bench(&options),
        Cmd::Pages { out, env: environment, set } => {
            let settings = Options { environment, set, ..Options::default() }.checked_settings()?;
            println!("{}", pages::pages(&settings, &out)?);
            Ok(())
        }
        Cmd::Drill { word, site, token, validity } => {
            println!("{}", drill::field(&token, &word, &site, validity)?);
            Ok(())
        }
        Cmd::MaskCheck { url, token, header } => {
            let findings = mask_check::mask_check(&url, &token, &header)?;
            if findings.are_ours() {
                print!("{findings}");
                return Ok(());
            }
            Err(findings.into())
        }
        Cmd::Check { file } => {
            let summary = check::check(file.as_deref())?;
            println!("{summary}");
            Ok(())
        }
        Cmd::Package => {
            let packed = package::package()?;
            let kilobytes = |bytes: u64| bytes.div_ceil(1000);
            println!("{}", packed.tarball.display());
            println!("{} KB, {} KB unpacked", kilobytes(packed.bytes), kilobytes(packed.unpacked));
            Ok(())
        }
        Cmd::Build => {
            let summary = check::check(None)?;
            summary.warnings().for_each(|warning| eprintln!("{warning}"));
            let built = build::ensure()?;
            if !built.was_fresh {
                let sizes = built.sizes()?;
                println!("build/requests_bg.wasm: {}", sizes.requests);
                println!("build/health_bg.wasm: {}", sizes.health);
                println!("in all: {}", sizes.upload);
            }
            Ok(())
        }
    }
}

fn serve(options: &Options) -> Result<()> {
    options.checked_settings()?;
    let interrupted = serve::interrupted()?;
    let mut worker = Worker::start(options)?;
    let origins = options.zone.clone().unwrap_or_else(|| options.origins.join(", "));
    println!("{} -> {origins} (workerd {})", worker.url(), worker.runtime());
    worker.run_until(&interrupted)
}
