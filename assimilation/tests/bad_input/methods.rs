//! Every method, in every form of localisation that it has, behind one signature.

use ndarray::{Array1, Array2, Axis, s};
use reterra_assimilation::analysis::{
    CovarianceTaper, Departures, Domain, Filter, Localisation, Observed, TransformFilter, Unused,
};
use reterra_assimilation::distributed::{Decomposition, Distributed, Stations};
use reterra_assimilation::filters::{
    DEnkf, EnkfN, Estkf, Etkf, Lnetf, ParticleFilter, RankHistogramFilter, SerialEakf, StochasticEnkf,
};
use reterra_assimilation::letkf::{Anchors, Columns, Letkf, Summary};
use reterra_assimilation::linear_algebra::symmetric_root;
use reterra_assimilation::localisation::{
    Locality, Metric, Network, ObservationSet, Place, Site, Slice, Taper, covariance_taper, domains,
    gaspari_cohn,
};
use reterra_assimilation::smoothers::{Ienks, Mda};
use reterra_assimilation::variational::{FourDEnVar, LocalisationRoots, ThreeDVar};
use reterra_assimilation::{
    Analysis, AssimilationError, Etki, EtkiOptions, FixedLag, MemberFailure, Noise, analyse,
};
use reterra_parallel::{Communicator, threads};
use reterra_statistics::{Stage, StreamKey};

use crate::scene::{COLUMNS, RADIUS, Scene};

pub const KEY: StreamKey = StreamKey { seed: 3, stage: Stage::Test, cycle: 1, member: 0, column: 0 };

/// What an analysis left, and what it said about it.
#[derive(Debug)]
pub struct Done {
    pub state: Array2<f64>,
    /// None where the method doesn't count.
    pub unused: Option<Unused>,
    /// Members that it left out.
    pub left_out: Vec<usize>,
}

type Outcome = Result<Done, AssimilationError>;

/// A method in one form.
pub struct Method {
    pub name: &'static str,
    pub needs: Needs,
    pub reach: Reach,
    pub duplicates: Duplicates,
    pub run: fn(&Scene) -> Outcome,
}

/// What it takes its covariances from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Ensemble,
    Climatology,
}

/// How far its observations reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Everywhere,
    Local,
}

/// What an observation given twice with twice its variance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// The same as the observation given once.
    CountOnce,
    /// The same up to the method's random numbers or its approximation.
    Roughly,
}

const PARTICLES: ParticleFilter =
    ParticleFilter { regularisation: 0.2, resample_below: 0.5, dimensions: None };

/// All of them.
pub fn all() -> Vec<Method> {
    use Duplicates::{CountOnce, Roughly};
    use Reach::{Everywhere, Local};
    let method =
        |name, reach, duplicates, run| Method { name, needs: Needs::Ensemble, reach, duplicates, run };
    let climatology =
        |name, reach, run| Method { needs: Needs::Climatology, ..method(name, reach, CountOnce, run) };
    vec![
        method("stochastic EnKF", Everywhere, Roughly, |s| global(&StochasticEnkf, s)),
        method("stochastic EnKF in domains", Local, Roughly, |s| in_domains(&StochasticEnkf, s)),
        method("DEnKF", Everywhere, CountOnce, |s| global(&DEnkf, s)),
        method("DEnKF in domains", Local, CountOnce, |s| in_domains(&DEnkf, s)),
        method("ETKF", Everywhere, CountOnce, |s| global(&Etkf, s)),
        method("ETKF in domains", Local, CountOnce, |s| in_domains(&Etkf, s)),
        method("ESTKF", Everywhere, CountOnce, |s| global(&Estkf, s)),
        method("ESTKF in domains", Local, CountOnce, |s| in_domains(&Estkf, s)),
        method("EnKF-N", Everywhere, CountOnce, |s| global(&EnkfN::default(), s)),
        method("EnKF-N in domains", Local, CountOnce, |s| in_domains(&EnkfN::default(), s)),
        method("NETF", Everywhere, CountOnce, |s| global(&Lnetf::default(), s)),
        method("LNETF", Local, CountOnce, |s| in_domains(&Lnetf::default(), s)),
        method("particle filter", Everywhere, Roughly, |s| global(&PARTICLES, s)),
        method("particle filter in domains", Local, Roughly, |s| in_domains(&PARTICLES, s)),
        method("particle filter with weights", Everywhere, Roughly, weighed),
        method("EAKF", Everywhere, Roughly, |s| global(&SerialEakf, s)),
        method("EAKF with tapers", Local, Roughly, |s| tapered(&SerialEakf, s)),
        method("rank histogram filter", Everywhere, Roughly, |s| global(&RankHistogramFilter, s)),
        method("rank histogram filter with tapers", Local, Roughly, |s| tapered(&RankHistogramFilter, s)),
        method("LETKF", Local, CountOnce, letkf),
        method("LETKF between anchors", Local, CountOnce, letkf_between_anchors),
        method("LETKF on two ranks", Local, CountOnce, letkf_on_ranks),
        method("analysis of a station", Everywhere, CountOnce, of_station),
        method("lagged smoother", Everywhere, CountOnce, lagged),
        method("iEnKS", Everywhere, CountOnce, ienks),
        method("MDA", Everywhere, CountOnce, |s| mda(Etkf, s)),
        method("ES-MDA", Everywhere, Roughly, |s| mda(StochasticEnkf, s)),
        method("ETKI", Everywhere, CountOnce, etki),
        method("4DEnVar", Local, CountOnce, four_d_envar),
        climatology("3D-Var", Local, three_d_var),
    ]
}

