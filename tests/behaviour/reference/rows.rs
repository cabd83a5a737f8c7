//! The data sets as the records' `preparation` says: one value per customer, metric and arm.

use experiment_core::stats::survival::FollowUp;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The days from 1997-01-01 to 1998-06-30, the first and last of the CDNOW purchases.
const CDNOW_DAYS: [u32; 18] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31, 30];

/// Values by metric (or covariate) and arm, in the order of the file.
#[derive(Default)]
pub(super) struct Rows {
    values: BTreeMap<(String, String), Vec<f64>>,
    follow_ups: BTreeMap<(String, String), Vec<FollowUp>>,
}

impl Rows {
    /// Reads a data set; nothing, and a loud line, where it is not there.
    pub(super) fn read(data_set: &str) -> Option<Self> {
        let mut rows = Self::default();
        match data_set {
            "cookie_cats" => rows.cookie_cats(&table(&text("cookie_cats.csv.gz")?)),
            "hillstrom" => rows.hillstrom(&table(&text("hillstrom.csv.gz")?)),
            "telco" => rows.telco(&table(&text("telco_churn.csv.gz")?)),
            "cdnow" => rows.cdnow(&text("cdnow_master.txt.gz")?),
            "udacity_ab" => rows.udacity_ab(&table(&text("udacity_ab_data.csv.gz")?)),
            // The other files need no data.
            _ => {}
        }
        Some(rows)
    }

    pub(super) fn values(&self, metric: &str, arm: &str) -> &[f64] {
        let key = (metric.to_owned(), arm.to_owned());
        self.values.get(&key).unwrap_or_else(|| panic!("no rows of {metric} in {arm}"))
    }

    pub(super) fn follow_ups(&self, metric: &str, arm: &str) -> &[FollowUp] {
        let key = (metric.to_owned(), arm.to_owned());
        self.follow_ups.get(&key).unwrap_or_else(|| panic!("no follow-ups of {metric} in {arm}"))
    }

    fn push(&mut self, metric: &str, arm: &str, value: f64) {
        self.values.entry((metric.to_owned(), arm.to_owned())).or_default().push(value);
    }

    fn follow(&mut self, metric: &str, arm: &str, time: f64, event: bool) {
        let key = (metric.to_owned(), arm.to_owned());
        self.follow_ups.entry(key).or_default().push(FollowUp { time, event });
    }

    fn cookie_cats(&mut self, table: &Table) {
        for row in &table.rows {
            let arm = table.text(row, "version");
            let rounds = table.number(row, "sum_gamerounds");
            self.push("sum_gamerounds", arm, rounds);
            if table.text(row, "userid") != "6390605" {
                self.push("sum_gamerounds_no_outlier", arm, rounds);
            }
            self.push("played_30_rounds", arm, f64::from(rounds >= 30.0));
            for metric in ["retention_1", "retention_7"] {
                self.push(metric, arm, f64::from(table.text(row, metric) == "TRUE"));
            }
        }
    }

    fn hillstrom(&mut self, table: &Table) {
        for row in &table.rows {
            for column in ["visit", "conversion", "spend", "history", "recency"] {
                self.push(column, table.text(row, "segment"), table.number(row, column));
            }
        }
    }

    fn telco(&mut self, table: &Table) {
        for row in &table.rows {
            let (contract, paperless) = (table.text(row, "Contract"), table.text(row, "PaperlessBilling"));
            let senior = table.text(row, "SeniorCitizen");
            let (tenure, churned) = (table.number(row, "tenure"), table.text(row, "Churn") == "Yes");
            self.push("MonthlyCharges", contract, table.number(row, "MonthlyCharges"));
            self.push("churned", contract, f64::from(churned));
            for (metric, arm) in [
                ("tenure_by_contract", contract),
                ("tenure_by_paperless", paperless),
                ("tenure_senior", senior),
                ("tenure_all", "all"),
            ] {
                self.follow(metric, arm, tenure, churned);
            }
        }
    }

    fn cdnow(&mut self, text: &str) {
        let mut customers: BTreeMap<&str, Vec<(u32, f64)>> = BTreeMap::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [customer, date, _, dollars] = fields[..] else { panic!("{line}") };
            customers.entry(customer).or_default().push((day_of(date), dollars.parse().unwrap()));
        }
        let last: u32 = CDNOW_DAYS.iter().sum::<u32>() - 1;
        for purchases in customers.values() {
            let first = purchases.iter().map(|(day, _)| *day).min().unwrap();
            let cohort =
                ["1997-01", "1997-02", "1997-03"][usize::from(first >= 31) + usize::from(first >= 59)];
            self.push(
                "total_dollars",
                cohort,
                compensated_sum(purchases.iter().map(|(_, dollars)| *dollars)),
            );
            let second = purchases.iter().map(|(day, _)| *day).filter(|day| *day > first).min();
            let until = second.unwrap_or(last) - first;
            self.follow("days_to_second_purchase_by_cohort", cohort, f64::from(until), second.is_some());
        }
    }

    /// Rows whose page fits their group; of a repeated user the earliest.
    fn udacity_ab(&mut self, table: &Table) {
        let mut users: BTreeMap<&str, (&str, &str, f64)> = BTreeMap::new();
        for row in &table.rows {
            let (group, page) = (table.text(row, "group"), table.text(row, "landing_page"));
            if (group == "treatment") != (page == "new_page") {
                continue;
            }
            let here = (table.text(row, "timestamp"), group, table.number(row, "converted"));
            let kept = users.entry(table.text(row, "user_id")).or_insert(here);
            if here.0 < kept.0 {
                *kept = here;
            }
        }
        for (_, group, converted) in users.values() {
            self.push("converted", group, *converted);
        }
    }
}

/// Kahan's sum, which is how pandas adds up a group: equal sums must tie in the last bit as they did there.
fn compensated_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for value in values {
        let value = value - lost;
        let next = sum + value;
        lost = next - sum - value;
        sum = next;
    }
    sum
}

/// Days since 1997-01-01 of a date YYYYMMDD up to 1998-06.
fn day_of(date: &str) -> u32 {
    let number: u32 = date.parse().unwrap();
    let months = (number / 10_000 - 1997) * 12 + number / 100 % 100 - 1;
    CDNOW_DAYS[..months as usize].iter().sum::<u32>() + number % 100 - 1
}

struct Table {
    columns: BTreeMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    fn text<'a>(&self, row: &'a csv::StringRecord, column: &str) -> &'a str {
        &row[self.columns[column]]
    }

    fn number(&self, row: &csv::StringRecord, column: &str) -> f64 {
        self.text(row, column).parse().unwrap()
    }
}

fn table(text: &str) -> Table {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().iter().map(str::to_owned);
    Table {
        columns: names.enumerate().map(|(place, name)| (name, place)).collect(),
        rows: reader.records().map(Result::unwrap).collect(),
    }
}

/// The text of a compressed file in `EXPERIMENT_DATA`, or beside the workspace.
fn text(file: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("EXPERIMENT_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(file);
    let Ok(compressed) = std::fs::File::open(&path) else {
        // Not kept to itself by the test harness.
        let line = format!(
            "SKIPPED: {} is not there; set EXPERIMENT_DATA to the folder of data sets",
            path.display()
        );
        let _ = writeln!(std::io::stderr(), "{line}");
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    Some(text)
}
