//! Company figures of a published data set through the real path: conversions in over HTTP, figures out by
//! `experiment kpis`, held against records that pandas made and against a count from the rows themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use experiment_core::report::kpi::{Figure, FigureCode, Kpis};
use experiment_core::time::Day;
use experiment_server::client::Client;
use experiment_server::command::Exit;
use experiment_server::http::Server;
use experiment_server::settings::Settings;
use experiment_tests::reference::{Record, records};
use experiment_tests::tolerance::number;

use crate::process::run;
use crate::published::{data_file, inflated};

/// One line of the file.
struct Purchase {
    customer: String,
    day: Day,
    dollars: String,
}

impl Purchase {
    /// In cents, which the file's two digits are.
    fn cents(&self) -> i64 {
        let (whole, cents) = self.dollars.split_once('.').unwrap();
        assert_eq!(cents.len(), 2);
        whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap()
    }
}

/// The purchases; `None` and a loud line without the data.
fn purchases() -> Option<Vec<Purchase>> {
    let text = inflated(&data_file("cdnow_master.txt.gz")?);
    let purchase = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (date, dollars) = (columns[1], columns[3].to_owned());
        let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]).parse().unwrap();
        Purchase { customer: columns[0].to_owned(), day, dollars }
    };
    Some(text.lines().filter(|line| !line.trim().is_empty()).map(purchase).collect())
}

fn send(client: &Client, purchases: &[Purchase]) {
    for (batch, purchases) in purchases.chunks(10_000).enumerate() {
        let mut lines = String::new();
        for (number, purchase) in purchases.iter().enumerate() {
            let Purchase { customer, day, dollars } = purchase;
            writeln!(
                lines,
                r#"{{"id":"{batch}-{number}","customer":"{customer}","event":"order","at":"{day}T12:00:00Z","value":{dollars}}}"#
            )
            .unwrap();
        }
        let answer = client.post("/v1/conversions", "application/x-ndjson", lines.as_bytes()).unwrap();
        assert_eq!(answer.body["accepted"], purchases.len(), "{:?}", answer.body);
    }
}

fn json(place: [&str; 2], from: &str, to: &str) -> Kpis {
    let args = ["kpis", place[0], place[1], "--from", from, "--to", to, "--format", "json"];
    let (exit, stdout, stderr) = run(&args);
    assert_eq!((exit, stderr.as_str()), (Exit::Fine, ""));
    serde_json::from_str(&stdout).unwrap()
}

fn figure(kpis: &Kpis, code: FigureCode) -> &Figure {
    kpis.figures.iter().find(|figure| figure.figure == code).unwrap()
}

#[test]
fn cdnow_as_pandas_counts_it() {
    let Some(purchases) = purchases() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut settings = Settings::new(folder.path());
    settings.listen = "127.0.0.1:0".to_owned();
    settings.threads = 2;
    let server = Server::start(settings).unwrap();
    send(&Client::new(server.url(), None, None), &purchases);
    let (from, to) = ("1997-01-01", "1998-06-30");
    let all = json(["--url", server.url()], from, to);
    compare_with_records(&all);
    // A live folder is asked through its server, a quiet one is opened: the same figures.
    assert_eq!(json(["--data", data], from, to), all);
    server.stop().unwrap();
    assert_eq!(json(["--data", data], from, to), all);
    compare_with_rows(&json(["--data", data], "1998-01-01", "1998-06-30"), &purchases);
    let args = ["kpis", "--data", data, "--from", from, "--to", to];
    let (exit, table, _) = run(&args);
    assert_eq!(exit, Exit::Fine);
    // 1157 of the 7846 of January 1997 bought in February.
    let january = "  1997-01       7,846  100.0  14.7  12.3";
    assert!(table.lines().any(|line| line.starts_with(january)), "{table}");
}

fn compare_with_records(all: &Kpis) {
    let records: BTreeMap<String, Record> =
        records("cdnow").into_iter().map(|record| (record.id.clone(), record)).collect();
    let counts = &records["cdnow/all/all/table_counts"].outputs;
    let customers: u64 = all.cohorts.iter().map(|cohort| cohort.customers).sum();
    assert_eq!(counts["customers"], customers);
    assert_eq!((all.customers.start, all.customers.new, all.customers.buyers), (0, customers, customers));
    let value = figure(all, FigureCode::AverageOrderValue);
    assert_eq!((value.numerator, value.denominator), (2_500_315.63, 69_659.0), "dollars and rows");
    assert_eq!((number(&counts["dollars"]), &counts["rows"]), (Some(value.numerator), &69_659.into()));
    let repeat = figure(all, FigureCode::RepeatPurchaseRate);
    let once = number(&counts["customers_with_one_purchase_row"]).unwrap();
    assert_eq!((repeat.numerator, repeat.denominator), (customers as f64 - once, customers as f64));
    let mut cells = 0;
    for cohort in &all.cohorts[..3] {
        let id = format!("cdnow/active_customers/{}/cohort_retention_calendar_month", cohort.month);
        let record = &records[&id];
        assert_eq!(record.count("/size"), cohort.customers);
        let (active, revenue) =
            (&record.outputs["active_by_month_offset"], &record.outputs["revenue_by_month_offset"]);
        assert_eq!(active.as_object().unwrap().len(), cohort.months.len());
        for month in &cohort.months {
            let since = month.since.to_string();
            assert_eq!(active[&since], month.active, "{id} {since}");
            let want = number(&revenue[&since]).unwrap();
            assert!(record.tolerance.accepts(month.revenue, want), "{id} {since}: {} {want}", month.revenue);
            cells += 1;
        }
    }
    assert_eq!(cells, 18 + 17 + 16);
    assert!(all.cohorts[3..].iter().all(|cohort| cohort.customers == 0), "all came in the first quarter");
}

