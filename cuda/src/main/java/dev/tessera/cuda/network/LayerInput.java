package dev.tessera.cuda.network;

/**
 * What a layer reads.
 *
 * @param type of a stored activation
 * @param scale what a stored activation of 1 is worth; 1 but for e4m3
 */
record LayerInput(ActivationType type, float scale) {}
