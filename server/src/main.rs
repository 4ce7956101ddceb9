//! `sightline`: arguments in, one call of the library, one line and an exit status out.

use clap::{Args, Parser, Subcommand, ValueEnum};
use sightline::annotate::{self, AnnotateError};
use sightline::api::{self, ServeOptions, StopSignal};
use sightline::libav;
use sightline::logging;
use sightline::pipeline::clock::{Clock, SystemClock};
use sightline::pipeline::inject::Inject;
use sightline::settings::Mistake;
use sightline::store::{Places, StoreError};
use sightline_shared::camera::Transport;
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Watches cameras and shows what it sees in the browser, each box on exactly its own frame.
#[derive(Parser)]
#[command(name = "sightline", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server and the dashboard (the default).
    Serve(Serve),
    /// Set or change the password of the dashboard; asked for on the terminal, or read from standard input.
    Password(Common),
    /// Check the settings file, or print one with every key.
    #[command(subcommand)]
    Config(Config),
    /// Write a video with what is found in it drawn on it: a file (or an address) through the same stages, as fast as it goes.
    Annotate(Box<Annotate>),
    /// The camera doctor: watch a stream for some seconds and tell what it is, what is wrong with it, and the mend.
    Probe(Probe),
    /// What each stage will use on this machine and, for what is missing, why; exit status 1 only where something that the settings
    /// ask for by name cannot be had.
    Doctor(Doctor),
    /// Detection models: list, pull, add, check, remove.
    Models(Models),
}

#[derive(Args)]
struct Models {
    /// Settings file [default: ./sightline.toml if there is one, else sightline.toml in the data folder].
    #[arg(long, value_name = "FILE", env = "SIGHTLINE_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Folder whose `models` holds them [default: ~/.local/share/sightline].
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA", global = true)]
    data: Option<PathBuf>,
    /// Form of the log on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Option<sightline::models::command::Command>,
}

#[derive(Args)]
struct Doctor {
    #[command(flatten)]
    common: Common,
    /// The check-up as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Probe {
    /// Address of the stream, a file's path, or v4l2:/dev/video0; ${NAME} in it is taken from the environment.
    url: String,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
    /// How long it is watched after its first frame, 1 to 60.
    #[arg(long, value_name = "N", default_value_t = sightline::probe::DEFAULT_SECONDS)]
    seconds: f64,
    /// RTSP's transport.
    #[arg(long, value_enum, default_value_t = ProbeTransport::Auto)]
    transport: ProbeTransport,
    /// Form of the log on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProbeTransport {
    /// TCP, and UDP where the camera refuses it.
    Auto,
    /// Interleaved in the RTSP connection.
    Tcp,
    /// RTP over UDP.
    Udp,
}

#[derive(Subcommand)]
enum Config {
    /// Tell every mistake in the settings file with its line; nothing is changed.
    Check(Common),
    /// Print a settings file with every key, its default, and what it does.
    PrintDefault,
}

