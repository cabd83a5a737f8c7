//! Ready definitions for what retention teams test, with the reasons written into them.

/// A definition to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name, which is also the key of the experiment it defines.
    pub name: &'static str,
    /// The definition in YAML. Its first line is a comment: the subject, a colon and the question.
    pub text: &'static str,
}

/// Each name with the file of that name.
macro_rules! templates {
    ($($name:literal),*) => {
        [$(Template { name: $name, text: include_str!(concat!("../../examples/offers/", $name, ".yaml")) }),*]
    };
}

/// All templates: offers that cost first, then messages and pages, then what accompanies a customer.
pub const TEMPLATES: [Template; 12] = templates![
    "discount_card",
    "bonus_points",
    "loyalty_tiers",
    "paid_membership",
    "cashback",
    "win_back",
    "subject_line",
    "landing_page",
    "send_time",
    "onboarding",
    "education",
    "nps_survey"
];

impl Template {
    /// The template of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Template> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// The question that it answers, in one line.
    #[must_use]
    pub fn question(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, question)| question)
    }

    /// The definition under another key; all else, comments too, stays as it is.
    #[must_use]
    pub fn with_key(&self, key: &str) -> String {
        let line = |line: &str| {
            // In quotes: a key such as 2026 or true would be read as something else than a text.
            if line.starts_with("key: ") { format!("key: \"{key}\"\n") } else { format!("{line}\n") }
        };
        self.text.lines().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use experiment_core::definition::{Experiment, read_document};

    use super::*;

    #[test]
    fn another_key_stays_a_text() {
        for key in ["mine", "2026", "true", "null", "1e5", "-", "."] {
            let text = TEMPLATES[0].with_key(key);
            assert_eq!(Experiment::parse(read_document(&text).unwrap()).unwrap().key, key);
        }
    }

    #[test]
    fn each_is_a_definition_that_may_start_as_it_stands() {
        for template in &TEMPLATES {
            let experiment = Experiment::parse(read_document(template.text).unwrap());
            let experiment = experiment.unwrap_or_else(|problems| panic!("{}: {problems}", template.name));
            assert_eq!(experiment.key, template.name);
            assert_eq!(experiment.ready_to_start(), [], "{}", template.name);
            assert!(experiment.hypothesis.is_some() && experiment.audience.is_some(), "{}", template.name);
            assert!(template.question().ends_with('?'), "{}", template.question());
        }
    }

    #[test]
    fn another_key_changes_one_line() {
        for template in &TEMPLATES {
            let text = template.with_key("mine-2026");
            let changed: Vec<_> =
                template.text.lines().zip(text.lines()).filter(|(old, new)| old != new).collect();
            assert_eq!(changed, [(&*format!("key: {}", template.name), "key: \"mine-2026\"")]);
            assert_eq!(text.len() - "\"mine-2026\"".len(), template.text.len() - template.name.len());
        }
    }
}
