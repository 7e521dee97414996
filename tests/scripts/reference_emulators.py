"""What other emulators make of the same data: scikit-learn's Gaussian process and LightGBM.

reference_emulators.py global DATA OUT     CLM5's parameter ensemble in five shuffled folds; data, folds, predictions
reference_emulators.py biomes DATA OUT     the same for its biomes
reference_emulators.py process FOLDER      time and score of a Gaussian process on FOLDER/{train,test}.bin
reference_emulators.py trees FOLDER        time and score of boosted trees on them

Tables are little-endian doubles, a row of inputs and then the output. Exit code 3 where a package is missing.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
try:
    import lightgbm
    import numpy as np
    import xarray
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


def process(x, y, starts):
    """An ARD-RBF process with noise, inputs from 0 to 1, outputs standardised."""
    kernel = ConstantKernel(1.0) * RBF(np.ones(x.shape[1])) + WhiteKernel(0.1)
    found = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=starts - 1, random_state=0)
    return found.fit(x, y)


def trees(x, y, **options):
    """LightGBM with small slow trees, for a few hundred rows."""
    options = dict(n_estimators=400, learning_rate=0.05, num_leaves=15, min_child_samples=10) | options
    return lightgbm.LGBMRegressor(n_jobs=1, verbose=-1, random_state=0, **options).fit(x, y)


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
                for options in (dict(objective="quantile", alpha=0.05), {}, dict(objective="quantile", alpha=0.95))
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


if __name__ == "__main__":
    jobs = {
        "global": lambda data, out: ensemble(data, out, of_globe(data)),
        "biomes": lambda data, out: ensemble(data, out, of_biomes(data)),
        "process": timed_process,
        "trees": timed_trees,
    }
    jobs[sys.argv[1]](*sys.argv[2:])
