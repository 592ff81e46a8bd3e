package dev.tessera.codec;

import java.lang.foreign.MemorySegment;

/**
 * A chunk as its record holds it.
 *
 * @param bytes the coded bytes, in host memory, at any address
 * @param check folded check of its integers, 16 bits
 */
public record EncodedChunk(MemorySegment bytes, int check) {}
