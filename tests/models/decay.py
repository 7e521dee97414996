"""A pool that decays, as the model of a campaign; says in ../../launches.log that it was launched.

An argument makes it go wrong: missing, nan, short, fail, hang; `some` lets every seventh run fail.
"""

import json
import math
import os
import sys
import time

run = os.path.basename(os.getcwd())
with open("../../launches.log", "a") as log:
    log.write(run + "\n")
fault = sys.argv[1] if len(sys.argv) > 1 else "none"
if fault == "hang":
    time.sleep(600)
if fault == "fail" or fault == "some" and int(run) % 7 == 3:
    sys.exit("no leaves left")

with open("parameters.json") as file:
    p = json.load(file)
pool = [p["start"] * math.exp(-p["rate"] * t) for t in range(6)]
outputs = {"pool": pool, "flux": p["rate"] * pool[0]}
if fault == "missing":
    del outputs["flux"]
if fault == "nan":
    outputs["flux"] = math.nan
if fault == "short":
    outputs["pool"] = pool[:5]
time.sleep(0.05)
with open("outputs.json", "w") as file:
    json.dump(outputs, file)
