//! The texts in English, and so which texts there are.

/// Declares the texts, and what they are in English.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident: $text:literal;)*) => {
        /// The texts of one language. Names in braces are filled by [`fill`](super::fill).
        #[derive(Debug)]
        pub(in crate::page) struct Text {
            $($(#[$about])* pub(in crate::page) $name: &'static str,)*
        }

        /// English.
        pub(in crate::page) static ENGLISH: Text = Text { $($name: $text,)* };
    };
}

texts! {
    language: "en";
    // Around every page.
    product: "Experiment";
    stale: "This page is no longer renewed: load it again, and sign in if you are asked to.";
    skip: "Skip to the content";
    sections: "Sections";
    experiments: "Experiments";
    company: "Company";
    segments: "Segments";
    layers: "Layers";
    reference: "API";
    sign_out: "Sign out";
    catching_up: "The sums are being made again from the log: {done} of {of} facts. Nothing is lost; this page follows.";
    behind: "Facts are coming in faster than they are counted: {facts} are on disk and not in these figures yet.";
    made_by: "Times are UTC. Intervals are at the plan's confidence level unless said otherwise.";
    back: "Back to all experiments";
    table_of_chart: "The numbers of this picture";
    nothing: "–";
    missing: "(missing)";

    // Signing in.
    sign_in: "Sign in";
    sign_in_how: "Enter a key that may read: one with the role analyst or admin.";
    sign_in_key: "Key";
    sign_in_where: "An operator makes one with: experiment key create NAME --role analyst --data DIR";

    // All experiments.
    no_experiments: "There is no experiment yet.";
    no_experiments_how: "Write one with: experiment new, then: experiment apply FILE --start";
    filter: "Filter";
    filter_how: "Part of a name or hypothesis";
    filter_status: "Status";
    filter_all: "All";
    none_match: "No experiment fits the filter.";
    column_experiment: "Experiment";
    column_status: "Status";
    column_verdict: "Verdict";
    column_days: "Days";
    column_customers: "Customers";
    column_reached: "Reached";

    // One experiment.
    results: "Results";
    definition: "Definition";
    look_up: "Look up a customer";
    started: "Started";
    stopped: "Stopped";
    day_of: "Day";
    first_entry: "First customer";
    not_started: "not started";
    customers: "Customers";
    version: "Version";
    as_of: "As of";
    as_of_day: "As it was at the end of";
    as_of_past: "This is how it was at the end of {day}: later facts are left out.";
    show: "Show";
    now: "Now";
    download_csv: "CSV";
    download_json: "JSON";
    page_parts: "On this page";
    winner_is: "Everybody gets {variant}.";

    // Verdict.
    verdict: "Verdict";
    verdict_ship: "Ship {variant}";
    verdict_keep: "Keep the control";
    verdict_stop: "Stop {variant}: it does harm";
    verdict_invalid: "Invalid: the numbers can't be trusted";
    verdict_inconclusive: "Inconclusive";
    verdict_continue: "Continue: too early to tell";
    verdict_draft: "Not started";
    verdict_short_ship: "ship {variant}";
    verdict_short_keep: "keep control";
    verdict_short_stop: "stop for harm";
    verdict_short_invalid: "invalid";
    verdict_short_inconclusive: "inconclusive";
    verdict_short_continue: "continue";
    decided_on: "Decided on {day}; it stands.";
    reached: "{share} of {target}";
    reached_all: "The target is reached: {target}.";
    target_customers: "{customers} mature customers in every arm";
    target_end: "customers who enter until {day}";
    to_go_one: "about one day to go";
    to_go: "about {days} days to go";

    // Health.
    health: "Health";
    health_all_fine: "All {all} checks are fine.";
    health_some: "{fine} of {all} checks are fine.";
    health_fine: "What is fine";
    arms: "Customers by arm";
    arm: "Arm";
    observed: "Customers";
    expected: "Promised by the weights";
    share: "Share";
    srm: "Sample ratio mismatch: p {p}";
    srm_sequential: "on all days together: p {p}";
    crossed: "{n} customers were seen in two variants and are left out.";

    // Money.
    money: "The money";
    money_of: "{variant} against {control}";
    money_closed: "{closed} customers whose account is closed";
    money_open: "{open} still open";
    kept_per_1000: "Kept per 1,000";
    kept_per_1000_how: "difference in customers kept, of 1,000 who get it";
    cost_per_kept: "Cost per customer kept";
    cost_per_kept_none: "no more customers are kept for it";
    net_value: "Net value per customer";
    net_value_rollout: "given to {customers} customers: {net}";
    chance_it_pays: "Chance that it pays";
    chance_unknown: "too few customers to say";
    interval: "{lower} to {upper}";
    interval_outside: "anything but {lower} to {upper}";
    interval_all: "the data allow any number";
    interval_from: "{lower} or more";
    interval_to: "{upper} or less";
    account: "The account in full";
    kept_share: "Kept";
    gross: "Value";
    cost: "Cost of the offer";
    net: "Net";
    took: "Took the offer";
    effect: "Effect";
    break_even: "It may cost {amount} per customer before it no longer pays.";
    break_even_taker: "That is {amount} for each who takes it.";
    takers: "Those who took it ({share}, at {cost} each): {kept} percentage points more kept because of it, {net} net.";
    gave_away: "{share} of them would have stayed without it.";
    contradicted: "Being offered it seems to change something for those who don't take it: the assumption does not fit.";
    whom: "Whom to give it to, by {dimension}";
    whom_advice: "{advice}: {values}";
    whom_note: "p adjusted over all values of a dimension; it advises, it does not decide.";
    advice: "Advice";
    advice_give: "give";
    advice_withhold: "withhold";
    advice_undecided: "unclear";

    // Metrics.
    metrics: "Metrics";
    primary: "Primary metrics";
    primary_how: "They decide.";
    guardrail: "Guardrails";
    guardrail_how: "They must not get worse by more than their margin.";
    secondary: "Secondary metrics";
    secondary_how: "They explain, and never decide.";
    effects_shown: "Effects";
    effects_absolute: "absolute";
    effects_relative: "relative";
    effects_scaled: "for a rollout";
    effects_scaled_how: "Customers in the rollout";
    effects_scaled_to: "Effects are what they come to among {customers} customers; ratios, quantiles, scores and days do not add up.";
    bars_how: "Thick bars: the interval that decides. Thin lines: that of a single look. What decides is on no relative scale: there are thin lines only. Dashed line: a guardrail's margin; dotted line: the smallest effect worth acting on. Arrows: it goes on beyond the scale.";
    column_mature: "Mature customers";
    column_value: "Value";
    column_effect: "Effect";
    column_interval: "Interval";
    column_p: "p";
    column_p_adjusted: "p, adjusted";
    column_chance: "Chance to win";
    column_decision: "Decision";
    control: "control";
    better: "better";
    worse: "worse";
    not_worse: "not worse";
    may_be_worse: "not shown";
    by_bound: "by its bound";
    no_difference: "no difference shown";
    none_decides: "not decided yet";
    up_is_good: "more is better";
    down_is_good: "less is better";
    kind_proportion: "share of customers";
    kind_mean: "per customer";
    kind_ratio: "ratio";
    kind_quantile: "quantile";
    kind_survival: "mean days";
    raw_proportion: "{events} of {n}";
    raw_mean: "SD {sd}";
    raw_ratio: "{numerator} over {denominator} per customer";
    raw_answered: "{share} answered";
    margin: "margin {margin}";
    single_look: "one look: {interval}";
    min_effect: "worth acting on from {effect}";
    scale_of: "Effects with their intervals from {lower} to {upper}";
    bar_of: "{variant}: effect {effect}, interval {interval}";
    rebuilding: "This metric was added while customers entered: {done} of {of} are counted, its numbers come once all are.";
    so_far: "So far";
    so_far_how: "everybody, open windows included; no basis for a decision";
    so_far_left_out: "{n} customers whose window is still open are left out above.";
    not_estimable: "Not estimable: {detail}";
    other_readings: "Other readings";
    other_readings_how: "They don't decide.";
    reading: "Reading";
    reading_decides: "The interval that decides, at {level}";
    reading_unadjusted: "Arms as they are";
    reading_cuped: "With the covariate (variance less by {reduction})";
    reading_stratified: "Averaged over {strata} strata (variance less by {reduction})";
    reading_relative: "Relative to the control";
    reading_sequence: "On all days together (always valid)";
    reading_bayes: "After the data: chance to win {chance}, expected loss {loss}";
    reading_crossed: "With crossed customers, as first assigned";
    reading_harm: "Alarm for harm, one-sided at {level}";

    // Over time.
    daily: "From day to day";
    daily_how: "Each day shows what was known once its customers were mature: the narrow band holds for one look, the wide one on all days together.";
    daily_of: "{metric}: effect by day of entry";
    day: "Day";
    column_control_n: "Control";
    column_variant_n: "Variant";
    column_single_look: "One look";
    column_all_days: "All days together";
    survival: "Survival";
    survival_how: "The share of customers still there, by days since they entered.";
    survival_of: "{metric}: customers still there by day";
    at_risk: "At risk";
    lost: "Lost";
    still_there: "Still there";
    lasting: "Does it last?";
    lasting_how: "Whether the effect is the same from week to week of customers, and in both halves of the window.";
    lasting_week: "Entered in the week from";
    lasting_weeks: "{metric}: effect by week of entry";
    lasting_too_few: "too few to compare";
    lasting_halves: "{variant}: {early} in the first half of the window, {late} in the second (p {p} that they are the same).";

    // Slices.
    slices: "Segments";
    slices_how: "The same metrics among some of the customers. They never decide; p is adjusted over values and variants.";
    slice_by: "By";
    slice_none: "none";
    slice_interaction: "Does the effect of {variant} differ between them? {answer} (p {p}, adjusted)";
    slice_differs: "It does.";
    slice_same: "Nothing shows that it does.";
    slice_values: "Control → variant";
    slice_of: "{metric} by {dimension}";

    // Plan.
    plan: "Planned against reached";
    plan_method: "Method";
    plan_alpha: "False positives accepted";
    plan_level: "Intervals at";
    plan_sides: "two-sided";
    plan_side: "one-sided";
    plan_correction: "Correction";
    plan_target: "Target";
    plan_no_target: "none";
    plan_min_days: "Fewest days";
    plan_stratify: "Strata";
    plan_ship: "Ships at";
    plan_ship_how: "chance to win {chance}, expected loss {loss} at most";
    plan_looks: "Looks";
    look_planned: "Planned at";
    look_reached: "Reached";
    look_at: "On";
    look_last: "when it was stopped";
    method_fixed: "fixed: decides once, at the target";
    method_always_valid: "always valid: may be read on any day";
    method_group_sequential: "group sequential: decides at planned looks";
    method_bayesian: "Bayesian: by chance to win and expected loss";

    // Words.
    status_draft: "draft";
    status_running: "running";
    status_stopped: "stopped";
    status_concluded: "concluded";
    status_archived: "archived";
    level_ok: "fine";
    level_warn: "look";
    level_fail: "wrong";
    check_srm: "Sample ratio";
    check_srm_dimensions: "Sample ratio by segment";
    check_crossover: "Crossover";
    check_crossover_difference: "Crossover by arm";
    check_immaturity: "Maturity";
    check_sample_size: "Sample size";
    check_too_early: "Whole week";
    check_underpowered: "Power";
    check_peeking: "Peeking";
    check_pre_exposure_balance: "Balance before";
    check_differential_response: "Response";
    check_drift: "Drift";
    check_novelty: "Novelty";
    check_outlier_influence: "Outliers";
    check_several_changes: "One change";
    check_late_facts: "Late facts";
    check_rounded_values: "Rounding";
    check_clamped_values: "Bounds";
    check_rejected_rows: "Rejected rows";
    check_dimension_values: "Segment values";
    check_strata: "Strata";
    check_off_assignment: "Assignment";
    check_rebuilding: "Rebuilding";
    check_erased_customers: "Erased";
    check_stale: "Up to date";
    check_overflow: "Overflow";

    // The definition.
    in_force: "In force";
    life: "Life";
    life_created: "Created";
    life_concluded: "Concluded with {variant}";
    life_archived: "Archived";
    life_step: "Step";
    when: "When";
    overrides_none: "Nobody is on an override list.";
    overrides_one: "1 customer is on an override list and always sees the same variant.";
    overrides_several: "{n} customers are on override lists and always see the same variant.";
    versions: "Versions";
    version_current: "in force";
    version_changed: "What changed";
    version_first: "the first one";
    version_same: "nothing in the document";
    compare: "What changed";
    compare_from: "From version";
    compare_to: "to version";
    compare_show: "Compare";
    diff_none: "These two say the same.";
    diff_told: "Lines: {added} added, {removed} removed.";
    diff_added: "added";
    diff_removed: "removed";
    diff_left_out: "{n} lines alike";
    diff_left_out_one: "1 line alike";
    diff_change: "Change";
    diff_line: "Line";

    // Looking up a customer.
    look_up_how: "Why a customer gets this variant, or none: the same walk as for an assignment, step by step. Nothing is recorded.";
    customer_id: "Customer";
    customer_attributes: "Attributes as JSON";
    customer_attributes_how: "What the audience is asked of, such as {\"plan\": \"basic\"}; may be left empty.";
    customer_show: "Look up";
    customer_gets: "{customer} gets {variant}";
    customer_gets_none: "{customer} gets no variant";
    customer_reason: "Reason";
    steps: "How that is decided";
    steps_how: "Step by step; the last one decides.";
    column_step: "Step";
    column_found: "What it finds";
    column_place: "Where the customer falls";
    step_decides: "decides";
    step_against: "{place}, against {limits}";
    step_change: "This would change it: {change}.";
    step_status: "Status";
    step_override: "Override list";
    step_external: "Drawn elsewhere";
    step_concluded: "Winner";
    step_sticky: "Met before";
    step_audience: "Audience";
    step_requires: "Required experiments";
    step_layer: "Layer";
    step_traffic: "Traffic";
    step_variant: "Variant";
    met: "Exposures known";
    met_none: "No exposure of this customer to this experiment is known.";
    met_at: "When";
    met_variant: "Variant";
    met_by: "Recorded by";
    met_remark: "Remark";
    met_override: "on an override list";
    met_off: "not the variant drawn here";

    // The company.
    company_from: "From";
    company_to: "To";
    company_event: "Purchase";
    company_event_how: "event whose values are the money";
    company_active: "Activity";
    company_active_how: "events, with commas; the purchase if empty";
    company_within: "Active for";
    company_within_how: "such as 30d; as long as the period if empty";
    company_cost: "Cost of keeping";
    company_cost_how: "event, may be left empty";
    company_survey: "Recommendation";
    company_survey_how: "event with answers from 0 to 10, may be left empty";
    company_choose: "No event is called {event} yet. Say which one is a purchase.";
    company_no_event: "No event was sent yet: there is nothing to show.";
    company_instead: "Events there are:";
    company_meaning: "Active: {active} within the {within} before. Purchase: {event}. Intervals at {level}.";
    company_counts: "Customers";
    company_figures: "Figures";
    or: "or";
    customers_start: "At the start";
    customers_retained: "of them kept";
    customers_lost: "of them lost";
    customers_end: "At the end";
    customers_new: "of them new";
    customers_returned: "of them returned";
    customers_active: "Active in the period";
    customers_buyers: "Bought in the period";
    figure_retention: "Retention rate";
    figure_retention_how: "{numerator} there at the end, of {denominator} at the start";
    figure_churn: "Churn rate";
    figure_churn_how: "{numerator} lost, of {denominator} at the start";
    figure_growth: "Growth";
    figure_growth_how: "a change of {numerator}, of {denominator} at the start";
    figure_gross_churn: "Revenue churn, gross";
    figure_gross_churn_how: "{numerator} taken away by who left or bought less, of {denominator} before";
    figure_net_churn: "Revenue churn, net";
    figure_net_churn_how: "{numerator} taken away less what others bought more, of {denominator} before";
    figure_repeat: "Repeat purchase rate";
    figure_repeat_how: "{numerator} bought twice or more, of {denominator} buyers";
    figure_frequency: "Purchases a buyer";
    figure_frequency_how: "{numerator} purchases by {denominator} buyers";
    figure_order_value: "Average order value";
    figure_order_value_how: "{numerator} in {denominator} purchases";
    figure_lifetime: "Lifetime value";
    figure_lifetime_how: "{numerator} from the customers at the start, for each of {denominator} lost";
    figure_to_date: "Value to date, a customer";
    figure_to_date_how: "{numerator} so far, from {denominator} ever active";
    figure_cost: "Cost a customer kept";
    figure_cost_how: "{numerator} spent, {denominator} kept";
    figure_promoter: "Net promoter score";
    figure_promoter_how: "{numerator} more promoters than detractors, of {denominator} answers; in points";
    figure_other: "Another figure";
    figure_other_how: "{numerator} / {denominator}";
    cohorts: "Who stays";
    cohorts_how: "Active customers in % of their cohort, the customers whose first activity fell in the same month; by months since then.";
    cohort_month: "First month";
    note_no_value: "{n} purchases have no value and count as 0.";
    note_no_score: "{n} answers are no number from 0 to 10 and are left out.";
    note_rounded: "{n} values were rounded to millionths.";
    note_clamped: "{n} customers have sums beyond 100,000,000, which are cut there.";
    note_partial: "{month} goes on after the period: the last cell of each cohort is not whole.";

    // Segments and groups.
    segments_how: "Conditions with a name, for audiences and to slice results by.";
    no_segments: "The catalog names no segment.";
    shared_how: "Write a catalog and put it in force with: experiment apply catalog.yaml";
    column_segment: "Segment";
    column_condition: "Condition";
    column_audience_of: "Audience of";
    column_slices: "Slices results of";
    groups: "Groups";
    groups_how: "Lists of values that conditions name. They may hold customers, so their values are not shown.";
    no_groups: "There is no group.";
    column_group: "Group";
    column_values: "Values";

    // Layers.
    layers_how: "Experiments of one layer never meet the same customer: each has its own part. It keeps it until it is stopped.";
    no_layers: "No layer is in use, and the catalog names none.";
    layer_picture: "Who has which part of {layer}; the table beneath has the numbers";
    layer_free: "{share} free";
    column_from: "From";
    column_to: "To";
    free: "free";
    outside: "In no layer";
    outside_how: "These experiments have no part of any layer.";
    outside_none: "Every experiment has a part of a layer.";
}
