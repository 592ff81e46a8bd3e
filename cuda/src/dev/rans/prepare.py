"""Writes tables.bin of a model and raw int8 latents for the workshop's program.

python3 prepare.py MODEL.safetensors LATENTS.i8.xz...
"""

import json
import lzma
import struct
import sys

model = open(sys.argv[1], "rb").read()
(header_bytes,) = struct.unpack("<Q", model[:8])
header = json.loads(model[8 : 8 + header_bytes])


def tensor(name):
    begin, end = header[name]["data_offsets"]
    return header[name]["shape"], model[8 + header_bytes + begin : 8 + header_bytes + end]


shape, cdf = tensor("entropy_bottleneck._quantized_cdf")
lengths = tensor("entropy_bottleneck._cdf_length")[1]
offsets = tensor("entropy_bottleneck._offset")[1]
quantiles = tensor("entropy_bottleneck.quantiles")[1]
medians = b"".join(quantiles[12 * c + 4 : 12 * c + 8] for c in range(shape[0]))
with open("tables.bin", "wb") as out:
    out.write(struct.pack("<ii", *shape) + lengths + offsets + cdf + medians)
for name in sys.argv[2:]:
    with open(name.rsplit("/", 1)[-1].removesuffix(".xz"), "wb") as out:
        out.write(lzma.open(name).read())
