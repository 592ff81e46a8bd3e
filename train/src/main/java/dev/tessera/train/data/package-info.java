/**
 * What models are trained on: fields of any format become memory-mapped values, and those become
 * normalized crops, each a pure function of seed and step. No libtorch here.
 */
package dev.tessera.train.data;
