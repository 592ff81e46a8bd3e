/**
 * Differentiable twins of a model's networks and likelihoods, through libtorch.
 *
 * <h2>What is computed, and by whom</h2>
 *
 * <p>{@link dev.tessera.train.network.TrainableModel} holds the parameters in flat buffers, under
 * CompressAI's names. A pass gives three tensors: restored tiles and the bits of latent and side
 * information. libtorch differentiates the loss that the caller makes of them; from there on the
 * adjoints are written out here, layer by layer. They are checked against finite differences in
 * float64, for which every layer takes whatever type its input has.
 *
 * <h2>Precision</h2>
 *
 * <p>Parameters, their gradients, everything between two networks, likelihoods and losses are
 * float32. {@link dev.tessera.train.network.ComputeType} says what is between: with {@code BF16}
 * activations and the operands of convolutions and of GDN's sums are bfloat16, and products are
 * accumulated in float32. Validation is float32.
 *
 * <h2>Lower bounds</h2>
 *
 * <p>CompressAI bounds GDN's parameters, the scales of Gaussians (0.11) and likelihoods (1e-9) from
 * below, and lets a gradient pass where the value is at or above its bound or where descent would
 * raise it.
 *
 * <h2>Memory order</h2>
 *
 * <p>Activations and weights of convolutions are channels-last; what the caller gives and gets is
 * in C order.
 */
package dev.tessera.train.network;
