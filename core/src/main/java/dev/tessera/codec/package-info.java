/**
 * The whole way from a field to a container and back: {@link dev.tessera.codec.Codec}, its options,
 * batches in flight, and the seams with the CPU behind them: {@link dev.tessera.codec.Backend} for
 * models, {@link dev.tessera.codec.ChunkBackend} for pipelines. Tiles and chunks are cut and pasted
 * here; nothing here sees a latent, a symbol or a residual except the CPU backends. Uses every
 * package above; {@code cli} and other modules use it.
 */
package dev.tessera.codec;
