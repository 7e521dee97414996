"""Litter that decomposes as two pools: a model for a campaign. Standard library only.

Reads parameters.json and writes outputs.json in the working directory, which is the run's own.
"""

import json
from math import exp

YEARS = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]

with open("parameters.json") as file:
    p = json.load(file)


def remaining(year):
    """Share of the mass that is left after so many years."""
    fast, slow = p["labile"], 1.0 - p["labile"]
    return fast * exp(-p["k_labile"] * year) + slow * exp(-p["k_slow"] * year)


with open("outputs.json", "w") as file:
    released = 100.0 * (1.0 - remaining(1.0))
    json.dump({"mass": [remaining(year) for year in YEARS], "released": released}, file)
