//! Numbers as Prometheus reads them.

use std::borrow::Cow;
use std::fmt;

use axum::http::HeaderValue;
use hdrhistogram::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

/// The text format's media type.
pub(crate) const MEDIA_TYPE: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// What a metric is about.
type Help = &'static str;
type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// What is told at one scrape, metric by metric.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    name: &'static str,
    help: Help,
    kind: MetricType,
    rows: Vec<(Labels, Value)>,
}

#[derive(Debug)]
enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram { sum: f64, count: u64, buckets: Vec<(f64, u64)> },
}

impl Exposition {
    /// What only grows; `_total` is added to the name.
    pub(crate) fn counter(&mut self, name: &'static str, help: Help, count: u64) {
        self.counters(name, help, [(Labels::new(), count)]);
    }

    /// As [`Exposition::counter`], by labels.
    pub(crate) fn counters(
        &mut self,
        name: &'static str,
        help: Help,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) {
        let rows = rows.into_iter().map(|(labels, count)| (labels, Value::Counter(count)));
        self.add(name, help, MetricType::Counter, rows.collect());
    }

    /// What goes up and down.
    pub(crate) fn gauge(&mut self, name: &'static str, help: Help, value: f64) {
        self.gauges(name, help, [(Labels::new(), value)]);
    }

    /// As [`Exposition::gauge`], by labels.
    pub(crate) fn gauges(
        &mut self,
        name: &'static str,
        help: Help,
        rows: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        let rows = rows.into_iter().map(|(labels, value)| (labels, Value::Gauge(value)));
        self.add(name, help, MetricType::Gauge, rows.collect());
    }

    /// A distribution, by labels: what its values sum up to and how many lie between the bounds.
    pub(crate) fn histograms<'a>(
        &mut self,
        name: &'static str,
        help: Help,
        bounds: &[Bound],
        rows: impl IntoIterator<Item = (Labels, f64, &'a Histogram<u64>)>,
    ) {
        let rows = rows.into_iter().map(|(labels, sum, histogram)| {
            (labels, Value::Histogram { sum, count: histogram.len(), buckets: buckets(histogram, bounds) })
        });
        self.add(name, help, MetricType::Histogram, rows.collect());
    }

    fn add(&mut self, name: &'static str, help: Help, kind: MetricType, rows: Vec<(Labels, Value)>) {
        self.metrics.push(Metric { name, help, kind, rows });
    }

    /// All of it as text.
    ///
    /// # Errors
    /// None in practice: writing to a text can't fail.
    pub(crate) fn write(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// The end of a bucket: as it is told, and in the histogram's own unit.
pub(crate) type Bound = (f64, u64);

/// How many values lie in each bucket; the one without an end is made by whoever writes them.
fn buckets(histogram: &Histogram<u64>, bounds: &[Bound]) -> Vec<(f64, u64)> {
    let mut counted = 0;
    let mut buckets: Vec<(f64, u64)> = Vec::with_capacity(bounds.len());
    for (told, end) in bounds {
        let below = histogram.count_between(0, *end);
        buckets.push((*told, below.saturating_sub(counted)));
        counted = counted.max(below);
    }
    buckets
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for metric in &self.metrics {
            let kind = metric.kind;
            let mut of_metric = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
            for (labels, value) in &metric.rows {
                if labels.is_empty() {
                    encode_value(&mut of_metric, value)?;
                } else {
                    encode_value(&mut of_metric.encode_family(labels)?, value)?;
                }
            }
        }
        Ok(())
    }
}

fn encode_value(encoder: &mut MetricEncoder<'_>, value: &Value) -> Result<(), fmt::Error> {
    match value {
        Value::Counter(count) => encoder.encode_counter::<NoLabelSet, _, u64>(count, None),
        Value::Gauge(value) => encoder.encode_gauge(value),
        Value::Histogram { sum, count, buckets } => {
            encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_prometheus_reads_it() {
        let mut latency = Histogram::new(2).unwrap();
        [50, 150, 2_000_000].into_iter().for_each(|micros| latency.record(micros).unwrap());
        let mut exposition = Exposition::default();
        exposition.counter("facts", "Facts", 7);
        exposition.gauge("lag", "Lag", 0.5);
        exposition.counters("named", "Named", [(vec![("experiment", Cow::from("a\"b\\c\nd"))], 1)]);
        let bounds = [(0.0001, 100), (0.001, 1_000)];
        exposition.histograms(
            "took_seconds",
            "Took",
            &bounds,
            [(vec![("route", "/x".into())], 2.0002, &latency)],
        );
        let expected = "\
# HELP facts_total Facts
# TYPE facts_total counter
facts_total 7
# HELP lag Lag
# TYPE lag gauge
lag 0.5
# HELP named_total Named
# TYPE named_total counter
named_total{experiment=\"a\\\"b\\\\c\\nd\"} 1
# HELP took_seconds Took
# TYPE took_seconds histogram
took_seconds_bucket{route=\"/x\",le=\"0.0001\"} 1
took_seconds_bucket{route=\"/x\",le=\"0.001\"} 2
took_seconds_bucket{route=\"/x\",le=\"+Inf\"} 3
took_seconds_sum{route=\"/x\"} 2.0002
took_seconds_count{route=\"/x\"} 3
";
        assert_eq!(exposition.write().unwrap(), expected);
    }
}
