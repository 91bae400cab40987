//! `serve`: runs the system until it is told to stop.

use super::{
    host::{self, Listen, Stop},
    replay::Faults,
};
use crate::{
    context::Context,
    failure::Failure,
    settings,
    show::{Output, print_json, say},
    system::{Entrance, System},
};
use clap::Args as ClapArgs;
use serde_json::json;
use std::net::SocketAddr;

/// How the system is run.
#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = more())]
pub struct Args {
    /// Which services: only `all` so far.
    #[arg(default_value = "all", num_args = 1..)]
    services: Vec<String>,
    /// Where the data lives: a folder, or postgres://user@host:port/database [env: OUTRIGGER_DATA] [default:
    /// ./outrigger-data].
    #[arg(long, value_name = "DIR|URL")]
    data: Option<String>,
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    faults: Faults,
}

/// Runs the system until SIGINT or SIGTERM, then ends it gracefully.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    all_or_none(&args.services)?;
    let mut settings = host::settings(context)?;
    settings.flag("data", args.data);
    args.listen.put(&mut settings);
    let mut config = host::config(&settings, host::FOLDER)?;
    host::listen(&settings, &mut config)?;
    args.faults.apply(&mut config);
    let grace = config.grace;
    let mut stop = Stop::listen()?;
    let entrance = Entrance::open(&config).await.map_err(|error| host::refused(&settings, &error))?;
    let system = tokio::select! {
        started = System::start_patiently(entrance, config) => started.map_err(|error| host::refused(&settings, &error))?,
        () = stop.wished() => return Ok(()),
    };
    announce(&system, context.output);
    stop.wished().await;
    if context.output == Output::Table {
        say!("stopping: calls under way finish, what is unfinished goes on at the next start");
    }
    host::end(&system, grace, &mut stop).await;
    Ok(())
}

fn more() -> String {
    format!(
        "\
        The database's password may stand in the URL, where whoever lists processes sees it; in a file that \
        OUTRIGGER_DATABASE_PASSWORD_FILE names, as a Kubernetes secret is mounted; or where PostgreSQL's own programs look: \
        PGPASSWORD, then PGPASSFILE. A database that cannot be reached is waited for: gRPC health says NOT_SERVING for \"\" \
        (readiness) and SERVING for \"live\" (liveness) meanwhile, and every call is answered UNAVAILABLE.\n\n\
        Settings without a flag, in outrigger.toml (database.connections) or as variables:\n{}\n\
        Traces are set by OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.",
        settings::without_flags()
    )
}

fn all_or_none(services: &[String]) -> Result<(), Failure> {
    const NAMES: [&str; 6] =
        [orders::NAME, payments::NAME, inventory::NAME, shipping::NAME, notifications::NAME, dashboard::NAME];
    if services == ["all"] {
        return Ok(());
    }
    if let Some(unknown) = services.iter().find(|name| *name != "all" && !NAMES.contains(&name.as_str())) {
        return Err(Failure::Misuse(format!(
            "serve {unknown}: there is no such service; run all with `outrigger serve`"
        )));
    }
    Err(Failure::Misuse(format!(
        "serve {}: a service of its own would have no bus yet; run all of them with `outrigger serve all`",
        services.join(" ")
    )))
}

fn announce(system: &System, output: Output) {
    let (grpc, page, metrics) = (address(system.grpc()), address(system.http()), metrics(system));
    if output == Output::Json {
        print_json(&json!({ "grpc": grpc, "page": page, "metrics": metrics, "data": system.place() }));
        return;
    }
    say!("gRPC     {grpc}   (reflection and health included)");
    say!("page     {page}");
    say!("metrics  {metrics}");
    say!("data     {}", system.place());
    if let Some(traces) = host::traces() {
        say!("traces   {traces}");
    }
    say!("\nTry      outrigger order list{}", endpoint_flag(&grpc));
}

/// "http://127.0.0.1:8080".
pub fn address(address: Option<SocketAddr>) -> String {
    address.map_or_else(String::new, |address| format!("http://{address}"))
}

/// "http://127.0.0.1:9464/metrics".
pub fn metrics(system: &System) -> String {
    system.metrics().map_or_else(String::new, |address| format!("http://{address}/metrics"))
}

/// What to add to a command so that it finds a system that is not at the usual place.
pub fn endpoint_flag(grpc: &str) -> String {
    if grpc == crate::reach::ENDPOINT { String::new() } else { format!(" --endpoint {grpc}") }
}
