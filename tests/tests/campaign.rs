//! `reterra calibrate` and `reterra sample` with a small Python program as the model.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use reterra_tests::ValidationError;
use reterra_tests::campaigns::Campaigns;
use serde_json::Value;

/// The campaigns, unless Python isn't there.
fn campaigns() -> Option<Campaigns> {
    match Campaigns::new() {
        Ok(campaigns) => Some(campaigns),
        Err(ValidationError::Checker { .. }) => {
            println!("skipped: no python3 here");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

fn json(campaigns: &Campaigns, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(campaigns.path(file)).unwrap()).unwrap()
}

#[test]
fn a_killed_campaign_goes_on_without_repeating_a_run_to_the_same_posterior() {
    let Some(campaigns) = campaigns() else { return };
    campaigns.run("sample", "decay.toml", "whole").unwrap().success().unwrap();
    let whole = campaigns.launches("whole").unwrap();
    assert!(whole.values().all(|launches| *launches == 1), "{whole:?}");
    assert_eq!(whole.len(), campaigns.complete("whole").len());

    let complete = campaigns.kill("killed", whole.len() / 2).unwrap();
    assert!(complete.len() < whole.len());
    campaigns.run("sample", "decay.toml", "killed").unwrap().success().unwrap();
    let launches = campaigns.launches("killed").unwrap();
    assert!(complete.iter().all(|run| launches[run] == 1), "{complete:?} {launches:?}");
    assert!(launches.values().sum::<usize>() <= whole.len() + 2, "{launches:?}");
    assert_eq!(campaigns.differing("whole", "killed").unwrap(), Vec::<&str>::new());

    // A finished campaign makes no run again, and calibration alone has nothing left to run.
    campaigns.run("sample", "decay.toml", "killed").unwrap().success().unwrap();
    campaigns.run("calibrate", "decay.toml", "killed").unwrap().success().unwrap();
    assert_eq!(campaigns.launches("killed").unwrap(), launches);
    assert_eq!(campaigns.differing("whole", "killed").unwrap(), Vec::<&str>::new());
}

/// The observations are of start = 10 and rate = 0.3.
#[test]
fn a_posterior_holds_the_truth_and_says_how_it_was_checked() {
    let Some(campaigns) = campaigns() else { return };
    let said = campaigns.run("sample", "decay.toml", "out").unwrap().success().unwrap();
    assert!(said.out.contains("start") && said.out.contains("R-hat"), "{}", said.out);
    let found = json(&campaigns, "out/posterior.json");
    for (parameter, truth) in found["parameters"].as_array().unwrap().iter().zip([10.0, 0.3]) {
        let number = |key: &str| parameter[key].as_f64().unwrap();
        assert!((number("mean") - truth).abs() < 3.0 * number("sd"), "{parameter}");
        assert!(number("sd") < 0.5 * number("prior_sd"), "{parameter}");
        assert!(number("rhat") <= 1.01 && number("bulk_ess") >= 400.0, "{parameter}");
    }
    let last = found["held_out"].as_array().unwrap().last().unwrap();
    assert!(last["coverage"].as_f64().unwrap() >= 0.85, "{last}");
    let draws = std::fs::read_to_string(campaigns.path("out/posterior.csv")).unwrap();
    assert!(draws.starts_with("chain,draw,start,rate\n0,0,"), "{draws:.60}");
    assert_eq!(draws.lines().count() as u64, 1 + found["draws"].as_u64().unwrap());
}

#[test]
fn failed_runs_are_left_out_up_to_the_number_that_is_tolerated() {
    let Some(campaigns) = campaigns() else { return };
    let some = ("decay.py\"]", "decay.py\", \"some\"]");
    campaigns.variant("some.toml", &[some, ("tolerated_failures = 0", "tolerated_failures = 40")]).unwrap();
    campaigns.run("calibrate", "some.toml", "some").unwrap().success().unwrap();
    let found = json(&campaigns, "some/calibration.json");
    assert!(found["failed"].as_u64().unwrap() >= 2, "{found}");
    let first = &found["steps"][0]["failed"];
    assert!(first.to_string().contains("exit status: 1: no leaves left"), "{first}");
    let state = json(&campaigns, "some/runs/00003/state.json");
    assert_eq!(state["state"], "failed");

    // Fewer may fail now: what failed before counts.
    campaigns.variant("few.toml", &[some, ("tolerated_failures = 0", "tolerated_failures = 1")]).unwrap();
    let said = campaigns.run("calibrate", "few.toml", "some").unwrap();
    assert!(said.err.contains("failed, 1 are tolerated; the first is"), "{}", said.err);
    assert_eq!(said.code, Some(1));
}

#[test]
fn what_a_model_does_wrong_is_told_with_the_run_and_its_reason() {
    let Some(campaigns) = campaigns() else { return };
    for (fault, part) in [
        ("missing", "outputs.json has no `flux`; it has: pool"),
        ("nan", "output `flux` is no finite number"),
        ("short", "output `pool` has 5 values where 6 are observed"),
        ("fail", "exit status: 1: no leaves left"),
        ("hang", "it took longer than time_limit_s, 0.5 s"),
    ] {
        let command = format!("decay.py\", \"{fault}\"]");
        let limit = if fault == "hang" { "time_limit_s = 0.5" } else { "time_limit_s = 20" };
        campaigns.variant("bad.toml", &[("decay.py\"]", &command), ("time_limit_s = 20", limit)]).unwrap();
        let said = campaigns.run("sample", "bad.toml", fault).unwrap();
        assert!(said.err.contains(part) && said.err.contains("runs/0000"), "{fault}: {}", said.err);
        assert!(
            said.err.contains("help: look at") && !said.err.contains("panicked"),
            "{fault}: {}",
            said.err
        );
        assert_eq!(said.code, Some(1), "{fault}");
        assert!(said.out.is_empty() && !campaigns.path(&format!("{fault}/posterior.json")).exists());
        assert!(!campaigns.complete(fault).is_empty(), "{fault}: runs are kept");
    }
}

#[test]
fn files_that_are_not_accepted_are_told_with_line_and_key_and_run_nothing() {
    let Some(campaigns) = campaigns() else { return };
    let table = |name: &str, text: &str| std::fs::write(campaigns.path(name), text).unwrap();
    table("gap.csv", "output,value,sd\npool,1,0.1\npool,,0.1\n");
    table("negative.csv", "output,value,sd\npool,1,-0.1\npool,1,0\n");
    table("mixed.csv", "output,value,sd\npool,1,1\nflux,1,1\npool,1,1\n");
    for (from, to, part, code) in [
        ("{here}/decay.py", "{here}/none.py", "`model.command` is `{here}/none.py`", 2),
        ("\"python3\"", "\"no-such-program\"", "`no-such-program`; accepted: an executable file", 2),
        ("\"python3\"", "\"{here}/decay.toml\"", "accepted: an executable file", 2),
        ("members = 16", "member = 16", "unknown key `member` in [runs]", 2),
        ("members = 16", "members = 1", "`runs.members` is `1`; accepted: 2 and above", 2),
        ("time_limit_s = 20", "time_limit = 20", "unknown key `time_limit`", 2),
        ("time_limit_s = 20", "time_limit_s = -1.0", "`model.time_limit_s` is `-1`", 2),
        ("\"log-normal\"", "\"lognormal\"", "`lognormal` is no known value", 2),
        ("sd = 2.0", "sd = -2.0", "prior of `start`", 2),
        ("upper = 1.0", "upper = -1.0", "prior of `rate`", 2),
        ("lower = 0.0\n", "", "`lower` is missing", 2),
        ("name = \"rate\"", "name = \"start\"", "a name that no other parameter has", 2),
        ("observations.csv", "none.csv", "`none.csv`, which does not exist", 2),
        ("observations.csv", "gap.csv", "gap.csv, line 3, column `value`: no value", 1),
        (
            "observations.csv",
            "negative.csv",
            "`observations` is `observation error variance number 1 is 0",
            2,
        ),
        ("observations.csv", "mixed.csv", "all values of an output one after another", 2),
        ("table = \"observations.csv\"", "", "a `table`, or `[[observations.outputs]]`", 2),
        (
            "[sample]",
            "[calibrate]\nkind = \"etki\"\nstep_scale = 2.0\n\n[sample]",
            "option step_scale is 2",
            2,
        ),
        ("[sample]", "[calibrate]\nkind = \"etky\"\n\n[sample]", "`etky` is no known value", 2),
        ("[sample]", "[calibrate]\nkind = \"uki\"\nmembers = 3\n\n[sample]", "unknown key `members`", 2),
        ("draws = 400", "draw = 400", "unknown key `draw` in [sample]", 2),
        ("version = 1", "version = 9", "`version` is `9`", 2),
    ] {
        campaigns.variant("bad.toml", &[(from, to)]).unwrap();
        let said = campaigns.run("calibrate", "bad.toml", "bad").unwrap();
        assert!(said.err.contains(part) && !said.err.contains("panicked"), "{to}: {}", said.err);
        assert_eq!(said.code, Some(code), "{to}: {}", said.err);
        assert!(!campaigns.path("bad").exists(), "{to}");
    }
}

#[test]
fn changed_settings_of_a_campaign_are_refused_unless_nothing_depends_on_them() {
    let Some(campaigns) = campaigns() else { return };
    campaigns.run("calibrate", "decay.toml", "out").unwrap().success().unwrap();
    let launches = campaigns.launches("out").unwrap();
    for (from, to, part) in [
        ("seed = 11", "seed = 12", "seed: 12, was 11"),
        ("members = 16", "members = 18", "members: 18, was 16"),
        ("mean = 8.0", "mean = 8.5", "problem.priors[0].mean: 8.5, was 8.0"),
        ("time_limit_s = 20", "time_limit_s = 30", "time_limit: 30.0, was 20.0"),
        ("decay.py\"]", "decay.py\", \"some\"]", "model.executable.written"),
    ] {
        campaigns.variant("other.toml", &[(from, to)]).unwrap();
        let said = campaigns.run("calibrate", "other.toml", "out").unwrap();
        assert!(said.err.contains("of other settings") && said.err.contains(part), "{to}: {}", said.err);
        assert_eq!(said.code, Some(2), "{to}");
    }
    let script = std::fs::read_to_string(campaigns.path("decay.py")).unwrap();
    std::fs::write(campaigns.path("decay.py"), script.replace("range(6)", "range(1, 7)")).unwrap();
    let said = campaigns.run("calibrate", "decay.toml", "out").unwrap();
    assert!(said.err.contains("model.executable.files"), "{}", said.err);
    std::fs::write(campaigns.path("decay.py"), script).unwrap();

    // Neither a calibration's settings nor its runs depend on these.
    let changes =
        [("at_once = 2", "at_once = 1"), ("draws = 400", "draws = 500"), ("\"decay\"", "\"other\"")];
    campaigns.variant("same.toml", &changes).unwrap();
    campaigns.run("calibrate", "same.toml", "out").unwrap().success().unwrap();
    assert_eq!(campaigns.launches("out").unwrap(), launches);

    let foreign = campaigns.path("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.txt"), "not ours").unwrap();
    let said = campaigns.run("calibrate", "decay.toml", "foreign").unwrap();
    assert!(said.err.contains("is not empty and holds no reterra"), "{}", said.err);
}
