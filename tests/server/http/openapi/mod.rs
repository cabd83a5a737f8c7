//! The description of the interface: locked, whole, and true of what is sent and answered.

mod answers;
mod calls;
mod definitions;
mod requests;

use experiment_core::report::LIBRARY_VERSION;
use experiment_tests::data_dir;
use serde_json::{Value, json};

use super::under_test::Served;

/// With this set, the test writes the golden file instead of comparing.
const RENEW: &str = "EXPERIMENT_RENEW_GOLDEN";

/// As it is served.
fn description(served: &Served) -> Value {
    let answer = served.get("/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// What a schema refers to, if it does.
fn resolve<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => {
            let found = description.pointer(place.strip_prefix('#').unwrap());
            resolve(description, found.unwrap_or_else(|| panic!("{place} refers to nothing")))
        }
        None => schema,
    }
}

/// What `schema` refers to stands in `description`.
fn validator(description: &Value, schema: &Value) -> jsonschema::Validator {
    let whole = json!({"allOf": [schema], "components": description["components"]});
    jsonschema::draft202012::new(&whole).unwrap()
}

/// Every operation with its method and address.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let addresses = description["paths"].as_object().unwrap().iter();
    let operations = addresses.flat_map(|(address, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_uppercase(), address.clone(), operation.clone()))
    });
    operations.collect()
}

#[test]
fn the_description_is_the_one_that_was_agreed() {
    let served = Served::start();
    let mut description = description(&served);
    assert_eq!(description["info"]["version"], LIBRARY_VERSION);
    description["info"]["version"] = "0.1.0".into();
    let text = format!("{}\n", serde_json::to_string_pretty(&description).unwrap());
    let path = data_dir().join("golden/openapi.json");
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let differs = text.lines().zip(golden.lines()).position(|(now, then)| now != then);
    let place = differs.or((text != golden).then(|| text.lines().count().min(golden.lines().count())));
    assert_eq!(
        place.map(|line| (line + 1, text.lines().nth(line), golden.lines().nth(line))),
        None,
        "the API's description is not that of {}; if the change is meant, \
         {RENEW}=1 cargo test -p experiment-tests --test server openapi",
        path.display(),
    );
}

#[test]
fn the_page_is_shown_without_any_other_server() {
    let served = Served::start();
    let page = served.get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(!page.text.contains("http"), "{}", page.text);
    for (name, media_type, begins) in [
        ("swagger-ui.css", "text/css; charset=utf-8", ".swagger-ui"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", "/*! For license"),
        ("start.js", "text/javascript; charset=utf-8", "//"),
    ] {
        assert!(page.text.contains(&format!("\"docs/{name}\"")), "{name}");
        let plain = served.get(&format!("/docs/{name}"));
        assert_eq!((plain.status, plain.header("content-type")), (200, media_type), "{name}");
        assert!(plain.text.starts_with(begins), "{name}: {:?}", plain.text.get(..40));
    }
    served.get("/docs/index.html").problem(404, "unknown-route");
    served.get("/docs/..%2Fopenapi.json").problem(404, "unknown-route");
}
