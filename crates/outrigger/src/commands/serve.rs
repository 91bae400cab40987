//! `serve`: runs the system until it is told to stop.

use super::host::{self, Listen, Stop};
use crate::{
    context::Context,
    failure::Failure,
    show::{Output, print_json, say},
    system::System,
};
use clap::Args as ClapArgs;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The usual place of data.
pub const FOLDER: &str = "outrigger-data";

/// How the system is run.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// Which services: only `all` so far.
    #[arg(default_value = "all", num_args = 1..)]
    services: Vec<String>,
    /// The folder of the data [default: ./outrigger-data].
    #[arg(long, env = "OUTRIGGER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    listen: Listen,
}

/// Runs the system until SIGINT or SIGTERM, then ends it gracefully.
pub async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    all_or_none(&args.services)?;
    let file = host::settings(context)?;
    let folder = host::folder(args.data, &file, FOLDER);
    let mut config = host::config(&file, &folder)?;
    args.listen.apply(&file, &mut config);
    let mut stop = Stop::listen()?;
    let system = host::start(config).await?;
    announce(&system, &folder, context.output);
    stop.wished().await;
    if context.output == Output::Table {
        say!("stopping: calls under way finish, what is unfinished goes on at the next start");
    }
    system.shutdown().await;
    Ok(())
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

fn announce(system: &System, folder: &Path, output: Output) {
    let (grpc, page) = (address(system.grpc()), address(system.http()));
    if output == Output::Json {
        print_json(&json!({ "grpc": grpc, "page": page, "data": folder }));
        return;
    }
    say!("gRPC  {grpc}   (reflection and health included)");
    say!("page  {page}");
    say!("data  {}", folder.display());
    say!("\nTry   outrigger order list{}", endpoint_flag(&grpc));
}

/// "http://127.0.0.1:8080".
pub fn address(address: Option<std::net::SocketAddr>) -> String {
    address.map_or_else(String::new, |address| format!("http://{address}"))
}

/// What to add to a command so that it finds a system that is not at the usual place.
pub fn endpoint_flag(grpc: &str) -> String {
    if grpc == crate::reach::ENDPOINT { String::new() } else { format!(" --endpoint {grpc}") }
}
