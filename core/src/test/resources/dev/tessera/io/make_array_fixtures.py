"""Writes the npy, NetCDF-3 and FITS fixtures of this folder (numpy, netCDF4, astropy).

Element i (C order) of every array is i, or i / 2 for floating point, unless said otherwise.
"""
import io
import numpy as np
import netCDF4
from astropy.io import fits


def ramp(shape, dtype):
    values = np.arange(int(np.prod(shape)), dtype="f8").reshape(shape)
    return (values / 2 if np.dtype(dtype).kind == "f" else values).astype(dtype)


def npy():
    np.save("c_le_f4.npy", ramp((3, 5), "<f4"))
    np.save("c_be_i4.npy", ramp((2, 3, 4), ">i4"))
    np.save("fortran_be_f8.npy", np.asfortranarray(ramp((3, 4, 5), ">f8")))
    np.save("fortran_u2.npy", np.asfortranarray(ramp((40, 37), "<u2")))
    np.save("half_be.npy", np.array([0, 1, -2.5, 65504, 6e-8, np.inf, np.nan], ">f2"))
    np.save("bool.npy", np.array([[True, False], [False, True]]))
    np.save("scalar.npy", np.array(42, "<i8"))
    np.save("complex.npy", np.zeros(2, "c8"))
    np.save("structured.npy", np.zeros(2, [("a", "<f4"), ("b", "<i2", (3,))]))
    np.save("empty.npy", np.zeros((0, 3), "f4"))
    for version in ((2, 0), (3, 0)):
        out = io.BytesIO()
        np.lib.format.write_array(out, ramp((2, 3), "<i2"), version=version)
        open(f"version{version[0]}.npy", "wb").write(out.getvalue())


def netcdf():
    # Two interleaved record variables, the first of odd record size, with CF helpers.
    d = netCDF4.Dataset("records.nc", "w", format="NETCDF3_CLASSIC")
    d.title = "fixture"
    d.version = np.int16(7)
    d.createDimension("time", None)
    d.createDimension("lat", 3)
    d.createDimension("lon", 5)
    d.createDimension("nv", 2)
    time = d.createVariable("time", "f8", ("time",))
    time.bounds = "time_bnds"
    d.createVariable("time_bnds", "f8", ("time", "nv"))[:] = np.zeros((4, 2))
    d.createVariable("lat", "f4", ("lat",))[:] = [1, 2, 3]
    time[:] = [0, 1, 2, 3]
    packed = d.createVariable("packed", "i2", ("time", "lat", "lon"), fill_value=-32767)
    packed.set_auto_maskandscale(False)
    packed.scale_factor = 0.01
    packed.add_offset = np.float32(273.15)
    packed.valid_range = np.array([0, 1000], "i2")
    packed.units = "K"
    packed.note = "42"
    packed[:] = ramp((4, 3, 5), "i2")
    d.close()

    d = netCDF4.Dataset("several.nc", "w", format="NETCDF3_64BIT_OFFSET")
    d.createDimension("y", 3)
    d.createDimension("x", 4)
    d.createVariable("a", "f4", ("y", "x"))[:] = ramp((3, 4), "f4")
    b = d.createVariable("b", "i1", ("y", "x"), fill_value=np.int8(-1))
    b.set_auto_maskandscale(False)
    b.setncattr("_Unsigned", "true")
    b[:] = (ramp((3, 4), "u1") + 120).astype("u1").view("i1")
    d.createVariable("s", "f8", ())[:] = 2.5
    d.createVariable("label", "S1", ("x",))[:] = np.array(list("abcd"), "S1")
    d.close()

    # A single record variable of one-byte values is not padded.
    d = netCDF4.Dataset("bytes.nc", "w", format="NETCDF3_CLASSIC")
    d.createDimension("t", None)
    d.createDimension("x", 3)
    d.createVariable("v", "i1", ("t", "x"))[:] = ramp((5, 3), "i1")
    d.close()

    d = netCDF4.Dataset("cdf5.nc", "w", format="NETCDF3_64BIT_DATA")
    d.createDimension("y", 3)
    d.createDimension("x", 4)
    d.createVariable("u", "u4", ("y", "x"))[:] = ramp((3, 4), "u4") + 4000000000
    d.createVariable("w", "u8", ("y", "x"))[:] = ramp((3, 4), "u8")
    d.createVariable("l", "i8", ("y", "x"))[:] = ramp((3, 4), "i8")
    d.close()


def fits_files():
    primary = fits.PrimaryHDU()
    primary.header["OBSERVER"] = "nobody"
    unsigned = fits.ImageHDU(ramp((3, 5), "u2") + np.uint16(65000), name="SCI", ver=1)
    signed = fits.ImageHDU(ramp((2, 3, 4), "i4"), name="SCI", ver=2)
    signed.header["BSCALE"] = 0.5
    signed.header["BZERO"] = 10.0
    signed.header["BLANK"] = -9
    signed.header["CRVAL1"] = (83.625, "[deg] right ascension")
    signed.header["HIERARCH ESO DET NAME"] = "it's long"
    signed.header["LONGTEXT"] = "x" * 60 + "'quoted'" + "y" * 60
    signed.header["HISTORY"] = "first"
    signed.header["HISTORY"] = "second"
    signed.header["COMMENT"] = "= not a value"
    table = fits.BinTableHDU.from_columns([fits.Column("c", "J", array=[1, 2])], name="TAB")
    hdus = fits.HDUList([primary, unsigned, table, signed])
    hdus.writeto("several.fits", overwrite=True, output_verify="silentfix")

    smooth = (1000 * np.sin(np.arange(40 * 50) / 90.0)).reshape(40, 50)
    noise = np.random.default_rng(1).normal(0, 3, (40, 50))
    rice = fits.CompImageHDU((smooth + noise).astype("i2"), name="RICE", compression_type="RICE_1")
    rice.header["OBJECT"] = "test pattern"
    cube = fits.CompImageHDU(ramp((3, 20, 30), "i4"), name="CUBE", compression_type="GZIP_1",
                             tile_size=(7, 9, 1))
    deep = fits.CompImageHDU(ramp((3, 20, 30), "i4"), name="DEEP", compression_type="RICE_1",
                             tile_size=(30, 20, 2))
    lossless = fits.CompImageHDU(ramp((10, 12), "f4"), name="FLOAT", compression_type="GZIP_2",
                                 quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), rice, cube, lossless, deep]).writeto("tiled.fits.fz", overwrite=True)
    np.save("tiled_rice.npy", (smooth + noise).astype("i2"))


npy()
netcdf()
fits_files()
