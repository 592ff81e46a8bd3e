"""Makes the HDF5 fixtures beside this script; needs numpy, h5py and netCDF4.

Element i in C order is (37 i + 11) mod 120, plus one half for floats.
"""
import os

import h5py
import netCDF4
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def pattern(dtype, *shape):
    values = (37 * np.arange(np.prod(shape, dtype=int)) + 11) % 120
    if np.dtype(dtype).kind == "f":
        values = values + 0.5
    return values.reshape(shape).astype(dtype)


def path(name):
    return os.path.join(HERE, name)


TYPES = ["<i1", "<i2", "<i4", "<i8", "<u1", "<u2", "<u4", "<f4", "<f8",
         ">i2", ">i4", ">i8", ">u2", ">u4", ">f4", ">f8", "<f2", ">f2"]

with h5py.File(path("types.h5"), "w") as f:
    for t in TYPES:
        name = t.replace("<", "le_").replace(">", "be_")
        f["contiguous/" + name] = pattern(t, 5, 7)
        f.create_dataset("chunked/" + name, data=pattern(t, 5, 7), chunks=(2, 3), compression="gzip")
    f["enumeration"] = pattern("u1", 4, 4) > 60
    f["refused/u8"] = pattern("u8", 3)
    f["refused/string"] = np.array([b"abc", b"de"])
    f["refused/compound"] = np.zeros(3, dtype=[("a", "f4"), ("b", "i4")])
    f["refused/complex"] = np.zeros(3, dtype="c8")
    f["refused/empty"] = np.zeros((0, 4), dtype="f4")
    f["refused/null"] = h5py.Empty("f4")
    f["scalar"] = np.float32(2.5)

with h5py.File(path("layouts.h5"), "w") as f:
    f.create_dataset("gzip", data=pattern("i2", 5, 33, 40), chunks=(2, 16, 16),
                     compression="gzip", shuffle=True)
    f.create_dataset("lzf", data=pattern("f4", 33, 40), chunks=(16, 16), compression="lzf")
    f.create_dataset("fletcher", data=pattern("i4", 33, 40), chunks=(16, 16), fletcher32=True)
    f.create_dataset("plain", data=pattern("u2", 2, 3, 2, 9, 11), chunks=(1, 2, 2, 4, 5))
    f.create_dataset("vector", data=pattern("f8", 1000), chunks=(64,), compression="gzip")
    noise = np.random.default_rng(1).integers(0, 256, (32, 32), dtype=np.uint8)
    f.create_dataset("noise", data=noise, chunks=(16, 16), compression="gzip", shuffle=True)
    f.create_dataset("noise_lzf", data=noise, chunks=(16, 16), compression="lzf")
    f["noise_contiguous"] = noise
    sparse = f.create_dataset("sparse", (20, 20), "i2", chunks=(8, 8), fillvalue=-7)
    sparse[0:8, 8:16] = pattern("i2", 8, 8)
    f.create_dataset("unwritten", (6, 5), "f4", fillvalue=1.5)
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    dcpl.set_layout(h5py.h5d.COMPACT)
    compact = h5py.h5d.create(f.id, b"compact", h5py.h5t.STD_I16BE,
                              h5py.h5s.create_simple((4, 6)), dcpl)
    compact.write(h5py.h5s.ALL, h5py.h5s.ALL, pattern("i2", 4, 6))
    f["group/only"] = pattern("u1", 3, 4)
    f["group/loop"] = f["group"]
    f["group/link"] = h5py.SoftLink("/plain")

with h5py.File(path("latest.h5"), "w", libver="latest") as f:
    f.create_dataset("single", data=pattern("i2", 10, 12), chunks=(10, 12), compression="gzip")
    f.create_dataset("fixed", data=pattern("i2", 33, 40), chunks=(16, 16), compression="gzip")
    f.create_dataset("fixed_plain", data=pattern("i2", 33, 40), chunks=(16, 16))
    f.create_dataset("extensible", data=pattern("i2", 33, 40), chunks=(8, 16),
                     maxshape=(None, 40), compression="gzip")
    f.create_dataset("btree", data=pattern("i2", 33, 40), chunks=(8, 16),
                     maxshape=(None, None), compression="gzip")
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    dcpl.set_chunk((16, 16))
    dcpl.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    implicit = h5py.h5d.create(f.id, b"implicit", h5py.h5t.STD_I16LE,
                               h5py.h5s.create_simple((33, 40)), dcpl)
    implicit.write(h5py.h5s.ALL, h5py.h5s.ALL, pattern("i2", 33, 40))
    many = f.create_group("many")
    for i in range(20):
        many.attrs["attribute%02d" % i] = i
    virtual = h5py.VirtualLayout((33, 40), "i2")
    virtual[:] = h5py.VirtualSource("latest.h5", "fixed", (33, 40))

with h5py.File(path("virtual.h5"), "w", libver="latest") as f:
    f.create_virtual_dataset("virtual", virtual)

with h5py.File(path("userblock.h5"), "w", userblock_size=1024) as f:
    f["contiguous"] = pattern("f4", 9, 11)
    f.create_dataset("chunked", data=pattern("f4", 9, 11), chunks=(4, 4), compression="gzip")

with netCDF4.Dataset(path("climate.nc4"), "w") as f:
    f.title = "fixture"
    f.version = np.int32(3)
    f.createDimension("time", None)
    f.createDimension("lat", 6)
    f.createDimension("lon", 9)
    f.createDimension("bnds", 2)
    for name, size in ("time", 3), ("lat", 6), ("lon", 9):
        v = f.createVariable(name, "f8", (name,))
        v[:] = np.arange(size)
    f["time"].bounds = "time_bnds"
    f.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.zeros((3, 2))
    tas = f.createVariable("tas", "f4", ("time", "lat", "lon"), zlib=True, fill_value=1e20)
    tas.set_auto_mask(False)
    data = pattern("f4", 3, 6, 9)
    data[1, 2, 3] = 1e20
    tas[:] = data
    tas.units = "K"
    tas.long_name = "2.5"
    tas.valid_range = np.array([0, 400], dtype="f4")
    tas.level = np.int16(2)
    tas.missing_value = np.float32(1e20)

with netCDF4.Dataset(path("goes.nc4"), "w") as f:
    f.createDimension("y", 4)
    f.createDimension("x", 5)
    rad = f.createVariable("Rad", "i2", ("y", "x"), zlib=True, fill_value=-1)
    rad.set_auto_maskandscale(False)
    rad.setncattr("_Unsigned", "true")
    rad.scale_factor = np.float32(0.01)
    values = np.array([[0, 1, 40000, 65535, 5]] * 4, dtype="u2")
    rad[:] = values.view("i2")
