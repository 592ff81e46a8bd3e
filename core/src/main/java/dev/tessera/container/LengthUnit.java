package dev.tessera.container;

/** How records state the lengths of their streams. */
interface LengthUnit {
  /** One stream per record, its length in bytes: files of pipelines. */
  LengthUnit BYTES =
      new LengthUnit() {
        @Override
        public long encodeLength(long bytes) {
          return bytes;
        }

        @Override
        public long decodeLength(long stored) {
          return stored;
        }
      };

  /** A stream's length as it is stored. */
  long encodeLength(long bytes);

  /** The inverse of {@link #encodeLength}. */
  long decodeLength(long stored);
}
