package dev.tessera.train.data;

/**
 * A field that was opened for training or validation.
 *
 * @param spec the argument that named it
 * @param location where it is
 * @param field its values
 */
record Dataset(DataSpec spec, DataSpec.Location location, CachedField field) {}
