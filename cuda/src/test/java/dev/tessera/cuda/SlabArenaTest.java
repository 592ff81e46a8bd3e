package dev.tessera.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tessera.field.TesseraException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlabArenaTest {
  private static final long SLAB = 1 << 16;

  /** Memory that is only numbers, up to a limit. */
  private static final class FakeSlabs implements SlabArena.Slabs {
    private final Map<Long, Long> live = new HashMap<>();
    private final long limit;
    private long next = 0x7000_0000_0000L;
    private long total;

    FakeSlabs(long limit) {
      this.limit = limit;
    }

    @Override
    public long allocateOrZero(long bytes) {
      if (total + bytes > limit) {
        return 0;
      }
      long address = next;
      // far apart, so that running over a slab's end does not go unnoticed
      next += (bytes + (1 << 20)) & -512;
      total += bytes;
      live.put(address, bytes);
      return address;
    }

    @Override
    public void free(long address) {
      total -= live.remove(address);
    }

    @Override
    public String shortage(long bytes) {
      return "not " + bytes;
    }

    boolean covers(DeviceBuffer buffer) {
      return live.entrySet().stream()
          .anyMatch(slab ->
              buffer.address() >= slab.getKey()
                  && buffer.address() + buffer.bytes() <= slab.getKey() + slab.getValue());
    }
  }

  private static List<DeviceBuffer> randomAllocations(DeviceArena arena, long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    List<DeviceBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      buffers.add(arena.allocate(random.nextLong(random.nextInt(8) == 0 ? 5 * SLAB : SLAB / 3)));
    }
    return buffers;
  }

  @Test
  void allocationsAreAlignedApartAndInsideTheirSlabs() {
    FakeSlabs slabs = new FakeSlabs(Long.MAX_VALUE);
    try (DeviceArena arena = new DeviceArena(slabs, SLAB)) {
      List<DeviceBuffer> buffers = new ArrayList<>(randomAllocations(arena, 1, 300));
      assertThat(buffers)
          .allMatch(buffer -> buffer.address() % SlabArena.ALIGNMENT == 0)
          .allMatch(slabs::covers);
      buffers.sort((a, b) -> Long.compare(a.address(), b.address()));
      for (int i = 1; i < buffers.size(); i++) {
        DeviceBuffer before = buffers.get(i - 1);
        assertThat(buffers.get(i).address())
            .isGreaterThanOrEqualTo(before.address() + Math.max(1, before.bytes()));
      }
    }
  }

  @Test
  void theSameRequestsGetTheSameAddressesAndNoNewMemory() {
    FakeSlabs slabs = new FakeSlabs(Long.MAX_VALUE);
    try (DeviceArena arena = new DeviceArena(slabs, SLAB)) {
      List<DeviceBuffer> first = randomAllocations(arena, 2, 100);
      long allocations = arena.allocations();
      long capacity = arena.capacity();
      for (int i = 0; i < 5; i++) {
        arena.reset();
        assertThat(randomAllocations(arena, 2, 100)).isEqualTo(first);
      }
      assertThat(arena.allocations()).isEqualTo(allocations);
      assertThat(arena.capacity()).isEqualTo(capacity);
      assertThat(arena.peak()).isEqualTo(arena.used()).isLessThanOrEqualTo(capacity);
    }
  }

  @Test
  void marksNest() {
    try (DeviceArena arena = new DeviceArena(new FakeSlabs(Long.MAX_VALUE), SLAB)) {
      SplittableRandom random = new SplittableRandom(3);
      for (int round = 0; round < 50; round++) {
        arena.reset();
        randomAllocations(arena, random.nextLong(), random.nextInt(20));
        long outer = arena.mark();
        DeviceBuffer first = arena.allocate(1000);
        long inner = arena.mark();
        DeviceBuffer second = arena.allocate(SLAB / 2);
        arena.reset(inner);
        assertThat(arena.allocate(SLAB / 2)).isEqualTo(second);
        arena.reset(outer);
        assertThat(arena.allocate(1000)).isEqualTo(first);
      }
    }
  }

  @Test
  void aMarkFromBeyondIsRefused() {
    try (DeviceArena arena = new DeviceArena(new FakeSlabs(Long.MAX_VALUE), SLAB)) {
      arena.allocate(100);
      long mark = arena.mark();
      arena.reset();
      assertThatThrownBy(() -> arena.reset(mark)).isInstanceOf(TesseraException.Invalid.class);
      assertThatThrownBy(() -> arena.reset(-1)).isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void reservedMemoryNeedsNoSlabLater() {
    try (DeviceArena arena = new DeviceArena(new FakeSlabs(Long.MAX_VALUE), SLAB)) {
      arena.allocate(SLAB / 2);
      arena.reserve(3 * SLAB);
      long allocations = arena.allocations();
      arena.reserve(3 * SLAB);
      arena.allocate(3 * SLAB);
      assertThat(arena.allocations()).isEqualTo(allocations).isEqualTo(2);
    }
  }

  @Test
  void aShortageLeavesTheArenaUsable() {
    FakeSlabs slabs = new FakeSlabs(3 * SLAB);
    try (DeviceArena arena = new DeviceArena(slabs, SLAB)) {
      DeviceBuffer first = arena.allocate(SLAB / 2);
      long mark = arena.mark();
      assertThatThrownBy(() -> arena.allocate(10 * SLAB))
          .isInstanceOf(TesseraException.Unsupported.class)
          .hasMessage("not " + 10 * SLAB);
      assertThat(arena.mark()).isEqualTo(mark);
      DeviceBuffer second = arena.allocate(SLAB / 4);
      assertThat(second.address()).isGreaterThan(first.address());
      assertThat(arena.allocations()).isEqualTo(1);
    }
  }

  @Test
  void closingGivesAllBack() {
    FakeSlabs slabs = new FakeSlabs(Long.MAX_VALUE);
    DeviceArena arena = new DeviceArena(slabs, SLAB);
    randomAllocations(arena, 4, 50);
    arena.close();
    arena.close();
    assertThat(slabs.live).isEmpty();
    assertThatThrownBy(() -> arena.allocate(1)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void impossibleSizesAreRefused() {
    try (DeviceArena arena = new DeviceArena(new FakeSlabs(Long.MAX_VALUE), SLAB)) {
      assertThatThrownBy(() -> arena.allocate(-1)).isInstanceOf(TesseraException.Invalid.class);
      assertThatThrownBy(() -> arena.allocate(Long.MAX_VALUE))
          .isInstanceOf(TesseraException.Invalid.class);
      assertThatThrownBy(() -> new DeviceArena(new FakeSlabs(1), -1))
          .isInstanceOf(TesseraException.Invalid.class);
    }
  }

  @Test
  void pinnedMemoryCannotBeReachedAfterClosing() {
    try (Arena real = Arena.ofShared()) {
      SlabArena.Slabs slabs =
          new SlabArena.Slabs() {
            @Override
            public long allocateOrZero(long bytes) {
              return real.allocate(bytes, SlabArena.ALIGNMENT).address();
            }

            @Override
            public void free(long address) {}

            @Override
            public String shortage(long bytes) {
              return "none";
            }
          };
      PinnedArena pinned = new PinnedArena(slabs, SLAB);
      MemorySegment segment = pinned.allocate(1000);
      segment.fill((byte) 7);
      assertThat(segment.get(ValueLayout.JAVA_BYTE, 999)).isEqualTo((byte) 7);
      assertThat(segment.byteSize()).isEqualTo(1000);
      pinned.close();
      pinned.close();
      assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
