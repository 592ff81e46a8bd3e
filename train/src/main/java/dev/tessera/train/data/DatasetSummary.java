package dev.tessera.train.data;

import dev.tessera.field.DataType;
import dev.tessera.field.Shape;

/**
 * What is known of one field, for printing.
 *
 * @param spec the argument that named it
 * @param name the field as {@code compress} would read it
 * @param shape its shape
 * @param type its type
 * @param normalizer its normalizer, chosen if none was named
 * @param trainingValues values that are trained on
 * @param validationValues values that are validated on
 * @param missing values that are missing
 * @param share share of the crops that are drawn from it, 0 to 1
 */
public record DatasetSummary(
    String spec,
    String name,
    Shape shape,
    DataType type,
    String normalizer,
    long trainingValues,
    long validationValues,
    long missing,
    double share) {}
