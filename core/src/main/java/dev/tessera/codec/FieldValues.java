package dev.tessera.codec;

import dev.tessera.field.DataType;
import dev.tessera.transform.Normalizer;

/**
 * Tiles of values as the field has them, which a lane normalizes on their way into g_a and restores
 * on their way out of g_s, with the bits that {@link Normalizer} gives: forward a value becomes
 * binary64, is normalized and rounded to float32; back a float32 is restored in binary64 and stored
 * as {@link DataType#set} does.
 *
 * @param type the values' type
 * @param normalizer fitted to the field
 */
public record FieldValues(DataType type, Normalizer normalizer) {}
