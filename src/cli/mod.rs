//! The command line: one file per subcommand, each a few named steps. The only place that knows clap, anyhow and progress
//! bars; everything it prints goes through [`Terminal`].

mod bench;
mod kb;
mod models;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use terminal::Terminal;

/// How a command that ran to its end ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// What was checked did not hold: exit code 1.
    CheckFailed,
}

#[derive(Debug, Parser)]
#[command(name = "firstline", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {}

/// Parses the arguments, runs the command, and turns what it says into an exit code: 0 done, 1 the check failed, 2 the
/// call was wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut terminal = Terminal::new();
    match run(cli.command, &mut terminal) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::from(1),
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, _terminal: &mut Terminal) -> anyhow::Result<Outcome> {
    match command {}
}
