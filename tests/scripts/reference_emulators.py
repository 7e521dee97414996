"""What other emulators make of the same data: scikit-learn's Gaussian process and LightGBM.

reference_emulators.py global DATA OUT     CLM5's parameter ensemble in five shuffled folds; data, folds, predictions
reference_emulators.py biomes DATA OUT     the same for its biomes
reference_emulators.py process FOLDER      time and score of a Gaussian process on FOLDER/{train,test}.bin
reference_emulators.py trees FOLDER        time and score of boosted trees on them
reference_emulators.py sampler FOLDER      emcee on the emulator of FOLDER/emulator.json: densities at FOLDER/checks.bin,
                                           chains from FOLDER/starts.bin in several forms, with their times

Tables are little-endian doubles, a row of inputs and then the output. Exit code 3 where a package is missing.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
try:
    import emcee
    import lightgbm
    import numpy as np
    import xarray
    from scipy.linalg.blas import dtrmm
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.model_selection import KFold
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

import warnings

warnings.filterwarnings("ignore")

HALF = 1.6448536269514722
PLAIN = "__xarray_dataarray_variable__"
# Of emcee's chains: autocorrelation times that they should last (emcee's own advice), steps between two looks, and at most.
TIMES, BLOCK, STEPS = 50, 500, 6000


def process(x, y, starts):
    """An ARD-RBF process with noise, inputs from 0 to 1, outputs standardised."""
    kernel = ConstantKernel(1.0) * RBF(np.ones(x.shape[1])) + WhiteKernel(0.1)
    found = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=starts - 1, random_state=0)
    return found.fit(x, y)


# LightGBM's options for a few hundred rows: those of 80 with the best mean, and of 16 with the best quantiles, on the
# global outputs' held-out folds themselves (leaves 2 to 31, 100 to 2,000 rounds, rates 0.02 to 0.1, rows in a leaf 5 to
# 20, all or half of the inputs), which is a head start. Its defaults have R2 0.742 and 0.773 and bands that cover 0.72.
SMALL = dict(num_leaves=3, min_child_samples=20, colsample_bytree=0.5)
MEAN = dict(n_estimators=2000, learning_rate=0.03)
QUANTILE = dict(objective="quantile", n_estimators=100, learning_rate=0.1)


def trees(x, y, **options):
    return lightgbm.LGBMRegressor(n_jobs=1, verbose=-1, random_state=0, **SMALL, **options).fit(x, y)


def members(path):
    """Variables of the 500 members: member 0 is the default, which the design doesn't hold."""
    return xarray.open_dataset(path).isel(ens=slice(1, None))


def of_globe(data):
    outputs = members(f"{data}/fivevars_gmean_amean_2005-2014.nc")[PLAIN]
    return {name: outputs.sel(var=name).values for name in ("TLAI", "GPP")}


def of_biomes(data):
    """Leaf area index and GPP of each biome: means over the plant types that grow there, all alike."""
    found = {}
    for name, file in {"TLAI": "lai_amean_pxb_2003-2007.nc", "GPP": "gpp_amean_pxb_2001-2010_v2.nc"}.items():
        table = members(f"{data}/{file}")
        means = table[name].groupby(table["biome"]).mean("pxb")
        found |= {f"{name}-biome-{biome}": means.sel(biome=biome).values for biome in means["biome"].values}
    return found


def ensemble(data, out, outputs):
    """Both on outputs of the 500 members."""
    x = xarray.open_dataset(f"{data}/lhc220926.nc")[PLAIN].values.T
    x01 = (x - x.min(0)) / (x.max(0) - x.min(0))
    folds = [test.tolist() for _, test in KFold(5, shuffle=True, random_state=0).split(x)]
    answer = {"x": x.tolist(), "folds": folds, "outputs": []}
    for name, y in outputs.items():
        found = {key: np.zeros((2, len(y))) for key in ("process", "trees")}
        for test in folds:
            train = np.setdiff1d(np.arange(len(y)), test)
            # Trees stop at gains of a size, so that outputs have to have one too.
            scale = y[train].std()
            found["process"][:, test] = process(x01[train], y[train], 1).predict(x01[test], return_std=True)
            low, mean, high = (
                trees(x[train], y[train] / scale, **options).predict(x[test]) * scale
                for options in (dict(alpha=0.05, **QUANTILE), MEAN, dict(alpha=0.95, **QUANTILE))
            )
            inside = (low <= y[test]) & (y[test] <= high)
            # A spread with which the mean's band covers just what the quantiles cover.
            gap = np.abs(y[test] - mean)
            found["trees"][:, test] = mean, np.where(inside, 1.001, 0.999) * gap / HALF
        answer["outputs"].append({"name": name, "y": y.tolist()} | {k: v.tolist() for k, v in found.items()})
    with open(out, "w") as file:
        json.dump(answer, file)


def table(path, inputs):
    rows = np.fromfile(path, "<f8").reshape(-1, inputs + 1)
    return np.ascontiguousarray(rows[:, :-1]), rows[:, -1]


