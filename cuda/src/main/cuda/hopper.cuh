// The instructions of Hopper (sm_90a) that the convolutions use: barriers in shared memory, bulk
// copies, and the descriptors of wgmma. Shared memory is addressed by 32-bit window addresses.
#pragma once
#include "common.cuh"

// An opaque tensor map, made by the driver's cuTensorMapEncodeTiled.
struct alignas(64) TensorMap {
  u64 words[16];
};

static __device__ __forceinline__ u32 sharedAddress(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// --- Barriers -----------------------------------------------------------------------------------

static __device__ __forceinline__ void barrierInit(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

/// Makes initialized barriers visible to copies and to other blocks of the cluster.
static __device__ __forceinline__ void barrierInitFence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Arrives and adds `bytes` to what the phase waits for.
static __device__ __forceinline__ void barrierExpect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

static __device__ __forceinline__ void barrierArrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/// Waits until the phase of this parity is complete.
static __device__ __forceinline__ void barrierWait(u32 barrier, u32 parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

/// Waits for, or announces, that `threads` threads have come to a barrier of the block.
static __device__ __forceinline__ void namedBarrierSync(u32 name, u32 threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(name), "r"(threads) : "memory");
}

static __device__ __forceinline__ void namedBarrierArrive(u32 name, u32 threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(name), "r"(threads) : "memory");
}

// --- Copies from global to shared memory --------------------------------------------------------

static __device__ __forceinline__ void prefetchMap(const TensorMap* map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

/// The box of a tensor of four dimensions at coordinates (c, x, n, y), innermost first.
static __device__ __forceinline__ void copyBox(u32 to, const TensorMap* map, u32 barrier, i32 c, i32 x, i32 n, i32 y) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(to),
      "l"(map), "r"(barrier), "r"(c), "r"(x), "r"(n), "r"(y)
      : "memory");
}

/// Contiguous bytes, a multiple of 16 at multiples of 16.
static __device__ __forceinline__ void copyBytes(u32 to, const void* from, u32 bytes, u32 barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
      "l"(from), "r"(bytes), "r"(barrier)
      : "memory");
}

// --- Registers ----------------------------------------------------------------------------------

template <int REGISTERS>
static __device__ __forceinline__ void keepRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

template <int REGISTERS>
static __device__ __forceinline__ void takeRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

// --- Operands of wgmma in shared memory ---------------------------------------------------------

/// Descriptor of rows of 128 bytes along K, 128-byte swizzle, with `stride` bytes from one group of
/// eight rows to the next. The swizzle follows the bits of the address itself: so the first row need
/// not stand at a multiple of 1024 bytes, nor need the stride be one, as long as the rows were
/// written by a copy with that swizzle. The next 32 bytes along K: add 2. Another row: add 8.
static __device__ __forceinline__ u64 swizzledRows(u32 address, u32 stride) {
  return (u64)(address >> 4 & 0x3fff) | (u64)1 << 16 | (u64)(stride >> 4) << 32 | (u64)1 << 62;
}

static __device__ __forceinline__ void wgmmaFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

static __device__ __forceinline__ void wgmmaCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

/// Waits until at most `PENDING` committed groups are unfinished.
template <int PENDING>
static __device__ __forceinline__ void wgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

/// Keeps the compiler from moving accesses to these registers over this place.
template <int COUNT>
static __device__ __forceinline__ void holdRegisters(float (&values)[COUNT]) {
#pragma unroll
  for (int i = 0; i < COUNT; i++) asm volatile("" : "+f"(values[i])::"memory");
}
