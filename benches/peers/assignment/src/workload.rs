//! Customers, and which experiments each of them asks for.

use std::ops::Range;

/// How many experiments there are.
pub const EXPERIMENTS: usize = 100;
pub const COUNTRIES: [&str; 3] = ["DE", "FR", "PL"];
pub const PLAN: &str = "pro";
pub const AGE: u32 = 18;
const CUSTOMERS: usize = 1_024;

/// What is known of a customer.
pub struct Customer {
    /// 20 to 24 bytes, as most systems have.
    pub id: String,
    pub country: &'static str,
    pub plan: &'static str,
    pub age: u32,
}

/// Whom the experiments are for.
#[derive(Clone, Copy)]
pub struct Workload<'a> {
    pub customers: &'a [Customer],
    /// Only for a country of three, one plan, an age from which on; else for everybody.
    pub targeted: bool,
}

impl Workload<'_> {
    /// How many assignments there are to make.
    pub fn eligible(&self, asked: Asked) -> usize {
        let meant = |customer: &Customer| {
            COUNTRIES.contains(&customer.country) && customer.plan == PLAN && customer.age >= AGE
        };
        let asks = |(n, customer)| if !self.targeted || meant(customer) { asked(n).len() } else { 0 };
        self.customers.iter().enumerate().map(asks).sum()
    }
}

/// The experiments that the n-th customer asks for.
pub type Asked = fn(usize) -> Range<usize>;

/// Each asks for another one, so that no branch is learned.
pub fn one(n: usize) -> Range<usize> {
    let experiment = n * 7_919 % EXPERIMENTS;
    experiment..experiment + 1
}

pub fn all(_: usize) -> Range<usize> {
    0..EXPERIMENTS
}

pub fn customers() -> Vec<Customer> {
    let customer = |n: usize| Customer {
        id: format!("customer-{:011}{}", n * 7_919, &"abcd"[..n % 5]),
        country: ["DE", "FR", "JP", "PL", "US"][n * 7 % 5],
        plan: ["free", PLAN][n * 13 / 3 % 2],
        age: 14 + (n as u32 * 31) % 50,
    };
    (0..CUSTOMERS).map(customer).collect()
}

/// The names of all experiments.
pub fn names() -> Vec<String> {
    (0..EXPERIMENTS).map(|n| format!("checkout-experiment-{n:03}")).collect()
}
