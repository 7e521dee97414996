//! Figures of whole, bare and broken campaigns.

use super::input::{Campaign, Fact, Output, Parameter, RING, Round};
use super::{figures, render};

fn parameter(name: &str, values: impl Fn(usize) -> f64) -> Parameter {
    let chain = |first: usize| (first..first + 200).map(&values).collect::<Vec<f64>>();
    Parameter {
        name: name.into(),
        prior: (0..50).map(|k| (f64::from(k) / 10.0 - 2.0, 0.2)).collect(),
        prior_moments: (0.5, 1.4),
        ring: (0..RING).map(|k| 0.5 + (std::f64::consts::TAU * k as f64 / RING as f64).cos()).collect(),
        chains: vec![chain(0), chain(200)],
        moments: (0.5, 0.1),
        interval: (0.3, 0.7),
        rhat: 1.002,
        ess: 812.0,
    }
}

fn whole() -> Campaign {
    let golden = |k: usize, by: f64| (k as f64 * by).fract();
    let parameters = vec![
        parameter("k_<slow>", |k| golden(k, 0.754_877_666)),
        parameter("labile", |k| 0.5 * golden(k, 0.569_840_291) + 0.5 * golden(k, 0.754_877_666)),
    ];
    let output = Output {
        name: "mass & more".into(),
        held_out: vec![(1.0, 1.1, 0.2), (2.0, 1.5, 0.1)],
        first: vec![(0.7, 0.01), (0.1, 0.01)],
        total: vec![(0.9, 0.01), (0.3, 0.01)],
    };
    Campaign {
        name: "litter".into(),
        lead: "A posterior.".into(),
        parameters,
        outputs: vec![output],
        calibration: vec![(0.5, 0.4), (0.9, 0.8)],
        rounds: vec![
            Round { runs: 20, coverage: 0.7, rmse: 0.3 },
            Round { runs: 20, coverage: 0.9, rmse: 0.1 },
        ],
        wanted_coverage: 0.85,
        misfit: vec![(0.1, 40.0), (1.0, 0.9)],
        facts: vec![Fact { label: "runs".into(), value: "300".into(), wanted: Some(("≥ 1".into(), true)) }],
        files: vec![("posterior.csv".into(), "draws".into())],
    }
}

#[test]
fn every_figure_is_drawn_and_names_are_escaped() {
    let drawn = figures(&whole());
    let names: Vec<&str> = drawn.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["corner", "emulators", "chains", "coverage", "sensitivity"]);
    for (name, svg) in &drawn {
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("NaN"), "{name}");
        assert!(!svg.contains("k_<slow>"), "{name}");
    }
    assert!(drawn[1].1.contains("1 of 2 within 90 % bands"));
    let page = render(&whole()).unwrap();
    assert!(page.contains("k_&lt;slow&gt;") && page.contains("mass &amp; more") && !page.contains("NaN"));
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org").count()
    );
    assert_eq!(page, render(&whole()).unwrap());
}

#[test]
fn what_is_missing_or_not_finite_draws_nothing_wrong() {
    let names = |campaign: &Campaign| figures(campaign).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&Campaign::default()), ["corner", "chains"]);
    let mut bad = whole();
    bad.parameters.push(parameter("constant", |_| 2.0));
    bad.parameters.push(parameter("gone", |_| f64::NAN));
    bad.outputs[0].held_out = vec![(f64::NAN, 1.0, 0.1)];
    bad.misfit = vec![(1.0, f64::NAN)];
    for (name, svg) in figures(&bad) {
        assert!(!svg.contains("NaN"), "{name}");
    }
    assert!(!render(&bad).unwrap().contains("NaN"));
}
