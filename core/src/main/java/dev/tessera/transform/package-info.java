/**
 * From values to what is coded and back: normalizers, the networks in ONNX Runtime, and h_s in its
 * one fixed order of operations. Forward and inverse of a stage stand in one file. Uses {@code
 * field}, {@code bytes}, {@code entropy} and {@code model}.
 */
package dev.tessera.transform;
