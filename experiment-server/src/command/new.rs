//! `experiment new`: a definition to start from.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use experiment_core::definition::check_key;
use experiment_core::spelling::nearest;

use super::{Console, Exit};
use crate::playbook::{TEMPLATES, Template};

const EXAMPLES: &str = "\
Examples:
  # what there is
  experiment new --list
  # look at one
  experiment new --template win_back
  # take it, under a key of your own, then fit numbers and events to what you have and start it
  experiment new --template win_back --key win_back_2026 --output win_back.yaml
  experiment apply win_back.yaml --start";

/// Write a definition to start from: ready-made tests of offers, messages and pages
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which definition to write
    #[arg(long, value_name = "NAME", required_unless_present = "list", conflicts_with = "list")]
    template: Option<String>,
    /// List the templates, with the question of each
    #[arg(long)]
    list: bool,
    /// The experiment's key [default: the template's name]
    #[arg(long, value_name = "KEY", conflicts_with = "list")]
    key: Option<String>,
    /// The file to write, which must not be there yet [default: stdout]
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let Some(name) = &args.template else {
        let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or(0);
        for template in &TEMPLATES {
            writeln!(console.stdout, "{:width$}  {}", template.name, template.question())?;
        }
        return Ok(Exit::Fine);
    };
    let template = Template::find(name).ok_or_else(|| unknown(name))?;
    let key = args.key.as_deref().unwrap_or(template.name);
    check_key(key).map_err(|error| {
        anyhow!(
            "--key: {key:?} {error}; mend: use 1 to 128 of A-Z a-z 0-9 . _ - such as {}_2026",
            template.name
        )
    })?;
    let text = args.key.as_ref().map_or_else(|| template.text.to_owned(), |key| template.with_key(key));
    match &args.output {
        None => console.stdout.write_all(text.as_bytes())?,
        Some(path) => {
            write(path, &text)?;
            writeln!(console.stdout, "{}", path.display())?;
        }
    }
    Ok(Exit::Fine)
}

fn unknown(name: &str) -> anyhow::Error {
    let names = || TEMPLATES.iter().map(|template| template.name);
    let mend = match nearest(name, names()) {
        Some(near) => format!("did you mean {near:?}? `experiment new --list` shows all"),
        None => format!("use one of {}", names().collect::<Vec<_>>().join(", ")),
    };
    anyhow!("--template: there is none called {name:?}; mend: {mend}")
}

/// A file with somebody's work in it is not written over.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    match std::fs::File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("--output: {} is there already; mend: name another file", path.display())
        }
        file => file
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("{} cannot be written", path.display())),
    }
}
