//! What is read, and what is refused with which words.

use std::path::Path;

use super::{Described, Twin, parse};

const GOOD: &str = r#"version = 1
name = "small"
seeds = 2
cycles = 30
spin_up = 10
model = "lorenz-63"
[observation]
every = 25
error_variance = 2.0
[method]
kind = "etkf"
[ensemble]
members = 5
[inflation]
kind = "multiplicative"
factor = 1.1
[localisation]
kind = "none"
"#;

fn read(text: &str) -> Result<Twin, crate::WorkflowError> {
    match parse(text, Path::new("small.toml"))? {
        Described::State(twin) => Ok(*twin),
        Described::Land(_) => unreachable!("no file of these tests has the land model"),
    }
}

/// `GOOD` with a part replaced; what is said of it, help included.
fn said(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    match read(&GOOD.replace(from, to)) {
        Ok(_) => String::from("accepted"),
        Err(error) => format!("{error}; {}", error.help().unwrap_or_default()),
    }
}

fn check_refused(from: &str, to: &str, words: &[&str]) {
    let said = said(from, to);
    for word in words {
        assert!(said.contains(word), "`{to}`: expected `{word}` in: {said}");
    }
}

#[test]
fn kinds_are_names_alone_or_tables() {
    let twin = read(GOOD).unwrap();
    assert_eq!((twin.model, twin.method, twin.seeds), ("lorenz-63", "etkf", 2));
    assert_eq!(said("model = \"lorenz-63\"", "model = { kind = \"lorenz-63\", step = 0.02 }"), "accepted");
    assert_eq!(said("[localisation]\nkind = \"none\"", ""), said_missing());
    let at_the_top = GOOD.replace("[localisation]\nkind = \"none\"\n", "");
    assert!(read(&format!("localisation = \"none\"\n{at_the_top}")).is_ok());
}

/// Localisation has no default.
fn said_missing() -> String {
    "small.toml:1: `localisation` is missing in the top level; ".to_owned()
}

#[test]
fn misspelt_keys_and_kinds_are_told_with_the_nearest_one() {
    check_refused("every = 25", "evry = 25", &["small.toml:8", "unknown key `evry`", "did you mean `every`"]);
    check_refused(
        "factor = 1.1",
        "fctor = 1.1",
        &["small.toml:16", "`fctor`", "[inflation]", "did you mean `factor`"],
    );
    check_refused(
        "\"etkf\"",
        "\"etfk\"",
        &["small.toml:11", "`etfk`", "`method.kind`", "did you mean `etkf`"],
    );
    check_refused("\"lorenz-63\"", "\"lorenz-69\"", &["small.toml:6", "`model`", "did you mean `lorenz-6"]);
    check_refused(
        "kind = \"etkf\"",
        "kind = \"etkf\"\nlag = 3",
        &["small.toml:12", "unknown key `lag`", "[method]"],
    );
    check_refused("kind = \"etkf\"", "", &["`kind` is missing in [method]"]);
    check_refused("kind = \"etkf\"", "kind = 3", &["small.toml:11", "`method.kind`", "a name in quotes"]);
    check_refused("factor = 1.1", "", &["`factor` is missing in [inflation]"]);
    check_refused(
        "factor = 1.1",
        "factor = \"large\"",
        &["small.toml:16", "inflation.factor", "invalid type"],
    );
}

#[test]
fn values_out_of_range_are_told_with_what_is_accepted() {
    for (from, to, words) in [
        ("members = 5", "members = 1", ["`ensemble.members` is `1`", "2 to"]),
        ("factor = 1.1", "factor = -1.0", ["`inflation.factor` is `-1`", "above 0"]),
        ("error_variance = 2.0", "error_variance = 0.0", ["`observation.error_variance` is `0`", "above 0"]),
        ("every = 25", "every = 25\ncomponents = [0, 3]", ["`observation.components` is `[0, 3]`", "0 to 2"]),
        ("every = 25", "every = 25\ncomponents = [1, 1]", ["`observation.components`", "each once"]),
        ("every = 25", "every = 25\ncomponents = []", ["`observation.components`", "one or more"]),
        ("every = 25", "every = 25\ncount = 4", ["`observation.count` is `4`", "1 to 3"]),
        ("seeds = 2", "seeds = 0", ["`seeds` is `0`", "1 to"]),
        ("version = 1", "version = 2", ["`version` is `2`", "1"]),
        ("\"lorenz-63\"", "{ kind = \"lorenz-63\", step = 0.0 }", ["`model.step` is `0`", "at most 1"]),
    ] {
        check_refused(from, to, &words);
    }
}

