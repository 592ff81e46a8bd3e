/**
 * Reading and writing of bytes under stated limits: little-endian numbers, varints, length-prefixed
 * blocks, Zstandard. Readers fail with an offset and never allocate what a damaged length asks for.
 * What has a meaning beyond bytes belongs elsewhere. Uses {@code field} for its exceptions.
 */
package dev.tessera.bytes;
