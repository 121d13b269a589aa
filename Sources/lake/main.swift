import CSystem
import Glibc

// Keeps freed buffers of a few megabytes instead of getting fresh, zeroed pages from the kernel each time.
let (mmapThreshold, trimThreshold): (Int32, Int32) = (-3, -1)
_ = lake_mallopt(mmapThreshold, 1 << 30)
_ = lake_mallopt(trimThreshold, 256 << 20)
// Each arena reserves 64 MB of address space: if that is limited, all threads share two arenas.
let arenaMax: Int32 = -8
if lake_has_memory_limit() != 0 { _ = lake_mallopt(arenaMax, 2) }
exit(runLake())
