/**
 * Measurements: what {@code tessera bench} and {@code tessera selftest} run, with their tables,
 * reports and charts; and micro-benchmarks for JMH.
 */
package dev.tessera.bench;