#[test]
fn what_a_method_has_no_use_for_is_refused() {
    let none = "[localisation]\nkind = \"none\"";
    let domains = "[localisation]\nkind = \"domains\"\nradius = 4.0";
    check_refused(none, domains, &["localisation.kind", "lorenz-63's variables have no places"]);
    let on_a_ring = |method: &str, inflation: &str, localisation: &str| {
        let text = GOOD.replace("\"lorenz-63\"", "\"lorenz-96\"").replace("kind = \"etkf\"", method);
        let text = text.replace("kind = \"multiplicative\"\nfactor = 1.1", inflation);
        match read(&text.replace(none, localisation)) {
            Ok(_) => String::from("accepted"),
            Err(error) => error.to_string(),
        }
    };
    let constant = "kind = \"multiplicative\"\nfactor = 1.1";
    let adaptive = "kind = \"adaptive\"";
    let covariance = "[localisation]\nkind = \"covariance\"\nradius = 4.0";
    let enks = "kind = \"enks\"\nlag = 2";
    for (method, inflation, localisation, expected) in [
        ("kind = \"letkf\"", constant, domains, "accepted"),
        ("kind = \"letkf\"", adaptive, domains, "accepted"),
        ("kind = \"letkf\"", constant, none, "`localisation.kind` is `none`; accepted: \"domains\""),
        ("kind = \"letkf\"", constant, covariance, "accepted: \"domains\" with method `letkf`"),
        ("kind = \"serial-eakf\"", adaptive, covariance, "accepted"),
        ("kind = \"serial-eakf\"", constant, domains, "accepted: \"none\" or \"covariance\""),
        (enks, constant, none, "accepted"),
        (enks, constant, domains, "accepted: \"none\" with method `enks`"),
        (enks, adaptive, none, "`inflation.kind` is `adaptive`"),
        ("kind = \"letkf\"", "kind = \"adaptive\"\nsd = 0.0", domains, "can't be run"),
        ("kind = \"climatology\"", constant, none, "`inflation.kind` is `multiplicative`"),
    ] {
        let said = on_a_ring(method, inflation, localisation);
        assert!(said.contains(expected), "{method}, {inflation}, {localisation}: {said}");
    }
    check_refused("kind = \"etkf\"", "kind = \"3d-var\"\nbackground = 0.1", &["`inflation.kind`"]);
    check_refused("[ensemble]\nmembers = 5", "", &["`ensemble` is missing"]);
}

/// The published row, from a file: the same bits as from the table of rows.
#[test]
fn a_file_runs_what_the_published_row_runs() {
    use reterra_assimilation::twin::Summary;
    use reterra_assimilation::twin::published::{lorenz63, rows};

    let row = rows(10).into_iter().find(|row| row.name == "lorenz63-etkf-10").unwrap();
    // 16 units of time are 64 cycles.
    let known = Summary::of(row.method.as_ref(), &lorenz63(94), 3).unwrap();
    let text = GOOD
        .replace("seeds = 2", "seeds = 3")
        .replace("spin_up = 10", "spin_up = 64")
        .replace("members = 5", "members = 10\nrotation = \"random\"")
        .replace("factor = 1.1", "factor = 1.02");
    let found = read(&text).unwrap().run().unwrap();
    assert_eq!(found.per_seed.len(), 3);
    for (found, known) in found.per_seed.iter().zip(&known.trials) {
        assert_eq!(found.rmse.to_bits(), known.rmse.to_bits());
        assert_eq!(found.spread, known.spread);
    }
    assert_eq!(found.rmse.mean.to_bits(), known.error().mean.to_bits());
}

/// Every kind of method runs, on a model that it can be used with.
#[test]
fn every_kind_of_method_runs() {
    let own_keys = [
        ("climatology", ""),
        ("optimal-interpolation", ""),
        ("3d-var", "background = 0.1"),
        ("enkf", ""),
        ("denkf", ""),
        ("etkf", ""),
        ("estkf", ""),
        ("enkf-n", "certainty = 1.5"),
        ("lnetf", ""),
        ("serial-eakf", ""),
        ("rank-histogram", ""),
        ("particle", "regularisation = 1.0\nresample_below = 0.3"),
        ("enks", "lag = 2\nfilter = \"denkf\""),
        ("ienks", "lag = 1"),
        ("es-mda", "lag = 1\nsteps = 3"),
        ("4d-envar", "window = 2"),
    ];
    for (kind, keys) in own_keys {
        let mut text = GOOD.replace("kind = \"etkf\"", &format!("kind = \"{kind}\"\n{keys}"));
        text = text.replace("[inflation]\nkind = \"multiplicative\"\nfactor = 1.1\n", "");
        text = text.replace("members = 5", "members = 20");
        if ["climatology", "optimal-interpolation", "3d-var"].contains(&kind) {
            text = text.replace("[ensemble]\nmembers = 20\n", "");
        }
        let found = read(&text).unwrap().run().unwrap();
        assert!(found.per_seed.iter().all(|seed| seed.rmse > 0.0), "{kind}: {found:?}");
        assert_eq!(found.method, kind);
    }
}

#[test]
fn every_kind_of_model_runs() {
    for (kind, keys) in [
        ("lorenz-96", "variables = 8"),
        ("lorenz-96-two-scale", ""),
        ("kuramoto-sivashinsky", "points = 32\nlength = 8.0"),
        ("linear-advection", "points = 40\nwaves = 5"),
    ] {
        let model = format!("[model]\nkind = \"{kind}\"\n{keys}\n[observation]");
        let text = GOOD.replace("model = \"lorenz-63\"\n", "").replace("[observation]", &model);
        let text = text.replace("every = 25", "every = 2").replace("cycles = 30", "cycles = 5");
        let found = read(&text).unwrap().run().unwrap();
        assert!(found.per_seed.iter().all(|seed| seed.rmse.is_finite()), "{kind}: {found:?}");
    }
}
