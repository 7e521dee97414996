//! Campaigns whose model reads `parameters.nc` and writes `outputs.nc`.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use reterra_tests::campaigns::Campaigns;
use serde_json::Value;

/// The model in NetCDF, with an argument.
fn variant(campaigns: &Campaigns, file: &str, argument: &str, further: &[(&str, &str)]) {
    let model = env!("CARGO_BIN_EXE_decay");
    let command = format!("[\"{model}\", \"{argument}\"]\nexchange = \"netcdf\"");
    let mut changes = vec![("[\"python3\", \"{here}/decay.py\"]", command.as_str())];
    changes.extend_from_slice(further);
    campaigns.variant(file, &changes).unwrap();
}

/// The observations are of start = 10 and rate = 0.3.
#[test]
fn a_model_that_reads_and_writes_netcdf_is_calibrated() {
    let campaigns = Campaigns::of_other_models().unwrap();
    variant(&campaigns, "netcdf.toml", "", &[]);
    campaigns.run("sample", "netcdf.toml", "out").unwrap().success().unwrap();
    let text = std::fs::read_to_string(campaigns.path("out/posterior.json")).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    for (parameter, truth) in found["parameters"].as_array().unwrap().iter().zip([10.0, 0.3]) {
        let number = |key: &str| parameter[key].as_f64().unwrap();
        assert!((number("mean") - truth).abs() < 3.0 * number("sd"), "{parameter}");
        assert!(number("sd") < 0.5 * number("prior_sd"), "{parameter}");
    }
    // The numbers that the model found are those of the state, to the bit.
    let run = campaigns.path("out/runs/00005");
    let state: Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("state.json")).unwrap()).unwrap();
    let file = netcdf::open(run.join("parameters.nc")).unwrap();
    for (k, name) in ["start", "rate"].iter().enumerate() {
        let value: f64 = file.variable(name).unwrap().get_value(()).unwrap();
        assert_eq!(Some(value.to_bits()), state["parameters"][k].as_f64().map(f64::to_bits), "{state}");
    }
    // Nothing is left to run.
    let launches = campaigns.launches("out").unwrap();
    assert!(launches.values().all(|count| *count == 1), "{launches:?}");
    campaigns.run("sample", "netcdf.toml", "out").unwrap().success().unwrap();
    assert_eq!(campaigns.launches("out").unwrap(), launches);
}

#[test]
fn what_is_wrong_with_a_models_netcdf_is_told() {
    let campaigns = Campaigns::of_other_models().unwrap();
    for (fault, part) in [
        ("missing", "outputs.nc has no `flux`; it has: pool"),
        ("nan", "output `flux` is no finite number"),
        ("unwritten", "output `flux` is no finite number"),
        ("text", "output `flux` is no finite number"),
        ("short", "output `pool` has 5 values where 6 are observed"),
        ("json", "it left no outputs.nc that can be read"),
    ] {
        variant(&campaigns, "bad.toml", fault, &[]);
        let said = campaigns.run("calibrate", "bad.toml", fault).unwrap();
        assert!(said.err.contains(part) && said.err.contains("runs/0000"), "{fault}: {}", said.err);
        assert!(!said.err.contains("panicked"), "{fault}: {}", said.err);
        assert_eq!(said.code, Some(1), "{fault}");
    }
}

#[test]
fn formats_and_names_that_cannot_be_are_refused() {
    let campaigns = Campaigns::of_other_models().unwrap();
    let other = ("exchange = \"netcdf\"", "exchange = \"hdf5\"");
    for (change, part) in [
        (other, "`hdf5` is no known value"),
        (("\"rate\"", "\"rate/day\""), "`parameters[1].name` is `rate/day`; accepted: a letter and then"),
    ] {
        variant(&campaigns, "bad.toml", "", &[change]);
        let said = campaigns.run("calibrate", "bad.toml", "bad").unwrap();
        assert!(said.err.contains(part), "{}", said.err);
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(!campaigns.path("bad").exists());
    }
}
