import CSystem
import Glibc

// Buffers of a few megabytes come and go: keep them, instead of asking the kernel for fresh, zeroed
// pages each time.
let (mmapThreshold, trimThreshold): (Int32, Int32) = (-3, -1)
_ = lake_mallopt(mmapThreshold, 1 << 30)
_ = lake_mallopt(trimThreshold, 256 << 20)
// Each arena takes 64 MB of address space, used or not: where that has a limit, threads share two.
let arenaMax: Int32 = -8
if lake_has_memory_limit() != 0 { _ = lake_mallopt(arenaMax, 2) }
exit(runLake())
