"""Makes the TIFF fixtures beside this script; needs numpy, tifffile and imagecodecs.

Element i of a page in C order (samples in front) is (37 i + 11) mod 120, plus the page's number,
plus one half for floats.
"""
import os

import numpy as np
import tifffile

HERE = os.path.dirname(os.path.abspath(__file__))


def page(dtype, number, *shape):
    values = (37 * np.arange(np.prod(shape)) + 11) % 120 + number
    if np.dtype(dtype).kind == "f":
        values = values + 0.5
    if np.dtype(dtype).kind == "i":
        values = values - 60
    return values.reshape(shape).astype(dtype)


def pages(dtype, count, *shape):
    return np.stack([page(dtype, n, *shape) for n in range(count)])


def write(name, data, **options):
    options.setdefault("photometric", "minisblack")
    options.setdefault("metadata", None)
    kind = {k: options.pop(k) for k in ("byteorder", "bigtiff", "imagej") if k in options}
    with tifffile.TiffWriter(os.path.join(HERE, name), **kind) as tiff:
        tiff.write(data, **options)


for t in "u1", "i1", "u2", "i2", "u4", "i4", "i8", "f2", "f4", "f8":
    write("big_endian_%s.tif" % t, page(t, 0, 33, 21), byteorder=">")
write("bigtiff_i4.tif", pages("i4", 3, 33, 21), bigtiff=True)
write("lzw_predictor_u2.tif", pages("u2", 2, 70, 45), compression="lzw", predictor=2,
      rowsperstrip=16)
write("lzw_predictor_be_i4.tif", page("i4", 0, 70, 45), compression="lzw", predictor=2,
      byteorder=">", tile=(32, 16))
write("lzw_long_u1.tif", page("u1", 0, 300, 200), compression="lzw", rowsperstrip=300)
write("deflate_predictor3_f4.tif", page("f4", 0, 70, 45), compression="zlib", predictor=3,
      tile=(32, 32))
write("deflate_predictor3_be_f8.tif", page("f8", 0, 70, 45), compression="zlib", predictor=3,
      byteorder=">")
write("packbits_u1.tif", page("u1", 0, 70, 45) // 16 * 16, compression="packbits")
write("zstd_i2.tif", page("i2", 0, 70, 45), compression="zstd", rowsperstrip=20)
write("planar_rgb_u1.tif", page("u1", 0, 3, 40, 30), photometric="rgb", planarconfig="separate",
      compression="zlib", rowsperstrip=16)
write("chunky_rgb_u2.tif", np.moveaxis(page("u2", 0, 3, 40, 30), 0, -1), photometric="rgb",
      compression="zlib", predictor=2, tile=(16, 16))
write("chunky_rgb_plain_u1.tif", np.moveaxis(pages("u1", 2, 3, 40, 30), 1, -1), photometric="rgb")
write("shaped_u1.tif", pages("u1", 6, 8, 9).reshape(2, 3, 8, 9), metadata={"unit": "um"})
write("imagej_u2.tif", pages("u2", 4, 8, 9).reshape(2, 2, 8, 9), imagej=True,
      metadata={"axes": "ZCYX"}, resolution=(5, 7))
write("mask_1bit.tif", page("u1", 0, 20, 19) > 60, bitspersample=1)
write("packed_12bit.tif", page("u2", 0, 20, 19) * 31, bitspersample=12)
write("jpeg_u1.tif", page("u1", 0, 16, 16), compression="jpeg")
write("complex.tif", np.zeros((4, 4), "c8"))
with tifffile.TiffWriter(os.path.join(HERE, "unequal.tif")) as tiff:
    tiff.write(page("u1", 0, 8, 9), metadata=None)
    tiff.write(page("u2", 1, 8, 9), metadata=None)
with tifffile.TiffWriter(os.path.join(HERE, "thumbnail.tif")) as tiff:
    tiff.write(page("u1", 0, 16, 18), metadata=None)
    tiff.write(page("u1", 0, 4, 5), metadata=None, subfiletype=1)
