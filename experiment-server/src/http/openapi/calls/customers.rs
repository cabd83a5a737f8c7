//! Why a customer got this, and erasing one.

use axum::http::StatusCode;

use crate::http::customers::CustomerView;
use crate::http::erasures::{ErasureView, ErasuresView};
use crate::http::openapi::call::Call;
use crate::http::openapi::parts;
use crate::http::problem::Kind;

pub(super) fn calls() -> Vec<Call> {
    let explain = Call::new(
        "GET",
        "/v1/experiments/{key}/customers/{id}",
        "explain_customer",
        "Why a customer got this",
    )
    .experiment()
    .path("id", parts::customer_id(), "The customer's id.")
    .json_query("attributes", parts::attributes(), "What the audience is asked of, as JSON.")
    .answers::<CustomerView>(StatusCode::OK, "The steps of the decision, and the exposures known.")
    .refuses(&[Kind::DiskFull]);
    let erase = Call::new("DELETE", "/v1/customers/{id}", "erase_customer", "Erase a customer")
        .explained("From the first answer on nothing about the customer is taken in. It may be repeated.")
        .path("id", parts::customer_id(), "The customer's id.")
        .answers::<ErasureView>(StatusCode::ACCEPTED, "The last bytes are still in the files.")
        .answers::<ErasureView>(StatusCode::OK, "Nothing is left.")
        .writes();
    let erasure = Call::new("GET", "/v1/customers/{id}/erasure", "get_erasure", "How far an erasure is")
        .path("id", parts::customer_id(), "The customer's id.")
        .answers::<ErasureView>(StatusCode::OK, "How far it is.");
    let erasures = Call::new("GET", "/v1/erasures", "list_erasures", "Every erasure")
        .explained("By the keyed hash of the customer's id.")
        .answers::<ErasuresView>(StatusCode::OK, "The erasures.");
    vec![explain, erase, erasure, erasures]
}
