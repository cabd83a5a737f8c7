//! The figures as every consumer sees them. Names are a public contract.

use serde::{Deserialize, Serialize};

use crate::report::NotEstimableReason;
use crate::time::{Day, Span};

/// All figures of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Kpis {
    /// The library that computed them.
    pub library_version: String,
    /// The first day of the period.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// How far back from an instant an activity makes a customer active then.
    pub within: Span,
    /// The event that is a purchase.
    pub event: String,
    /// The events that are activity.
    pub active: Vec<String>,
    /// The event whose values are what keeping customers costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// The event whose values are answers from 0 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// Coverage of the intervals.
    pub confidence_level: f64,
    /// The position in the log that they include.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Who was there.
    pub customers: CustomerCounts,
    /// The figures, in a fixed order.
    pub figures: Vec<Figure>,
    /// Customers by the month of their first activity.
    pub cohorts: Vec<Cohort>,
    /// The last month, when it goes on after the period: its cells are not whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial_month: Option<String>,
    /// Purchases of the period without a value, which count as 0.
    pub orders_without_value: u64,
    /// Answers of the period that are no number from 0 to 10, which are left out.
    pub scores_ignored: u64,
    /// Values that lost digits beyond the millionths.
    pub values_rounded: u64,
    /// Customers of whom a sum left ±10⁸ and was cut there; cohorts are never cut.
    pub customers_clamped: u64,
}

/// Who was there, in whole customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerCounts {
    /// S: active at the start.
    pub start: u64,
    /// E: active at the end.
    pub end: u64,
    /// Of S, those active at the end.
    pub retained: u64,
    /// Of S, those not active at the end.
    pub lost: u64,
    /// Of E, those whose first activity ever falls in the period.
    pub new: u64,
    /// Of E, those active before the period, yet not at its start.
    pub returned: u64,
    /// With an activity in the period.
    pub active: u64,
    /// With a purchase in the period.
    pub buyers: u64,
}

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FigureCode {
    /// (E − N)/S: of the customers at the start, those active at the end.
    RetentionRate,
    /// Of the customers at the start, those not active at the end.
    ChurnRate,
    /// (E − S)/S.
    Growth,
    /// Of the money of the customers at the start, what those who left or bought less took away.
    GrossRevenueChurn,
    /// The same less what the others of them bought more; below 0 when they bought more altogether.
    NetRevenueChurn,
    /// Of the period's buyers, those with two purchases or more.
    RepeatPurchaseRate,
    /// Purchases a buyer.
    PurchaseFrequency,
    /// Money a purchase.
    AverageOrderValue,
    /// Money of the customers at the start in the period, for each of them lost.
    LifetimeValue,
    /// Money until the end of the period, for each customer ever active by then.
    ValueToDate,
    /// Cost of keeping, for each customer kept.
    RetentionCost,
    /// Net promoter score in points.
    NetPromoterScore,
}

impl FigureCode {
    /// The name in `snake_case`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FigureCode::RetentionRate => "retention_rate",
            FigureCode::ChurnRate => "churn_rate",
            FigureCode::Growth => "growth",
            FigureCode::GrossRevenueChurn => "gross_revenue_churn",
            FigureCode::NetRevenueChurn => "net_revenue_churn",
            FigureCode::RepeatPurchaseRate => "repeat_purchase_rate",
            FigureCode::PurchaseFrequency => "purchase_frequency",
            FigureCode::AverageOrderValue => "average_order_value",
            FigureCode::LifetimeValue => "lifetime_value",
            FigureCode::ValueToDate => "value_to_date",
            FigureCode::RetentionCost => "retention_cost",
            FigureCode::NetPromoterScore => "net_promoter_score",
        }
    }

    /// Whether it is a fraction, read in percent.
    #[must_use]
    pub fn is_fraction(self) -> bool {
        use FigureCode::{
            ChurnRate, GrossRevenueChurn, Growth, NetRevenueChurn, RepeatPurchaseRate, RetentionRate,
        };
        matches!(
            self,
            RetentionRate | ChurnRate | Growth | GrossRevenueChurn | NetRevenueChurn | RepeatPurchaseRate
        )
    }
}

/// One figure: numerator over denominator, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    /// Which one.
    pub figure: FigureCode,
    /// The figure; absent when the denominator is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The lower end of its interval; absent for what is counted and not estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// What is divided: customers, purchases or money.
    pub numerator: f64,
    /// What it is divided by.
    pub denominator: f64,
    /// Why there is no value, or no interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_estimable: Option<NotEstimableReason>,
}

/// The customers whose first activity falls in one month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cohort {
    /// The month, such as 2026-03, in UTC.
    pub month: String,
    /// How many customers.
    pub customers: u64,
    /// Month by month, from that of the first activity to that of the period's end.
    pub months: Vec<CohortMonth>,
}

/// A cohort in one calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CohortMonth {
    /// Months since that of the first activity; 0 is that month itself.
    pub since: u32,
    /// Customers with an activity in the month.
    pub active: u64,
    /// `active` over the cohort's customers; absent in an empty cohort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The lower end of the share's interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Money of the cohort in the month.
    pub revenue: f64,
}
