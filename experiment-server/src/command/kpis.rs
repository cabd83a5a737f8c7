//! `experiment kpis`: figures of the whole company over a period.

use std::path::PathBuf;

use anyhow::Context;
use experiment_core::report::kpi::{KpiRequest, KpiWish, Kpis};
use experiment_core::time::{Day, Span};

use super::format::Format;
use super::place::Place;
use super::{Console, Exit};
use crate::client::Client;
use crate::output::{write_kpis_csv, write_kpis_table};
use crate::store::system_clock;

const EXAMPLES: &str = "\
Examples:
  # a quarter: customers are active who ordered within a quarter
  experiment kpis --data ./data --from 2026-01-01 --to 2026-03-31
  # active are those who logged in or ordered in the last 30 days; what keeping them cost; would they recommend us
  experiment kpis --data ./data --from 2026-01-01 --to 2026-03-31 --active login --active order --within 30d \\
    --cost voucher --survey nps
  # from a running server, for a spreadsheet
  experiment kpis --url http://127.0.0.1:8016 --from 2025-01-01 --to 2025-12-31 --format csv";

/// Customers kept, churn, repeat purchases, order value, lifetime value, and a monthly cohort table
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder given to `experiment serve`
    #[arg(long, value_name = "DIR", conflicts_with = "url", required_unless_present = "url")]
    data: Option<PathBuf>,
    /// The server to ask, instead of a folder
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The first day of the period, in UTC
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Its last day, which is part of it
    #[arg(long, value_name = "DAY")]
    to: Day,
    /// The event that is a purchase; its values are the money
    #[arg(long, value_name = "EVENT", default_value = "order")]
    event: String,
    /// An event that makes a customer active; may be repeated; the purchase if left out
    #[arg(long, value_name = "EVENT")]
    active: Vec<String>,
    /// For how long an activity makes a customer active; as long as the period if left out
    #[arg(long, value_name = "SPAN")]
    within: Option<Span>,
    /// The event whose values are what keeping customers costs
    #[arg(long, value_name = "EVENT")]
    cost: Option<String>,
    /// The event whose values are answers from 0 to 10 to "would you recommend us?"
    #[arg(long, value_name = "EVENT")]
    survey: Option<String>,
    /// Coverage of the intervals
    #[arg(long, value_name = "FRACTION", default_value_t = 0.95)]
    level: f64,
    /// How the figures are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let format = args.format;
    let place = match (&args.data, &args.url) {
        (Some(data), _) => Place::of_existing_folder(data)?,
        (None, Some(url)) => Place::of_url(url),
        (None, None) => anyhow::bail!("name a folder with --data or a server with --url"),
    };
    let kpis = match place {
        Place::Live(client) => ask(&client, &args)?,
        Place::Opened(store) => {
            let request = KpiRequest::new(wish(args), system_clock()().day());
            let kpis = request.map_err(complaint).and_then(|request| Ok(store.kpis(&request)?));
            store.shutdown()?;
            kpis?
        }
    };
    match format {
        Format::Table => write_kpis_table(&kpis, console.stdout)?,
        Format::Json => writeln!(console.stdout, "{}", serde_json::to_string_pretty(&kpis)?)?,
        Format::Csv => write_kpis_csv(&kpis, console.stdout)?,
    }
    Ok(Exit::Fine)
}

fn wish(args: Args) -> KpiWish {
    KpiWish {
        from: args.from,
        to: args.to,
        within: args.within,
        event: args.event,
        active: args.active,
        cost: args.cost,
        survey: args.survey,
        confidence_level: args.level,
    }
}

fn complaint(problems: Vec<experiment_core::definition::Problem>) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

fn ask(client: &Client, args: &Args) -> anyhow::Result<Kpis> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &args.from.to_string());
    query.append_pair("to", &args.to.to_string());
    query.append_pair("event", &args.event);
    query.append_pair("level", &args.level.to_string());
    query.append_pair("fresh", "true");
    if !args.active.is_empty() {
        query.append_pair("active", &args.active.join(","));
    }
    if let Some(within) = args.within {
        query.append_pair("within", &within.to_string());
    }
    let named = [("cost", &args.cost), ("survey", &args.survey)];
    for (name, event) in named.into_iter().filter_map(|(name, event)| Some((name, event.as_ref()?))) {
        query.append_pair(name, event);
    }
    let answer = client.get(&format!("/v1/kpis?{}", query.finish()))?.success()?;
    serde_json::from_value(answer.body).context("the server's answer is of another version")
}
