#!/usr/bin/env python3
"""g_a and g_s of the bmshj2018 family in plain PyTorch, timed and compared with other outputs.

Usage: pytorch_e2e.py FOLDER TILESxCHANNELSxHEIGHTxWIDTH [--only NAME[,NAME]] [--runs N]

FOLDER holds model.safetensors, tiles.f32 (float32, tile x channel x row x column), latents.f32 (what
g_a is expected to make of them, as float32) and restored.f32 (what g_s is expected to make of
latents.f32). One line of JSON for each way of running goes to standard output: median seconds by
CUDA events, and how far its outputs are from those expected, |a - b| / |b|. Inputs lie on the GPU in
the type and the memory layout that the way of running likes best, so that it converts nothing.
"""

import argparse
import json
import struct
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

TYPES = {"F32": torch.float32, "F16": torch.float16, "F64": torch.float64}
PEDESTAL = 2.0**-36  # CompressAI's non-negative parametrization
BETA_BOUND = (1e-6 + PEDESTAL) ** 0.5
GAMMA_BOUND = PEDESTAL**0.5


def load(path):
    """The real tensors of a safetensors file."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in TYPES:
            continue
        begin, end = (8 + length + at for at in entry["data_offsets"])
        if begin == end:
            continue
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).float()
    return tensors


class Gdn(torch.nn.Module):
    def __init__(self, tensors, name, inverse):
        super().__init__()
        beta = tensors[name + ".beta"].clamp(min=BETA_BOUND) ** 2 - PEDESTAL
        gamma = tensors[name + ".gamma"].clamp(min=GAMMA_BOUND) ** 2 - PEDESTAL
        self.inverse = inverse
        self.register_buffer("beta", beta)
        self.register_buffer("gamma", gamma[:, :, None, None].contiguous())

    def forward(self, x):
        norm = F.conv2d(x * x, self.gamma, self.beta)
        return x * (torch.sqrt(norm) if self.inverse else torch.rsqrt(norm))


class Layer(torch.nn.Module):
    def __init__(self, tensors, name, transposed):
        super().__init__()
        self.transposed = transposed
        self.register_buffer("weight", tensors[name + ".weight"])
        self.register_buffer("bias", tensors[name + ".bias"])

    def forward(self, x):
        if self.transposed:
            return F.conv_transpose2d(x, self.weight, self.bias, 2, 2, 1)
        return F.conv2d(x, self.weight, self.bias, 2, 2)


def network(tensors, prefix):
    transposed = prefix == "g_s"
    layers = []
    for i in range(0, 7, 2):
        layers.append(Layer(tensors, f"{prefix}.{i}", transposed))
        if i < 6:
            gdn = f"{prefix}.{i + 1}"
            layers.append(
                Gdn(tensors, gdn, transposed) if gdn + ".beta" in tensors else torch.nn.ReLU()
            )
    return torch.nn.Sequential(*layers).eval()


def median_seconds(work, runs):
    begun, done = time.monotonic(), 0
    while done < 5 or time.monotonic() - begun < 0.05:  # the clock rises for some milliseconds
        work()
        torch.cuda.synchronize()
        done += 1
    times = []
    for _ in range(runs):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return sorted(times)[len(times) // 2]


def difference(found, expected):
    squares = torch.zeros(2, dtype=torch.float64, device=found.device)
    for a, b in zip(found.split(16), expected.split(16)):
        b = b.double()
        squares += torch.stack([((a.double() - b) ** 2).sum(), (b * b).sum()])
    return float((squares[0] / squares[1]).sqrt())


def measure(tensors, tiles, latents, restored, dtype, layout, tf32, mode, runs):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    row = {}
    for prefix, given, expected in (("g_a", tiles, latents), ("g_s", latents, restored)):
        model = network(tensors, prefix).cuda().to(dtype=dtype)
        if layout == torch.channels_last:
            model = model.to(memory_format=layout)
        if mode:
            torch.compiler.reset()  # else graphs of the networks before keep their memory
            model = torch.compile(model, mode=mode)
        given = given.to(dtype).contiguous(memory_format=layout)
        row[prefix + "_difference"] = difference(model(given), expected)
        row[prefix + "_s"] = median_seconds(lambda: model(given), runs)
        del model
        torch.cuda.empty_cache()
    return row


def main():
    plain, last = torch.contiguous_format, torch.channels_last
    ways = {
        "eager fp32": (torch.float32, plain, False, None),
        "eager tf32 channels-last": (torch.float32, last, True, None),
        "eager fp16 channels-last": (torch.float16, last, False, None),
        # the quicker compilation first: the caller may stop this program at any time
        "compile fp16 channels-last": (torch.float16, last, False, "default"),
        "compile max-autotune fp16 channels-last": (torch.float16, last, False, "max-autotune"),
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("shape")
    parser.add_argument("--only", default=",".join(ways), help="ways of running, with commas")
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("PyTorch finds no GPU")
    torch.backends.cudnn.benchmark = True
    stack = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "python": sys.version.split()[0],
        "gpu": torch.cuda.get_device_name(),
    }
    print(json.dumps({"stack": stack}), flush=True)

    def read(name, *shape):
        values = torch.from_file(
            str(arguments.folder / name), size=torch.Size(shape).numel(), dtype=torch.float32
        )
        return values.reshape(shape).cuda()

    tensors = load(arguments.folder / "model.safetensors")
    count, channels, height, width = (int(side) for side in arguments.shape.split("x"))
    latent_channels = tensors["g_a.6.weight"].shape[0]
    tiles = read("tiles.f32", count, channels, height, width)
    latents = read("latents.f32", count, latent_channels, height // 16, width // 16)
    restored = read("restored.f32", count, channels, height, width)
    for name in arguments.only.split(","):
        row = {"peer": "PyTorch " + name.strip()}
        try:
            with torch.no_grad():
                row |= measure(
                    tensors, tiles, latents, restored, *ways[name.strip()], arguments.runs
                )
        except Exception as e:  # one way that fails leaves the others
            row["failure"] = f"{type(e).__name__}: {e}".splitlines()[0][:300]
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