/// Half a year against sets made of the rows: at the start are those who bought in the 181 days before.
fn compare_with_rows(half: &Kpis, purchases: &[Purchase]) {
    let bought = |from: &str, to: &str| -> BTreeSet<&str> {
        let (from, to): (Day, Day) = (from.parse().unwrap(), to.parse().unwrap());
        let within = purchases.iter().filter(|purchase| from <= purchase.day && purchase.day <= to);
        within.map(|purchase| purchase.customer.as_str()).collect()
    };
    let (before, during) = (bought("1997-07-04", "1997-12-31"), bought("1998-01-01", "1998-06-30"));
    let retained = before.intersection(&during).count() as u64;
    let (start, end) = (before.len() as u64, during.len() as u64);
    assert!(retained > 1_000 && start > retained && end > retained, "{start} {end} {retained}");
    let found = &half.customers;
    assert_eq!((found.start, found.end, found.retained), (start, end, retained));
    assert_eq!((found.new, found.returned, found.lost), (0, end - retained, start - retained));
    let rate = figure(half, FigureCode::RetentionRate);
    assert_eq!(rate.value, Some(retained as f64 / start as f64));
    // Money of those at the start, in cents: before, and how much less afterwards where it is less.
    let mut money: BTreeMap<&str, (i64, i64)> = before.iter().map(|customer| (*customer, (0, 0))).collect();
    let (from, middle): (Day, Day) = ("1997-07-04".parse().unwrap(), "1998-01-01".parse().unwrap());
    for purchase in purchases.iter().filter(|purchase| purchase.day >= from) {
        if let Some((before, after)) = money.get_mut(purchase.customer.as_str()) {
            *(if purchase.day < middle { before } else { after }) += purchase.cents();
        }
    }
    let dollars = |cents: i64| cents as f64 / 100.0;
    let all: i64 = money.values().map(|(before, _)| before).sum();
    let shrunk: i64 = money.values().map(|(before, after)| (before - after).max(0)).sum();
    let after: i64 = money.values().map(|(_, after)| after).sum();
    let gross = figure(half, FigureCode::GrossRevenueChurn);
    assert_eq!((gross.numerator, gross.denominator), (dollars(shrunk), dollars(all)));
    let net = figure(half, FigureCode::NetRevenueChurn);
    assert_eq!((net.numerator, net.denominator), (dollars(all - after), dollars(all)));
    let lifetime = figure(half, FigureCode::LifetimeValue);
    assert_eq!((lifetime.numerator, lifetime.denominator), (dollars(after), found.lost as f64));
    let cents: i64 = purchases.iter().map(Purchase::cents).sum();
    let customers: BTreeSet<&str> = purchases.iter().map(|purchase| purchase.customer.as_str()).collect();
    let to_date = figure(half, FigureCode::ValueToDate);
    assert_eq!((to_date.numerator, to_date.denominator), (dollars(cents), customers.len() as f64));
}

#[test]
fn a_folder_and_a_period_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let wrong = |args: &[&str]| {
        let (exit, stdout, stderr) = run(&[&["kpis"], args].concat());
        assert_eq!((exit, stdout.as_str()), (Exit::WrongUse, ""));
        stderr
    };
    let empty = wrong(&["--data", data, "--from", "2026-02-01", "--to", "2026-02-28"]);
    assert!(empty.contains("holds no store"), "{empty}");
    let nowhere = wrong(&["--from", "2026-02-01", "--to", "2026-02-28"]);
    assert!(nowhere.contains("--data"), "{nowhere}");
    let day = wrong(&["--data", data, "--from", "February", "--to", "2026-02-28"]);
    assert!(day.contains("--from") && day.contains("is not a day such as 2026-03-01"), "{day}");
    drop(experiment_server::store::Store::open(folder.path(), experiment_server::store::system_clock()));
    let none = wrong(&["--data", data, "--from", "2026-02-03", "--to", "2026-02-01"]);
    assert_eq!(none, "error: to: 2026-02-01 is before from; mend: give 2026-02-03 or a later day\n");
    let none = wrong(&["--data", data, "--from", "2026-02-01", "--to", "2026-02-28"]);
    assert_eq!(
        none,
        "error: event: no event is called \"order\"; mend: send events first: there is none yet\n"
    );
}