fn done(state: Array2<f64>, unused: impl Into<Option<Unused>>) -> Done {
    Done { state, unused: unused.into(), left_out: Vec::new() }
}

impl Scene {
    pub fn seen(&self) -> Observed<'_> {
        Observed { he: self.he.view(), y: &self.y, r: &self.r, key: KEY }
    }

    fn network<'a>(&'a self, places: &'a [Place]) -> Network<'a> {
        Network { places, slices: None, values: &self.y, variances: &self.r }
    }

    fn observed_places(&self) -> Vec<Place> {
        self.places.iter().map(|x| Metric::Plane.place(*x, 0.0)).collect()
    }
}

pub fn locality() -> Locality {
    Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS).unwrap()
}

fn columns() -> Vec<Place> {
    (0..COLUMNS).map(|c| Metric::Plane.place(c as f64, 0.0)).collect()
}

fn sites(places: Vec<Place>) -> Vec<Site> {
    places.into_iter().map(|place| Site { place, slice: Slice::default() }).collect()
}

pub fn domains_of(scene: &Scene) -> Vec<Domain> {
    domains(&locality(), &sites(columns()), &sites(scene.observed_places())).unwrap()
}

pub fn tapers_of(scene: &Scene) -> CovarianceTaper {
    covariance_taper(&locality(), &sites(columns()), &sites(scene.observed_places())).unwrap()
}

pub fn by(filter: &dyn Filter, scene: &Scene, localisation: Localisation<'_>) -> Outcome {
    let mut state = scene.state.clone();
    let information = filter.analyse(state.view_mut(), &scene.seen(), localisation)?;
    Ok(done(state, information.unused))
}

fn global(filter: &dyn Filter, scene: &Scene) -> Outcome {
    by(filter, scene, Localisation::Global)
}

fn in_domains(filter: &dyn Filter, scene: &Scene) -> Outcome {
    by(filter, scene, Localisation::Domains(&domains_of(scene)))
}

fn tapered(filter: &dyn Filter, scene: &Scene) -> Outcome {
    by(filter, scene, Localisation::Covariance(&tapers_of(scene)))
}

fn weighed(scene: &Scene) -> Outcome {
    let mut state = scene.state.clone();
    let mut weights = vec![1.0 / state.nrows() as f64; state.nrows()];
    PARTICLES.weigh(&mut weights, &scene.seen())?;
    PARTICLES.resample(state.view_mut(), &mut weights, KEY)?;
    Ok(done(state, Unused { unreached: 0, without_spread: scene.seen().without_spread() }))
}

type Local<'a> = (&'a Letkf, &'a ObservationSet, &'a Columns);

fn locally(
    scene: &Scene,
    analyse: impl Fn(Local<'_>, ndarray::ArrayViewMut3<'_, f64>) -> Result<Summary, AssimilationError>,
) -> Outcome {
    let (mut state, places) = (scene.state.clone(), scene.observed_places());
    let set = ObservationSet::new(&locality(), &scene.network(&places), scene.he.view())?;
    let parts = (&Letkf::new(locality()), &set, &Columns::uniform(columns(), 1));
    let summary = analyse(parts, state.view_mut().insert_axis(Axis(1)))?;
    Ok(done(state, summary.unused))
}

fn letkf(scene: &Scene) -> Outcome {
    locally(scene, |(filter, set, columns), state| filter.analyse(set, columns, state))
}

fn letkf_between_anchors(scene: &Scene) -> Outcome {
    let anchors = Anchors::of_grid(&columns(), (COLUMNS, 1), 2)?;
    locally(scene, |(filter, set, columns), state| filter.analyse_between(&anchors, set, columns, state))
}

fn letkf_on_ranks(scene: &Scene) -> Outcome {
    on_ranks(scene, RADIUS)
}

pub fn on_ranks(scene: &Scene, halo: f64) -> Outcome {
    let parts = threads::run(2, |ranks| on_rank(scene, halo, ranks));
    // A rank whose partner has ended says so; the partner's own error is the one that counts.
    let (silent, mut own): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| matches!(part, Err(AssimilationError::Parallel(_))));
    if let Some(k) = own.iter().position(Result::is_err) {
        return own.swap_remove(k);
    }
    assert!(silent.is_empty(), "no rank has ended");
    let parts: Vec<Done> = own.into_iter().map(Result::unwrap).collect();
    let whole: Vec<_> = parts.iter().map(|part| part.state.view()).collect();
    Ok(done(ndarray::concatenate(Axis(1), &whole).unwrap(), parts[0].unused))
}

