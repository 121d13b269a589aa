import CSystem
import Glibc

// Buffers of a few megabytes come and go: keep them, instead of asking the kernel for fresh, zeroed
// pages each time.
let (mmapThreshold, trimThreshold): (Int32, Int32) = (-3, -1)
_ = lake_mallopt(mmapThreshold, 1 << 30)
_ = lake_mallopt(trimThreshold, 256 << 20)
exit(runLake())