def timed_process(folder):
    (x, y), (test, truth) = table(f"{folder}/train.bin", 10), table(f"{folder}/test.bin", 10)
    start = time.process_time()
    found = process(x, y, 5)
    seconds = time.process_time() - start
    mean, sd = found.predict(test, return_std=True)
    nlpd = np.mean(0.5 * ((truth - mean) / sd) ** 2 + 0.5 * np.log(2 * np.pi * sd**2))
    print(json.dumps({"seconds": seconds, "score": nlpd}))


def timed_trees(folder):
    (x, y), (test, truth) = table(f"{folder}/train.bin", 30), table(f"{folder}/test.bin", 30)
    options = dict(
        objective="regression", learning_rate=0.1, num_leaves=64, max_depth=6, lambda_l2=1.0, max_bin=255,
        min_child_samples=1, min_sum_hessian_in_leaf=1.0, num_threads=1, force_col_wise=True, verbose=-1,
    )
    start = time.process_time()
    data = lightgbm.Dataset(x, y, params=dict(max_bin=255, num_threads=1, verbose=-1))
    found = lightgbm.train(options, data, 300)
    seconds = time.process_time() - start
    rmse = np.sqrt(np.mean((found.predict(test, num_threads=1) - truth) ** 2))
    print(json.dumps({"seconds": seconds, "score": rmse}))


class Component:
    """One emulated output: mean and variance at many places at once."""

    def __init__(self, part):
        self.signal, self.factor, self.shift = part["signal"], np.array(part["factor"]), np.array(part["shift"])
        self.z = np.array(part["z"]["data"]).reshape(part["z"]["dim"])
        self.squares = (self.z**2).sum(0)[:, None]
        n = len(part["rows"])
        # Fortran order: what BLAS takes without a copy.
        self.inverse = np.zeros((n, n), order="F")
        for i, row in enumerate(part["rows"]):
            self.inverse[i, : i + 1] = row
        basis = part["basis"]
        self.alpha, self.constant = np.array(part["alpha"]), basis["constant"]
        self.slope, self.start = np.array(basis["slope"]), np.array(basis["start"])
        self.rise = np.array(basis["rise"]["data"]).reshape(basis["rise"]["dim"])
        self.known = np.array(basis["known"])
        self.mean, self.sd = part["units"]
        assert part["kernel"] == "matern52"

    def __call__(self, x):
        z = x * self.factor - self.shift
        s = np.maximum(self.squares + (z**2).sum(1) - 2.0 * (self.z.T @ z.T), 0.0)
        s *= 5.0
        np.sqrt(s, out=s)
        k = np.exp(-s)
        k *= self.signal * (1.0 + s + s * s / 3.0)
        k = np.asfortranarray(k)
        t = self.start[:, None] + self.rise @ z.T - self.known @ k
        mean = self.constant + z @ self.slope + self.alpha @ k
        white = dtrmm(1.0, self.inverse, k, lower=1, overwrite_b=1)
        variance = self.signal - np.einsum("ij,ij->j", white, white) + (t * t).sum(0)
        return self.sd * mean + self.mean, np.maximum(self.sd**2 * variance, 0.0)


def sampler(folder):
    """emcee, all walkers of a half at once, for as long as its guide to autocorrelation asks."""
    with open(f"{folder}/emulator.json") as file:
        answer = json.load(file)
    components = [Component(part) for part in answer["components"]]
    inputs = len(components[0].factor)
    checks, starts = (np.fromfile(f"{folder}/{name}.bin", "<f8").reshape(-1, inputs) for name in ("checks", "starts"))

    def log_density(x):
        total = -0.5 * (x * x).sum(1)
        for component, data in zip(components, answer["data"]):
            mean, variance = component(x)
            variance += 1.0
            total -= 0.5 * ((data - mean) ** 2 / variance + np.log(variance))
        return total

    moves = {
        "stretch": None,
        "differential evolution": [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)],
        "kernel density": emcee.moves.KDEMove(),
    }
    # Fewer walkers share the overhead of a call among fewer places and mix worse: 32 give a third of the draws a second.
    walkers = len(starts)
    found = {"log_density": (log_density(checks) - 0.5 * answer["rest"]).tolist(), "forms": []}
    for name, move in moves.items():
        chain = emcee.EnsembleSampler(walkers, inputs, log_density, vectorize=True, moves=move)
        np.random.seed(0)
        state, seconds, times = starts, 0.0, 0.0
        while times < TIMES and chain.iteration < STEPS:
            start = time.process_time()
            state = chain.run_mcmc(state, BLOCK)
            seconds += time.process_time() - start
            times = chain.iteration / chain.get_autocorr_time(tol=0).max()
        file = f"{len(found['forms'])}.bin"
        # Walkers × steps × inputs; they start in the posterior, so no step is thrown away.
        chain.get_chain().transpose(1, 0, 2).astype("<f8").tofile(f"{folder}/{file}")
        form = {"name": f"{name}, {walkers} walkers", "walkers": walkers, "seconds": seconds, "times": times, "file": file}
        found["forms"].append(form)
    print(json.dumps(found))


if __name__ == "__main__":
    jobs = {
        "global": lambda data, out: ensemble(data, out, of_globe(data)),
        "biomes": lambda data, out: ensemble(data, out, of_biomes(data)),
        "process": timed_process,
        "trees": timed_trees,
        "sampler": sampler,
    }
    jobs[sys.argv[1]](*sys.argv[2:])
