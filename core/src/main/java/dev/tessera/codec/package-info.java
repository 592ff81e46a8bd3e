/**
 * The whole way from a field to a container and back: {@link dev.tessera.codec.Codec}, its options,
 * batches in flight, and the {@link dev.tessera.codec.Backend} seam with the CPU behind it. Tiles
 * are cut and pasted here; nothing here sees a latent or a symbol except the CPU backend. Uses
 * every package above; {@code cli} and other modules use it.
 */
package dev.tessera.codec;
