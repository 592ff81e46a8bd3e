#!/usr/bin/env python3
"""SZ3's rate-distortion curve on a set of fields: rows for `tessera eval --points`.

Every algorithm at every bound, its default settings, the whole field as one array of at most three
axes (the leading ones of more are taken as one); bytes are those of the file that it writes. For
log10 the float32 logarithm of the field is what SZ3 is given, where all values are positive.
PSNR = 20 log10(range / RMSE) of the data that it was given.

  SZ3=.../sz3 sz3_points.py POINTS.csv FIELD_ZxYxX.f32 ...
"""
import os, subprocess, sys, tempfile
import numpy as np

SZ3 = os.environ.get("SZ3", "sz3")
ALGORITHMS = ["ALGO_INTERP_LORENZO", "ALGO_INTERP", "ALGO_LORENZO_REG"]
BOUNDS = [0.3, 0.2, 0.15] + [10 ** (-1 - k / 6) for k in range(19)]


def shape_of(name):
    sizes = [int(n) for n in name.rsplit(".", 1)[0].rsplit("_", 1)[1].split("x")]
    return [int(np.prod(sizes[:-2])), *sizes[-2:]] if len(sizes) > 3 else sizes


def psnr(x, y):
    x = x.astype(np.float64)
    rmse = np.sqrt(np.mean((x - y.astype(np.float64)) ** 2))
    return np.inf if rmse == 0 else 20 * np.log10((x.max() - x.min()) / rmse)


def run(data, shape, algorithm, bound, folder):
    raw, z, out, conf = (os.path.join(folder, n) for n in ("in.f32", "z", "out", "conf"))
    data.tofile(raw)
    with open(conf, "w") as f:
        f.write(f"[GlobalSettings]\nCmprAlgo = {algorithm}\nErrorBoundMode = REL\nRelErrorBound = {bound:.9g}\n")
    dims = [f"-{len(shape)}", *(str(n) for n in reversed(shape))]
    subprocess.run([SZ3, "-f", "-i", raw, "-z", z, *dims, "-c", conf], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([SZ3, "-f", "-z", z, "-o", out, *dims, "-c", conf], check=True, stdout=subprocess.DEVNULL)
    y = np.fromfile(out, np.float32).reshape(shape)
    error = np.abs(data.astype(np.float64) - y).max()
    span = float(data.max()) - float(data.min())
    assert error <= bound * span * (1 + 1e-5), (algorithm, bound, error / span)
    return os.path.getsize(z), y


def main(files, target):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            name = os.path.basename(file).rsplit("_", 1)[0]
            shape = shape_of(file)
            x = np.fromfile(file, "<f4").reshape(shape)
            domains = [("linear", x)]
            if x.min() > 0:
                domains.append(("log10", np.log10(x)))
            for domain, data in domains:
                for algorithm in ALGORITHMS:
                    for bound in BOUNDS:
                        size, y = run(data, shape, algorithm, bound, folder)
                        rows.append((name, domain, algorithm, bound, size, psnr(data, y)))
                print(name, domain, flush=True)
    with open(target, "w") as f:
        f.write("curve,field,label,bytes,psnr_linear,psnr_log10\n")
        for name in dict.fromkeys(r[0] for r in rows):
            for domain in ("linear", "log10"):
                mine = sorted((r for r in rows if r[0] == name and r[1] == domain), key=lambda r: (r[4], -r[5]))
                best = -np.inf
                for r in mine:  # the best of all algorithms: points that no other beats
                    if r[5] > best:
                        best = r[5]
                        p = f"{r[5]:.4f}"
                        f.write(f"sz3,{name},{r[2][5:].lower()} {r[3]:.3g},{r[4]},{p if domain == 'linear' else ''},{p if domain == 'log10' else ''}\n")


main(sys.argv[2:], sys.argv[1])
