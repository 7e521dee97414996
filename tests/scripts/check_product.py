"""Opens a product in xarray and says what is wrong with time, units and members, one `problem:` line each.

Exit code 0 where the check was carried out, whatever it found; 3 where a package is missing.
"""

import sys

try:
    import netCDF4  # noqa: F401  (the engine that xarray opens the file with)
    import numpy as np
    import xarray as xr
except ImportError as error:
    print(f"the Python package {error.name}", file=sys.stderr)
    sys.exit(3)

# A unit, and the least and largest value that its ensemble mean may have.
EXPECTED = {
    "GPP": ("g m-2 s-1", -1e-6, 5e-4),
    "NEE": ("g m-2 s-1", -5e-4, 5e-4),
    "ET": ("kg m-2 s-1", -1e-5, 5e-4),
    "LAI": ("1", 0.0, 20.0),
    "TOTECOSYSC": ("g m-2", 0.0, 2e5),
    "TOTECOSYSN": ("g m-2", 0.0, 2e4),
}


def problems(path):
    with xr.open_dataset(path) as product:
        yield from time_problems(product)
        for name, expected in EXPECTED.items():
            yield from variable_problems(product, name, expected)
        yield from member_problems(product)
        for name, variable in product.variables.items():
            known = {**variable.attrs, **variable.encoding}
            # A flag with its meanings has no unit.
            if variable.dtype.kind == "f" and "units" not in known and "flag_meanings" not in known:
                yield f"{name} has no units"


def time_problems(product):
    time = product["time"]
    # Calendars without leap days are decoded to objects of cftime.
    if not (np.issubdtype(time.dtype, np.datetime64) or hasattr(time.values[0], "calendar")):
        yield f"time is not decoded: {time.dtype}"
        return
    if not (time.values[1:] > time.values[:-1]).all():
        yield "time does not increase"
    if "time_bnds" not in product:
        yield "there is no time_bnds"
        return
    bounds = product["time_bnds"].values
    if not (bounds[1:, 0] == bounds[:-1, 1]).all():
        yield "months do not follow each other"
    if not ((bounds[:, 0] <= time.values) & (time.values <= bounds[:, 1])).all():
        yield "a time is not within its bounds"


def find(product, name):
    """The ensemble mean of a variable, under either spelling."""
    names = [name, name.lower(), f"{name}_mean", f"{name.lower()}_mean"]
    return next((product[n] for n in names if n in product), None)


def variable_problems(product, name, expected):
    unit, lowest, highest = expected
    variable = find(product, name)
    if variable is None:
        yield f"there is no {name}"
        return
    if variable.attrs.get("units") != unit:
        yield f"{name} has units {variable.attrs.get('units')!r}, not {unit!r}"
    values = variable.values
    if not np.isfinite(values).any():
        yield f"{name} has no values"
    elif np.nanmin(values) < lowest or np.nanmax(values) > highest:
        yield f"{name} is {np.nanmin(values):g} to {np.nanmax(values):g}, outside {lowest:g} to {highest:g}"


def member_problems(product):
    if "member" not in product.dims:
        yield "there is no dimension `member`"
        return
    holders = [name for name, variable in product.data_vars.items() if "member" in variable.dims]
    if not holders:
        yield "no variable has members"
    if product.sizes["member"] < 2:
        yield "there is one member only"


def main():
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(f"problem: {problem}")
    with xr.open_dataset(sys.argv[1]) as product:
        print(f"{dict(product.sizes)}, {product.time.values[0]} to {product.time.values[-1]}")


if __name__ == "__main__":
    main()
