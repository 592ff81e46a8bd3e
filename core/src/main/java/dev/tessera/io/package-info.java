/**
 * File formats: one reader and writer per format, each turning a file into a {@link
 * dev.tessera.field.FieldSource} or filling it from a {@link dev.tessera.field.FieldSink}, within
 * bounded memory. A new format is a {@code FieldFormat} and one line in {@link
 * dev.tessera.io.FieldFiles}. Uses {@code field} and {@code bytes}; knows nothing of compression.
 */
package dev.tessera.io;
