/**
 * Model files: CompressAI checkpoints and safetensors, architectures and their layers, tables,
 * identity, ONNX export, the bundled models and the user's folder. Describes networks and runs
 * none. Uses {@code field}, {@code bytes} and {@code entropy}.
 */
package dev.tessera.model;