#[derive(Args)]
struct Annotate {
    #[command(flatten)]
    arguments: annotate::cli::Arguments,
    /// Form of progress and result.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Args)]
struct Common {
    /// Settings file [default: ./sightline.toml if there is one, else sightline.toml in the data folder].
    #[arg(long, value_name = "FILE", env = "SIGHTLINE_CONFIG")]
    config: Option<PathBuf>,
    /// Folder for users, secrets and ids [default: ~/.local/share/sightline].
    #[arg(long, value_name = "DIR", env = "SIGHTLINE_DATA")]
    data: Option<PathBuf>,
    /// Form of the log on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    common: Common,
    /// Address to listen on; beyond 127.0.0.1 only with a password [default: the settings', else 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT", env = "SIGHTLINE_LISTEN")]
    listen: Option<SocketAddr>,
    /// Add the demo camera: a painted street whose every frame holds its own number.
    #[arg(long)]
    demo: bool,
    /// A name under which the dashboard may be opened, beside the ones in the settings; may be repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// For tests: hold every frame up in a stage, as STAGE=MILLISECONDS.
    #[arg(long, value_name = "STAGE=MS", hide = true)]
    inject: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn main() -> ExitCode {
    libav::quiet_svtav1();
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    let log_format = match &command {
        Command::Serve(Serve { common, .. }) | Command::Password(common) | Command::Config(Config::Check(common)) => {
            common.log_format
        }
        Command::Annotate(annotate) => annotate.log_format,
        Command::Config(Config::PrintDefault) => LogFormat::Text,
        Command::Probe(probe) => probe.log_format,
        Command::Doctor(doctor) => doctor.common.log_format,
        Command::Models(models) => models.log_format,
    };
    logging::set_up(match log_format {
        LogFormat::Text => logging::Format::Text,
        LogFormat::Json => logging::Format::Json,
    });
    let done = match command {
        Command::Serve(arguments) => serve(arguments),
        Command::Password(common) => password(&common),
        Command::Config(config) => run_config(&config),
        Command::Annotate(annotate) => {
            let Annotate { arguments, log_format } = *annotate;
            annotate::cli::run(arguments, matches!(log_format, LogFormat::Json)).map_err(Into::into)
        }
        Command::Probe(arguments) => probe(arguments),
        Command::Doctor(arguments) => doctor(arguments),
        Command::Models(arguments) => models(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "sightline: {error}");
            let wrong_usage = matches!(error.downcast_ref(), Some(AnnotateError::Usage(_)));
            if wrong_usage { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn serve(arguments: Serve) -> Result<(), Box<dyn Error>> {
    let options = ServeOptions {
        listen: arguments.listen,
        data_dir: arguments.common.data,
        config_path: arguments.common.config,
        demo: arguments.demo,
        allow_hosts: arguments.allow_host,
        inject: Inject::parse(arguments.inject.iter().map(String::as_str))?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("sightline-io").enable_all().build()?;
    runtime.block_on(async {
        // Before anything is begun that has an end in order.
        let stop = StopSignal::take()?;
        let server = api::serve(options, Arc::new(SystemClock::default())).await?;
        writeln!(std::io::stdout(), "{}", server.announcement())?;
        server.run_until(stop.received()).await;
        Ok(())
    })
}

fn probe(arguments: Probe) -> Result<(), Box<dyn Error>> {
    let transport = match arguments.transport {
        ProbeTransport::Auto => Transport::Auto,
        ProbeTransport::Tcp => Transport::Tcp,
        ProbeTransport::Udp => Transport::Udp,
    };
    let Probe { url, json, seconds, .. } = arguments;
    let options = sightline::probe::command::Options { url, json, seconds, transport };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(sightline::probe::command::run(&options, &clock));
    // A source that waits for a name server ends in its own time; nobody waits for it.
    runtime.shutdown_background();
    Ok(done?)
}

fn doctor(arguments: Doctor) -> Result<(), Box<dyn Error>> {
    let Doctor { common: Common { config, data, .. }, json } = arguments;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Ok(sightline::doctor::command::run(&sightline::doctor::command::Options { json, config, data }, &clock)?)
}

fn models(arguments: Models) -> Result<(), Box<dyn Error>> {
    let Models { config, data, command, .. } = arguments;
    let places = Places::find(config.as_deref(), data.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Ok(sightline::models::command::run(command, &places.data_dir, &clock)?)
}

fn run_config(config: &Config) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    match config {
        Config::PrintDefault => write!(out, "{}", sightline::settings::sample::SAMPLE)?,
        Config::Check(common) => {
            let places = Places::find(common.config.as_deref(), common.data.as_deref())?;
            let settings = sightline::store::check_file(&places).map_err(|error| match error {
                StoreError::Mistakes { path, mistakes } => list_mistakes(&path, &mistakes),
                other => other.to_string(),
            })?;
            writeln!(out, "{}: no mistakes, {} cameras.", places.config.display(), settings.cameras.len())?;
        }
    }
    Ok(())
}

/// `FILE:LINE: what is wrong`, a line each: editors jump there.
fn list_mistakes(path: &Path, mistakes: &[Mistake]) -> String {
    let one = |mistake: &Mistake| format!("\n{}:{}: {}", path.display(), mistake.line, mistake.message);
    let list: String = mistakes.iter().map(one).collect();
    format!("{} mistakes:{list}", mistakes.len())
}

fn password(common: &Common) -> Result<(), Box<dyn Error>> {
    let places = Places::find(common.config.as_deref(), common.data.as_deref())?;
    api::password::ask_and_set(&places, SystemClock::default().utc())?;
    Ok(())
}