fn on_rank(scene: &Scene, halo: f64, ranks: &dyn Communicator) -> Outcome {
    let decomposition = Decomposition::new((scene.state.nrows(), COLUMNS), 1, ranks.size())?;
    let places = scene.observed_places();
    let stations = Stations { network: scene.network(&places), columns: &scene.columns };
    let own = decomposition.analysis(ranks.rank());
    let parts = (decomposition, Columns::uniform(columns()[own.clone()].to_vec(), 1));
    let distributed = Distributed::new(ranks, Letkf::new(locality()), parts, stations, halo)?;
    let seen: Vec<usize> = stations.within(own.clone()).collect();
    let mut state = scene.state.slice(s![.., own]).insert_axis(Axis(1)).to_owned();
    let summary = distributed.analyse(ranks, scene.he.select(Axis(1), &seen), state.view_mut())?;
    let without_spread = ranks.sum(summary.unused.without_spread as f64)? as usize;
    let unused = Unused { unreached: distributed.outside(), without_spread };
    Ok(done(state.index_axis(Axis(1), 0).to_owned(), unused))
}

fn of_station(scene: &Scene) -> Outcome {
    let found = analyse(scene.he.view(), &scene.y, &scene.r, 1.0)?;
    let mut state = scene.state.clone();
    found.apply(state.view_mut())?;
    Ok(done(state, None))
}

fn lagged(scene: &Scene) -> Outcome {
    let found = Analysis::from(Etkf.transform(&Departures::new(&scene.seen())?)?);
    let mut past = FixedLag::new(1);
    past.push((), scene.state.clone());
    past.update(&found)?;
    Ok(done(
        past.finish().next().unwrap().1,
        Unused { unreached: 0, without_spread: scene.seen().without_spread() },
    ))
}

fn ienks(scene: &Scene) -> Outcome {
    let smoother = Ienks { iterations: 1, ..Ienks::default() };
    let found =
        smoother
            .smooth(&scene.state, (&scene.y, &scene.r), KEY, &mut |_: ndarray::ArrayView2<'_, f64>| {
                Ok(scene.he.clone())
            })?;
    let mut state = scene.state.clone();
    Analysis::from(found.transform).apply(state.view_mut())?;
    Ok(done(state, None))
}

fn mda<F: TransformFilter>(filter: F, scene: &Scene) -> Outcome {
    let mut state = scene.state.clone();
    Mda::equal(filter, 1).update(&mut state, (&scene.y, &scene.r), KEY, &mut |_: ndarray::ArrayView2<
        '_,
        f64,
    >| {
        Ok(scene.he.clone())
    })?;
    Ok(done(state, None))
}

fn etki(scene: &Scene) -> Outcome {
    let options = EtkiOptions { min_members: 2, max_iterations: 1, ..EtkiOptions::default() };
    let mut etki = Etki::new(scene.state.clone(), &scene.y, &Noise::Diagonal(scene.r.clone()), options)?;
    let outputs: Vec<Result<Vec<f64>, MemberFailure>> =
        scene.he.rows().into_iter().map(|row| Ok(row.to_vec())).collect();
    let step = etki.tell(&outputs)?;
    let left_out = step.failed.iter().map(|failed| failed.member).collect();
    Ok(Done { state: etki.ensemble().to_owned(), unused: None, left_out })
}

fn four_d_envar(scene: &Scene) -> Outcome {
    let taper = |a: f64, b: f64| gaspari_cohn((a - b).abs() / RADIUS);
    let tapers = Array2::from_shape_fn((COLUMNS, COLUMNS), |(i, j)| taper(i as f64, j as f64));
    let state = symmetric_root(tapers.view(), "the tapers")?;
    let observed = state.select(Axis(0), &scene.columns);
    let far = |k: usize| scene.places[k] > COLUMNS as f64 + RADIUS;
    let observed =
        Array2::from_shape_fn(observed.dim(), |(k, j)| if far(k) { 0.0 } else { observed[[k, j]] });
    let roots = LocalisationRoots { state, observed };
    let increment = FourDEnVar::default().increment(scene.state.view(), &scene.seen(), &roots)?;
    Ok(done(&scene.state + &increment, roots.unused(&scene.seen())))
}

fn three_d_var(scene: &Scene) -> Outcome {
    let b = Array2::from_shape_fn((COLUMNS, COLUMNS), |(i, j)| gaspari_cohn(i.abs_diff(j) as f64 / RADIUS));
    let observes = |k: usize, c: usize| scene.places[k] <= COLUMNS as f64 + RADIUS && scene.columns[k] == c;
    let operator = Array2::from_shape_fn((scene.columns.len(), COLUMNS), |(k, c)| f64::from(observes(k, c)));
    let analysis = ThreeDVar::new(b.view(), operator, &scene.r)?;
    let mean: Array1<f64> = scene.state.sum_axis(Axis(0)) / scene.state.nrows() as f64;
    let moved = analysis.analyse(mean.view(), &scene.y)? - &mean;
    Ok(done(&scene.state + &moved, Unused { unreached: analysis.unreached(), without_spread: 0 }))
}
