//! `experiment import`: what another store exported, or what another system stores.

mod facts;
mod growthbook;

use super::{Console, Exit};

/// Read in what `experiment export` wrote, or turn another system's experiments into definitions
#[derive(Debug, clap::Args)]
#[command(after_help = facts::EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    system: Option<System>,
    #[command(flatten)]
    facts: facts::Facts,
}

#[derive(Debug, clap::Subcommand)]
enum System {
    Growthbook(growthbook::Args),
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    match args.system {
        Some(System::Growthbook(args)) => growthbook::run(args, console),
        None => facts::run(&args.facts, console),
    }
}
