/**
 * Fields as Tessera sees them: shapes, element types, sources and sinks that are read and written
 * box by box, the tiles of a field, error figures, and the exceptions that the whole library
 * throws. It knows no file format, no model and no file of its own, and uses nothing but the JDK.
 */
package dev.tessera.field;
