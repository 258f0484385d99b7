//! The command line: one file a command.

mod backup;
mod bench;
mod call;
mod demo;
mod doctor;
mod draft;
mod erase;
pub mod eval;
mod models;
mod offline;
mod phone;
mod serve;
mod show;
mod transcribe;
mod users;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::gateway::StartError;
use crate::ops::{descriptors, telemetry};

#[derive(Parser)]
#[command(name = "heardline", version, about = "Answers calls, writes them down, drafts the ticket with its evidence")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take calls until told to stop
    Serve(serve::Serve),
    /// A real call over loopback: see it transcribed, drafted, delivered
    Demo(demo::Demo),
    /// Dial a SIP address and speak a WAV file (a real caller; with --count a load generator)
    Call(call::Call),
    /// Write down a WAV file
    Transcribe(transcribe::Transcribe),
    /// Draft the ticket of a WAV file, or of a transcript that `transcribe --json` made
    Draft(draft::DraftCommand),
    /// Measure the recogniser over WAV files with known words, or the drafter over written calls with known tickets
    Eval(eval::Eval),
    /// The models this program knows: list, fetch, check
    Models(models::Models),
    /// Check ports, model, disk, clock, endpoint, address; each line says what to do
    Doctor(doctor::Doctor),
    /// Copy the data folder, consistent and checked, while calls go on
    Backup(backup::Backup),
    /// Fill an empty data folder from a backup
    Restore(backup::Restore),
    /// Remove what was said in one call, for good: sound, words, draft
    Erase(erase::Erase),
    /// The desk's accounts: who may log in, and what each may do
    Users(users::Users),
    /// Measure this machine: the README's figures, or only those of drafts, media, signalling or boot
    Bench(bench::Bench),
    /// Print a completion script: heardline completions bash > /etc/bash_completion.d/heardline
    Completions { shell: clap_complete::Shell },
}

/// Why a command ended without doing its job.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(message: impl std::fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: EXIT_CONFIG, message: error.to_string() }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self { code: EXIT_CONFIG, message: error.to_string() }
    }
}

/// Something to mend in the configuration or in what it points at (sysexits: EX_USAGE).
const EXIT_CONFIG: u8 = 64;

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _already = rustls::crypto::ring::default_provider().install_default();
    let result = match arguments.command {
        Command::Serve(serve) => run("info", serve.run()),
        Command::Demo(demo) => run("error", demo.run()),
        Command::Call(call) => run("warn", call.run()),
        Command::Transcribe(transcribe) => run("warn", transcribe.run()),
        Command::Draft(draft) => run("warn", draft.run()),
        Command::Eval(eval) => run("warn", eval.run()),
        Command::Models(models) => run("warn", models.run()),
        Command::Doctor(doctor) => run("error", doctor.run()),
        Command::Backup(backup) => run("warn", backup.run()),
        Command::Restore(restore) => run("warn", restore.run()),
        Command::Erase(erase) => run("warn", erase.run()),
        Command::Users(users) => run("warn", users.run()),
        Command::Bench(bench) => run("error", bench.run()),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "heardline", &mut std::io::stdout());
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("heardline: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Starts the runtime and the log (`HEARDLINE_LOG` overrides `log`), then runs a command to its end.
fn run(log: &str, command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    telemetry::log::start(log);
    // Whoever needs more than the system allows says so itself.
    let _limit_raised = descriptors::allow(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(format!("no runtime: {e}")))?;
    let result = runtime.block_on(command);
    // File work on a stalled disk must not keep an ended program alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

/// The configuration file when one is named, else `heardline.toml` here when there is one, else the defaults.
fn load_config(file: Option<&Path>) -> Result<Config, ConfigError> {
    match file {
        Some(file) => Config::load(file),
        None => {
            let here = PathBuf::from("heardline.toml");
            if here.exists() { Config::load(&here) } else { Ok(Config::standard()) }
        }
    }
}
